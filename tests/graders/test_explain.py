"""An appeal: the same inputs again, and what was asked, answered and expected."""

import pytest

from graders import explain, records
from graders.course import CourseError
from graders.sample_class import ASSIGNMENT


def test_the_inputs_are_those_of_the_gradebooks_seed(graded_class):
    [told] = explain.explanations(graded_class.course, "mistake-tie", ASSIGNMENT)
    assert told.exercise.name == "max_backward"
    with graded_class.course.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, "mistake-tie")
        seed = records.attempts(gradebook.db, notebook.id)[-1].seed
    again = explain.all_cases(told.exercise, seed)
    assert [str(call.case.args) for call in told.calls] == [str(case.args) for case in again]
    assert told.now == told.kept
    assert {call.case.group for call in told.calls if call.problem} == {"edges"}


def test_hidden_cases_are_shown_to_the_teacher_with_their_numbers(graded_class):
    [told] = explain.explanations(graded_class.course, "mistake-tie", ASSIGNMENT)
    text = "\n".join(explain.lines(told))
    for part in (
        "known to the judge alone",
        "answered da = ",
        "         db = ",
        "expected da = ",
        "the tie goes the wrong way",
        "a = ",
    ):
        assert part in text


def test_arrays_stand_below_their_first_row(graded_class):
    [told] = explain.explanations(graded_class.course, "mistake-tie", ASSIGNMENT)
    shown = next(line for line in explain.lines(told) if line.startswith("    answered da = [["))
    first, second, *_ = shown.split("\n")
    assert first.index("[[") + 1 == second.index("[")


def test_a_function_that_passed_can_be_asked_for(graded_class):
    [told] = explain.explanations(graded_class.course, "right-loops", ASSIGNMENT, "exp_backward")
    assert told.now.passed
    assert list(explain.explanations(graded_class.course, "right-loops", ASSIGNMENT)) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", ASSIGNMENT), "no graded submission"),
        (("broken-file", ASSIGNMENT), "it is not JSON"),
        (("mistake-tie", ASSIGNMENT, "nothing"), "There is no function 'nothing'"),
        (("mistake-tie", "99-none"), "There is no assignment '99-none'"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(graded_class, words, said):
    with pytest.raises(CourseError, match=said):
        list(explain.explanations(graded_class.course, *words))
