"""What students get: the released notebooks in the package, without a solution in them."""

import json

import pytest

from graders.student_version import ASSIGNMENTS, make_all


@pytest.fixture(scope="module")
def fresh():
    return make_all()


def test_the_package_holds_every_assignment_as_released_now(fresh):
    """Run `make notebooks` after a change to notebooks/."""
    assert {path.stem: path.read_text(encoding="utf-8") for path in ASSIGNMENTS.glob("*.ipynb")} == fresh


def test_no_solution_is_left(fresh):
    for text in fresh.values():
        assert "BEGIN SOLUTION" not in text
        for cell in json.loads(text)["cells"]:
            nbgrader = cell["metadata"].get("nbgrader", {})
            if nbgrader.get("solution") and cell["cell_type"] == "code":
                assert "raise NotImplementedError" in "".join(cell["source"])
