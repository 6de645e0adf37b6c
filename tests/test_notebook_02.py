"""Notebook 02, Multiple paths: metadata, both versions in a real kernel, every number in its prose."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from backprop_lab import Graph, Variable, checkpoint, examples, ops
from backprop_lab.check import verdict_on
from backprop_lab.exercises import find, of_assignment
from backprop_lab.exercises.given import (
    GivenGraph,
    NotGivenError,
    TooManyVisitsError,
    in_no_order,
    sends_once,
)
from graders.hidden import HIDDEN
from tests.notebook_form import NotebookForm
from tests.notebook_tools import kind, released, run, text_of

EXERCISES = of_assignment("02-multiple-paths")


# ---------------------------------------------------------------- what the exercises are handed


def test_graphs_of_the_exercises_do_not_answer_the_exercise():
    graph = GivenGraph(examples.get("two-paths"))
    for method in ("backward", "gradient_graph", "trace", "cost"):
        with pytest.raises(NotGivenError, match=f"Graph.{method} is not given"):
            getattr(graph, method)()
    for method in ("paths", "count_paths"):
        with pytest.raises(NotGivenError):
            getattr(graph, method)("b")


def test_walking_every_path_is_stopped_with_a_sentence():
    def walk(node):
        return sum(map(walk, node.inputs)) if node.inputs else 1

    y = Variable(1.0, "x")
    for _ in range(40):
        y = y + y
    with pytest.raises(TooManyVisitsError, match="it walks every path anew"):
        walk(GivenGraph(Graph(y)).output)


@pytest.mark.parametrize("seed", range(20))
def test_a_heap_of_nodes_is_never_in_a_right_order_by_accident(seed):
    nodes = in_no_order(examples.get("add-then-multiply"), seed).nodes
    assert any(nodes.index(x) > nodes.index(node) for node in nodes for x in node.inputs)


def test_the_rule_to_kill_is_right_on_the_graphs_seen_before():
    for graph in (reuse().graph, diamonds(2)):
        graph.backward()
        said = sends_once(graph)
        assert all(np.isclose(said[node.name], node.grad) for node in graph.nodes)


def test_graphs_of_the_cases_have_a_unique_name_for_every_node():
    for name in ("topological_order", "backward_pass", "count_paths"):
        hidden = list(HIDDEN[name](np.random.default_rng(0)))
        for case in [*find(name).battery(0), *hidden]:
            graph = Graph.from_json(case.args[0])
            names = [node.name for node in graph.nodes]
            assert all(names)
            assert len(set(names)) == len(names)
            assert all(node.needs_grad for node in graph.nodes)


def test_totals_kept_between_calls_are_named():
    def backward_pass(graph, totals={}):  # noqa: B006 - the mistake
        totals.update({node.name: totals.get(node.name, 0.0) for node in graph.nodes})
        totals[graph.output.name] = 1.0
        for node in reversed(graph.nodes):
            for k, x in enumerate(node.inputs):
                totals[x.name] += totals[node.name] * graph.local(node, k)
        return totals

    assert verdict_on(backward_pass).misconception == "accumulates"


def test_a_count_by_walking_gets_half_of_the_credit():
    def count_paths(graph):
        walk = lambda node: sum(map(walk, node.inputs)) if node.inputs else 1
        return walk(graph.output)

    verdict = verdict_on(count_paths)
    assert 0.5 <= verdict.credit <= 0.6
    assert "it walks every path anew" in str(verdict)


def test_an_order_is_judged_without_trusting_what_comes_back():
    exercise = find("topological_order")
    case = exercise.battery(0)[0]
    judge = lambda value: exercise.accept(case, value)
    right = exercise.expected(case)
    assert judge(right) is None
    assert judge(tuple(right)) is None
    assert "returned None" in judge(None)
    assert "must return a list" in judge("akmnbqpe")
    assert "must hold the names" in judge([1, 2])
    assert "is not the name of a node" in judge([*right, "zz"])
    assert "is listed 2 times" in judge([*right, right[0]])
    assert "are missing" in judge(right[:-2])
    assert "stands before" in judge(right[::-1])
    assert "entries; the graph has" in judge(right * 1000)


# ---------------------------------------------------------------- the numbers in the prose


def diamonds(count: int) -> Graph:
    y = Variable(1.0, "x")
    for k in range(1, count + 1):
        y = (ops.sin(y).named(f"s{k}") + ops.cos(y).named(f"c{k}")).named(f"y{k}")
    return Graph(y)


def reuse(swapped: bool = False) -> SimpleNamespace:
    """b = k·a, e = (n·b)(b + m) with its values and gradients."""
    a, k, m, n = (Variable(v, name) for v, name in [(2.0, "a"), (3.0, "k"), (1.0, "m"), (5.0, "n")])
    b = (k * a).named("b")
    q, p = (n * b).named("q"), (b + m).named("p")
    graph = Graph((p * q if swapped else q * p).named("e"))
    graph.backward()
    value, grad = ({x.name: getattr(x, what) for x in graph.nodes} for what in ("value", "grad"))
    return SimpleNamespace(graph=graph, value=value, grad=grad, e=graph.output.value)


def add_and_recurse(graph: Graph, node, grads: dict) -> dict:
    for k, x in enumerate(node.inputs):
        grads[x.name] = grads.get(x.name, 0.0) + grads[node.name] * graph.local(node, k)
    for x in node.inputs:
        add_and_recurse(graph, x, grads)
    return grads


def header() -> dict[str, list[float]]:
    points = [exercise.points for exercise in EXERCISES]
    there = [75, sum(points) + 2 * 3, len(points), min(points), max(points), sum(points), 2, 3]
    return {"title": there}


def two_paths() -> dict[str, list[float]]:
    g = examples.get("two-paths")
    g.backward()
    (a, b, c, d, e), h = (g[name].value for name in "abcde"), 0.01
    by_c, by_d = d, c
    nudged = examples.get("two-paths").forward(b=b + h)
    slide = (b + 2) + (a + b)
    return {
        "two-roads": [1, 1],
        "two-paths-predict-ask": [a, b, c, d, e],
        "multiply-along-add-across": [h, h, by_c, by_c * h, h, by_d, by_d * h, g["b"].grad * h],
        "misprint": [nudged, g["b"].grad * h, nudged - e - g["b"].grad * h, a, b, g["b"].grad],
        "misprint-explained": [slide, 1, 1, by_c + by_d],
        "set-on-two-paths": [g["b"].grad, by_c, by_d, g["b"].grad],
        "set-fails": [by_d, by_c, 0],
    }


def listing() -> dict[str, list[float]]:
    two = diamonds(2)
    two.backward()
    y1 = float(two["y1"].value)
    rates = [np.cos(1.0), -np.sin(1.0), np.cos(y1), -np.sin(y1)]
    assert two.count_paths("x") == 4
    assert np.isclose(two.paths("x").total(), two["x"].grad)
    return {"list-paths-explained": [two["x"].grad, *rates], "path-sum-task": [0]}


def reusing() -> dict[str, list[float]]:
    chain = examples.get("add-then-multiply")
    chain.backward()
    r = reuse()
    v, g = r.value, r.grad
    by_q, by_p = g["q"] * v["n"], g["p"] * 1
    k = v["k"]
    recursion = add_and_recurse(r.graph, r.graph.output, {"e": 1.0})
    swapped = reuse(swapped=True).graph
    other = add_and_recurse(swapped, swapped.output, {"e": 1.0})
    assert recursion["b"] == g["b"]
    two = examples.get("two-paths")
    two.backward()
    return {
        "lecture-pass": [1],
        "set-on-a-chain": [chain[name].grad for name in "abd"],
        "add-works": [two["b"].grad, v["k"], v["n"], v["m"], v["m"]],
        "reuse-predict-ask": [v["a"], v["b"], v["q"], v["p"], r.e],
        "add-fails": [
            *[g["a"], by_q * k, by_p * k, g["b"], recursion["a"], recursion["a"] - g["a"]],
            *[by_q, by_q, k, by_q * k, by_q, by_p, g["b"], g["b"], k, g["a"], by_q, 1, other["a"]],
        ],
        "schedule-explained": [by_q * k, by_p, by_p, k, by_p * k],
        "topological-task": [1000],
        "written-order-prompt": [1, 1, 40],
        "written-order": [
            *[1, 2, by_q, g["b"], by_q, by_q * k, g["a"], recursion["a"], g["a"], 3, 2],
            *[1, 1, 2, 3, 2],  # the rubric
        ],
    }


def squares() -> dict[str, list[float]]:
    x = Variable(3.0, "x")
    graph = Graph((x * x).named("out"))
    graph.backward()
    return {"killer-explained": [x.value, sends_once(graph)["x"], x.grad, 2]}


def counting() -> dict[str, list[float]]:
    forty, twenty = diamonds(40), diamonds(20)
    cost = forty.cost()
    assert forty.count_paths("x") == 2**40
    assert cost.backprop_multiplications == 4 * 40
    assert 10**6 < twenty.count_paths("x") < 1.1 * 10**6
    return {
        "how-many": [diamonds(2).count_paths("x"), 3, 10, 40],
        "how-many-explained": [
            *[40, cost.backprop_multiplications, round(cost.path_multiplications / 1e12)],
        ],
        "race-explained": [20, twenty.cost().backprop_multiplications],
        "recursion-slow-explained": [40],
        "count-task": [40],
    }


def storing() -> dict[str, list[float]]:
    stored, written_out = (examples.get(f"repeated-subexpression{which}") for which in ("", "-recomputed"))
    stored.backward()
    w, x, y = (stored[name].value for name in "wxy")
    assert stored["w"].grad == written_out.output.value
    fs = [node for node in written_out.nodes if node.operation and node.operation.name == "square"]
    first = [node for node in fs if node.inputs == (written_out["w"],)]
    assert (len(fs), len(first)) == (3, 2)  # f is computed three times, f(w) twice
    evaluations = lambda n: n * (n - 1) // 2

    def layers(x, count):
        for _ in range(count):
            x = ops.sin(x)
        return x

    part = checkpoint(lambda x: layers(x, 4))
    one, some = Variable(1.0, "x"), Variable(1.0, "x")
    everything, parts = Graph(layers(one, 16)).cost(), Graph(part(part(part(part(some))))).cost()
    return {
        "store-or-recompute": [w],
        "recompute-ask": [2 * y, 2 * x, 2 * w, stored["w"].grad, 1, 1, 3, 100],
        "recompute-explained": [3, evaluations(3), 2, 100, evaluations(100), 99],
        "checkpoint-explained": [
            *[everything.stored_bytes // 8, parts.stored_bytes // 8, parts.recomputed_multiplications, 2],
        ],
    }


def networks() -> dict[str, list[float]]:
    decay = examples.get("weight-decay")
    decay.backward()
    from_data, from_penalty = (np.ravel(path.product) for path in decay.paths("w"))
    block = examples.get("residual-block")
    delta = np.array([3.0, 7.0])
    block.forward(W=-np.eye(2), x=np.array([1.0, 2.0]))
    block.backward(seed=delta)
    assert not block["W"].grad.any()
    assert examples.get("aggregated-residual").count_paths("x") == 4
    blocks = 50
    return {
        "weight-decay-explained": [
            *[*decay["w"].value, decay["λ"].value, *from_data, *from_penalty, *decay["w"].grad, 0],
        ],
        "weight-decay-ends": [0, 0],
        "residual-dead-explained": block["x"].grad,
        "residual-task": [0, 0, 0],
        "alias-intro": [1, 1, 3, 1, 1 + 3 * 1],
        "alias-explained": [4, 1],
        "written-residual-prompt": [0],
        "written-residual": [
            *[1, 2, 2 * blocks, 3 * blocks, 2, 1, 1, 0, 1, 0, 0, 3],
            *[1, 1, 2, blocks, 2, 1, 0, 3, 1],  # the rubric
        ],
    }


PARTS = [header, two_paths, listing, reusing, squares, counting, storing, networks]


class TestNotebook(NotebookForm):
    ASSIGNMENT = "02-multiple-paths"
    MINUTES = 75
    NUMBERS: ClassVar = {cell_id: values for part in PARTS for cell_id, values in part().items()}

    def test_the_header_says_what_the_points_are_for(self, cells, exercises, points):
        worth = [exercise.points for exercise in exercises]
        assert (
            f"{points}: {len(worth)} functions of {min(worth)} to {max(worth)} points, "
            f"together {sum(worth)}, and 2 written questions of 3 points"
        ) in cells["title"].source

    def test_there_are_two_predictions_and_their_cells_begin_with_them(self, notebook):
        predictions = [cell for cell in kind(notebook, "code") if "= predict(" in cell.source]
        assert len(predictions) == 2
        assert all(re.match(r"\w+ = predict\(", cell.source) for cell in predictions)

    def test_the_lectures_pass_is_seen_to_fail_and_adding_is_seen_not_to_be_enough(self, done):
        assert "'a': 2.0, 'b': 2.0" in text_of(done["set-on-a-chain-run"])
        assert "'b': 3.0" in text_of(done["set-on-two-paths-run"])
        assert "'b': 5.0" in text_of(done["add-on-two-paths-run"])
        assert "'b': 65.0" in text_of(done["add-on-reuse-run"])
        assert "'a': 300.0" in text_of(done["add-on-reuse-run"])

    def test_the_printed_counts_are_the_ones_the_prose_speaks_of(self, done):
        assert "1,099,511,627,776 paths, 160 edges" in text_of(done["how-many-count"])
        assert "n = 100: stored  99, written out  4950" in text_of(done["recompute-count"])
        assert "keeps 17 numbers, computes 0 again" in text_of(done["checkpoint-cost"])
        assert "keeps 5 numbers, computes 16 again" in text_of(done["checkpoint-cost"])
        gradients = re.findall(r"gradient (\S+)", text_of(done["checkpoint-cost"]))
        assert gradients[0] == gradients[1]
        assert "1 of 4 paths found" in text_of(done["list-paths-found"])
        assert "4 paths" in text_of(done["resnext-graph"])

    def test_an_order_and_a_graph_are_asked_for_before_anything_is_shown(self, untouched):
        assert "Write your order first" in text_of(untouched["schedule-mine"])
        assert "Build a graph first" in text_of(untouched["killer-reveal"])

    def test_what_a_student_fills_in_is_answered(self, notebook, tmp_path):
        filled = released(notebook)
        write = {
            "two-paths-predict": ("c=..., d=..., a=..., b=...", "c=2, d=3, a=2, b=3"),
            "reuse-predict": ("q=..., p=..., b=..., a=...", "q=7, p=30, b=65, a=195"),
            "list-paths-mine": ("...", '"x c1 y1 s2 y2", "x s1 y1 c2 y2", "x c1 y1 c2 y2"'),
            "schedule-mine": ("...", '"p", "q", "b"'),
            "killer": ("killer = ...", "x = Variable(3.0, 'x')\nkiller = Graph(x * x)"),
        }
        for cell in kind(filled, "code"):
            if cell.id in write:
                cell.source = cell.source.replace(*write[cell.id])
        said = {cell.id: text_of(cell) for cell in kind(run(filled, tmp_path, allow_errors=True), "code")}
        assert "3 of 4 right" in said["two-paths-reveal"]
        assert "All 4 right" in said["reuse-reveal"]
        assert "4 of 4 paths found" in said["list-paths-found"]
        assert "in the end: n 42 ✓, k 130 ✓, a 195 ✓, m 30 ✓" in said["schedule-mine"]
        assert "x: sends_once says 3, right is 6" in said["killer-reveal"]
