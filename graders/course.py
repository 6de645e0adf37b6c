"""A course folder: notebooks to release, submissions to grade, a gradebook. Built on nbgrader's API."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import ConfigFileNotFound

from . import results
from .classroom import Outcome, grade_class
from .errors import CourseError
from .results import Row
from .workers import LocalWorkers, Workers
from .writer import last_words

__all__ = ["Course", "CourseError", "Row", "copy_course"]

CONFIG = "nbgrader_config.py"


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
        result = self.api.generate_assignment(assignment)
        if not result["success"]:
            raise CourseError(f"nbgrader could not release '{assignment}':\n{last_words(result)}")
        return self._folder("release", assignment=assignment)

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
            result = self.api.generate_feedback(assignment, student)
            if not result["success"]:
                failed[student] = last_words(result)
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
