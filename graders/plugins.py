"""What nbgrader runs: an exporter that reads anything, and preprocessors that rebuild, judge and save.

`nbgrader_config.py` names these classes; nothing of nbgrader is replaced or patched. Run by plain
nbgrader they work alone. Run by `graders.writer`, which grades a class, they find there the open
gradebook and the judgement that another process has made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook, new_output
from nbgrader import utils
from nbgrader.api import Comment, Grade, Gradebook
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor, SaveAutoGrades
from sqlalchemy.orm import joinedload
from traitlets import Enum, Integer, Unicode

from backprop_lab.check import Verdict
from backprop_lab.check.display import card

from . import records, submission
from .intake import strange_files
from .judge import check_id, judge
from .judging import Judged, digest, read_submitted, released_notebook

Resources = dict[str, Any]
_SUBMITTED = "backprop_lab_submitted"  # bytes of the file, on their way from exporter to Rebuild


class ClassRun:
    """The converter of a class-wide run, as its preprocessors see it."""

    gradebook: Gradebook

    def judged(self, notebook: str) -> Judged | None:
        """What was found in the present student's notebook, if it is known already."""
        raise NotImplementedError


def class_run(plugin: Any) -> ClassRun | None:
    """The class-wide run that an exporter or preprocessor works for; None in plain nbgrader."""
    parent = plugin.parent
    while parent is not None and not isinstance(parent, ClassRun):
        parent = getattr(parent, "parent", None)
    return parent


@contextmanager
def _gradebook(plugin: Any, resources: Resources) -> Iterator[Gradebook]:
    run = class_run(plugin)
    if run is not None:
        yield run.gradebook
        return
    with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
        yield gradebook


class SubmissionExporter(NotebookExporter):
    """Hands on a submission's bytes, so that a file that is no notebook ends with a grade too."""

    def from_filename(self, filename: str, resources: Resources | None = None, **kw: Any) -> Any:
        resources = self._init_resources(resources)
        path = Path(filename)
        resources["metadata"]["name"] = path.stem
        resources["metadata"]["path"] = str(path.parent)
        data = read_submitted(path)
        resources[_SUBMITTED] = data
        # What was handed in is read by Rebuild alone, which believes less of it than nbformat does.
        sanitizing = any(isinstance(step, Rebuild) for step in self._preprocessors)
        nb = new_notebook() if sanitizing else nbformat.reads(data.decode("utf-8"), as_version=4)
        return self.from_notebook_node(nb, resources=resources, **kw)


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
        data = resources.pop(_SUBMITTED)
        strange = [path.name for path in strange_files(Path(resources["metadata"]["path"]))]
        if strange:  # the hook that replaces them has failed, which nbgrader passes over
            raise PermissionError(f"it holds {strange[0][:100]!r}, a link or special file")
        rebuilt = submission.rebuild(released_notebook(path.read_bytes()), data)
        if rebuilt.problem:
            self.log.warning("%s: %s", its["student"], rebuilt.problem)
        nb = submission.remember(rebuilt)
        nb.metadata[submission.METADATA_KEY]["digest"] = digest(data)
        return nb, resources


class Judge(NbGraderPreprocessor):
    """Runs the answers in the sandbox and puts each verdict below its check."""

    isolation = Enum(
        ["auto", "strict", "none"],
        default_value="auto",
        help="strict refuses to run without a sandbox; none runs without one",
    ).tag(config=True)
    seed = Integer(None, allow_none=True, help="The seed of all inputs; drawn anew if None.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        judged = self._judged(nb, resources["nbgrader"]["notebook"])
        judgement = judged.judgement
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
        resources["nbgrader"]["judged"] = judged
        return nb, resources

    def _judged(self, nb: NotebookNode, name: str) -> Judged:
        """What is known about these very bytes, or else what the judge finds in them now."""
        rebuilt = submission.recall(nb)
        its_digest = nb.metadata[submission.METADATA_KEY].get("digest", "")
        run = class_run(self)
        known = run.judged(name) if run is not None else None
        if known is not None and known.digest == its_digest:
            return known
        judgement = judge(rebuilt, seed=self.seed, isolation=self.isolation)
        return Judged(its_digest, rebuilt.problem, judgement)


def _cell(nb: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


class _OneNotebook:
    """A gradebook for `SaveAutoGrades`, which asks and commits cell by cell: here in two questions,
    and the caller commits."""

    def __init__(self, gradebook: Gradebook, notebook_id: str):
        def found(kind: Any) -> dict[str, Any]:
            rows = gradebook.db.query(kind).filter(kind.notebook_id == notebook_id)
            return {row.cell.name: row for row in rows.options(joinedload(kind.cell))}

        self._grades, self._comments = found(Grade), found(Comment)
        self.db = self

    def find_grade(self, cell: str, *_: str) -> Grade:
        return self._grades[cell]

    def find_comment(self, cell: str, *_: str) -> Comment:
        return self._comments[cell]

    def commit(self) -> None:
        pass


class SaveVerdicts(SaveAutoGrades):
    """Writes scores, comments and the judge's record to the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        its = resources["nbgrader"]
        judged: Judged = its.pop("judged")
        self._verdicts = judged.judgement.verdicts
        self.notebook_id, self.assignment_id, self.student_id = (
            its["notebook"],
            its["assignment"],
            its["student"],
        )
        with _gradebook(self, resources) as gradebook:
            notebook = gradebook.find_submission_notebook(its["notebook"], its["assignment"], its["student"])
            self.gradebook = _OneNotebook(gradebook, notebook.id)
            nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
            records.save(gradebook.db, notebook.id, notebook.assignment.timestamp, judged)
            gradebook.db.commit()
        return nb, resources

    def _verdict_of(self, cell: NotebookNode) -> Verdict | None:
        grade_id = cell.metadata.nbgrader.grade_id
        return self._verdicts.get(grade_id.removeprefix("check-"))

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        verdict = self._verdict_of(cell)
        if utils.is_solution(cell):  # a written answer, for a person
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(cell.metadata.nbgrader.grade_id)
        if verdict is None:
            # nbgrader would give full marks, for want of an error in a cell that nobody has run.
            grade.auto_score, grade.needs_manual_grade = None, True
            return
        grade.auto_score = round(verdict.credit * float(cell.metadata.nbgrader.points), 2)
        grade.needs_manual_grade = grade.manual_score is not None

    def _add_comment(self, cell: NotebookNode, resources: Resources) -> None:
        verdict = self._verdict_of(cell)
        if verdict is None:
            super()._add_comment(cell, resources)
            return
        self.gradebook.find_comment(cell.metadata.nbgrader.grade_id).auto_comment = str(verdict)


class LatePenalties(AssignLatePenalties):
    """nbgrader's late penalties, by the plug-in of `c.AssignLatePenalties`, in the open gradebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        run = class_run(self)
        if run is None:
            return super().preprocess(nb, resources)
        its = resources["nbgrader"]
        self.init_plugin()
        notebook = run.gradebook.find_submission_notebook(its["notebook"], its["assignment"], its["student"])
        late = notebook.assignment.total_seconds_late
        penalty = None
        if late > 0:
            run.gradebook.db.expire(notebook)  # its score is a sum that the database makes
            penalty = self.plugin_inst.late_submission_penalty(its["student"], notebook.score, late)
        if penalty is not None:
            penalty = self._check_late_penalty(notebook, penalty)
        notebook.late_submission_penalty = penalty
        run.gradebook.db.commit()
        return nb, resources
