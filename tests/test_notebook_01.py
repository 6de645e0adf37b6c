"""Notebook 01, The chain rule: metadata, both versions in a real kernel, every number in its prose."""

from __future__ import annotations

import re
import subprocess
import sys
from statistics import median
from types import SimpleNamespace

import numpy as np
import pytest

from backprop_lab import Graph, Variable, examples, ops
from backprop_lab.check import predict
from backprop_lab.exercises import find, of_assignment
from tests.notebook_tools import (
    CHECK,
    assert_numbers,
    code_lines,
    errors_of,
    function_cells,
    kind,
    nbgrader_cells,
    path_of,
    prose_numbers,
    read,
    released,
    run,
    solution_of,
    text_of,
)

ASSIGNMENT = "01-chain-rule"
EXERCISES = of_assignment(ASSIGNMENT)


@pytest.fixture(scope="module")
def notebook():
    return read(ASSIGNMENT)


@pytest.fixture(scope="module")
def cells(notebook):
    return {cell.id: cell for cell in notebook.cells}


# ---------------------------------------------------------------- metadata


def test_every_exercise_has_an_answer_cell_and_a_check_cell_right_after_it(notebook):
    assert list(function_cells(notebook)) == [exercise.name for exercise in EXERCISES]
    order = [cell.id for cell in notebook.cells]
    for name in function_cells(notebook):
        assert order[order.index(name) + 1] == CHECK + name


def test_points_are_those_of_the_exercises(notebook):
    cells = nbgrader_cells(notebook)
    for exercise in EXERCISES:
        assert cells[CHECK + exercise.name].metadata.nbgrader.points == exercise.points


def test_cells_are_of_the_kinds_nbgrader_grades(notebook):
    for grade_id, cell in nbgrader_cells(notebook).items():
        meta = cell.metadata.nbgrader
        kind_of_cell = (cell.cell_type, meta.grade, meta.solution, meta.locked, "points" in meta)
        assert meta.schema_version == 3
        assert not meta.task
        if grade_id == "setup":
            assert kind_of_cell == ("code", False, False, True, False)
            assert cell.metadata.tags == ["setup"]
        elif grade_id.startswith(CHECK):
            assert kind_of_cell == ("code", True, False, True, True)
            assert cell.source == f"check({grade_id.removeprefix(CHECK)})"
        elif grade_id.startswith("written-"):
            assert kind_of_cell == ("markdown", True, True, False, True)
            assert meta.points == 3
        else:
            assert kind_of_cell == ("code", False, True, False, False)


def test_ids_are_readable_and_unique_and_agree_with_the_grade_ids(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", cell_id) for cell_id in ids)
    assert all(cell.id == grade_id for grade_id, cell in nbgrader_cells(notebook).items())


def test_the_file_is_nbformat_4_5_without_outputs(notebook):
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in kind(notebook, "code"))


def test_the_header_says_the_points_that_the_cells_give(cells, notebook):
    points = [cell.metadata.nbgrader.get("points", 0) for cell in nbgrader_cells(notebook).values()]
    says = f"{sum(points)}: 8 node functions of 3 points, 3 chains of 5 points, 2 written"
    assert says in cells["title"].source
    assert sum(points) == 8 * 3 + 3 * 5 + 2 * 3
    assert "60 minutes" in cells["title"].source


def test_written_questions_follow_their_prompt_and_carry_a_rubric(notebook):
    order = [cell.id for cell in notebook.cells]
    written = [cell for grade_id, cell in nbgrader_cells(notebook).items() if grade_id.startswith("written-")]
    assert len(written) == 2
    for cell in written:
        prompt = notebook.cells[order.index(cell.id) - 1]
        assert prompt.id == f"{cell.id}-prompt"
        assert f"({cell.metadata.nbgrader.points} points)" in prompt.source
        assert "**Rubric.**" in solution_of(cell)


# ---------------------------------------------------------------- form


def test_cells_are_small_and_half_of_them_are_prose(notebook):
    code, prose = kind(notebook, "code"), kind(notebook, "markdown")
    lengths = [code_lines(cell) for cell in code]
    assert median(lengths) <= 5
    assert max(lengths) <= 30
    assert len(prose) >= len(code)
    assert code_lines(next(cell for cell in code if cell.id == "setup")) <= 5


def test_answer_cells_need_nothing_but_the_setup_cell(notebook):
    setup = nbgrader_cells(notebook)["setup"].source
    for name, cell in function_cells(notebook).items():
        alone: dict = {}
        exec(setup, alone)
        exec(cell.source, alone)
        alone["check"](alone[name])


def test_signatures_are_those_of_the_exercises(notebook):
    for name, cell in function_cells(notebook).items():
        assert cell.source.startswith(f"def {find(name).signature}:")


def test_no_solution_is_left_in_the_released_version(notebook):
    given = released(notebook)
    text = "\n".join(cell.source for cell in given.cells)
    assert "SOLUTION" not in text
    assert "Rubric" not in text
    assert "Model answer" not in text
    for name, cell in function_cells(notebook).items():
        stub = nbgrader_cells(given)[name].source
        assert stub.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
        for line in solution_of(cell).splitlines():
            assert line.strip() not in text


def test_predictions_are_left_open_and_the_reveal_follows(notebook):
    order = [cell for cell in notebook.cells if cell.cell_type == "code"]
    openings = [k for k, cell in enumerate(order) if "= predict(" in cell.source]
    assert len(openings) >= 3
    for k in openings:
        name = order[k].source.partition(" = predict(")[0].splitlines()[-1]
        assert re.search(r"predict\(\w+(, \w+=\.\.\.)+\)", order[k].source)
        assert order[k + 1].source == f"{name}.reveal()"


def test_a_hint_is_offered_and_not_forced_on_anyone(cells):
    assert re.fullmatch(r'# hint\("\w+"\)', cells["hint-example"].source)


def test_the_prediction_on_gates_asks_for_every_named_node(cells):
    asked = set(re.findall(r"(\w+)=\.\.\.", cells["gates-predict"].source))
    assert asked == {node.name for node in examples.get("gates").nodes if node.name}


def test_two_digits_are_enough_for_the_neuron(cells):
    assert "Two digits are enough" in cells["sigmoid-circuit-ask"].source
    for x0, x1 in [(0.39, -0.59), (0.40, -0.60)]:
        guess = predict(examples.get("sigmoid-circuit"), w0=-0.20, w1=-0.39, w2=0.20, x0=x0, x1=x1)
        assert all(sign and size for *_, sign, size in guess.score())


# ---------------------------------------------------------------- in a kernel


def test_the_instructor_version_runs_and_passes_every_check(notebook, tmp_path):
    done = nbgrader_cells(run(notebook, tmp_path))
    for exercise in EXERCISES:
        assert f"{exercise.name}: passed" in text_of(done[CHECK + exercise.name])


def test_the_released_version_untouched_runs_to_the_end_with_nothing_written_yet(notebook, tmp_path):
    done = run(released(notebook), tmp_path, allow_errors=True)
    checks = {CHECK + exercise.name for exercise in EXERCISES}
    for cell in kind(done, "code"):
        assert errors_of(cell) == (["CheckFailed"] if cell.id in checks else []), text_of(cell)
        if cell.id in checks:
            assert "not written yet" in text_of(cell)
        if cell.id.endswith("-reveal"):
            assert re.search("Not predicted yet|Commit to a line first", text_of(cell))


def test_with_predictions_filled_in_every_reveal_shows_its_score(notebook, tmp_path):
    filled = released(notebook)
    for cell in kind(filled, "code"):
        if "= predict(" in cell.source or cell.id == "hidden-bug-commit":
            cell.source = cell.source.replace("...", "2.0")
    done = {cell.id: text_of(cell) for cell in kind(run(filled, tmp_path, allow_errors=True), "code")}
    assert "3 of 3 right" not in done["first-reveal"]  # dd is 3
    assert "2 of 3 right" in done["first-reveal"]
    for cell_id in ("add-multiply-reveal", "gates-reveal", "sigmoid-circuit-reveal"):
        assert re.search(r"\d of \d+ right", done[cell_id])
    assert "dL/dw2: written down 27, engine -12" in done["hidden-bug-reveal"]
    assert done["hidden-bug-reveal"].count("written down 27, engine 27") == 1


@pytest.mark.slow
def test_nbgrader_validate_accepts_the_instructor_version(tmp_path):
    command = [sys.executable, "-m", "nbgrader", "validate", str(path_of(ASSIGNMENT))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "Success! Your notebook passes all the tests." in done.stdout, done.stdout + done.stderr


# ---------------------------------------------------------------- the numbers in the prose


def slope(f, x: float) -> float:
    """The derivative of a function of one number, by the engine."""
    leaf = Variable(float(x))
    Graph(f(leaf)).backward()
    return leaf.grad


def example(name: str, **values: float) -> SimpleNamespace:
    """Values and gradients of the named nodes of a lecture's graph."""
    graph = examples.get(name)
    graph.forward(**values)
    graph.backward()
    named = [node for node in graph.nodes if node.name]
    return SimpleNamespace(
        value={node.name: node.value for node in named},
        grad={node.name: node.grad for node in named},
        nodes=graph.nodes,
        out=graph.output.value,
        of=lambda name: [node for node in graph.nodes if node.operation and node.operation.name == name],
    )


def sigmoid(x: float) -> float:
    return float(ops.sigmoid(x))


def nudging() -> dict[str, list[float]]:
    x, nudge = 3.0, 0.01
    moved, rate = (x + nudge) ** 2 - x**2, slope(lambda x: x**2, x)
    return {
        "derivative-is-sensitivity": [x, nudge, nudge, 0.03, rate * nudge, 0.09],
        "nudge-once-explained": [moved, rate, rate, x, moved - rate * nudge],
    }


def composition() -> dict[str, list[float]]:
    x, nudge = Variable(1.0, "x"), 0.01
    y = 3 * x
    z = ops.square(y)
    graph = Graph(z)
    graph.backward()
    dz_dy, dy_dx, dz_dx = y.grad, x.grad / y.grad, x.grad
    dy, dz = dy_dx * nudge, dz_dx * nudge
    return {
        "composition": [x.value, dy_dx],
        "composition-predict": [nudge, nudge],
        "chain-rule": [nudge, dy, dy_dx, y.value, dz_dy, dy, dz, dz_dy, dy_dx, dz_dx, y.value],
        "chain-rule-slip": [dz_dy],
        "chain-rule-slip-explained": [dz_dy * (1 / dz_dy)] * 2,
    }


def first_graph() -> dict[str, list[float]]:
    g = example("add-then-multiply")
    (a, b, c, d, e), down = (g.value[k] for k in "abcde"), g.grad
    nudged = examples.get("add-then-multiply").forward(a=2.01)
    return {
        "forward-by-hand": [a, b, d, c, e, down["e"], down["c"], down["c"]],
        "upstream-times-local": [
            *[down["c"], 1, down["c"], 1, down["a"], down["c"], 1, down["b"]],
            *[down["e"], down["d"], down["d"], c, down["c"]],
        ],
        "nudge-the-graph": [a, 2.01, e, nudged],
        "gates": [down["c"], down["a"]],
    }


def gates() -> dict[str, list[float]]:
    product, switched = (4.0, 10.0), (slope(lambda a: a * 10, 4), slope(lambda b: 4 * b, 10))
    winner, loser = slope(lambda a: ops.maximum(a, 2.0), 5), slope(lambda b: ops.maximum(5.0, b), 2)
    s = example("add-multiply")
    x, y, z = (s.value[k] for k in "xyz")
    total = x + y
    return {
        "multiply-gate": [*product],
        "multiply-task": [*switched],
        "max-gate": [5, 2],
        "max-task": [winner, loser, loser, 0],
        "gates-summary": [loser],
        "add-multiply-intro": [x, y, z],
        "add-multiply-ask": [1],
        "add-multiply-explained": [total, total, z, s.out, z, s.grad["z"], s.grad["x"]],
    }


def all_gates() -> dict[str, list[float]]:
    g = example("gates")
    (x, y, z, w), d = (g.value[k] for k in "xyzw"), g.grad
    assert (d["p"], d["m"]) == (d["s"], d["s"])
    beyond, tie = example("gates", w=3.0).grad, example("gates", w=2.0).grad
    return {
        "gates-intro": [x, y, z, w],
        "gates-explained": [
            *[d["f"], 2, d["s"], d["p"], d["p"], y, d["x"], d["p"], x, d["y"], z, w, d["z"], d["w"]],
        ],
        "written-local-prompt": [g.grad["w"], g.grad["w"], w],
        "written-local": [
            *[1, w, 2, z, beyond["w"], beyond["z"], 3, z, beyond["w"], g.grad["w"], tie["z"], tie["w"]],
            *[1, 1, 2, z, 3],  # the rubric
        ],
    }


def one_input() -> dict[str, list[float]]:
    falling = lambda x: slope(lambda x: 1 / x, x)
    return {
        "one-input": [0, 1, 2],
        "exp-task": [slope(ops.exp, 0)],
        "log-gate": [0, 1, slope(ops.log, 1), 2, 2, 1, 4],
        "log-task": [0],
        "reciprocal-gate": [1],
        "reciprocal-task": [-2, 2, 1, 2, falling(1), falling(2), falling(1) / falling(2)],
        "square-gate": [3, slope(lambda x: x**2, 3)],
    }


def circuit() -> dict[str, list[float]]:
    c = example("sigmoid-circuit")
    w0, w1, w2, x0, x1 = (c.value[k] for k in ("w0", "w1", "w2", "x0", "x1"))
    (reciprocal,), (exp,), (negative,) = c.of("reciprocal"), c.of("exp"), c.of("negative")
    (plus_one,) = reciprocal.inputs
    (weighted_sum,) = negative.inputs
    s, up = c.out, weighted_sum.grad
    two = lambda x: round(x, 2)
    right, slip = slope(ops.sigmoid, 2), sigmoid(2) ** 2
    return {
        "sigmoid-circuit": [0, 1, w0, w1, w2, x0, x1],
        "sigmoid-circuit-forward": [
            *[w0, x0, w1, x1, -w2, weighted_sum.value, negative.value, exp.value, 1, plus_one.value, s, 1],
            *[plus_one.value, reciprocal.grad, -1, plus_one.value, 1, negative.value],  # the table
        ],
        "sigmoid-circuit-backward": [
            *[plus_one.grad, exp.grad, 1, negative.grad, exp.grad, exp.value, up, up, up]
        ],
        "sigmoid-circuit-ask": [up],
        "sigmoid-circuit-explained": [
            *[c.grad[k] for k in ("w0", "w1", "w2", "x0", "x1")],
            *[up, 2, two(up) * 2, up, 2, c.grad["x0"], x1],
        ],
        "sigmoid-gate": [s, up, -1000],
        "sigmoid-task": [s * (1 - s), s, 1, 1, 0],
        "sigmoid-slip": [1, 0],
        "sigmoid-slip-explained": [0, slope(ops.sigmoid, 0), 1, 2, right, slip],
    }


def losses() -> dict[str, list[float]]:
    r = example("regression-loss", w=2.0, b=1.0, x=3.0, y=4.0)
    v, d = r.value, r.grad
    predicted = v["w"] * v["x"] + v["b"]
    w, x = np.array([2.0, -1.0]), np.array([1.0, 3.0])
    loss = lambda w: float(-np.log(ops.sigmoid(w @ x)))
    slide = (1 - sigmoid(w @ x)) * x
    return {
        "chains": [5, 1],
        "regression-predict": [v["w"], v["b"], v["x"], predicted, v["y"], r.out, v["x"]],
        "regression-task": [d["w"], d["b"], d["w"] / d["b"], v["x"]],
        "logistic-task": [*w, *x, w @ x, sigmoid(w @ x), loss(w), 0],
        "likelihood-slip": [1, *slide, loss(w)],
        "likelihood-slip-explained": [loss(w - 0.1 * slide), loss(w + 0.1 * slide)],
    }


def hidden() -> dict[str, list[float]]:
    given = {"w1": 2.0, "b1": -1.0, "w2": -3.0, "b2": 4.0, "x": 1.5, "y": 1.0}
    g = example("hidden-scalar", **given)
    h = g.value["h"]
    predicted = given["w2"] * h + given["b2"]
    down, d = 2 * (predicted - given["y"]), g.grad
    squashed = 0.99
    factor = squashed * (1 - squashed)
    return {
        # line E shows the slip on purpose: the gradient of w1 where that of w2 belongs
        "hidden-bug": [*given.values(), h, predicted, down, d["b2"], d["w1"], d["h"], d["b1"], d["w1"]],
        "hidden-explained": [2, d["w1"], down, h, d["w2"], 2],
        "written-sigmoid-prompt": [squashed],
        "written-sigmoid": [
            *[1, 1, 2, 1, 2, 1, 2, 3, squashed, 1 - squashed, factor, round(1 / factor, -2)],
            *[1, 1, 1, 2, 3],  # the rubric
        ],
    }


def header() -> dict[str, list[float]]:
    gate, chain = EXERCISES[0].points, EXERCISES[-1].points
    gates = sum(exercise.points == gate for exercise in EXERCISES)
    chains = sum(exercise.points == chain for exercise in EXERCISES)
    total = sum(exercise.points for exercise in EXERCISES) + 2 * 3
    return {"title": [60, total, gates, gate, chains, chain, 2, 3], "recap": [1]}


PARTS = [header, nudging, composition, first_graph, gates, all_gates, one_input, circuit, losses, hidden]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_numbers_in_prose_are_right(part, cells):
    for cell_id, values in part().items():
        assert_numbers(cells[cell_id], values)


def test_no_number_in_prose_goes_unchecked(notebook):
    checked = {cell_id for part in PARTS for cell_id in part()}
    with_numbers = {cell.id for cell in kind(notebook, "markdown") if prose_numbers(cell.source)}
    assert with_numbers == checked
