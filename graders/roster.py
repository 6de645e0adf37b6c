"""The class list: a CSV file of Canvas, of Moodle or of one's own, into nbgrader's gradebook."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from nbgrader.api import Gradebook

from .errors import CourseError

_ID = re.compile(r"\w[\w.@-]*")  # it becomes the name of a folder
_COLUMNS = {
    "id": ("id", "student_id", "username", "sis login id", "login id"),
    "first_name": ("first_name", "first name", "firstname"),
    "last_name": ("last_name", "last name", "lastname", "surname"),
    "email": ("email", "email address", "e-mail"),
    "lms_user_id": ("lms_user_id", "id number", "canvas id"),
}


def is_student_id(text: str) -> bool:
    """Whether a folder can be named after it.

    >>> is_student_id("ada"), is_student_id("../ada"), is_student_id("")
    (True, False, False)
    """
    return _ID.fullmatch(text) is not None and len(text) <= 128


def read(path: Path) -> list[dict[str, str]]:
    """The students of a CSV file, each with ``id`` and what else is known.

    Raises:
        CourseError: it is not such a file, or an id cannot be used; nothing was imported then.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a CSV file: {error}.") from None
    header = {(name or "").strip().lower(): name for name in (table[0] if table else {})}
    canvas = "sis login id" in header
    columns: dict[str, str | None] = {}
    for field, names in _COLUMNS.items():
        there = [name for name in names if name in header and not (canvas and name == "id")]
        columns[field] = header[there[0]] if there else None
    if columns["id"] is None:
        raise CourseError(
            f"{path} has no column of student ids: one of id, username or SIS Login ID is needed; "
            f"it has {', '.join(header) or 'no columns'}."
        )
    if canvas and "id" in header:
        columns["lms_user_id"] = header["id"]
    students = []
    for at, line in enumerate(table, 2):
        found = {field: (line[name] or "").strip() for field, name in columns.items() if name is not None}
        if canvas and "Points Possible" in (line.get(header.get("student", "")) or ""):
            continue
        if canvas and "student" in header and not found.get("last_name"):
            last, _, first = (line[header["student"]] or "").partition(",")
            found |= {"last_name": last.strip(), "first_name": first.strip()}
        if not is_student_id(found["id"]):
            raise CourseError(
                f"Line {at} of {path} has the id '{found['id']}': letters, digits and . _ @ - are possible."
            )
        students.append({field: text for field, text in found.items() if text})
    return students


def enter(gradebook: Gradebook, students: list[dict[str, str]]) -> tuple[int, int]:
    """Add the students; those who are there get what is new about them. How many of each."""
    known = {student.id for student in gradebook.students}
    for student in students:
        details = dict(student)
        gradebook.update_or_create_student(details.pop("id"), **details)
    new = len({student["id"] for student in students} - known)
    return new, len({student["id"] for student in students}) - new
