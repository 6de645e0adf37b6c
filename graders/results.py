"""The table of an assignment: one row for every submission, from the gradebook and the judge's records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbgrader.api import MissingEntry, SubmittedAssignment, SubmittedNotebook

from backprop_lab.check import Verdict
from backprop_lab.exercises import REGISTRY

from . import likeness, records
from .errors import CourseError

if TYPE_CHECKING:
    from .course import Course


@dataclass(frozen=True)
class Row:
    """One student's line in the table of an assignment.

    Attributes:
        code: points for functions, manual corrections included; None where the submission was not graded.
        max_code: what the functions are worth.
        written: points for written answers; None while they wait for a person.
        max_written: what the written answers are worth.
        verdicts: by exercise, from the latest judgement.
        reason: why there are no points, or what a person should look at.
        seconds: how long judging took.
        attempts: for each attempt, the first one first, the judge's share of the points for functions.
        flags: what looks like tampering, a shortcut or a copy, for a person; it costs nothing by itself.
    """

    student: str
    code: float | None
    max_code: float
    written: float | None
    max_written: float
    verdicts: dict[str, Verdict]
    reason: str = ""
    seconds: float = 0.0
    attempts: tuple[float, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def score(self) -> float | None:
        """All points so far."""
        return None if self.code is None else self.code + (self.written or 0.0)

    @property
    def share(self) -> float | None:
        """Points per point that could be had by now: written answers count once graded."""
        possible = self.max_code + (self.max_written if self.written is not None else 0.0)
        return None if self.score is None or not possible else self.score / possible


def rows(course: Course, assignment: str, failed: dict[str, str] | None = None) -> list[Row]:
    """A row for every submission: graded, or the reason why not.

    Args:
        failed: reasons, by student, from the run that has just ended.
    """
    failed = failed or {}
    graded = set(course.graded(assignment)) - set(failed)
    made = []
    prints: dict[str, dict[str, list[int]]] = {}
    with course.gradebook() as gradebook:
        try:
            whole = gradebook.find_assignment(assignment)
        except MissingEntry:
            raise CourseError(
                f"'{assignment}' is not in the gradebook yet: run backprop-lab release {assignment}."
            ) from None
        max_code, max_written = float(whole.max_code_score), float(whole.max_written_score)
        submissions = {
            s.student_id: s for s in gradebook.db.query(SubmittedAssignment).filter_by(assignment_id=whole.id)
        }
        notebooks: dict[str, list[str]] = {}
        asked = gradebook.db.query(SubmittedNotebook.assignment_id, SubmittedNotebook.id).join(
            SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id
        )
        for submission_id, notebook_id in asked.filter(SubmittedAssignment.assignment_id == whole.id):
            notebooks.setdefault(submission_id, []).append(notebook_id)
        kept = records.attempts_of(gradebook.db, [key for keys in notebooks.values() for key in keys])
        for student in course.submitted(assignment):
            if student not in graded:
                reason = failed.get(student, "not graded yet")
                made.append(Row(student, None, max_code, None, max_written, {}, reason))
                continue
            submission = submissions[student]
            histories = [kept.get(key, []) for key in notebooks.get(submission.id, [])]
            latest = [history[-1] for history in histories if history]
            verdicts = {name: v for record in latest for name, v in record.verdicts.items()}
            problem = next((record.problem for record in latest if record.problem), "")
            made.append(
                Row(
                    student,
                    float(submission.code_score),
                    max_code,
                    None if submission.needs_manual_grade else float(submission.written_score),
                    max_written,
                    verdicts,
                    problem or _look_at(verdicts),
                    sum(record.seconds for record in latest),
                    tuple(_share(record.verdicts) for record in (histories[0] if histories else [])),
                    tuple(flag for record in latest for flag in record.flags),
                )
            )
            prints[student] = {name: found for record in latest for name, found in record.prints.items()}
    alike = likeness.near_identical(prints)
    return [replace(row, flags=(*row.flags, *alike.get(row.student, ()))) for row in made]


def _share(verdicts: dict[str, Verdict]) -> float:
    """The judge's credit, weighed by points."""
    points = {name: REGISTRY[name].points for name in verdicts if name in REGISTRY}
    whole = sum(points.values())
    return sum(verdicts[name].credit * worth for name, worth in points.items()) / whole if whole else 0.0


def _look_at(verdicts: dict[str, Verdict]) -> str:
    """The first thing that kept answers from being judged."""
    for verdict in verdicts.values():
        if verdict.status == "no answer":
            return f"{verdict.exercise}: {verdict.note}"
        for finding in verdict.findings:
            if finding.problem.startswith("There was no answer"):
                return f"{verdict.exercise}: {finding.problem.removeprefix('There was no answer: ')}"
    return ""
