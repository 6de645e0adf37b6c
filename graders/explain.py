"""An appeal: every input of a judged function again, what was answered, what is right, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
import numpy as np
from nbgrader.api import MissingEntry

from backprop_lab.check import Answer, Verdict
from backprop_lab.check.assess import finding_of
from backprop_lab.exercises import Case, Exercise, find

from . import judge as judging
from . import records
from .course import Course
from .errors import CourseError
from .hidden import all_cases
from .judge import IsolationName
from .submission import Rebuilt, recall

MAX_TEXT = 2_000  # characters of one value


@dataclass(frozen=True)
class Call:
    """One call that the judge made, made again.

    Attributes:
        problem: what is wrong with the answer, or "".
    """

    case: Case
    answer: Answer
    expected: Any
    problem: str


@dataclass(frozen=True)
class Explanation:
    """A function's calls, what was said of it then, and what comes out now."""

    exercise: Exercise
    kept: Verdict | None
    now: Verdict
    calls: list[Call]


def explain(
    rebuilt: Rebuilt, exercise: Exercise, seed: int, kept: Verdict | None, isolation: IsolationName = "auto"
) -> Explanation:
    """Judge one function of a rebuilt notebook again, with the inputs of a seed."""
    cases = all_cases(exercise, seed)
    answers = judging.answers_to(rebuilt, exercise, cases, isolation)
    calls = []
    for case, answer in zip(cases, answers, strict=True):
        finding = finding_of(exercise, case, answer)
        told = "" if finding is None else f"{finding.problem} {'; '.join(finding.details)}".strip()
        calls.append(Call(case, answer, _expected(exercise, case), told))
    return Explanation(exercise, kept, judging.assess_safely(exercise, cases, answers), calls)


def explanations(
    course: Course, student: str, assignment: str, name: str = "", isolation: IsolationName = "auto"
) -> Iterator[Explanation]:
    """Of one function of a graded submission, or of all that did not pass.

    Raises:
        CourseError: there is nothing to explain; the message says why.
    """
    course.require(assignment)
    with course.gradebook() as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            raise CourseError(f"'{student}' has no graded submission of '{assignment}'.") from None
        judged = {nb.name: kept for nb in submission.notebooks if (kept := _latest(gradebook, nb.id))}
    if not judged:
        raise CourseError(
            f"'{assignment}' by '{student}' was not graded by the judge: run backprop-lab grade."
        )
    known = [verdict for record in judged.values() for verdict in record.verdicts]
    if name and name not in known:
        raise CourseError(f"There is no function '{name}' in '{assignment}'. There are: {', '.join(known)}.")
    for notebook, record in judged.items():
        path = course.graded_notebook(student, assignment, notebook)
        if not path.is_file():
            raise CourseError(f"{path} is missing: run backprop-lab grade {assignment} --force.")
        try:
            rebuilt = recall(nbformat.read(path, as_version=4))
        except ValueError:  # not JSON, or no notebook of ours
            raise CourseError(
                f"{path} is damaged: run backprop-lab grade {assignment} --student {student} --force."
            ) from None
        if record.problem:
            raise CourseError(f"Nothing could be taken from the submission: {record.problem}.")
        for exercise, verdict in record.verdicts.items():
            if exercise == name or (not name and not verdict.passed):
                yield explain(rebuilt, find(exercise), record.seed, verdict, isolation)


def _latest(gradebook: Any, notebook_id: str) -> records.Record | None:
    return next(reversed(records.attempts(gradebook.db, notebook_id)), None)


def _expected(exercise: Exercise, case: Case) -> Any:
    return exercise.expected(case) if exercise.accept is None else "one of many right answers"


def lines(explanation: Explanation) -> Iterator[str]:
    """The explanation as text, for a terminal or a letter."""
    exercise = explanation.exercise
    for call in explanation.calls:
        mark = "✗" if call.problem else "✓"
        hidden = ", known to the judge alone" if call.case.hidden else ""
        yield f"{mark} {call.case.name} ({call.case.group}{hidden})"
        for name, value in zip(exercise.arguments, call.case.args, strict=False):
            yield _text(f"    {name} = ", value)
        if call.answer.status == "returned":
            yield from _by_name("    answered ", exercise, call.answer.value)
        else:
            yield f"    {call.answer.status}: {call.answer.error[:MAX_TEXT]}"
        yield from _by_name("    expected ", exercise, call.expected)
        if call.problem:
            yield f"    {call.problem[:MAX_TEXT]}"
    yield ""
    yield from (line[:MAX_TEXT] for line in explanation.now.lines())
    kept = explanation.kept
    if kept is not None and (kept.credit, kept.status) != (explanation.now.credit, explanation.now.status):
        yield f"  The gradebook has another verdict: {kept.headline}, {kept.credit:.0%} of the points."


def _by_name(label: str, exercise: Exercise, value: Any) -> Iterator[str]:
    """What a function returned, each part beside its name; as it is where the parts are not as many."""
    names = exercise.returns
    parts = value if isinstance(value, tuple) else (value,)
    if len(parts) != len(names) or isinstance(value, str):
        yield _text(label, value)
        return
    for k, (name, part) in enumerate(zip(names, parts, strict=True)):
        yield _text(f"{label if k == 0 else ' ' * len(label)}{name} = ", part)


def _text(label: str, value: Any) -> str:
    """The label and the value, whose further lines stand below its first."""
    with np.printoptions(precision=8, threshold=60, edgeitems=3):
        try:
            text = np.array2string(value, separator=", ") if isinstance(value, np.ndarray) else repr(value)
        except Exception as error:  # an answer may be anything
            text = f"(cannot be shown: {type(error).__name__})"
    text = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text[:MAX_TEXT])
    return label + text.replace("\n", "\n" + " " * len(label))
