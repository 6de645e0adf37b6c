"""The class on one page: scores, pass rates, misunderstandings, and who needs a person's eye."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backprop_lab.exercises import CATALOGUE, of_assignment

from .course import Row

BINS = 10


@dataclass(frozen=True)
class ExerciseLine:
    """How the class did on one exercise; counts of students."""

    name: str
    passed: int
    partial: int
    wrong: int
    unwritten: int

    @property
    def total(self) -> int:
        return self.passed + self.partial + self.wrong + self.unwritten


@dataclass(frozen=True)
class MistakeLine:
    """A misconception: how many students, in which exercises, and what to say in class."""

    title: str
    students: int
    exercises: list[str]
    explanation: str


def summarize(assignment: str, rows: list[Row]) -> dict[str, Any]:
    """The numbers of the report.

    Args:
        rows: every submission, graded or not.
    """
    scores = [row.score for row in rows if row.score is not None]
    shares = [row.share for row in rows if row.share is not None]
    return {
        "assignment": assignment,
        "submissions": len(rows),
        "graded": len(scores),
        "max_code": rows[0].max_code if rows else 0.0,
        "max_written": rows[0].max_written if rows else 0.0,
        "mean": sum(scores) / len(scores) if scores else None,
        "median": median(scores) if scores else None,
        "histogram": histogram(shares),
        "exercises": [_exercise_line(e.name, rows) for e in of_assignment(assignment)],
        "mistakes": _mistakes(rows),
        "look_at": [row for row in rows if row.reason],
        "rows": rows,
    }


def histogram(shares: list[float]) -> list[int]:
    """Students per tenth of the points; full marks count in the last tenth.

    >>> histogram([0, 0.49, 1, 1])
    [1, 0, 0, 0, 1, 0, 0, 0, 0, 2]
    """
    counts = [0] * BINS
    for share in shares:
        counts[max(0, min(BINS - 1, int(share * BINS)))] += 1
    return counts


def _exercise_line(name: str, rows: list[Row]) -> ExerciseLine:
    counts = Counter(row.verdicts[name].status for row in rows if name in row.verdicts)
    return ExerciseLine(
        name,
        counts["passed"],
        counts["partial"],
        counts["failed"] + counts["no answer"],
        counts["not written"],
    )


def _mistakes(rows: list[Row]) -> list[MistakeLine]:
    students: dict[str, set[str]] = defaultdict(set)
    exercises: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for verdict in row.verdicts.values():
            if verdict.misconception:
                students[verdict.misconception].add(row.student)
                exercises[verdict.misconception][verdict.exercise] += 1
    by_number = sorted(students, key=lambda key: (-len(students[key]), CATALOGUE[key].number, key))
    return [
        MistakeLine(
            CATALOGUE[key].title,
            len(students[key]),
            [name for name, _ in exercises[key].most_common()],
            CATALOGUE[key].explanation,
        )
        for key in by_number
    ]


def html(assignment: str, rows: list[Row]) -> str:
    """The report as one self-contained page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(summarize(assignment, rows))
