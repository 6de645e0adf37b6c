"""What is said about one function: passed, or what is wrong with it and what to do next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..exercises import CATALOGUE, GROUPS, Misconception

Status = Literal["passed", "partial", "failed", "not written", "no answer"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in one call of the function.

    Attributes:
        group: the key of `GROUPS` the call counts for.
        case: what was special about the call.
        problem: a sentence.
        details: lines of numbers: shapes, worst index, yours, expected.
    """

    group: str
    case: str
    problem: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome for one exercise.

    Attributes:
        exercise: the function's name.
        status: how it ended.
        credit: share of the points, 0 to 1.
        groups: for each group of cases, whether all of it passed.
        findings: the first finding of each group that did not pass.
        misconception: key of the recognised mistake, or None.
        cases: how many calls were made.
        note: a remark for the student, such as why there was no answer.
    """

    exercise: str
    status: Status
    credit: float
    groups: dict[str, bool] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    misconception: str | None = None
    cases: int = 0
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    @property
    def mistake(self) -> Misconception | None:
        return CATALOGUE[self.misconception] if self.misconception else None

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        if self.status == "passed":
            return f"{self.exercise}: passed, {self.cases} calls right"
        if self.status == "not written":
            return f"{self.exercise}: not written yet"
        if self.status == "no answer":
            return f"{self.exercise}: no answer"
        if self.mistake:
            return f"{self.exercise}: {self.mistake.title}"
        if self.status == "partial":
            wrong = [GROUPS[group] for group, fine in self.groups.items() if not fine]
            return f"{self.exercise}: right, except for {'; '.join(wrong)}"
        return f"{self.exercise}: not right yet"

    def lines(self) -> list[str]:
        """The whole verdict as text, one line each."""
        marks = {"passed": "✓", "partial": "◐", "failed": "✗", "not written": "○", "no answer": "✗"}
        out = [f"{marks[self.status]} {self.headline}"]
        if self.status == "not written":
            out.append("  Write your answer in the cell above, run it, and run this check again.")
            out.append(f'  Stuck? hint("{self.exercise}") gives a hint; ask again for a stronger one.')
        if self.mistake:
            out.append(f"  {self.mistake.explanation}")
        for finding in self.findings:
            out.append(f"  {finding.problem} ({finding.case})")
            out += [f"    {detail}" for detail in finding.details]
        passed = [GROUPS[group] for group, fine in self.groups.items() if fine]
        if self.status in ("partial", "failed") and passed:
            out.append(f"  Right already: {'; '.join(passed)}.")
        if self.mistake:
            out.append(f"  Next: {self.mistake.hint}")
        if self.note:
            out.append(f"  {self.note}")
        return out

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        findings = tuple(
            Finding(f["group"], f["case"], f["problem"], tuple(f["details"])) for f in data["findings"]
        )
        return cls(**{**data, "findings": findings})


class CheckFailed(AssertionError):
    """A check that did not pass; its text is the verdict."""

    def __init__(self, verdict: Verdict):
        super().__init__(str(verdict))
        self.verdict = verdict

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: one line, the card above tells the rest."""
        return [f"CheckFailed: {self.verdict.headline}"]
