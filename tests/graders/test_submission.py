"""Rebuilding: from the student come answers by grade id, and nothing else."""

import json
from copy import deepcopy

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from graders.sample_class import PLAIN, answered
from graders.submission import MAX_SOURCE, rebuild, recall, remember


def sources(rebuilt):
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in rebuilt.notebook.cells
        if "nbgrader" in cell.metadata
    }


def as_bytes(notebook):
    return json.dumps(notebook).encode()


@pytest.fixture
def submitted(released):
    return answered(released, PLAIN)


def cell_of(notebook, grade_id):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_answers_are_taken_by_grade_id(released, submitted):
    rebuilt = rebuild(released, as_bytes(submitted))
    assert not rebuilt.problem
    assert not rebuilt.notes
    assert {name: sources(rebuilt)[name] for name in PLAIN} == PLAIN


def test_order_does_not_matter(released, submitted):
    submitted.cells.reverse()
    assert sources(rebuild(released, as_bytes(submitted)))["exp_backward"] == PLAIN["exp_backward"]


def test_test_cells_tags_and_metadata_stay_ours(released, submitted):
    for cell in submitted.cells:
        cell.metadata["tags"] = ["skip-execution", "remove-cell"]
        if "nbgrader" in cell.metadata and cell.metadata.nbgrader.grade:
            cell.source, cell.metadata.nbgrader.points = "1", 1000
    submitted.metadata.kernelspec = {"name": "evil", "language": "sh", "display_name": "x"}
    rebuilt = rebuild(released, as_bytes(submitted)).notebook
    assert rebuilt.metadata == released.metadata
    for ours, theirs in zip(released.cells, rebuilt.cells, strict=True):
        assert theirs.metadata == ours.metadata
        if not ours.metadata.get("nbgrader", {}).get("solution"):
            assert theirs.source == ours.source


def test_a_deleted_cell_is_not_written_and_said_so(released, submitted):
    submitted.cells.remove(cell_of(submitted, "exp_backward"))
    rebuilt = rebuild(released, as_bytes(submitted))
    assert "NotImplementedError" in sources(rebuilt)["exp_backward"]
    assert rebuilt.notes["exp_backward"] == "This cell was missing from the submission."


def test_of_copies_the_last_changed_one_counts(released, submitted):
    copy = deepcopy(cell_of(submitted, "exp_backward"))
    copy.source = "def exp_backward(delta, x):\n    return 1"
    submitted.cells.append(copy)
    submitted.cells.append(cell_of(released, "exp_backward"))  # an untouched copy does not undo the work
    rebuilt = rebuild(released, as_bytes(submitted))
    assert sources(rebuilt)["exp_backward"] == copy.source
    assert "copies" in rebuilt.notes["exp_backward"]


def test_a_cell_that_lost_its_id_is_found_by_its_function(released, submitted):
    del cell_of(submitted, "exp_backward").metadata["nbgrader"]
    rebuilt = rebuild(released, as_bytes(submitted))
    assert sources(rebuilt)["exp_backward"] == PLAIN["exp_backward"]
    assert "lost its id" in rebuilt.notes["exp_backward"]


def test_cells_of_their_own_are_left_out_and_their_names_known(released, submitted):
    submitted.cells.append(new_code_cell("def helper(x):\n    return x\nscale = 2"))
    rebuilt = rebuild(released, as_bytes(submitted))
    assert len(rebuilt.notebook.cells) == len(released.cells)
    assert {"helper", "scale"} <= set(rebuilt.own_names)


def test_an_enormous_answer_is_not_read(released, submitted):
    cell_of(submitted, "exp_backward").source = "#" * (MAX_SOURCE + 1)
    rebuilt = rebuild(released, as_bytes(submitted))
    assert "longer than" in rebuilt.notes["exp_backward"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is not JSON"),
        (b"[]", "it has no cells"),
        (b'{"cells": 3}', "it has no cells"),
        (b"\xff\xfe{\x00}\x00", "it is not UTF-8 text"),
        (b"[" * 100_000, "it is not JSON"),
        (b" " * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_notebook_has_a_problem_and_keeps_the_stubs(released, data, problem):
    rebuilt = rebuild(released, data)
    assert problem in rebuilt.problem
    assert "NotImplementedError" in sources(rebuilt)["add_backward"]


@pytest.mark.parametrize(
    "cell",
    [
        3,
        {},
        {"source": 3, "metadata": []},
        {"source": [1, None], "metadata": {"nbgrader": 3}},
        {"source": ["a"], "metadata": {"nbgrader": {"grade_id": ["x"]}}},
        {"cell_type": {}, "source": "x", "metadata": {"nbgrader": {"grade_id": "add_backward"}}},
    ],
)
def test_strange_cells_do_no_harm(released, cell):
    rebuilt = rebuild(released, json.dumps({"cells": [cell]}).encode())
    assert not rebuilt.problem
    nbformat.validate(rebuilt.notebook)


def test_a_byte_order_mark_is_no_reason_to_fail(released, submitted):
    assert not rebuild(released, b"\xef\xbb\xbf" + as_bytes(submitted)).problem


def test_what_the_judge_must_know_goes_with_the_notebook(released, submitted):
    rebuilt = rebuild(released, as_bytes(submitted))
    rebuilt.notes["exp_backward"] = "a remark"
    again = recall(nbformat.reads(nbformat.writes(remember(rebuilt)), as_version=4))
    assert (again.notes, again.problem, again.own_names) == (rebuilt.notes, "", rebuilt.own_names)
