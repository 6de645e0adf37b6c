"""What nbgrader runs: an exporter that reads anything, and preprocessors that rebuild, judge and save.

`nbgrader_config.py` names these classes; nothing of nbgrader is replaced or patched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook, new_output
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Enum, Integer, Unicode

from backprop_lab.check import Verdict
from backprop_lab.check.display import card
from backprop_lab.check.notebook import MAX_BYTES

from . import records, submission
from .judge import Judgement, check_id, judge

Resources = dict[str, Any]
_SUBMITTED = "backprop_lab_submitted"  # bytes of the file, on their way from exporter to Rebuild


class SubmissionExporter(NotebookExporter):
    """Hands on a submission's bytes, so that a file that is no notebook ends with a grade too."""

    def from_filename(self, filename: str, resources: Resources | None = None, **kw: Any) -> Any:
        resources = self._init_resources(resources)
        path = Path(filename)
        resources["metadata"]["name"] = path.stem
        resources["metadata"]["path"] = str(path.parent)
        data = _read(path)
        resources[_SUBMITTED] = data
        try:
            nb = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        except Exception:  # anything at all can be handed in; Rebuild says what is wrong with it
            nb = new_notebook()
        return self.from_notebook_node(nb, resources=resources, **kw)


def _read(path: Path) -> bytes:
    """At most what a submission may have; a link leads out of the submission and is not followed."""
    if path.is_symlink():
        return b""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


class Rebuild(NbGraderPreprocessor):
    """Sanitizing: the released notebook with the student's answers, and nothing else of theirs."""

    release_directory = Unicode("release", help="Where the released notebooks are, below the course.").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        its = resources["nbgrader"]
        assignment = its["assignment"]
        path = Path(self.release_directory, assignment, its["notebook"] + ".ipynb")
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: run `backprop-lab release {assignment}` first")
        rebuilt = submission.rebuild(submission.load_released(str(path)), resources.pop(_SUBMITTED))
        if rebuilt.problem:
            self.log.warning("%s: %s", its["student"], rebuilt.problem)
        return submission.remember(rebuilt), resources


class Judge(NbGraderPreprocessor):
    """Runs the answers in the sandbox and puts each verdict below its check."""

    isolation = Enum(
        ["auto", "strict", "none"],
        default_value="auto",
        help="strict refuses to run without a sandbox; none runs without one",
    ).tag(config=True)
    seed = Integer(None, allow_none=True, help="The seed of all inputs; drawn anew if None.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        rebuilt = submission.recall(nb)
        judgement = judge(rebuilt, seed=self.seed, isolation=self.isolation)
        if judgement.isolation == "limits":
            self.log.warning("The submission ran without a sandbox; see `backprop-lab doctor`.")
        for cell in nb.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "code":
                cell.outputs = [new_output(**output) for output in judgement.outputs.get(grade_id, [])]
        for name, verdict in judgement.verdicts.items():
            cell = _cell(nb, check_id(name))
            cell.outputs = [
                new_output("display_data", {"text/html": card(verdict), "text/plain": str(verdict)})
            ]
        resources["nbgrader"]["judgement"] = judgement
        resources["nbgrader"]["problem"] = rebuilt.problem
        return nb, resources


def _cell(nb: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


class SaveVerdicts(SaveAutoGrades):
    """Writes scores, comments and the judge's record to the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        judgement: Judgement = resources["nbgrader"].pop("judgement")
        problem: str = resources["nbgrader"].pop("problem")
        self._verdicts = judgement.verdicts
        nb, resources = super().preprocess(nb, resources)
        its = resources["nbgrader"]
        with Gradebook(its["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(its["notebook"], its["assignment"], its["student"])
            submitted = notebook.assignment.timestamp
            records.save(gradebook.db, notebook.id, submitted, judgement, problem)
            gradebook.db.commit()
        return nb, resources

    def _verdict_of(self, cell: NotebookNode) -> Verdict | None:
        grade_id = cell.metadata.nbgrader.grade_id
        return self._verdicts.get(grade_id.removeprefix("check-"))

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        verdict = self._verdict_of(cell)
        if verdict is None or utils.is_solution(cell):  # a written answer, for a person
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = round(verdict.credit * float(cell.metadata.nbgrader.points), 2)
        grade.needs_manual_grade = grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Resources) -> None:
        verdict = self._verdict_of(cell)
        if verdict is None:
            super()._add_comment(cell, resources)
            return
        comment = self.gradebook.find_comment(
            cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        comment.auto_comment = str(verdict)
        self.gradebook.db.commit()
