"""The page a student gets back: the score, what each check found and what to do next, then the notebook.

nbconvert makes it, with the template `templates/feedback.html`. It runs no script and asks for nothing from
elsewhere, and its Content-Security-Policy forbids both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from backprop_lab.check import Verdict

from . import records
from .feedback import Resources, masker


class FeedbackPage(HTMLExporter):
    """nbconvert's exporter with the page's own template, whatever is set for pages of other kinds."""

    @property
    def default_config(self) -> Config:
        templates = str(Path(__file__).parent / "templates")
        own = {
            "template_name": "lab",
            "template_file": "feedback.html",
            "extra_template_paths": [templates],
        }
        return Config({"FeedbackPage": own, **super().default_config})


@dataclass(frozen=True)
class Line:
    """One graded cell in the page's overview.

    Attributes:
        id: of the cell to jump to.
        status: of the verdict; "waits" or "graded" for an answer that a person grades.
        found: what is wrong, in a sentence, or "".
        next: what to do about it, or "".
    """

    id: str
    name: str
    score: float
    points: float
    status: str
    found: str = ""
    next: str = ""


class Overview(NbGraderPreprocessor):
    """A line for every graded cell; and no comment that only repeats the verdict below the check."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        its = resources["nbgrader"]
        with Gradebook(its["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(its["notebook"], its["assignment"], its["student"])
            history = records.attempts(gradebook.db, notebook.id)
            waiting = {grade.name for grade in notebook.grades if grade.needs_manual_grade}
        verdicts = history[-1].verdicts if history else {}
        known = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
        for cell in known:
            verdict = verdicts.get(cell.grade_id)
            if verdict and cell.get("comment") == str(verdict):
                cell.comment = None
        mask = masker(its["db_url"])
        its["problem"] = mask(history[-1].problem) if history else ""
        its["lines"] = [
            _line(cell, verdicts.get(cell.grade_id.removeprefix("check-")), cell.grade_id in waiting)
            for cell in known
            if cell.grade
        ]
        return nb, resources


def _line(cell: NotebookNode, verdict: Verdict | None, waits: bool) -> Line:
    score, points = float(cell.score or 0.0), float(cell.points)
    if verdict is None or cell.solution:
        name = cell.grade_id.replace("written-", "written: ").replace("-", " ")
        return Line(cell.grade_id, name, score, points, "waits" if waits else "graded")
    found = ""
    if verdict.mistake:
        found = verdict.mistake.title
    elif verdict.findings:
        found = verdict.findings[0].problem
    return Line(
        cell.grade_id,
        verdict.exercise,
        score,
        points,
        verdict.status,
        found or verdict.note,
        verdict.mistake.hint if verdict.mistake else "",
    )
