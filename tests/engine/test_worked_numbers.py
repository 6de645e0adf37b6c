"""The numbers that the course prints, to every digit it prints."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_lab import Graph, Variable, examples, grad, ops


def gradients(name: str) -> Graph:
    graph = examples.get(name)
    graph.backward()
    return graph


def printed(graph: Graph, name: str, digits: int = 6) -> object:
    return np.round(np.asarray(graph[name].grad), digits).tolist()


def test_add_then_multiply():
    g = gradients("add-then-multiply")
    assert (g["c"].value, g["e"].value) == (3, 6)
    assert [g[x].grad for x in "abd"] == [2, 2, 3]


def test_two_paths_add():
    g = gradients("two-paths")
    assert (g["c"].value, g["d"].value, g["e"].value) == (3, 2, 6)
    assert [g[x].grad for x in "ab"] == [2, 5]
    assert sorted(path.product for path in g.paths("b")) == [2, 3]
    assert g.paths("b").total() == 5


def test_add_multiply():
    g = gradients("add-multiply")
    assert g.output.value == -12
    assert [g[x].grad for x in "xyz"] == [-4, -4, 3]


def test_gates_distribute_switch_and_route():
    g = gradients("gates")
    assert g.output.value == -20
    assert [g[x].grad for x in "xyzw"] == [-8, 6, 2, 0]


def test_sigmoid_circuit():
    g = gradients("sigmoid-circuit")
    values = [round(g[x].value, 2) for x in ("s", "exp", "d")]
    assert values == [1.00, 0.37, 1.37]
    assert round(g["f"].value, 6) == 0.731059
    assert [printed(g, x, 2) for x in ("d", "exp", "n", "s")] == [-0.53, -0.53, -0.20, 0.20]
    assert [printed(g, x) for x in ("w0", "w1", "w2")] == [-0.196612, -0.393224, 0.196612]
    assert [printed(g, x) for x in ("x0", "x1")] == [0.393224, -0.589836]


def test_the_lecture_multiplied_rounded_numbers():
    g = gradients("sigmoid-circuit")
    assert [printed(g, x, 2) for x in ("x0", "x1")] == [0.39, -0.59]
    assert [round(0.20 * w, 2) for w in (2, -3)] == [0.40, -0.60]


def test_reuse_of_a_node_that_is_not_a_leaf():
    a = Variable(2.0, "a")
    b = (3 * a).named("b")
    Graph((b + 1) * (5 * b)).backward()
    assert a.grad == 195


def test_resending_the_sum_from_every_arrival_gives_300():
    # What a propagation without topological order does at b: each of two arrivals
    # is added, and the sum so far is sent on: 3 (30) + 3 (30 + 35) and so on.
    b = 6.0
    arrivals = [5 * b, 5 * (b + 1)]
    sent, total = 0.0, 0.0
    for arrival in reversed(arrivals):
        total += arrival
        sent += 3 * total
    assert sent == 300


def test_two_layer_tanh():
    g = gradients("two-layer-tanh")
    rounded = {name: np.round(np.asarray(g[name].value), 6).tolist() for name in ("x1", "x2", "x3", "L")}
    assert rounded == {"x1": [0.7, 0.3], "x2": [0.604368, 0.291313], "x3": [0.313055], "L": 0.017474}
    assert printed(g, "x3") == [-0.186945]
    assert printed(g, "x2") == [-0.186945, 0.186945]
    assert printed(g, "x1") == [-0.118661, 0.171080]
    assert printed(g, "W1") == [[-0.112983, -0.054459]]
    assert printed(g, "W0") == [[-0.118661, -0.011866], [0.171080, 0.017108]]
    stepped = {name: g[name].value - 0.2 * g[name].grad for name in ("W0", "W1")}
    assert np.round(stepped["W0"], 6).tolist() == [[1.023732, -2.997627], [0.165784, 0.996578]]
    assert np.round(stepped["W1"], 6).tolist() == [[1.022597, -0.989108]]
    assert round(g.forward(**stepped), 6) == 0.007589


@pytest.mark.parametrize("k", [1, 2, 5, 40])
def test_k_diamonds_have_two_to_the_k_paths_and_cost_4k(k: int):
    g = Graph(diamonds(k))
    assert g.count_paths("x") == 2**k
    assert g.cost().backprop_multiplications == 4 * k
    assert g.cost().path_multiplications == 2**k * 2 * k


def diamonds(k: int):
    x = Variable(1.0, "x")
    for _ in range(k):
        x = ops.sin(x) + ops.cos(x)
    return x


def test_the_full_jacobian_of_a_linear_layer_is_6_6_gigabytes():
    X, W, b = np.zeros((64, 784)), Variable(np.zeros((784, 128)), "W"), np.zeros(128)
    cost = Graph(ops.affine(X, W, b).sum()).cost()
    assert 64 * 128 == 8_192
    assert W.size == 100_352
    to_sum, to_weights = 8_192, 8_192 * 100_352
    assert cost.jacobian_bytes == 8 * (to_sum + to_weights)
    assert round(8 * to_weights / 1e9, 1) == 6.6


def test_the_quadratic_bowl():
    small, large = 1.0, 100.0
    assert round((large - small) / (large + small), 3) == 0.980
    assert round((np.sqrt(large) - 1) / (np.sqrt(large) + 1), 3) == 0.818
    # The best heavy ball contracts by sqrt(beta) a step in every direction.
    rate, beta = (2 / (1 + 10)) ** 2, (9 / 11) ** 2
    for eigenvalue in (small, 10.0, large):
        step = np.array([[1 - rate * eigenvalue, beta], [-rate * eigenvalue, beta]])
        assert abs(np.linalg.eigvals(step)).max() == pytest.approx(9 / 11, abs=1e-6)


def test_logistic_regression_gradient_of_the_loss():
    g = gradients("logistic-regression")
    w, x, y = g["w"].value, g["x"].value, g["y"].value
    assert np.allclose(g["w"].grad, (1 / (1 + np.exp(-w @ x)) - y) * x)


def test_f_of_f_of_f():
    g = gradients("repeated-subexpression")
    assert (g.output.value, g["w"].grad) == (256, 1024)
    assert examples.get("repeated-subexpression-recomputed").output.value == 1024
    assert grad(grad(lambda w: w**8))(2.0) == 8 * 7 * 2.0**6


@pytest.mark.parametrize("name", examples.names())
def test_every_example_is_evaluated_differentiated_and_told(name: str):
    graph = examples.get(name)
    value = graph.output.value
    assert np.allclose(graph.forward(), value)
    if len(graph.outputs) == 1:
        graph.backward(None if graph.output.shape == () else np.ones(graph.output.shape))
        assert all(np.shape(x.grad) == x.shape for x in graph.variables)
        assert len(graph.trace()) >= len(graph)
        for x in graph.variables:
            total = graph.paths(x).total()
            assert np.allclose(np.sum(np.reshape(total, (graph.output.size, *x.shape)), axis=0), x.grad)


@pytest.mark.parametrize("name", examples.names())
def test_an_example_is_made_anew_and_described(name: str):
    assert examples.get(name).output is not examples.get(name).output
    about = examples.describe(name)
    assert about.lecture in "YNMGL"
    assert about.title
    assert about.formula


def test_every_system_of_the_curriculum_is_there():
    promised = {
        "linear-scalar",
        "logistic-scalar",
        "linear-vector",
        "logistic-vector",
        "add-multiply",
        "hadamard",
        "sigmoid-node",
        "linear-layer",
        "mlp",
        "objective",
        "minibatch-objective",
        "logistic-regression",
        "add-then-multiply",
        "two-paths",
        "regression-loss",
        "hidden-scalar",
        "hidden-sigmoid-layer",
        "chain",
        "linear-module",
        "mlp-modules",
        "dag",
        "two-layer-tanh",
        "input-optimization",
        "adversarial",
        "text-to-image",
        "multiply",
        "logistic-prediction",
        "relu-layer",
        "weight-decay",
        "repeated-subexpression",
        "repeated-subexpression-recomputed",
        "squared-error",
        "negative-log-sigmoid",
        "residual-block",
        "aggregated-residual",
        "sigmoid-circuit",
        "gates",
        "relu-elementwise",
        "sigmoid-elementwise",
        "matrix-vector",
    }
    gradient_graphs = [f"{name}-gradient" for name in examples.names("G") if not name.endswith("-gradient")]
    assert set(examples.names()) == {*promised, *gradient_graphs}
    assert len(gradient_graphs) == 6
