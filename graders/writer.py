"""The one writer of a class-wide run: nbgrader's own converter, one gradebook for all students.

nbgrader opens the gradebook seven times for a student, commits after every cell, and makes two passes
over each notebook. Here the steps are the same and so is what they leave; they share one open gradebook,
one commit and one pass.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log, find_all_files, temp_attrs
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from .judging import Judged
from .plugins import ClassRun
from .undo import undone_on_failure
from .workers import explain

# nbgrader sums scores by these columns and has no index on them: without one, every question about a
# student reads the whole class.
_ASKED_BY = (("grade", "notebook_id"), ("comment", "notebook_id"), ("submitted_notebook", "assignment_id"))


class _HeldSession(Session):
    """nbgrader commits in many places; one student's work is kept or forgotten as a whole."""

    def commit(self) -> None:
        self.flush()

    def keep(self) -> None:
        super().commit()


class ClassGradebook(Gradebook):
    """A gradebook that stays open; `keep` commits what has been written since."""

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        self.db.remove()
        with self.engine.begin() as connection:
            for table, column in _ASKED_BY:
                connection.execute(
                    text(f"CREATE INDEX IF NOT EXISTS backprop_lab_{table} ON {table} ({column})")
                )
        self.db = scoped_session(sessionmaker(class_=_HeldSession, bind=self.engine))

    db: Any

    def keep(self) -> None:
        self.db().keep()

    def forget(self) -> None:
        """Undo what was not kept, and hold no row in memory."""
        self.db.remove()


class ClassAutograde(ClassRun, Autograde):
    """nbgrader's autograding of one student, with the judgements of `graders.workers`."""

    notebooks: list[str]

    def __init__(self, gradebook: ClassGradebook, judged: Mapping[str, Judged], **options: Any):
        super().__init__(**options)
        self.gradebook: ClassGradebook = gradebook
        self.error: Exception | None = None
        self._judged = judged

    def judged(self, notebook: str) -> Judged | None:
        return self._judged.get(notebook)

    def start(self) -> None:
        self.update_config(_ONE_VALIDATION)
        super().start()

    def _init_preprocessors(self) -> None:
        self.exporter._preprocessors = []
        for plugin in [*self.sanitize_preprocessors, *self.autograde_preprocessors]:
            self.exporter.register_preprocessor(plugin)

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        try:
            self._init_assignment(assignment_id, student_id)
        except Exception as error:
            self.error = error
            raise

    def _init_assignment(self, assignment_id: str, student_id: str) -> None:
        """What Autograde does here, in the open gradebook."""
        BaseConverter.init_assignment(self, assignment_id, student_id)
        gradebook = self.gradebook
        if self.create_student:
            gradebook.update_or_create_student(student_id)
        else:
            gradebook.find_student(student_id)
        try:
            assignment = gradebook.find_assignment(assignment_id)
        except MissingEntry:
            raise NbGraderException(f"There is no assignment '{assignment_id}' in the gradebook.") from None
        timestamp = timestamp_in(self.coursedir, self._format_source(assignment_id, student_id))
        gradebook.update_or_create_submission(assignment_id, student_id, timestamp=timestamp)
        self._copy_master_files(assignment_id, student_id)
        known = {notebook.name for notebook in assignment.notebooks}
        self.notebooks = [path for path in self.notebooks if Path(path).stem in known]
        if not self.notebooks:
            raise NbGraderException(f"it has no notebook named {' or '.join(sorted(known))}")
        for name in known - {Path(path).stem for path in self.notebooks}:
            for grade in gradebook.find_submission_notebook(name, assignment_id, student_id).grades:
                grade.auto_score = 0
                grade.needs_manual_grade = False

    def _copy_master_files(self, assignment_id: str, student_id: str) -> None:
        """Files of the assignment replace what the student handed in under their names."""
        source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", assignment_id))
        theirs = {str(source / name) for name in self.exclude_overwriting.get(assignment_id, [])}
        files = set(find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"])) - theirs
        for file in files:
            target = Path(self._format_dest(assignment_id, student_id), Path(file).relative_to(source))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(file, target)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            self._init_preprocessors()
            resources = self.init_single_notebook_resources(notebook_filename)
            output, resources = self.exporter.from_filename(notebook_filename, resources=resources)
            # Before the file: a run that is ended in between finds no file and grades this one again.
            self.gradebook.keep()
            self.write_single_notebook(output, resources)
        except Exception as error:
            self.error = error
            raise

    def write_single_notebook(self, output: str, resources: Any) -> None:
        # A notebook is there as a whole or not at all.
        name = resources["unique_key"]
        part = f".{name}.part"
        super().write_single_notebook(output, {**resources, "unique_key": part})
        folder, extension = Path(self.writer.build_directory), self.exporter.file_extension
        os.replace(folder / f"{part}{extension}", folder / f"{name}{extension}")


class StoppedError(Exception):
    """Nothing more can be written, for anybody; the sentence says why and what to do."""


class Writer:
    """Puts judgements into the gradebook and the folder of graded submissions, student by student."""

    def __init__(self, api: Any, assignment: str):
        self._api = api
        self._assignment = assignment
        self._gradebook = ClassGradebook(api.coursedir.db_url, api.course_id)

    def write(self, student: str, judged: Mapping[str, Judged]) -> str:
        """Grade one student, whose judgements are by notebook.

        Returns:
            Why it could not be done, or "".

        Raises:
            StoppedError: it cannot be done for anybody now.
        """
        with temp_attrs(self._api.coursedir, assignment_id=self._assignment, student_id=student):
            converter = ClassAutograde(
                self._gradebook, judged, coursedir=self._api.coursedir, parent=self._api
            )
            converter.force = True
            coursedir = self._api.coursedir
            graded = Path(coursedir.format_path(coursedir.autograded_directory, student, self._assignment))
            with undone_on_failure(graded):  # of the run; of one submission, the old grade goes
                try:
                    result = capture_log(converter)
                finally:
                    self._gradebook.forget()
                if converter.error is not None:
                    stop_if_hopeless(converter.error, str(coursedir.root))
        if result["success"]:
            return ""
        return last_words(result) if converter.error is None else explain(converter.error)

    def close(self) -> None:
        self._gradebook.close()


def timestamp_in(coursedir: CourseDirectory, folder: str) -> datetime | None:
    """When a submission was handed in, by its ``timestamp.txt``, if it has one.

    Raises:
        NbGraderException: the file holds no date.
    """
    try:
        return coursedir.get_existing_timestamp(folder)
    except (ValueError, OverflowError, AttributeError) as error:  # nbgrader's own way to say so fails
        raise NbGraderException(
            "its timestamp.txt holds no date: write one such as 2026-01-31 12:00:00 UTC, or delete the file"
        ) from error


def stop_if_hopeless(error: BaseException, where: str) -> None:
    """Raise StoppedError for an error that the next student would meet as well."""
    said = str(error)
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or "is full" in said:
        raise StoppedError(f"The disk of {where} is full. Make room on it") from error
    if (isinstance(error, OSError) and error.errno == errno.EROFS) or "readonly database" in said:
        raise StoppedError(f"The course in {where} cannot be written. Make it writable") from error
    if isinstance(error, OperationalError) and "locked" in said:
        raise StoppedError("The gradebook is locked by another program. Close what has it open") from error
    if isinstance(error, OperationalError):
        raise StoppedError(
            f"The gradebook cannot be reached ({_first_line(error.orig)}). See to its database"
        ) from error
    if isinstance(error, DatabaseError) and ("not a database" in said or "malformed" in said):
        raise StoppedError(
            f"The gradebook is damaged ({_first_line(error.orig)}). Put a copy in its place"
        ) from error


def _first_line(error: Any) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")


def last_words(result: dict[str, Any]) -> str:
    """The end of nbgrader's log, where it says what went wrong.

    Raises:
        KeyboardInterrupt: nothing did; nbgrader was stopped, and keeps that to itself.
    """
    logged, raised = ((result.get(part) or "").strip().splitlines() for part in ("log", "error"))
    if raised and raised[-1].startswith("KeyboardInterrupt"):
        raise KeyboardInterrupt
    lines = [line for line in [*raised, *logged] if line.strip()]
    errors = [line for line in lines if _ERROR.match(line) and "NbGraderException" not in line]
    return (errors or lines or ["nbgrader gave no reason"])[-1].strip()[:300]


_ERROR = re.compile(r" {0,4}(\w+\.)*\w+(Error|Exception): \S")  # the last line of a traceback


def _one_validation() -> Any:
    from traitlets.config import Config

    config = Config()
    # The released notebook is ours: it is validated once at the end, not after every step.
    config.Exporter.optimistic_validation = True
    return config


_ONE_VALIDATION = _one_validation()
