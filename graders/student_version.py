"""The student versions in ``backprop_lab/assignments``, made from the instructor notebooks.

Run as ``python -m graders.student_version`` (``make notebooks``); a test holds that they are current.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .course import Course, copy_course

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENTS = ROOT / "backprop_lab" / "assignments"


def make_all(source: Path = ROOT) -> dict[str, str]:
    """The released text of every assignment, by name."""
    with tempfile.TemporaryDirectory() as folder:
        copy_course(source, Path(folder))
        course = Course(Path(folder))
        return {
            name: (course.release(name) / f"{name}.ipynb").read_text(encoding="utf-8")
            for name in course.assignments()
        }


def write_all(target: Path = ASSIGNMENTS) -> list[Path]:
    """Write them where the package keeps them."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in make_all().items():
        path = target / f"{name}.ipynb"
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for path in write_all():
        print(f"written {path.relative_to(ROOT)}")
