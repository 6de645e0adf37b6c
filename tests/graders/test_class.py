"""The sample class through nbgrader with the judge: who gets what, and why."""

import pytest

from backprop_lab.exercises import REGISTRY
from graders import records
from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, MISTAKES, PLAIN, samples
from graders.student_version import ROOT
from graders.submission import load_released

POINTS = sum(exercise.points for exercise in REGISTRY.values() if exercise.assignment == ASSIGNMENT)


def test_every_submission_ends_with_a_row(graded_class):
    assert set(graded_class.rows) == set(graded_class.samples)
    assert all(row.score is not None for row in graded_class.rows.values())


@pytest.mark.parametrize("student", ["right-plain", "right-loops", "right-and-noisy", "right-with-own-cells"])
def test_right_answers_get_full_marks_however_written(graded_class, student):
    row = graded_class.rows[student]
    assert row.code == row.max_code == POINTS
    assert row.written is None  # waits for a person
    assert not row.reason


@pytest.mark.parametrize("student", ["blank", "hostile-tags"])
def test_nothing_written_gets_nothing(graded_class, student):
    row = graded_class.rows[student]
    assert row.score == 0
    assert {verdict.status for verdict in row.verdicts.values()} == {"not written"}


@pytest.mark.parametrize("misconception", MISTAKES)
def test_each_misconception_is_named_and_costs_only_its_exercise(graded_class, misconception):
    sample, row = (
        graded_class.samples[f"mistake-{misconception}"],
        graded_class.rows[f"mistake-{misconception}"],
    )
    wrong = {name for name, verdict in row.verdicts.items() if not verdict.passed}
    assert wrong == sample.wrong
    assert {row.verdicts[name].misconception for name in wrong} == {misconception}


def test_an_endless_loop_costs_one_exercise_and_says_so(graded_class):
    row = graded_class.rows["hangs"]
    assert row.code == POINTS - REGISTRY["log_backward"].points
    assert row.reason == "log_backward: It took more than 2 s."


def test_the_hostile_one_gains_nothing_and_has_a_reason(graded_class):
    row = graded_class.rows["hostile"]
    assert row.code == 0
    assert "hidden_chain_gradients" in row.reason


@pytest.mark.parametrize(
    ("student", "reason"),
    [
        ("broken-file", "the file is not a notebook: it is not JSON"),
        ("not-a-notebook", "the file is not a notebook: it is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_notebook_ends_with_a_reason(graded_class, student, reason):
    row = graded_class.rows[student]
    assert (row.score, row.reason) == (0, reason)


def test_the_gradebook_holds_scores_comments_and_the_seed(graded_class):
    with graded_class.course.gradebook() as gradebook:
        find = (ASSIGNMENT, ASSIGNMENT, "mistake-tie")
        assert gradebook.find_grade("check-max_backward", *find).auto_score == pytest.approx(2.4)
        comment = gradebook.find_comment("max_backward", *find).auto_comment
        assert "the tie goes the wrong way" in comment
        [record] = records.attempts(gradebook.db, gradebook.find_submission_notebook(*find).id)
        assert record.seed > 0
        assert record.verdicts["max_backward"].misconception == "tie"


def test_a_regrade_keeps_a_manual_score(tmp_path):
    copy_course(ROOT, tmp_path)
    course = Course(tmp_path)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    folder = tmp_path / "submitted" / "someone" / ASSIGNMENT
    folder.mkdir(parents=True)
    [sample] = [s for s in samples(load_released(str(released))) if s.student == "mistake-tie"]
    (folder / f"{ASSIGNMENT}.ipynb").write_bytes(sample.data)
    course.grade(ASSIGNMENT, ["someone"])
    find = ("check-max_backward", ASSIGNMENT, ASSIGNMENT, "someone")
    with course.gradebook() as gradebook:
        gradebook.find_grade(*find).manual_score = 3.0
        gradebook.db.commit()
    course.grade(ASSIGNMENT, ["someone"])
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(*find)
        assert (grade.manual_score, grade.score, grade.needs_manual_grade) == (3.0, 3.0, True)
        notebook = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, "someone")
        assert len(records.attempts(gradebook.db, notebook.id)) == 1  # the same attempt, judged again


def test_feedback_shows_the_verdict_and_nothing_hidden(graded_class):
    course = graded_class.course
    assert not course.feedback(ASSIGNMENT, ["mistake-swapped", "broken-file"], lambda student: None)
    page = course.feedback_page("mistake-swapped", ASSIGNMENT).read_text()
    assert "36 of 45" in page
    assert page.count("the gradients of the inputs are swapped") == 2  # in the overview and below the check
    assert str(course.root) not in page
    assert "right-plain" not in page
    for answer in PLAIN.values():  # of other students, and the solutions
        if "multiply" not in answer:
            continue
        assert answer not in page
    broken = course.feedback_page("broken-file", ASSIGNMENT).read_text()
    assert "Nothing could be graded: the file is not a notebook" in broken
