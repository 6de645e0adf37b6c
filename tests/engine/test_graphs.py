"""What a graph knows about itself: paths, parts, costs, gradient graphs, steps."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from backprop_lab import Constant, Graph, Variable, checkpoint, examples, group, ops
from backprop_lab.engine.errors import TooManyPathsError
from backprop_lab.engine.text import derivative


def diamonds(k: int) -> Graph:
    x = Variable(1.0, "x")
    for _ in range(k):
        x = x * 0.5 + x * 0.5
    return Graph(x)


def test_a_chain_of_100000_nodes_runs_without_recursion():
    x = Variable(1.0, "x")
    y = x
    for _ in range(50_000):
        y = y * 1.00001 + 0.0
    graph = Graph(y)
    assert len(graph) > 100_000 > sys.getrecursionlimit()
    graph.backward()
    assert x.grad == pytest.approx(1.00001**50_000)
    assert graph.forward(x=2.0) == pytest.approx(2 * x.value / 2 * 1.00001**50_000)
    assert graph.count_paths("x") == 1


def test_forty_diamonds_are_counted_at_once_and_never_listed():
    start = time.perf_counter()
    paths = diamonds(40).paths("x")
    assert paths.count == 2**40
    assert time.perf_counter() - start < 1
    with pytest.raises(TooManyPathsError, match=r"1,099,511,627,776 paths from 'x'.*at most 100,000"):
        list(paths)
    with pytest.raises(TooManyPathsError):
        paths.total()


def test_the_first_of_too_many_paths_can_be_read():
    paths = diamonds(40).paths("x")
    for path, _ in zip(paths, range(3), strict=False):
        assert path.product == 0.5**40
    assert paths[2**40 - 1].product == 0.5**40
    with pytest.raises(IndexError):
        paths[2**40]


def test_paths_are_all_different_and_sum_to_the_gradient():
    graph = diamonds(6)
    graph.backward()
    paths = list(graph.paths("x"))
    assert len(paths) == len({path.nodes for path in paths}) == 64
    assert sum(path.product for path in paths) == graph.paths("x").total() == graph["x"].grad == 1.0


def test_using_a_node_twice_in_one_operation_makes_two_paths():
    x = Variable(3.0, "x")
    graph = Graph((x * x).named("y"))
    assert [path.product for path in graph.paths("x")] == [3.0, 3.0]


def test_paths_of_arrays_multiply_jacobians():
    x, W = Variable([1.0, -2.0], "x"), Variable([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]], "W")
    graph = Graph((ops.tanh(x @ W) * ops.sin(x).sum()).named("z"))
    paths = graph.paths("x")
    assert paths.count == 2
    assert [path.product.shape for path in paths] == [(3, 2), (3, 2)]
    graph.backward(seed=np.array([1.0, -1.0, 2.0]))
    assert np.allclose(np.array([1.0, -1.0, 2.0]) @ paths.total(), x.grad)
    assert paths.total().shape == (3, 2)
    assert graph.paths("W").total().shape == (3, 2, 3)


def test_a_path_reads_as_a_product():
    assert str(examples.get("two-paths").paths("b")[0]) == "b → c → e: 1 · 2 = 2"


def test_backward_again_gives_the_same_gradients():
    graph = examples.get("two-paths")
    graph.backward()
    graph.backward()
    assert graph["b"].grad == 5


def test_forward_takes_new_values_and_forgets_gradients():
    graph = examples.get("two-paths")
    graph.backward()
    assert graph.forward(a=3.0, b=0.5) == 5.25
    assert graph["b"].grad is None
    graph.backward()
    assert graph["b"].grad == 3.5 + 1.5


def test_a_gradient_graph_has_one_group_and_one_named_node_for_each_node():
    for name in examples.names():
        if name.endswith("-gradient"):
            continue
        graph = examples.get(name)
        seed = None if graph.output.shape == () else Constant(np.ones(graph.output.shape), "seed")
        both = graph.gradient_graph(seed)
        out = graph.names[graph.output]
        wanted = {derivative(out, graph.names[node]) for node in graph.nodes if node.needs_grad}
        gradients = [node for node in both.nodes if node not in set(graph.nodes)]
        assert {node.group.name for node in gradients if node.group} == wanted, name
        assert sorted(node.name for node in gradients if node.name and node.name != "seed") == sorted(
            wanted
        ), name
        graph.backward(None if seed is None else seed.value)
        for node in graph.nodes:
            if node.needs_grad:
                assert np.allclose(both[derivative(out, graph.names[node])].value, node.grad), name


def test_a_gradient_graph_is_computed_anew_with_new_values():
    both = examples.get("gates").gradient_graph()
    both.forward(z=-5.0)  # now max(z, w) is w
    assert [both[f"df/d{x}"].value for x in "xyzw"] == [-8, 6, 0, 2]


def test_a_gradient_graph_is_a_graph_to_differentiate():
    x = Variable(2.0, "x")
    both = Graph(ops.sin(x * x).named("y")).gradient_graph()
    Graph(both["dy/dx"]).backward()
    assert x.grad == pytest.approx(2 * np.cos(4) - 16 * np.sin(4))


def test_backward_create_graph_fills_grad_with_nodes():
    x = Variable(2.0, "x")
    Graph((x**3).named("y")).backward(create_graph=True)
    first = x.grad
    assert (first.name, first.value) == ("dy/dx", 12.0)
    Graph(first).backward(create_graph=True)
    second = x.grad
    assert second.value == 12.0
    Graph(second).backward()
    assert x.grad == 6.0


def test_between_is_a_part_with_everything_else_held_constant():
    graph = examples.get("sigmoid-circuit")
    part = graph.between("s", "f")
    assert [x.name for x in part.variables] == ["s"]
    part.backward()
    assert part["s"].grad == pytest.approx(0.196612, abs=1e-6)
    assert {node.group.name for node in part if node.group} == {"sigmoid"}
    part.forward(s=0.0)
    assert part.output.value == 0.5
    assert graph.output.value == pytest.approx(0.731059, abs=1e-6)


def test_what_needs_no_gradient_gets_none():
    x, data = Variable([1.0, 2.0], "x"), Constant([3.0, 4.0], "data")
    squared = ops.square(data)
    Graph((x * squared).sum()).backward()
    assert squared.needs_grad is False
    assert squared.grad is data.grad is None


def test_arrays_and_numbers_are_accepted_wherever_a_node_is():
    x = Variable([1.0, 2.0], "x")
    y = np.array([3.0, 4.0]) * x + [1.0, 1.0] - 2 / x + np.float64(1.0)
    assert y.value.tolist() == [3.0, 9.0]
    Graph(y.sum()).backward()
    assert x.grad.tolist() == [5.0, 4.5]


def test_a_variable_keeps_its_own_copy():
    data = np.array([1.0, 2.0])
    x = Variable(data)
    data[0] = 99.0
    assert x.value.tolist() == [1.0, 2.0]


def test_groups_nest():
    with group("network"), group("layer") as layer:
        y = Variable(1.0, "x") + 1
    assert y.group is layer
    assert layer.parent.name == "network"


def test_a_trace_tells_both_passes():
    sentences = [str(step) for step in examples.get("two-paths").trace()]
    assert sentences[2] == "c = a + b = 2 + 1 = 3"
    assert sentences[-1] == "de/da = de/dc · dc/da = 2 · 1 = 2"
    assert "de/db = de/dc · dc/db + de/dd · dd/db = 2 · 1 + 3 · 1 = 5" in sentences


def layered(x, weights):
    for W in weights:
        x = ops.tanh(x @ W)
    return x


def test_checkpoint_changes_the_cost_and_not_the_gradient():
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((5, 5)) for _ in range(6)]
    x = Variable(rng.standard_normal((4, 5)), "x")

    def build(part):
        weights = [Variable(W) for W in values]
        h = (
            part(part(x, weights[:3]) if part is layered else part(x, *weights[:3]), weights[3:])
            if part is layered
            else part(part(x, *weights[:3]), *weights[3:])
        )
        return Graph(h.sum()), weights

    stored, weights = build(layered)
    again, weights_again = build(checkpoint(lambda x, *weights: layered(x, weights)))
    stored.backward()
    expected = [W.grad for W in weights], x.grad
    again.backward()
    assert all(np.allclose(a, b) for a, b in zip(expected[0], [W.grad for W in weights_again], strict=True))
    assert np.allclose(expected[1], x.grad)
    full, less = stored.cost(), again.cost()
    assert less.stored_bytes == full.stored_bytes - less.recomputed_bytes
    assert less.recomputed_bytes == 2 * 5 * 4 * 5 * 8  # of each part, all but the last of six arrays
    assert less.recomputed_multiplications == 6 * (4 * 5 * 5 + 4 * 5)
    assert "recomputed, not stored" in str(less)
    assert less.backprop_multiplications == full.backprop_multiplications


def test_costs_order_themselves_as_the_course_says():
    rng = np.random.default_rng(0)
    W1, W2 = Variable(rng.standard_normal((20, 30)), "W1"), Variable(rng.standard_normal((30, 5)), "W2")
    cost = Graph(ops.square(ops.relu(rng.standard_normal((8, 20)) @ W1) @ W2).sum()).cost()
    assert cost.backprop_multiplications < cost.jacobian_multiplications <= cost.path_multiplications
    assert cost.backprop_bytes < cost.jacobian_bytes


def test_the_softmax_kept_for_the_backward_pass_is_never_a_stale_one():
    logits, labels = Variable(np.array([[1.0, 2.0, 3.0], [0.0, 5.0, -1.0]]), "logits"), np.array([2, 0])
    g = Graph(ops.cross_entropy(logits, labels))

    def formula() -> np.ndarray:
        return (ops.softmax(logits.value) - np.eye(3)[labels]) / 2

    g.backward()
    np.testing.assert_allclose(logits.grad, formula(), rtol=1e-15)
    g.forward(logits=np.array([[9.0, 2.0, 3.0], [0.0, 5.0, 7.0]]))
    g.backward()
    np.testing.assert_allclose(logits.grad, formula(), rtol=1e-15)
    whole_numbers = Graph(ops.cross_entropy(Variable(1.0) * np.array([[1, 2]]), [1]))
    whole_numbers.backward()
    with ops.using(cross_entropy=lambda delta, logits, labels: (delta * np.ones_like(logits), 0.0)):
        g.backward()
    assert (logits.grad == 1).all()
