"""A course folder: notebooks to release, submissions to grade, a gradebook. Built on nbgrader's API."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import ConfigFileNotFound

from . import results
from .classroom import Outcome, grade_class
from .errors import CourseError
from .results import Row
from .submission import load_released
from .undo import undone_on_failure
from .workers import LocalWorkers, Workers
from .writer import last_words, timestamp_in

__all__ = ["Course", "CourseError", "Row", "copy_course"]

CONFIG = "nbgrader_config.py"


class _Api(NbGraderAPI):
    """nbgrader's, which no student's ``timestamp.txt`` brings down."""

    def get_submitted_timestamp(self, assignment_id: str, student_id: str) -> datetime | None:
        folder = self.coursedir.format_path(self.coursedir.submitted_directory, student_id, assignment_id)
        try:
            return timestamp_in(self.coursedir, folder)
        except NbGraderException:
            return datetime.min  # equal to no other, so this one counts as not graded, and its row says why


class Course:
    """The course in a folder.

    Args:
        db_url: of the gradebook; nbgrader's own setting where it is empty.

    Raises:
        CourseError: the folder is not a course.
    """

    def __init__(self, root: Path, db_url: str = ""):
        self._db_url = db_url
        self.root = root.resolve()
        if not (self.root / CONFIG).is_file():
            raise CourseError(
                f"{root} is not a course folder: it has no {CONFIG}. "
                "Go to the checkout of backprop-lab, or name the folder with --course."
            )
        if strange := set("[]*?") & set(str(self.root)):
            raise CourseError(
                f"{self.root} has a {' and a '.join(sorted(strange))} in its path, which nbgrader takes for "
                "a pattern and then finds nothing. Rename the folder."
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
        if self._db_url:
            config.CourseDirectory.db_url = self._db_url
        return config

    @cached_property
    def api(self) -> NbGraderAPI:
        # nbgrader's models make SQLAlchemy 2 talk about pending objects on every submission.
        warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")
        api = _Api(config=self.config)
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

    def require_gradable(self, assignment: str) -> None:
        """Raise CourseError where grading could only fail, for everybody and late."""
        self.require_released(assignment)
        for path in self.released_notebooks(assignment):
            try:
                load_released(str(path))
            except (ValueError, OSError) as error:
                raise CourseError(
                    f"{path} cannot be read ({type(error).__name__}): "
                    f"run backprop-lab release {assignment} again."
                ) from None
        with self.gradebook() as gradebook:
            try:
                gradebook.find_assignment(assignment)
            except MissingEntry:
                raise CourseError(
                    f"'{assignment}' is not in the gradebook yet: run backprop-lab release {assignment}"
                    f"{f' --db {self._db_url}' if self._db_url else ''}."
                ) from None

    def released(self, assignment: str) -> bool:
        return self._folder("release", assignment=assignment).is_dir()

    def require_released(self, assignment: str) -> None:
        self.require(assignment)
        if not self.released(assignment):
            raise CourseError(f"'{assignment}' is not released yet: run backprop-lab release {assignment}.")

    def submitted(self, assignment: str) -> list[str]:
        return sorted(self.api.get_submitted_students(assignment))

    def _folder(self, step: str, student: str = ".", assignment: str = "") -> Path:
        directory = getattr(self.api.coursedir, f"{step}_directory")
        return Path(self.api.coursedir.format_path(directory, student, assignment))

    def released_notebooks(self, assignment: str) -> list[Path]:
        """The notebooks that students got."""
        return sorted(self._folder("release", assignment=assignment).glob("*.ipynb"))

    def submitted_notebooks(self, assignment: str, student: str) -> list[Path]:
        """What a student handed in under the names of the released notebooks, whatever it is."""
        folder = self._folder("submitted", student, assignment)
        paths = [folder / path.name for path in self.released_notebooks(assignment)]
        return [path for path in paths if os.path.lexists(path)]

    def autograded_notebook(self, assignment: str, student: str, name: str) -> Path:
        return self._folder("autograded", student, assignment) / name

    def feedback_page(self, student: str, assignment: str) -> Path:
        return self._folder("feedback", student, assignment) / f"{assignment}.html"

    def graded_notebook(self, student: str, assignment: str, notebook: str) -> Path:
        return self._folder("autograded", student, assignment) / f"{notebook}.ipynb"

    # ------------------------------------------------------------------ nbgrader's steps

    def release(self, assignment: str) -> Path:
        """Write the student version and enter the assignment in the gradebook."""
        self.require(assignment)
        folder = self._folder("release", assignment=assignment)
        with undone_on_failure(folder):
            result = self.api.generate_assignment(assignment)
            if not result["success"]:
                raise CourseError(
                    f"'{assignment}' could not be released, and nothing was changed: {last_words(result)}"
                )
        return folder

    def grade(
        self,
        assignment: str,
        students: list[str],
        done: Callable[[str], None] = lambda student: None,
        workers: Workers | None = None,
    ) -> Outcome:
        """Autograde the students' submissions, whether they are graded or not.

        Args:
            workers: who judges; one process for each core if None.
            done: told each student who is through.
        """
        if not students:
            return Outcome()
        jobs = min(cores(), len(students))
        return grade_class(self, assignment, students, workers or LocalWorkers(jobs), done)

    def feedback(self, assignment: str, students: list[str], done: Callable[[str], None]) -> dict[str, str]:
        """Write each student's feedback page; for those where it failed, why."""
        failed = {}
        for student in students:
            try:
                with undone_on_failure(self.feedback_page(student, assignment).parent):
                    result = self.api.generate_feedback(assignment, student)
                    if not result["success"]:
                        raise CourseError(last_words(result))
            except (CourseError, OSError) as error:
                failed[student] = str(error)
            done(student)
        return failed

    def graded(self, assignment: str) -> list[str]:
        return sorted(self.api.get_autograded_students(assignment))

    # ------------------------------------------------------------------ results

    def rows(self, assignment: str, failed: dict[str, str] | None = None) -> list[Row]:
        """A row for every submission: see `graders.results`."""
        return results.rows(self, assignment, failed)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copy_course(source: Path, target: Path) -> None:
    """A new course folder with the notebooks and settings of another."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / CONFIG, target / CONFIG)
    shutil.copytree(source / "notebooks", target / "notebooks", dirs_exist_ok=True)
