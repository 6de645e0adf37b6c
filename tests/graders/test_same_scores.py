"""The whole sample class, graded in the three ways there are: every cell of everybody scores the same."""

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, write_class
from graders.student_version import ROOT

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
LATE, EMPTY = "late", "nothing-inside"


def run(course, program, *words):
    """A command of the virtual environment in the course folder: its exit code and what it said."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        [BIN / program, *words],
        cwd=course.root,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path},
    )
    return done.returncode, done.stdout + done.stderr


def by_nbgrader(course):
    code, said = run(course, "nbgrader", "autograde", ASSIGNMENT)
    assert code == 0, said[-2000:]


def by_the_formgrader(course):
    """What its button calls, one submission after the other."""
    for student in course.submitted(ASSIGNMENT):
        result = course.api.autograde(ASSIGNMENT, student)
        assert result["success"] == (student != EMPTY), (student, result)


def by_backprop_lab(course):
    code, said = run(course, "backprop-lab", "grade", ASSIGNMENT)
    assert code == 0, said
    assert EMPTY in said


def scores(course):
    """By student and cell: automatic score, whether a person must look; and the penalty."""
    with course.gradebook() as gradebook:
        return {
            submission.student_id: {
                **{
                    grade.name: (grade.auto_score, grade.max_score, grade.needs_manual_grade)
                    for grade in submission.notebooks[0].grades
                },
                "penalty": submission.notebooks[0].late_submission_penalty,
            }
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
        }


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A course with a deadline: the sample class in time, one who is late, and an empty folder."""
    root = tmp_path_factory.mktemp("handed-in")
    copy_course(ROOT, root)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course(root)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    write_class(released, root / "submitted")
    late = root / "submitted" / LATE / ASSIGNMENT
    shutil.copytree(root / "submitted" / "right-plain" / ASSIGNMENT, late)
    (late / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    (root / "submitted" / EMPTY / ASSIGNMENT).mkdir(parents=True)
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=datetime(2026, 2, 1))
    return root


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    """The course graded in each way, by the name of the way."""
    courses = {}
    for way in (by_backprop_lab, by_nbgrader, by_the_formgrader):
        root = tmp_path_factory.mktemp(way.__name__) / "course"
        shutil.copytree(handed_in, root)
        courses[way.__name__] = Course(root)
        way(courses[way.__name__])
    return courses


def test_every_grade_of_every_submission_is_the_same(graded):
    found = {way: scores(course) for way, course in graded.items()}
    ours = found.pop("by_backprop_lab")
    cells = {len(cells) for cells in ours.values()}
    assert cells == {14}  # eleven functions, two written answers, the penalty
    for way, theirs in found.items():
        assert theirs.keys() - {EMPTY} == ours.keys() - {EMPTY}
        for student in ours.keys() - {EMPTY}:
            assert theirs[student] == ours[student], (way, student)
    assert ours[LATE]["penalty"] == 39  # late: the same points, and all of them taken away
    assert ours["right-plain"] == ours[LATE] | {"penalty": None}


def test_every_submission_has_a_row_in_each_way(graded):
    for way, course in graded.items():
        rows = {row.student: row for row in course.rows(ASSIGNMENT)}
        assert sorted(rows) == course.submitted(ASSIGNMENT), way
        # Nothing was handed in that could be graded: a row without a score, in each way.
        assert [name for name, row in rows.items() if row.score is None] == [EMPTY], way
        assert rows[EMPTY].reason == "not graded yet"
