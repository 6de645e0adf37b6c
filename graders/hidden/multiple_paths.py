"""Hidden cases of 02-multiple-paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator

from backprop_lab.engine import Graph, Variable, ops
from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import signed
from backprop_lab.exercises.multiple_paths import (
    chain_graph,
    diamonds_graph,
    local_derivatives,
    random_graph,
    squares_graph,
)

from .cases import HiddenCases, hidden


def _paths(rng: Generator) -> Iterator[Case]:
    yield hidden("values", local_derivatives(rng, (3, 3, 3, 2, 1)))
    yield hidden("values", local_derivatives(rng, (1, 1, 4)))
    yield hidden("edges", [[0.0, signed(rng)], [signed(rng), 0.0]])
    yield hidden("shapes", local_derivatives(rng, (1,)))


def _pairs(rng: Generator) -> Iterator[Case]:
    for _ in range(5):
        yield hidden("values", signed(rng, (), 0.01, 50.0), signed(rng, (), 0.01, 50.0))
    yield hidden("edges", 0.0, 0.0)


def _worn_graph(rng: Generator) -> Graph:
    """A node deep inside that every later layer uses again, in both positions."""
    x, y = Variable(signed(rng), "y"), Variable(signed(rng), "x")
    core = (x * y).named("m")
    total = core
    for k in range(4):
        total = (ops.sin(total).named(f"z{k}") * core + core * core).named(f"b{k}")
    for k, node in enumerate(node for node in Graph(total).nodes if not node.name):
        node.named(f"a{k}")
    return Graph(total)


def _graphs(rng: Generator) -> Iterator[Case]:
    for graph in (_worn_graph(rng), random_graph(rng, 2, 12), random_graph(rng, 6, 20)):
        yield hidden("values", graph.to_json())
    yield hidden("edges", diamonds_graph(rng, 30).to_json())
    yield hidden("edges", squares_graph(rng, 7).to_json())
    yield hidden("shapes", chain_graph(rng, 2).to_json())


def _counting(rng: Generator) -> Iterator[Case]:
    for graph in (_worn_graph(rng), random_graph(rng, 3, 15), diamonds_graph(rng, 7)):
        yield hidden("values", graph.to_json())
    yield hidden("edges", diamonds_graph(rng, 48).to_json())
    yield hidden("edges", _with_one_more_path(rng).to_json())


def _with_one_more_path(rng: Generator) -> Graph:
    """40 diamonds and one edge past them all."""
    many = diamonds_graph(rng, 40).output
    return Graph((many + Variable(signed(rng), "beside")).named("sum"))


def _decay(rng: Generator) -> Iterator[Case]:
    for n, d in ((6, 4), (3, 7), (5, 5)):
        yield hidden("values", *_regression(rng, n, d), float(rng.uniform(0.1, 3.0)))
    yield hidden("edges", np.zeros(4), signed(rng, (3, 4)), np.zeros(3), 0.7)
    yield hidden("shapes", *_regression(rng, 1, 1), 0.5)


def _regression(rng: Generator, n: int, d: int) -> tuple[Any, Any, Any]:
    return signed(rng, (d,)), signed(rng, (n, d)), signed(rng, (n,))


def _residual(rng: Generator) -> Iterator[Case]:
    for n, d in ((6, 4), (3, 7), (5, 5)):
        yield hidden("values", signed(rng, (n, d)), signed(rng, (n, d)), signed(rng, (d, d)))
    # A view with strides, as a slice of a larger batch is.
    yield hidden("values", signed(rng, (3, 4)).T, signed(rng, (3, 4)).T, signed(rng, (3, 3)).T)
    yield hidden("edges", signed(rng, (2, 3)), np.zeros((2, 3)), signed(rng, (3, 3)))
    yield hidden("shapes", signed(rng, (1, 5)), signed(rng, (1, 5)), signed(rng, (5, 5)))


def _batch(rng: Generator) -> Iterator[Case]:
    for n, d in ((6, 4), (3, 7), (5, 5)):
        w, X, y = _regression(rng, n, d)
        yield hidden("values", w, signed(rng), X, y)
    w, X, y = _regression(rng, 4, 3)
    yield hidden("edges", np.zeros(3), 0.0, X, y)
    yield hidden("shapes", w, signed(rng), X[:1], y[:1])


CASES: dict[str, HiddenCases] = {
    "path_sum_gradient": _paths,
    "shared_input_gradients": _pairs,
    "topological_order": _graphs,
    "backward_pass": _graphs,
    "count_paths": _counting,
    "weight_decay_gradients": _decay,
    "residual_backward": _residual,
    "minibatch_gradients": _batch,
}
