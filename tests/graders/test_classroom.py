"""A class-wide run: side by side, one writer, stopped and taken up again, and the same grades."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from backprop_lab.exercises import of_assignment
from graders import commands, records
from graders.classroom import grade_class, new_or_changed, only_grader
from graders.course import Course, CourseError
from graders.judging import Judged, judge_bytes, read_submitted
from graders.sample_class import ASSIGNMENT, samples
from graders.submission import load_released
from graders.workers import Done, LocalWorkers, Task

NOTEBOOK = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def course(tmp_path, released_course):
    """A course with three submissions, nothing graded."""
    shutil.copytree(released_course.root, tmp_path, dirs_exist_ok=True)
    course = Course(tmp_path)
    kinds = {s.student: s for s in samples(load_released(str(tmp_path / "release" / ASSIGNMENT / NOTEBOOK)))}
    for student in ("blank", "mistake-tie", "right-plain"):
        hand_in(course, student, kinds[student].data)
    return course


def hand_in(course, student, data, when="2026-01-15 12:00:00 UTC"):
    folder = course.root / "submitted" / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NOTEBOOK).write_bytes(data)
    if when:
        (folder / "timestamp.txt").write_text(when)
    return folder / NOTEBOOK


class Clerk:
    """Workers without processes: they answer what they were told to, or judge nothing and say so."""

    def __init__(self, seen=None, answers=()):
        self.seen = [] if seen is None else seen
        self.answers = dict(answers)
        self.closed = False

    def run(self, tasks):
        for task in tasks:
            self.seen.append(task.key[0])
            answer = self.answers.get(task.key[0], BLANK)
            if isinstance(answer, BaseException):
                raise answer
            yield answer(task) if callable(answer) else Done(task, answer)

    def close(self):
        self.closed = True


def judged_blank(task):
    """As the judge would, without a sandbox: nothing is written in any cell."""
    from graders.judge import Judgement
    from graders.judging import digest

    found = Judged(digest(read_submitted(task.path)), "", Judgement(seed=1, isolation="strict"))
    return Done(task, found.to_dict())


BLANK = judged_blank


def scores(course):
    return {row.student: row.code for row in course.rows(ASSIGNMENT)}


def graded_notebook(course, student):
    return course.autograded_notebook(ASSIGNMENT, student, NOTEBOOK)


# ------------------------------------------------------------------------- a pure function of bytes


def test_judging_is_a_function_of_bytes_whose_result_is_plain_json(released_course, released):
    data = released_course.released_notebooks(ASSIGNMENT)[0].read_bytes()
    [sample] = [s for s in samples(released) if s.student == "mistake-tie"]
    first, again = (judge_bytes(data, sample.data, seed=5) for _ in range(2))
    found = Judged.from_dict(json.loads(json.dumps(first)))
    assert found.judgement.verdicts["max_backward"].misconception == "tie"
    assert found.judgement.verdicts == Judged.from_dict(again).judgement.verdicts
    assert found.digest == Judged.from_dict(again).digest


# ------------------------------------------------------------------------------ the run as a whole


@pytest.mark.parametrize("jobs", [1, 2])
def test_scores_do_not_depend_on_how_many_judge(course, jobs):
    told = []
    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), LocalWorkers(jobs), told.append)
    points = sum(exercise.points for exercise in of_assignment(ASSIGNMENT))
    found = scores(course)
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert sorted(told) == sorted(outcome.graded) == course.submitted(ASSIGNMENT)
    assert found["blank"] == 0
    assert 0 < points - found["mistake-tie"] < 2
    assert found["right-plain"] == points


def test_only_what_is_new_or_changed_is_graded_again(course):
    everybody = course.submitted(ASSIGNMENT)
    assert new_or_changed(course, ASSIGNMENT) == everybody
    grade_class(course, ASSIGNMENT, everybody, Clerk())
    assert new_or_changed(course, ASSIGNMENT) == []
    notebook = course.submitted_notebooks(ASSIGNMENT, "blank")[0]
    notebook.write_bytes(notebook.read_bytes() + b"\n")  # the same time stamp, another file
    assert new_or_changed(course, ASSIGNMENT) == ["blank"]
    graded_notebook(course, "right-plain").unlink()
    assert new_or_changed(course, ASSIGNMENT) == ["blank", "right-plain"]


def test_a_resubmission_is_graded_and_the_first_attempt_stays_on_record(course):
    grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    data = course.submitted_notebooks(ASSIGNMENT, "right-plain")[0].read_bytes()
    hand_in(course, "blank", data, "2026-01-16 12:00:00 UTC")
    assert "blank" in new_or_changed(course, ASSIGNMENT)
    course.grade(ASSIGNMENT, ["blank"])
    with course.gradebook() as gradebook:
        its = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, "blank")
        first, second = records.attempts(gradebook.db, its.id)
    assert first.submitted < second.submitted
    assert all(verdict.passed for verdict in second.verdicts.values())


def test_a_late_submission_gets_nbgraders_penalty(course):
    course.config.LateSubmissionPlugin.penalty_method = "zero"
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-01-10 12:00:00 UTC")
    course.grade(ASSIGNMENT, ["right-plain"])
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, "right-plain")
        assert submission.late_submission_penalty == submission.score > 0


def test_permissions_and_time_stamps_are_nbgraders(course):
    grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    graded = graded_notebook(course, "blank")
    assert graded.stat().st_mode & 0o777 == 0o444
    assert (graded.parent / "timestamp.txt").read_text() == "2026-01-15 12:00:00 UTC"
    assert [path.name for path in graded.parent.iterdir() if path.name.startswith(".")] == []


# --------------------------------------------------------------------------- what goes wrong


def test_a_judgement_of_other_bytes_is_not_used(course):
    """The student handed in again between judging and writing."""
    from dataclasses import replace

    def of_old_bytes(task):
        found = Judged.from_dict(judged_blank(task).judged)
        return Done(task, replace(found, digest="0" * 64).to_dict())

    grade_class(course, ASSIGNMENT, ["right-plain"], Clerk(answers={"right-plain": of_old_bytes}))
    assert scores(course)["right-plain"] == sum(e.points for e in of_assignment(ASSIGNMENT))


def test_ctrl_c_keeps_what_is_graded(course):
    clerk = Clerk(answers={"right-plain": KeyboardInterrupt()})
    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), clerk)
    assert outcome.stopped == "Stopped"
    assert clerk.closed
    assert new_or_changed(course, ASSIGNMENT) == ["right-plain"]


def test_a_submission_without_a_notebook_has_a_reason(course):
    (course.root / "submitted" / "nobody" / ASSIGNMENT).mkdir(parents=True)
    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), Clerk())
    assert outcome.failed == {"nobody": f"there is no {NOTEBOOK} in what was handed in"}
    row = next(row for row in course.rows(ASSIGNMENT, outcome.failed) if row.student == "nobody")
    assert (row.score, row.reason) == (None, outcome.failed["nobody"])


def test_a_link_or_a_pipe_in_place_of_a_notebook_is_not_read(course, tmp_path):
    for student, make in {"link": lambda p: p.symlink_to("/etc/passwd"), "pipe": os.mkfifo}.items():
        folder = course.root / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        make(folder / NOTEBOOK)
        assert read_submitted(folder / NOTEBOOK) == b""


def test_a_check_without_a_verdict_waits_for_a_person_and_gets_nothing(course):
    grade_class(course, ASSIGNMENT, ["right-plain"], Clerk())
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("check-max_backward", ASSIGNMENT, ASSIGNMENT, "right-plain")
        assert (grade.score, grade.needs_manual_grade) == (0, True)


def test_two_graders_at_once_are_refused(course):
    with only_grader(course.root), pytest.raises(CourseError, match=rf"process {os.getpid()} on"):
        grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    assert grade_class(course, ASSIGNMENT, ["blank"], Clerk()).graded == ["blank"]


def test_a_locked_gradebook_stops_the_run_with_a_sentence(course):
    import sqlite3

    grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    other = sqlite3.connect(course.root / "gradebook.db")
    other.execute("BEGIN EXCLUSIVE")
    try:
        outcome = grade_class(course, ASSIGNMENT, ["right-plain"], Clerk())
    finally:
        other.rollback()
        other.close()
    assert outcome.stopped.startswith("The gradebook is locked by another program")
    assert grade_class(course, ASSIGNMENT, ["right-plain"], Clerk()).graded == ["right-plain"]
    assert new_or_changed(course, ASSIGNMENT) == ["mistake-tie"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte and a half."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_stops_the_run_and_loses_nothing(small_disk, released_course):
    shutil.copytree(released_course.root, small_disk, dirs_exist_ok=True)
    course = Course(small_disk)
    data = released_course.released_notebooks(ASSIGNMENT)[0].read_bytes()
    students = [f"student-{at:02}" for at in range(4)]
    for student in students:
        hand_in(course, student, data)
    with (small_disk / "filler").open("wb") as filler:
        left = shutil.disk_usage(small_disk).free - 2 * len(data)
        filler.write(b"x" * max(0, left))
    outcome = grade_class(course, ASSIGNMENT, students, Clerk())
    assert outcome.stopped.startswith(f"The disk of {small_disk} is full")
    assert 0 < len(outcome.graded) < len(students)
    (small_disk / "filler").unlink()
    todo = new_or_changed(course, ASSIGNMENT)
    assert todo == [student for student in students if student not in outcome.graded]
    assert grade_class(course, ASSIGNMENT, todo, Clerk()).graded == todo
    assert set(scores(course).values()) == {0}


# ------------------------------------------------------------------------------- worker processes


def test_a_worker_that_is_killed_costs_one_retry(course, monkeypatch):
    workers = LocalWorkers(1)
    first = workers.processes()[0]
    os.kill(first, signal.SIGKILL)
    outcome = grade_class(course, ASSIGNMENT, ["blank", "right-plain"], workers)
    assert (sorted(outcome.graded), outcome.failed) == (["blank", "right-plain"], {})
    assert workers.processes()[0] != first


def test_a_submission_that_ends_its_judge_twice_gets_a_reason_and_holds_up_nobody(course, tmp_path):
    """The released notebook is a pipe that nobody writes to: the worker waits there to be killed."""
    os.mkfifo(tmp_path / "pipe")
    [path] = course.submitted_notebooks(ASSIGNMENT, "right-plain")
    [released] = course.released_notebooks(ASSIGNMENT)
    workers = LocalWorkers(1)

    def kill_twice():
        for _ in range(2):
            worker = workers.processes()[0]
            time.sleep(0.5)
            os.kill(worker, signal.SIGKILL)
            while workers.processes()[0] == worker:
                time.sleep(0.05)

    killer = threading.Thread(target=kill_twice)
    killer.start()
    tasks = [Task("fatal", path, tmp_path / "pipe"), Task("next", path, released)]
    with closing(workers):
        done = {one.task.key: one for one in workers.run(tasks)}
        killer.join()
    assert done["fatal"].judged is None
    assert done["fatal"].reason == "the process that judged it ended 2 times without a result"
    assert done["next"].judged is not None


def test_no_process_is_left(course):
    workers = LocalWorkers(2)
    ids = workers.processes()
    grade_class(course, ASSIGNMENT, ["blank"], workers)
    assert [pid for pid in ids if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.slow
def test_ctrl_c_on_the_command_says_what_was_kept(course):
    for k in range(10):
        data = course.submitted_notebooks(ASSIGNMENT, "right-plain")[0].read_bytes()
        hand_in(course, f"more-{k}", data)
    command = [Path(sys.executable).with_name("backprop-lab"), "grade", ASSIGNMENT, "--jobs", "1"]
    run = subprocess.Popen(
        command, cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    while not graded_notebook(course, "blank").exists() and run.poll() is None:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "of 13 submissions were graded and are kept" in " ".join(said.split())
    todo = new_or_changed(course, ASSIGNMENT)
    assert 0 < len(todo) < 13
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert new_or_changed(course, ASSIGNMENT) == []


# ---------------------------------------------------------------- what nbgrader deletes when it fails


def told(course, *words):
    """Exit code and everything said, on one line, of a command in the course; no traceback."""
    app = typer.Typer()
    commands.register(app, [])
    done = CliRunner().invoke(app, [*map(str, words), "--course", str(course.root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def test_a_release_that_fails_leaves_the_last_one(course):
    source = course.root / "notebooks" / ASSIGNMENT / NOTEBOOK
    released = (course.root / "release" / ASSIGNMENT / NOTEBOOK).read_bytes()
    source.write_text(source.read_text()[:5000])
    code, said = told(course, "release", ASSIGNMENT)
    assert code == 1
    assert "could not be released, and nothing was changed: " in said
    assert "NotJSONError" in said
    assert (course.root / "release" / ASSIGNMENT / NOTEBOOK).read_bytes() == released


def test_feedback_that_is_stopped_or_fails_keeps_the_old_page_and_does_not_claim_success(course, monkeypatch):
    grade_class(course, ASSIGNMENT, ["blank", "right-plain"], Clerk())
    assert told(course, "feedback", ASSIGNMENT)[0] == 0
    page = course.feedback_page("blank", ASSIGNMENT)
    before = page.read_bytes()

    def fails(error):
        def convert(*_):
            raise error

        monkeypatch.setattr("nbgrader.converters.GenerateFeedback.convert_single_notebook", convert)

    fails(RuntimeError("no ink"))
    code, said = told(course, "feedback", ASSIGNMENT)
    assert code == 1
    assert "blank: RuntimeError: no ink" in said
    assert "No feedback page was written." in said
    assert "✓" not in said
    fails(KeyboardInterrupt())
    assert told(course, "feedback", ASSIGNMENT)[0] != 0
    assert page.read_bytes() == before


def test_another_gradebook_is_refused_before_anything_is_graded_and_can_be_entered(course):
    grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    other = f"sqlite:///{course.root / 'other.db'}"
    code, said = told(course, "grade", ASSIGNMENT, "--db", other)
    assert code == 1
    assert "is not in the gradebook yet: run backprop-lab release 01-chain-rule --db sqlite" in said
    assert graded_notebook(course, "blank").is_file()
    assert told(course, "release", ASSIGNMENT, "--db", other)[0] == 0
    assert told(course, "grade", ASSIGNMENT, "--db", other, "--student", "blank")[0] == 0


def test_a_gradebook_that_cannot_be_written_takes_no_grade_away(course, monkeypatch):
    grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    before = graded_notebook(course, "blank").read_bytes()

    def readonly(*_, **__):
        raise OperationalError("UPDATE", {}, Exception("attempt to write a readonly database"))

    monkeypatch.setattr("nbgrader.api.Gradebook.update_or_create_submission", readonly)
    outcome = grade_class(course, ASSIGNMENT, ["blank"], Clerk())
    assert "cannot be written" in outcome.stopped
    assert graded_notebook(course, "blank").read_bytes() == before


@pytest.mark.parametrize("command", ["grade", "feedback", "report"])
def test_a_gradebook_that_is_none_gets_a_sentence(course, command):
    (course.root / "gradebook.db").write_bytes(b"not a database, but long enough to look like one" * 99)
    code, said = told(course, command, ASSIGNMENT)
    assert code == 1
    assert "The gradebook is damaged (file is not a database)" in said


def test_a_url_that_is_none_gets_a_sentence(course):
    code, said = told(course, "grade", ASSIGNMENT, "--db", "garbage")
    assert code == 1
    assert "The gradebook cannot be used: Could not parse" in said


@pytest.mark.parametrize("words", ["yesterday evening", "\udcff", "99999999999999999999"])
def test_a_time_stamp_that_is_no_date_concerns_one_student_alone(course, words):
    stamp = course.root / "submitted" / "blank" / ASSIGNMENT / "timestamp.txt"
    grade_class(course, ASSIGNMENT, ["blank", "mistake-tie", "right-plain"], Clerk())
    stamp.write_text(words, errors="surrogateescape")
    assert new_or_changed(course, ASSIGNMENT) == ["blank"]
    outcome = grade_class(course, ASSIGNMENT, ["blank", "right-plain"], Clerk())
    assert outcome.graded == ["right-plain"]
    assert "timestamp.txt holds no date" in outcome.failed["blank"]
    for command in ("feedback", "report"):
        assert told(course, command, ASSIGNMENT)[0] == 0
    stamp.write_text("")
    assert grade_class(course, ASSIGNMENT, ["blank"], Clerk()).graded == ["blank"]
    assert new_or_changed(course, ASSIGNMENT) == []


def test_a_released_notebook_that_is_damaged_is_nobodys_fault_but_ours(course):
    released = course.root / "release" / ASSIGNMENT / NOTEBOOK
    released.write_text(released.read_text()[:5000])
    code, said = told(course, "grade", ASSIGNMENT)
    assert code == 1
    assert "cannot be read (NotJSONError): run backprop-lab release 01-chain-rule again." in said


def test_a_folder_that_nbgrader_takes_for_a_pattern_is_refused(course):
    place = course.root.rename(course.root.with_name("ML [2026]"))
    with pytest.raises(CourseError, match="has a \\[ and a \\] in its path"):
        Course(place)


def test_the_demonstration_does_not_delete_the_course_it_is_made_from(course):
    (course.root / ".backprop-lab-demo").touch()
    for folder in (course.root, course.root / "notebooks" / "d"):
        code, said = told(course, "demo", folder)
        assert code == 1
        assert "holds the course, or lies in its notebooks" in said
    assert (course.root / "notebooks" / ASSIGNMENT / NOTEBOOK).is_file()
