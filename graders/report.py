"""The class on one page: scores, pass rates, misunderstandings, and who needs a person's eye."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backprop_lab.exercises import CATALOGUE, of_assignment

from .results import Row

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
        "progress": progress(rows),
        "seconds": sum(row.seconds for row in rows),
        "look_at": [row for row in rows if row.reason or row.flags],
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


@dataclass(frozen=True)
class Progress:
    """What handing in again brought, for the students who did."""

    students: int
    better: int
    first: float | None  # mean share of the points for functions at the first attempt
    last: float | None


def progress(rows: list[Row]) -> Progress:
    """Between the first attempt and the last, as the judge saw them."""
    again = [row.attempts for row in rows if len(row.attempts) > 1]
    if not again:
        return Progress(0, 0, None, None)
    return Progress(
        len(again),
        sum(last > first for first, *_, last in again),
        sum(first for first, *_ in again) / len(again),
        sum(last for *_, last in again) / len(again),
    )


def anonymous(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The same tables with numbers for names, in an order that says nothing about the names.

    A student has one number in all of them.
    """
    names = sorted({row.student for rows in tables.values() for row in rows})
    numbers = {name: at for at, name in enumerate(random.SystemRandom().sample(names, len(names)), 1)}
    return {
        assignment: [
            replace(row, student=f"student {numbers[row.student]}")
            for row in sorted(rows, key=lambda row: numbers[row.student])
        ]
        for assignment, rows in tables.items()
    }


def as_json(assignment: str, rows: list[Row]) -> str:
    """The numbers of the report for another program."""
    summary = summarize(assignment, rows)
    summary["rows"] = [
        {
            "student": row.student,
            "score": row.score,
            "functions": row.code,
            "written": row.written,
            "share": row.share,
            "reason": row.reason,
            "flags": list(row.flags),
            "seconds": round(row.seconds, 3),
            "attempts": list(row.attempts),
            "exercises": {
                name: {"status": v.status, "credit": v.credit, "misconception": v.misconception}
                for name, v in row.verdicts.items()
            },
        }
        for row in rows
    ]
    summary["look_at"] = [
        {"student": row.student, "reason": row.reason, "flags": list(row.flags)}
        for row in rows
        if row.reason or row.flags
    ]
    return json.dumps(summary, default=asdict, indent=1, ensure_ascii=False)


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
    return _page("report.html", summarize(assignment, rows))


def summarize_course(tables: dict[str, list[Row]]) -> dict[str, Any]:
    """The numbers of the whole course; the tables are by assignment."""
    every = [row for rows in tables.values() for row in rows]
    lines = []
    for assignment, rows in tables.items():
        summary = summarize(assignment, rows)
        shares = [row.share for row in rows if row.share is not None]
        lines.append(
            {
                "assignment": assignment,
                "submissions": summary["submissions"],
                "graded": summary["graded"],
                "share": sum(shares) / len(shares) if shares else None,
                "mistake": next((line.title for line in summary["mistakes"]), ""),
                "look_at": len(summary["look_at"]),
            }
        )
    students = len({row.student for row in every})
    return {"assignments": lines, "students": students, "mistakes": _mistakes(every)}


def course_json(tables: dict[str, list[Row]]) -> str:
    """The numbers of the course for another program."""
    return json.dumps(summarize_course(tables), default=asdict, indent=1, ensure_ascii=False)


def course_html(tables: dict[str, list[Row]]) -> str:
    """The course on one self-contained page."""
    return _page("course.html", summarize_course(tables))


def _page(template: str, numbers: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(numbers)
