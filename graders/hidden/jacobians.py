"""Hidden cases of 03-jacobians."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import Draw, signed

from .cases import HiddenCases, hidden


def _vectors(rng: Generator) -> Iterator[Case]:
    for size in (5, 2, 9):
        yield hidden("values", signed(rng, (size,)))
    mixed = signed(rng, (6,))
    mixed[1] = mixed[4] = 0.0
    yield hidden("edges", mixed)
    yield hidden("shapes", np.array([-1.5]))


def _elementwise(*draws: Draw) -> HiddenCases:
    def cases(rng: Generator) -> Iterator[Case]:
        yield hidden("values", signed(rng, (6, 2)), *[draw(rng, (6, 2)) for draw in draws])
        yield hidden("values", signed(rng, (4, 4)), *[draw(rng, (4, 4)) for draw in draws])
        # A view with strides, as a slice of a larger batch is.
        yield hidden("values", signed(rng, (5, 3)).T, *[draw(rng, (5, 3)).T for draw in draws])
        yield hidden("edges", signed(rng, (3,)), *[np.array([0.0, -0.5, 0.0]) for _ in draws])
        yield hidden("shapes", signed(rng, (2, 1, 3, 1)), *[draw(rng, (2, 1, 3, 1)) for draw in draws])

    return cases


def _rows(rng: Generator) -> Iterator[Case]:
    """(x, W)"""
    for d, k in ((5, 2), (2, 5), (4, 4)):
        yield hidden("values", signed(rng, (d,)), signed(rng, (d, k)))
    yield hidden("edges", np.array([0.0, -1.0, 0.0]), signed(rng, (2, 3)).T)
    yield hidden("shapes", signed(rng, (1,)), signed(rng, (1, 1)))


def _layers(rng: Generator) -> Iterator[Case]:
    """(delta, x, W, b)"""
    for n, d, k in ((6, 2, 5), (2, 5, 3), (4, 4, 4), (7, 3, 3)):
        yield hidden(
            "values", signed(rng, (n, k)), signed(rng, (n, d)), signed(rng, (d, k)), signed(rng, (k,))
        )
    yield hidden("edges", np.zeros((3, 2)), signed(rng, (3, 4)), signed(rng, (4, 2)), np.zeros(2))
    yield hidden("shapes", signed(rng, (1, 1)), signed(rng, (1, 1)), signed(rng, (1, 1)), signed(rng, (1,)))


def _columns(rng: Generator) -> Iterator[Case]:
    """(delta, x, W)"""
    for d, k in ((5, 2), (2, 5), (4, 4)):
        yield hidden("values", signed(rng, (k,)), signed(rng, (d,)), signed(rng, (k, d)))
    yield hidden("edges", np.array([0.0, -1.0]), np.array([0.0, 2.0, 0.0]), signed(rng, (3, 2)).T)
    yield hidden("shapes", signed(rng, (1,)), signed(rng, (1,)), signed(rng, (1, 1)))


def _logistic(rng: Generator) -> Iterator[Case]:
    for size in (5, 3, 6):
        yield hidden("values", signed(rng, (size,)), signed(rng, (size,)), signed(rng))
    yield hidden("edges", np.zeros(3), signed(rng, (3,)), signed(rng))


def _functions(rng: Generator) -> Iterator[Case]:
    yield hidden("values", "neighbours", signed(rng, (6,)))
    yield hidden("values", "centered", signed(rng, (3,)))
    yield hidden("values", "mixed", signed(rng, (3,)))
    yield hidden("values", "bowl", signed(rng, (4,), 5e-6, 4e-5))
    yield hidden("edges", "tanh", np.array([0.0, 0.0, -0.7]))
    yield hidden("shapes", "total", signed(rng, (5,)))


def _broadcasts(rng: Generator) -> Iterator[Case]:
    def call(group: str, a: tuple[int, ...], b: tuple[int, ...]) -> Case:
        return hidden(group, signed(rng, np.broadcast_shapes(a, b)), signed(rng, a), signed(rng, b))

    yield call("values", (5, 2), (2,))
    yield call("values", (5, 1), (5, 2))
    yield call("values", (4, 4), (4,))
    yield call("edges", (1, 3), (4, 1))
    yield call("edges", (2, 1, 4), (3, 1))
    yield call("edges", (), (2, 3, 2))
    yield call("shapes", (1,), (1,))
    yield call("shapes", (1, 1), (3,))


def _sizes(rng: Generator) -> Iterator[Case]:
    for _ in range(4):
        n, d, k = (int(size) for size in rng.choice(np.arange(2, 900), 3, replace=False))
        yield hidden("values", n, d, k)
    yield hidden("edges", 1, 7, 3)


CASES: dict[str, HiddenCases] = {
    "relu_jacobian": _vectors,
    "relu_backward": _elementwise(signed),
    "sigmoid_jacobian": _vectors,
    "sigmoid_layer_backward": _elementwise(signed),
    "tanh_backward": _elementwise(signed),
    "hadamard_backward": _elementwise(signed, signed),
    "linear_jacobian_x": _rows,
    "linear_jacobian_W": _rows,
    "linear_backward": _layers,
    "linear_backward_column": _columns,
    "logistic_gradient": _logistic,
    "numerical_jacobian": _functions,
    "broadcast_add_backward": _broadcasts,
    "jacobian_from_vjp": _functions,
    "jacobian_bytes": _sizes,
}
