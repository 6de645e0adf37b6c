"""The grader killed at any moment: what is in the gradebook is whole, and the next run completes it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders import processes, records
from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, write_class
from graders.student_version import ROOT

KILLS = 20
STUDENTS = ("right-plain", "right-loops", "blank", "mistake-tie", "mistake-swapped", "hostile", "broken-file")
GRADE = [str(Path(sys.executable).with_name("backprop-lab")), "grade", ASSIGNMENT]


@pytest.fixture
def course(tmp_path) -> Course:
    copy_course(ROOT, tmp_path)
    course = Course(tmp_path)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    write_class(released, tmp_path / "submitted")
    for folder in (tmp_path / "submitted").iterdir():
        if folder.name not in STUDENTS:
            shutil.rmtree(folder)
    return course


@pytest.mark.slow
def test_twenty_times(course):
    moments = random.Random(6)
    for _ in range(KILLS):
        grader = subprocess.Popen(
            [*GRADE, "--force"],
            cwd=course.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(moments.uniform(1.0, 9.0))
        family = processes.tree(grader.pid)
        os.kill(grader.pid, signal.SIGKILL)
        grader.wait()
        every_notebook_is_whole(course)
        gone_soon(family)
    done = subprocess.run(GRADE, cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    every_notebook_is_whole(course)
    rows = {row.student: row for row in course.rows(ASSIGNMENT)}
    assert set(rows) == set(STUDENTS)
    assert rows["right-plain"].code == rows["right-loops"].code == rows["right-plain"].max_code
    assert rows["blank"].code == rows["hostile"].code == rows["broken-file"].code == 0
    assert rows["mistake-tie"].code == pytest.approx(rows["right-plain"].max_code - 0.6)


def every_notebook_is_whole(course: Course) -> None:
    """Score, comment and record of a notebook are all of one judgement, or none of them is there."""
    with sqlite3.connect(course.root / "gradebook.db") as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            for notebook in submission.notebooks:
                kept = records.attempts(gradebook.db, notebook.id)
                scores = {
                    g.cell.name: g.auto_score for g in notebook.grades if g.cell.name.startswith("check-")
                }
                comments = {c.cell.name: c.auto_comment for c in notebook.comments}
                if not kept:
                    assert set(scores.values()) <= {None}
                    continue
                assert len(kept) == 1
                for name, verdict in kept[-1].verdicts.items():
                    points = next(g.max_score for g in notebook.grades if g.cell.name == f"check-{name}")
                    assert scores[f"check-{name}"] == round(verdict.credit * points, 2)
                    assert comments[name] == str(verdict)


def gone_soon(family: set[int]) -> None:
    """Workers and sandboxes end with the grader."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        left = [pid for pid in family if Path(f"/proc/{pid}").exists() and not _zombie(pid)]
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"processes {left} outlive the grader")


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
