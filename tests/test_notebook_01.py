"""Notebook 01, The chain rule: metadata, both versions in a real kernel, every number in its prose."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from backprop_lab import Graph, Variable, examples, ops
from backprop_lab.check import predict
from backprop_lab.exercises import of_assignment
from tests.notebook_form import NotebookForm
from tests.notebook_tools import kind, released, run, text_of

EXERCISES = of_assignment("01-chain-rule")


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


class TestNotebook(NotebookForm):
    ASSIGNMENT = "01-chain-rule"
    MINUTES = 60
    NUMBERS: ClassVar = {cell_id: values for part in PARTS for cell_id, values in part().items()}

    def test_the_header_says_what_the_points_are_for(self, cells, points):
        says = f"{points}: 8 node functions of 3 points, 3 chains of 5 points, 2 written"
        assert says in cells["title"].source
        assert points == 8 * 3 + 3 * 5 + 2 * 3

    def test_there_are_at_least_three_predictions(self, notebook):
        assert sum("= predict(" in cell.source for cell in kind(notebook, "code")) >= 3

    def test_a_hint_is_offered_and_not_forced_on_anyone(self, cells):
        assert re.fullmatch(r'# hint\("\w+"\)', cells["hint-example"].source)

    def test_the_prediction_on_gates_asks_for_every_named_node(self, cells):
        asked = set(re.findall(r"(\w+)=\.\.\.", cells["gates-predict"].source))
        assert asked == {node.name for node in examples.get("gates").nodes if node.name}

    def test_two_digits_are_enough_for_the_neuron(self, cells):
        assert "Two digits are enough" in cells["sigmoid-circuit-ask"].source
        for x0, x1 in [(0.39, -0.59), (0.40, -0.60)]:
            guess = predict(examples.get("sigmoid-circuit"), w0=-0.20, w1=-0.39, w2=0.20, x0=x0, x1=x1)
            assert all(sign and size for *_, sign, size in guess.score())

    def test_the_suspect_is_asked_for_before_the_bug_is_shown(self, untouched):
        assert "Commit to a line first" in text_of(untouched["hidden-bug-reveal"])

    def test_with_predictions_filled_in_every_reveal_shows_its_score(self, notebook, tmp_path):
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
