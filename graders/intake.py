"""What is handed in beside notebooks, and in archives: kept to plain files, and to the student it is from.

nbgrader copies what else was handed in beside the notebook to the folders of graded work and of
feedback, and follows links as it does so: a link named ``notes.txt`` to a file of the grader's would
come back as a copy of it. Its ``zip_collect`` takes the student's id from the name of each file, also of
those that a student has put into an archive: one named after somebody else would replace their work.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbgrader.plugins import FileNameCollectorPlugin


def only_plain_files(assignment: str = "", student: str = "", notebooks: Sequence[str] = ()) -> None:
    """Put a remark in the place of every link, pipe and device; nbgrader's ``pre_convert_hook``."""
    for folder in {Path(notebook).parent for notebook in notebooks}:
        for path in strange_files(folder):
            told = f"Here was a {_kind(path)}. It was not followed; hand in the file itself.\n"
            path.unlink()
            path.write_text(told, encoding="utf-8")


def strange_files(folder: Path) -> Iterator[Path]:
    """What is neither a plain file nor a folder."""
    for top, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(top, name)
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                yield path


def _kind(path: Path) -> str:
    return f"link to {os.readlink(path)[:200]}" if path.is_symlink() else "special file"


class OwnFiles(FileNameCollectorPlugin):
    """Collects a file of an archive for a student only if the archive's own name has that student's id."""

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        found = super().collect(submitted_file)
        if not found:
            return None
        app = self.parent
        depth = len(Path(app.collect_directory_structure).parts)
        archive, *inside = Path(submitted_file).relative_to(app.coursedir.root).parts[depth:]
        student, file = str(found.get("student_id")), str(found.get("file_id"))
        for name in (student, file):
            if not name or name.startswith(".") or re.search(r"[/\\\0]", name):
                self.log.warning("Skipped %s: %r cannot be the name of a student or a file.", archive, name)
                return None
        if inside and not re.search(rf"(?<![A-Za-z0-9]){re.escape(student)}(?![A-Za-z0-9])", archive):
            self.log.warning("Skipped %s in %s, which is not %s's.", inside[-1], archive, student)
            return None
        return dict(found)
