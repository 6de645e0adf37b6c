"""Grades for other systems, as plug-ins of `nbgrader export --exporter graders.exports.Canvas`."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, Student, SubmittedAssignment
from nbgrader.plugins import CsvExportPlugin
from nbgrader.plugins.export import ExportPlugin

from .errors import CourseError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str | None) -> str:
    """A name as text: a spreadsheet would run one that begins as a formula does.

    >>> cell("=1+1"), cell("Ada")
    ("'=1+1", 'Ada')
    """
    text = text or ""
    return "'" + text if text.startswith(_FORMULA) else text


def points(submission: SubmittedAssignment) -> str:
    """The score less the late penalty, without needless zeros."""
    return f"{max(0.0, submission.score - submission.late_submission_penalty):.10g}"


class _Table(ExportPlugin):
    """One line a student, one column an assignment; no entry where nothing was handed in."""

    default_file = ""

    def export(self, gradebook: Gradebook) -> None:
        # Not by nbgrader's find_submission: that is one question to the database for each entry.
        assignments = [a for a in gradebook.assignments if not self.assignment or a.name in self.assignment]
        scores: dict[tuple[str, str], str] = {}
        for assignment in assignments:
            for submission in gradebook.db.query(SubmittedAssignment).filter_by(assignment_id=assignment.id):
                scores[assignment.name, submission.student_id] = points(submission)
        students = [s for s in gradebook.students if not self.student or s.id in map(str, self.student)]
        with Path(self.to or self.default_file).open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(self.lines(assignments, students, scores))

    def lines(
        self, assignments: list[Any], students: list[Student], scores: dict[tuple[str, str], str]
    ) -> Iterator[list[str]]:
        raise NotImplementedError


class Canvas(_Table):
    """The file that Canvas's gradebook imports. An empty entry there changes nothing."""

    default_file = "canvas.csv"

    def lines(
        self, assignments: list[Any], students: list[Student], scores: dict[tuple[str, str], str]
    ) -> Iterator[list[str]]:
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(a.name for a in assignments)]
        yield ["    Points Possible", "", "", "", "", *(f"{a.max_score:.10g}" for a in assignments)]
        for student in students:
            name = ", ".join(part for part in (student.last_name, student.first_name) if part)
            entries = [scores.get((a.name, student.id), "") for a in assignments]
            yield [cell(name or student.id), student.lms_user_id or "", "", student.id, "", *entries]


class Moodle(_Table):
    """The file that Moodle's grade import reads; "-" stands for no grade."""

    default_file = "moodle.csv"

    def lines(
        self, assignments: list[Any], students: list[Student], scores: dict[tuple[str, str], str]
    ) -> Iterator[list[str]]:
        about = ["Username", "ID number", "First name", "Surname", "Email address"]
        yield [*about, *(a.name for a in assignments)]
        for student in students:
            entries = [scores.get((a.name, student.id), "-") for a in assignments]
            first, last = cell(student.first_name), cell(student.last_name)
            yield [student.id, student.lms_user_id or "", first, last, cell(student.email), *entries]


EXPORTERS: dict[str, tuple[type[ExportPlugin], str]] = {
    "nbgrader": (CsvExportPlugin, "grades.csv"),
    "canvas": (Canvas, Canvas.default_file),
    "moodle": (Moodle, Moodle.default_file),
}


def write(plugin: ExportPlugin, gradebook: Gradebook, file: Path) -> None:
    """Let the plug-in write the file; the old one stays until the new one is complete.

    Raises:
        CourseError: it cannot be written.
    """
    plain = file.is_file() or not file.exists()  # and no /dev/stdout
    target = file.resolve() if plain else file
    made = target.with_name(f".{target.name}.{os.getpid()}") if plain else target
    plugin.to = str(made)
    try:
        plugin.export(gradebook)
        if plain:
            made.replace(target)
    except OSError as error:
        raise CourseError(f"{file} cannot be written: {error.strerror or error}.") from None
    finally:
        if plain:
            made.unlink(missing_ok=True)


def waiting_for_a_person(gradebook: Gradebook, assignments: list[str], students: list[str]) -> int:
    """How many submissions have answers that nobody has graded; all are counted where a list is empty."""
    return sum(
        submission.needs_manual_grade
        for submission in gradebook.db.query(SubmittedAssignment)
        if (not assignments or submission.assignment.name in assignments)
        and (not students or submission.student_id in students)
    )
