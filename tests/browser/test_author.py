"""A course author in JupyterLab: cells looked at and changed in nbgrader's Create Assignment."""

import shutil

import nbformat
import pytest

from graders.sample_class import ASSIGNMENT
from graders.student_version import ROOT

from .conftest import open_notebook, running_lab
from .test_student_flow import choose

pytestmark = pytest.mark.browser


def grading(path):
    """What the saved notebook says to nbgrader, by grade id."""
    cells = nbformat.read(path, as_version=4).cells
    found = [cell.metadata.nbgrader for cell in cells if "nbgrader" in cell.metadata]
    return {one.grade_id: one for one in found}


def test_the_type_and_the_points_of_a_cell_are_seen_and_changed(page, tmp_path):
    page.set_viewport_size({"width": 1400, "height": 800})
    source = ROOT / "notebooks" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    (tmp_path / "notebooks").mkdir()
    mine = shutil.copy(source, tmp_path / "notebooks")
    before = grading(mine)
    with running_lab(tmp_path / "notebooks", tmp_path / "home") as lab:
        open_notebook(page, lab, source.name)
        choose(page, "Nbgrader", "Create Assignment")
        sidebar = page.locator(".nbgrader-CreateAssignmentWidget")
        total = sidebar.locator(".nbgrader-TotalPointsInput")
        total.wait_for()
        points = sum(one.points for one in before.values() if "points" in one)
        assert float(total.input_value()) == points

        def row(name):
            """The sidebar's entry for a cell, found by its grade id."""
            number = sidebar.locator(".nbgrader-CellId input").evaluate_all(
                "(inputs, name) => inputs.findIndex(input => input.value === name)", name
            )
            assert number >= 0
            return sidebar.locator(".nbgrader-CellWidget", has=page.locator(".nbgrader-CellId")).nth(number)

        def kind(name):
            return row(name).locator(".nbgrader-CellType select")

        assert kind("add_backward").input_value() == "solution"
        assert kind("check-add_backward").input_value() == "tests"
        assert kind("written-local").input_value() == "manual"

        worth = row("check-add_backward").locator(".nbgrader-CellPoints input")
        assert float(worth.input_value()) == before["check-add_backward"].points
        worth.fill("5")
        worth.press("Tab")
        kind("written-local").select_option("task")
        page.keyboard.press("Escape")
        page.locator(".jp-NotebookPanel").click(position={"x": 500, "y": 60})
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
        assert float(total.input_value()) == points + 5 - before["check-add_backward"].points
    after = grading(mine)
    assert after.pop("check-add_backward").points == 5
    changed = after.pop("written-local")
    assert (changed.task, changed.solution) == (True, False)
    assert after == {name: one for name, one in before.items() if name in after}
    assert not page.errors
