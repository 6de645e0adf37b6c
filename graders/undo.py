"""A folder that a failed step leaves as it was: nbgrader deletes what it could not make anew."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def undone_on_failure(folder: Path) -> Iterator[None]:
    """Where the block raises, the folder holds again what it held before.

    >>> kept = Path(tempfile.mkdtemp())
    >>> _ = (kept / "page").write_text("old")
    >>> try:
    ...     with undone_on_failure(kept):
    ...         (kept / "page").unlink()
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt:
    ...     print((kept / "page").read_text())
    old
    """
    with tempfile.TemporaryDirectory() as aside:
        before = Path(aside) / "before"
        if folder.is_dir():
            shutil.copytree(folder, before, symlinks=True)
        try:
            yield
        except BaseException:
            if before.is_dir():
                shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
            raise
