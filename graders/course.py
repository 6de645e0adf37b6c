"""A course folder: notebooks to release, submissions to grade, a gradebook. Built on nbgrader's API."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import ConfigFileNotFound

from backprop_lab.check import Verdict

from . import records

CONFIG = "nbgrader_config.py"


class CourseError(Exception):
    """Something the person at the keyboard can put right; the message says how."""


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
    """

    student: str
    code: float | None
    max_code: float
    written: float | None
    max_written: float
    verdicts: dict[str, Verdict]
    reason: str = ""
    seconds: float = 0.0

    @property
    def score(self) -> float | None:
        """All points so far."""
        return None if self.code is None else self.code + (self.written or 0.0)

    @property
    def share(self) -> float | None:
        """Points per point that could be had by now: written answers count once graded."""
        possible = self.max_code + (self.max_written if self.written is not None else 0.0)
        return None if self.score is None or not possible else self.score / possible


class Course:
    """The course in a folder.

    Raises:
        CourseError: the folder is not a course.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()
        if not (self.root / CONFIG).is_file():
            raise CourseError(
                f"{root} is not a course folder: it has no {CONFIG}. "
                "Go to the checkout of backprop-lab, or name the folder with --course."
            )
        # nbgrader starts alembic from PATH when it makes a gradebook.
        bin_folder = str(Path(sys.executable).parent)
        if bin_folder not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([bin_folder, os.environ.get("PATH", "")])

    @cached_property
    def config(self) -> Config:
        try:
            config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        except ConfigFileNotFound as error:
            raise CourseError(str(error)) from None
        except Exception as error:
            raise CourseError(
                f"{self.root / CONFIG} cannot be read: {type(error).__name__}: {error}"
            ) from None
        config.CourseDirectory.root = str(self.root)
        return config

    @cached_property
    def api(self) -> NbGraderAPI:
        # nbgrader's models make SQLAlchemy 2 talk about pending objects on every submission.
        warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
        api = NbGraderAPI(config=self.config)
        if not Path(api.coursedir.format_path(api.coursedir.source_directory, ".", "")).is_dir():
            raise CourseError(
                f"{self.root} is not a course folder: it has no folder '{api.coursedir.source_directory}'"
            )
        return api

    @contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        with self.api.gradebook as gradebook:
            yield gradebook

    # ------------------------------------------------------------------ assignments and submissions

    def assignments(self) -> list[str]:
        return sorted(self.api.get_source_assignments())

    def require(self, assignment: str) -> None:
        """Raise CourseError unless there is such an assignment."""
        if assignment not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(f"There is no assignment '{assignment}' in {self.root}. There are: {known}.")

    def require_released(self, assignment: str) -> None:
        self.require(assignment)
        if not self._folder("release", assignment=assignment).is_dir():
            raise CourseError(f"'{assignment}' is not released yet: run backprop-lab release {assignment}.")

    def submitted(self, assignment: str) -> list[str]:
        return sorted(self.api.get_submitted_students(assignment))

    def _folder(self, step: str, student: str = ".", assignment: str = "") -> Path:
        directory = getattr(self.api.coursedir, f"{step}_directory")
        return Path(self.api.coursedir.format_path(directory, student, assignment))

    def feedback_page(self, student: str, assignment: str) -> Path:
        return self._folder("feedback", student, assignment) / f"{assignment}.html"

    # ------------------------------------------------------------------ nbgrader's steps

    def release(self, assignment: str) -> Path:
        """Write the student version and enter the assignment in the gradebook."""
        self.require(assignment)
        result = self.api.generate_assignment(assignment)
        if not result["success"]:
            raise CourseError(f"nbgrader could not release '{assignment}':\n{_last_words(result)}")
        return self._folder("release", assignment=assignment)

    def grade(
        self, assignment: str, students: list[str], done: Callable[[str], None] = lambda student: None
    ) -> dict[str, str]:
        """Autograde each student's submission.

        Returns:
            For the students whose submission could not be graded, why.
        """
        failed = {}
        for student in students:
            result = self.api.autograde(assignment, student)
            if not result["success"]:
                failed[student] = _last_words(result)
            done(student)
        return failed

    def feedback(self, assignment: str, students: list[str], done: Callable[[str], None]) -> dict[str, str]:
        """Write each student's feedback page; for those where it failed, why."""
        failed = {}
        for student in students:
            result = self.api.generate_feedback(assignment, student)
            if not result["success"]:
                failed[student] = _last_words(result)
            done(student)
        return failed

    def graded(self, assignment: str) -> list[str]:
        return sorted(self.api.get_autograded_students(assignment))

    # ------------------------------------------------------------------ results

    def rows(self, assignment: str, failed: dict[str, str] | None = None) -> list[Row]:
        """A row for every submission: graded, or the reason why not."""
        failed = failed or {}
        graded = set(self.graded(assignment)) - set(failed)
        rows = []
        with self.gradebook() as gradebook:
            try:
                whole = gradebook.find_assignment(assignment)
            except MissingEntry:
                raise CourseError(
                    f"'{assignment}' is not in the gradebook yet: run backprop-lab release {assignment}."
                ) from None
            max_code, max_written = float(whole.max_code_score), float(whole.max_written_score)
            for student in self.submitted(assignment):
                if student not in graded:
                    reason = failed.get(student, "not graded yet")
                    rows.append(Row(student, None, max_code, None, max_written, {}, reason))
                    continue
                submission = gradebook.find_submission(assignment, student)
                kept = [r for nb in submission.notebooks for r in records.attempts(gradebook.db, nb.id)[-1:]]
                verdicts = {name: v for record in kept for name, v in record.verdicts.items()}
                written = None if submission.needs_manual_grade else float(submission.written_score)
                rows.append(
                    Row(
                        student,
                        float(submission.code_score),
                        max_code,
                        written,
                        max_written,
                        verdicts,
                        next((record.problem for record in kept if record.problem), "") or _look_at(verdicts),
                        sum(record.seconds for record in kept),
                    )
                )
        return rows


def _look_at(verdicts: dict[str, Verdict]) -> str:
    """The first thing that kept answers from being judged."""
    for verdict in verdicts.values():
        if verdict.status == "no answer":
            return f"{verdict.exercise}: {verdict.note}"
        for finding in verdict.findings:
            if finding.problem.startswith("There was no answer"):
                return f"{verdict.exercise}: {finding.problem.removeprefix('There was no answer: ')}"
    return ""


def _last_words(result: dict[str, Any]) -> str:
    """The end of nbgrader's log, where it says what went wrong."""
    text = (result.get("error") or result.get("log") or "").strip()
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line and not line.startswith(" ")]
    return (errors or lines or ["nbgrader gave no reason"])[-1][:300]


def copy_course(source: Path, target: Path) -> None:
    """A new course folder with the notebooks and settings of another."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / CONFIG, target / CONFIG)
    shutil.copytree(source / "notebooks", target / "notebooks", dirs_exist_ok=True)
