"""The class list: a CSV file of Canvas, of Moodle or of one's own, into nbgrader's gradebook."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import Gradebook

from .errors import CourseError

_ID = re.compile(r"\w[\w.@-]*")  # it becomes the name of a folder
MAX_ID = 128  # the gradebook has no more room
_CANVAS_SAYS = ("Points Possible", "Manual Posting")  # in lines below the header that are no student's
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
    return _ID.fullmatch(text) is not None and len(text) <= MAX_ID


def read(path: Path) -> list[dict[str, str]]:
    """The students of a CSV file, each with ``id`` and what else is known.

    Raises:
        CourseError: it is not such a file, or an id cannot be used; nothing was imported then.
    """
    names, table = _table(path)
    header = {name.strip().lower(): name for name in names}
    canvas = "sis login id" in header
    columns: dict[str, str | None] = {}
    for field, known in _COLUMNS.items():
        there = [name for name in known if name in header and not (canvas and name == "id")]
        columns[field] = header[there[0]] if there else None
    if columns["id"] is None:
        raise CourseError(
            f"{path} has no column of student ids: one of id, username or SIS Login ID is needed; "
            f"it has {', '.join(header) or 'no columns'}."
        )
    if canvas and "id" in header:
        columns["lms_user_id"] = header["id"]
    students: dict[str, tuple[int, dict[str, str]]] = {}
    for at, line in table:
        found = {field: line[name].strip() for field, name in columns.items() if name is not None}
        if not found["id"] and any(said in text for text in line.values() for said in _CANVAS_SAYS):
            continue
        if canvas and "student" in header and not found.get("last_name"):
            last, _, first = line[header["student"]].partition(",")
            found |= {"last_name": last.strip(), "first_name": first.strip()}
        _require_id(found["id"], f"Line {at} of {path}")
        student = {field: text for field, text in found.items() if text}
        before, same = students.get(student["id"], (at, student))
        if _name(same) and _name(student) and _name(same) != _name(student):
            raise CourseError(
                f"Lines {before} and {at} of {path} both have the id '{student['id']}', "
                f"for {_name(same)} and for {_name(student)}: give each student an id."
            )
        students[student["id"]] = at, same | student
    if not students:
        raise CourseError(f"{path} has a header and nobody in it: a line for each student is needed.")
    return [student for _, student in students.values()]


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header of a CSV file, and its lines with their numbers."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CourseError(f"{path} cannot be read as a CSV file: {error}.") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 has one beside every letter
        raise CourseError(
            f"{path} is not written in UTF-8: save it as UTF-8, "
            "which spreadsheets call CSV UTF-8, and try again."
        )
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="", strict=True)
    table = []
    at = 1
    try:
        names = _one_line(reader.fieldnames or [])
        at = reader.line_num + 1
        for line in reader:
            line.pop("", None)  # what is beyond the header
            _one_line(line.values())
            table.append((reader.line_num, line))
            at = reader.line_num + 1
    except csv.Error as error:
        raise CourseError(
            f"{path} cannot be read as a CSV file from line {at} on: {error}. "
            "Look for a quotation mark that is not closed."
        ) from None
    return names, table


def _one_line(cells: Iterable[str]) -> list[str]:
    cells = list(cells)
    if any("\n" in cell or "\r" in cell for cell in cells):
        raise csv.Error("a field goes on in the next line")
    return cells


def _require_id(text: str, where: str) -> None:
    if len(text) > MAX_ID:
        raise CourseError(
            f"{where} has an id that is too long: {len(text)} characters, and {MAX_ID} are possible."
        )
    if not is_student_id(text):
        raise CourseError(f"{where} has the id '{text}': letters, digits and . _ @ - are possible.")


def _name(student: dict[str, str]) -> str:
    parts = (student.get("first_name", ""), student.get("last_name", ""))
    return " ".join(part for part in parts if part)


def enter(gradebook: Gradebook, students: list[dict[str, str]]) -> tuple[int, int]:
    """Add the students; those who are there get what is new about them. How many of each."""
    known = {student.id for student in gradebook.students}
    for student in students:
        details = dict(student)
        gradebook.update_or_create_student(details.pop("id"), **details)
    new = len({student["id"] for student in students} - known)
    return new, len({student["id"] for student in students}) - new
