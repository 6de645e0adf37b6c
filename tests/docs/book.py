"""The built book, once for all tests that look at it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def built() -> Path:
    """The folder of the book; a warning of Sphinx is a failure. Chapters run only when they changed."""
    folder = ROOT / "docs" / "_build" / "html"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(folder)]
    with _one_at_a_time(ROOT / "docs" / "_build.lock"):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Tests may run in several processes; they share the built book."""
    with path.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except ImportError:  # Windows: run these tests in one process
            pass
        yield


def pages() -> list[Path]:
    """Every page a reader can open."""
    return sorted(
        path
        for path in built().rglob("*.html")
        if not {"_static", "_modules"} & set(path.relative_to(built()).parts)
    )
