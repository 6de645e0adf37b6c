"""Notebook 02, Multiple paths: metadata, both versions in a real kernel, every number in its prose."""

from __future__ import annotations

import re
from statistics import median
from types import SimpleNamespace

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
from tests.notebook_tools import (
    CHECK,
    assert_numbers,
    code_lines,
    errors_of,
    function_cells,
    kind,
    nbgrader_cells,
    prose_numbers,
    read,
    released,
    run,
    solution_of,
    text_of,
)

ASSIGNMENT = "02-multiple-paths"
EXERCISES = of_assignment(ASSIGNMENT)


@pytest.fixture(scope="module")
def notebook():
    return read(ASSIGNMENT)


@pytest.fixture(scope="module")
def cells(notebook):
    return {cell.id: cell for cell in notebook.cells}


@pytest.fixture(scope="module")
def done(notebook, tmp_path_factory):
    """The instructor version after a run, by cell id."""
    ran = run(notebook, tmp_path_factory.mktemp("run"))
    return {cell.id: text_of(cell) for cell in kind(ran, "code")}


# ---------------------------------------------------------------- metadata and form


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
        assert (meta.schema_version, meta.task) == (3, False)
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


def test_written_questions_follow_their_prompt_and_carry_a_rubric(notebook):
    order = [cell.id for cell in notebook.cells]
    written = [cell for grade_id, cell in nbgrader_cells(notebook).items() if grade_id.startswith("written-")]
    assert len(written) == 2
    for cell in written:
        prompt = notebook.cells[order.index(cell.id) - 1]
        assert prompt.id == f"{cell.id}-prompt"
        assert f"({cell.metadata.nbgrader.points} points)" in prompt.source
        assert "**Rubric.**" in solution_of(cell)


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
    assert not re.search("SOLUTION|Rubric|Model answer", text)
    for name, cell in function_cells(notebook).items():
        stub = nbgrader_cells(given)[name].source
        assert stub.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
        for line in solution_of(cell).splitlines():
            assert line.strip() not in text


def test_predictions_are_left_open_and_the_reveal_follows(notebook):
    order = kind(notebook, "code")
    openings = [k for k, cell in enumerate(order) if "= predict(" in cell.source]
    assert len(openings) == 2
    for k in openings:
        name = order[k].source.partition(" = predict(")[0]
        assert re.search(r"predict\(\w+(, \w+=\.\.\.)+\)", order[k].source)
        assert order[k + 1].source == f"{name}.reveal()"


# ---------------------------------------------------------------- in a kernel


def test_the_instructor_version_runs_and_passes_every_check(done):
    for exercise in EXERCISES:
        assert f"{exercise.name}: passed" in done[CHECK + exercise.name]


def test_the_lectures_pass_is_seen_to_fail_and_adding_is_seen_not_to_be_enough(done):
    assert "'a': 2.0, 'b': 2.0" in done["set-on-a-chain-run"]
    assert "'b': 3.0" in done["set-on-two-paths-run"]
    assert "'b': 5.0" in done["add-on-two-paths-run"]
    assert "'b': 65.0" in done["add-on-reuse-run"]
    assert "'a': 300.0" in done["add-on-reuse-run"]


def test_the_printed_counts_are_the_ones_the_prose_speaks_of(done):
    assert "1,099,511,627,776 paths, 160 edges" in done["how-many-count"]
    assert "n = 100: stored  99, written out  4950" in done["recompute-count"]
    assert "keeps 17 numbers, computes 0 again" in done["checkpoint-cost"]
    assert "keeps 5 numbers, computes 16 again" in done["checkpoint-cost"]
    gradients = re.findall(r"gradient (\S+)", done["checkpoint-cost"])
    assert gradients[0] == gradients[1]
    assert "1 of 4 paths found" in done["list-paths-found"]
    assert "4 paths" in done["resnext-graph"]


def test_the_released_version_untouched_runs_to_the_end_with_nothing_written_yet(notebook, tmp_path):
    ran = run(released(notebook), tmp_path, allow_errors=True)
    checks = {CHECK + exercise.name for exercise in EXERCISES}
    for cell in kind(ran, "code"):
        assert errors_of(cell) == (["CheckFailed"] if cell.id in checks else []), text_of(cell)
        if cell.id in checks:
            assert "not written yet" in text_of(cell)
        if cell.id.endswith("-reveal"):
            assert re.search("Not predicted yet|Build a graph first", text_of(cell))
    said = {cell.id: text_of(cell) for cell in kind(ran, "code")}
    assert "Write your order first" in said["schedule-mine"]


def test_what_a_student_fills_in_is_answered(notebook, tmp_path):
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
        "schedule-explained": [by_q * k, by_p * k],
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


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_numbers_in_prose_are_right(part, cells):
    for cell_id, values in part().items():
        assert_numbers(cells[cell_id], values)


def test_no_number_in_prose_goes_unchecked(notebook):
    checked = {cell_id for part in PARTS for cell_id in part()}
    with_numbers = {cell.id for cell in kind(notebook, "markdown") if prose_numbers(cell.source)}
    assert with_numbers == checked
