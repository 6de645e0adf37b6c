"""Every assignment through the judge: full marks for the instructor, none for an untouched release."""

import pytest

from backprop_lab.exercises import REGISTRY, of_assignment
from graders.judge import judge
from graders.student_version import ROOT
from graders.submission import Rebuilt, is_answer, load_released

ASSIGNMENTS = sorted(path.name for path in (ROOT / "notebooks").iterdir())


def instructor(assignment):
    return load_released(str(ROOT / "notebooks" / assignment / f"{assignment}.ipynb"))


def student(assignment):
    return load_released(str(ROOT / "backprop_lab" / "assignments" / f"{assignment}.ipynb"))


def test_every_exercise_belongs_to_an_assignment_that_is_there():
    assert {exercise.assignment for exercise in REGISTRY.values()} == set(ASSIGNMENTS)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_instructors_answers_get_full_marks(assignment):
    verdicts = judge(Rebuilt(instructor(assignment))).verdicts
    assert set(verdicts) == {exercise.name for exercise in of_assignment(assignment)}
    assert not [str(verdict) for verdict in verdicts.values() if not verdict.passed]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_an_untouched_release_gets_nothing(assignment):
    verdicts = judge(Rebuilt(student(assignment))).verdicts
    assert {verdict.status for verdict in verdicts.values()} == {"not written"}
    assert sum(verdict.credit for verdict in verdicts.values()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_exercise_depends_on_another(assignment):
    stubs = {c.metadata.nbgrader.grade_id: c.source for c in student(assignment).cells if is_answer(c)}
    for exercise in of_assignment(assignment):
        notebook = instructor(assignment)
        for cell in notebook.cells:
            if is_answer(cell) and cell.metadata.nbgrader.grade_id == exercise.name:
                cell.source = stubs[exercise.name]
        verdicts = judge(Rebuilt(notebook)).verdicts
        assert {name for name, verdict in verdicts.items() if not verdict.passed} == {exercise.name}
