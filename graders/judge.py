"""The judge: runs a rebuilt submission in the sandbox, asks its functions, decides here.

Nothing the sandbox says is a score. It returns arrays; they are compared with
the analytic answers in this process.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nbformat.notebooknode import NotebookNode

from backprop_lab.check import Answer, Verdict, assess
from backprop_lab.exercises import REGISTRY, Case, Exercise
from graders import flags, likeness, sandbox
from graders.hidden import all_cases
from graders.sandbox import Limits, Sandbox
from graders.submission import Rebuilt, is_answer

IsolationName = Literal["auto", "strict", "none"]

LIMITS = Limits(cell_seconds=10.0, call_seconds=2.0, wall_seconds=60.0, cpu_seconds=60)
BUDGET = 120.0  # seconds for one submission, all restarts included
MAX_TEXT = 600  # characters of one sentence of a verdict
MAX_DETAILS = 6
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
RESTARTS = 1  # of one function that hangs or dies in some cases


@dataclass
class Judgement:
    """What the judge found in one notebook.

    Attributes:
        verdicts: by exercise name.
        outputs: by grade id, what the answer cells showed.
        seed: reproduces every input.
        isolation: how the code was isolated, "strict" or "limits".
        seconds: how long it took.
        flags: sentences for a person's eye; no flag costs a point.
        prints: by exercise, the fingerprint of the answer, to find near-identical ones in a class.
    """

    seed: int
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    isolation: str = ""
    seconds: float = 0.0
    flags: list[str] = field(default_factory=list)
    prints: dict[str, list[int]] = field(default_factory=dict)


def fresh_seed() -> int:
    """A seed no student can know."""
    return secrets.randbits(48)


def check_id(exercise: str) -> str:
    """The grade id of the test cell of an exercise."""
    return f"check-{exercise}"


def exercises_in(notebook: NotebookNode) -> list[Exercise]:
    """The exercises whose test cells are in a notebook, in order."""
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in notebook.cells]
    return [
        REGISTRY[i.removeprefix("check-")]
        for i in ids
        if i.startswith("check-") and i.removeprefix("check-") in REGISTRY
    ]


def judge(
    rebuilt: Rebuilt, seed: int | None = None, isolation: IsolationName = "auto", limits: Limits = LIMITS
) -> Judgement:
    """Judge every exercise of a rebuilt notebook.

    Args:
        seed: of all inputs; drawn anew if None.
        isolation: as for `Sandbox`.
    """
    started = time.monotonic()
    judgement = Judgement(fresh_seed() if seed is None else seed)
    exercises = exercises_in(rebuilt.notebook)
    if rebuilt.problem:
        for exercise in exercises:
            judgement.verdicts[exercise.name] = _no_answer(exercise, rebuilt.problem)
        return judgement
    judgement.flags = flags.look(rebuilt.notebook)
    judgement.prints = _prints(rebuilt.notebook)
    with _Session(rebuilt.notebook, isolation, limits, started + BUDGET) as session:
        for exercise in exercises:
            cases = all_cases(exercise, judgement.seed)
            verdict = assess_safely(exercise, cases, session.ask(exercise, cases))
            if verdict.status == "no answer":
                verdict = replace(verdict, note=session.why_missing(exercise.name) or verdict.note)
            notes = (
                verdict.note,
                _own_name_note(verdict, rebuilt.own_names),
                rebuilt.notes.get(exercise.name),
            )
            note = " ".join(note for note in notes if note)
            judgement.verdicts[exercise.name] = replace(verdict, note=_clipped(note))
        judgement.outputs = session.outputs
        judgement.isolation = session.isolation
    judgement.seconds = time.monotonic() - started
    return judgement


def _no_answer(exercise: Exercise, reason: str) -> Verdict:
    return Verdict(exercise.name, "no answer", 0.0, note=reason)


def answers_to(
    rebuilt: Rebuilt, exercise: Exercise, cases: Sequence[Case], isolation: IsolationName = "auto"
) -> list[Answer]:
    """What one function of a rebuilt notebook answers."""
    with _Session(rebuilt.notebook, isolation, LIMITS, time.monotonic() + BUDGET) as session:
        return session.ask(exercise, cases)


def assess_safely(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Answer]) -> Verdict:
    """The verdict, whatever the answers are: one that cannot be compared is none, and costs no other."""
    try:
        return _bounded(assess(exercise, cases, answers))
    except Exception as error:
        return _no_answer(exercise, f"What it returned could not be compared ({type(error).__name__}).")


def _bounded(verdict: Verdict) -> Verdict:
    """The verdict with every text cut to what a page can show: some quote what the student returned."""
    findings = tuple(
        replace(
            finding,
            problem=_clipped(finding.problem),
            details=tuple(_clipped(detail) for detail in finding.details[:MAX_DETAILS]),
        )
        for finding in verdict.findings
    )
    return replace(verdict, findings=findings, note=_clipped(verdict.note))


def _clipped(text: str) -> str:
    """No longer than `MAX_TEXT`, and without control characters: a terminal and a database read it too."""
    text = _ANSI.sub("", text[: 2 * MAX_TEXT])
    text = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " ..."


def _prints(notebook: NotebookNode) -> dict[str, list[int]]:
    made = {
        cell.metadata.nbgrader.grade_id: likeness.fingerprint(cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code" and is_answer(cell)
    }
    return {name: found for name, found in made.items() if found}


def _own_name_note(verdict: Verdict, own_names: Sequence[str]) -> str:
    """Why a NameError came up: the name is defined in a cell that the judge does not run."""
    said = " ".join(detail for finding in verdict.findings for detail in finding.details)
    for name in own_names:
        if f"name '{name}' is not defined" in said:
            return (
                f"'{name}' is defined in a cell of your own. Only the answer cells are run: "
                "move it into the cell of this function."
            )
    return ""


class _Session:
    """A sandbox with the answers in it, started again when a student's code brings it down."""

    def __init__(self, notebook: NotebookNode, isolation: IsolationName, limits: Limits, deadline: float):
        self._cells = [
            (cell.metadata.nbgrader.grade_id, cell.source)
            for cell in notebook.cells
            if cell.cell_type == "code" and (is_answer(cell) or "setup" in cell.metadata.get("tags", []))
        ]
        self._isolation: IsolationName = isolation
        self._limits = limits
        self._deadline = deadline
        self._sandbox: Sandbox | None = None
        self.isolation = ""
        self.outputs: dict[str, list[dict[str, Any]]] = {}
        self.notes: dict[str, str] = {}  # by grade id: why a cell did not run

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _ready(self) -> Sandbox | None:
        """A living sandbox in which all good cells have run, or None when time is up."""
        skipped = set(self.notes)
        while time.monotonic() < self._deadline:
            if self._sandbox is not None and self._sandbox.alive:
                return self._sandbox
            self._close()
            left = self._deadline - time.monotonic()
            limits = replace(self._limits, wall_seconds=min(self._limits.wall_seconds, left))
            self._sandbox = Sandbox(limits, isolation=self._isolation).__enter__()
            self.isolation = self._sandbox.isolation.name
            for grade_id, source in self._cells:
                if grade_id in skipped:
                    continue
                result = self._sandbox.run_cell(source, grade_id)
                self.outputs[grade_id] = result.outputs
                if result.status != "ran":
                    skipped.add(grade_id)
                    self.notes[grade_id] = f"Its cell did not finish: {result.reason}"
                    break
        return None

    def why_missing(self, grade_id: str) -> str:
        """Why the cell that should define a function did not."""
        errors = [output for output in self.outputs.get(grade_id, []) if output["output_type"] == "error"]
        raised = f"Its cell raised {errors[0]['ename']}: {errors[0]['evalue']}" if errors else ""
        return self.notes.get(grade_id, raised)

    def ask(self, exercise: Exercise, cases: Sequence[Case]) -> list[Answer]:
        """The function's answers; where it hangs or dies, the cases after that are asked of a fresh start."""
        answers: list[Answer] = []
        for _ in range(1 + RESTARTS):
            live = self._ready()
            if live is None:
                break
            waiting = cases[len(answers) :]
            sent = [{"args": list(case.args)} for case in waiting]
            got = live.call(exercise.name, sent, exercise.seconds, _path_of(exercise.adapter))
            lost = next((k for k, answer in enumerate(got) if answer.status in ("timeout", "died")), None)
            if lost is None:
                return answers + [_answer(exercise.name, a) for a in got]
            answers += [_answer(exercise.name, a) for a in got[: lost + 1]]
            if len(answers) == len(cases):
                return answers
        gone = Answer("died", error="the grader stopped asking after several attempts")
        return answers + [gone] * (len(cases) - len(answers))


def _path_of(adapter: Callable[..., Any] | None) -> str:
    return f"{adapter.__module__}:{adapter.__qualname__}" if adapter else ""


def _answer(function: str, claim: sandbox.Answer) -> Answer:
    """A claim of the sandbox as an answer to assess."""
    if claim.status == "raised" and claim.error is not None:
        # A line is the student's to look at only if it is in the cell of this function.
        line = claim.error.line if claim.error.cell == function else None
        return Answer("raised", error=f"{claim.error.type}: {claim.error.message}", line=line)
    return Answer(claim.status, claim.value, error=claim.reason, changed=claim.changed)
