"""Grading a class: workers judge side by side, one writer puts the results where nbgrader keeps them.

What is graded stays graded, however the run ends: a student's scores are kept in one commit, the graded
notebook appears as a whole, and the next run takes up what is new, changed or missing.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nbgrader.api import Assignment, Notebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.exc import OperationalError

from . import records
from .errors import CourseError
from .judging import Judged, digest, read_submitted
from .workers import Task, Workers
from .writer import StoppedError, Writer, stop_if_hopeless

if TYPE_CHECKING:
    from .course import Course

LOCK = ".backprop-lab.lock"


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        graded: the students whose results were written.
        failed: by student, why there is no result.
        stopped: why the run ended before its end, as the start of a sentence, or "".
    """

    graded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""


def grade_class(
    course: Course,
    assignment: str,
    students: list[str],
    workers: Workers,
    done: Callable[[str], None] = lambda student: None,
) -> Outcome:
    """Judge the students' submissions and write the results.

    Args:
        workers: who judges; closed at the end.
        done: told each student who is through.

    Raises:
        CourseError: another grader is at work in the course.
    """
    outcome = Outcome()
    with only_grader(course.root), closing(workers), _Interrupts() as interrupts:
        try:
            with closing(Writer(course.api, assignment)) as writer:
                for student, judged, reason in _judged_students(course, assignment, students, workers):
                    with interrupts.postponed():
                        reason = reason or writer.write(student, judged)
                    if reason:
                        outcome.failed[student] = reason
                    else:
                        outcome.graded.append(student)
                    done(student)
        except KeyboardInterrupt:
            outcome.stopped = "Stopped"
        except StoppedError as error:
            outcome.stopped = str(error)
        except (OSError, OperationalError) as error:
            try:
                stop_if_hopeless(error, str(course.root))
            except StoppedError as stopped:
                outcome.stopped = str(stopped)
            else:
                raise
    return outcome


def _judged_students(
    course: Course, assignment: str, students: list[str], workers: Workers
) -> Iterator[tuple[str, dict[str, Judged], str]]:
    """Each student with the judgements by notebook, or with the reason why there are none."""
    files = {student: course.submitted_notebooks(assignment, student) for student in students}
    settings = course.config.Judge
    for student, paths in files.items():
        if not paths:
            names = " or ".join(path.name for path in course.released_notebooks(assignment))
            yield student, {}, f"there is no {names} in what was handed in"
    released = {path.name: path for path in course.released_notebooks(assignment)}
    tasks = (
        Task(
            (student, path.stem),
            path,
            released[path.name],
            settings.get("isolation", "auto"),
            settings.get("seed"),
        )
        for student, paths in files.items()
        for path in paths
    )
    judged: dict[str, dict[str, Judged]] = {}
    reasons: dict[str, str] = {}
    waiting = {student: len(paths) for student, paths in files.items()}
    for one in workers.run(tasks):
        student, notebook = one.task.key
        if one.judged is None:
            reasons[student] = one.reason
        else:
            judged.setdefault(student, {})[notebook] = Judged.from_dict(one.judged)
        waiting[student] -= 1
        if not waiting[student]:
            yield student, judged.pop(student, {}), reasons.pop(student, "")


# ------------------------------------------------------------------------------- what is to be done


def new_or_changed(course: Course, assignment: str) -> list[str]:
    """The students whose submission is not graded as it is now, in order."""
    graded = set(course.graded(assignment))
    with course.gradebook() as gradebook:
        asked = (
            gradebook.db.query(SubmittedAssignment.student_id, Notebook.name, SubmittedNotebook.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == assignment)
        )
        ids = {(student, notebook): key for student, notebook, key in asked}
        known = records.digests(gradebook.db, ids.values())
    digests = {at: known.get(key, "") for at, key in ids.items()}

    def current(student: str) -> bool:
        paths = course.submitted_notebooks(assignment, student)
        with suppress(OSError):
            return bool(paths) and all(
                digest(read_submitted(path)) == digests.get((student, path.stem))
                and course.autograded_notebook(assignment, student, path.name).is_file()
                for path in paths
            )
        return False

    return [name for name in course.submitted(assignment) if name not in graded or not current(name)]


# --------------------------------------------------------------------------- one grader, and Ctrl-C


@contextmanager
def only_grader(root: Path) -> Iterator[None]:
    """Hold the course's lock. The system lets go of it when the process ends, however it ends.

    Raises:
        CourseError: another grader holds it.
    """
    import fcntl

    try:
        file = open(root / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CourseError(f"{root} cannot be written: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                f"Another grader is at work in {root}{_holder(file)}. Two would write over each other: wait "
                "until it is done, or end it."
            ) from None
        with suppress(OSError):  # on a full disk the lock holds all the same
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)


def _holder(file: IO[str]) -> str:
    file.seek(0)
    who = file.read(200).strip()
    return f" ({who})" if who else ""


class _Interrupts:
    """Ctrl-C between two students, never in the middle of writing one."""

    def __init__(self) -> None:
        self._writing = self._asked = False
        self._before: Any = None

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, *_: object) -> None:
        if not self._writing:
            raise KeyboardInterrupt
        self._asked = True

    @contextmanager
    def postponed(self) -> Iterator[None]:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        if self._asked:
            raise KeyboardInterrupt
