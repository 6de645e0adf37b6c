"""Hidden cases of 04-two-layer-tanh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import signed

from .cases import HiddenCases, hidden


def _network(rng: Generator, d: int, h: int, k: int) -> tuple[Any, Any, Any, Any]:
    """(x0, W0, W1, y)"""
    x0, y = signed(rng, (d,), 0.3, 1.0), signed(rng, (k,))
    return x0, signed(rng, (h, d), 0.2, 0.8), signed(rng, (k, h), 0.3, 1.0), y


_SIZES = ((4, 2, 3), (2, 5, 1), (4, 4, 4), (1, 3, 2))


def _networks(count: int) -> HiddenCases:
    """The first ``count`` of (x0, W0, W1, y)."""

    def cases(rng: Generator) -> Iterator[Case]:
        for sizes in _SIZES:
            yield hidden("values", *_network(rng, *sizes)[:count])
        x0, W0, W1, y = _network(rng, 3, 2, 4)
        yield hidden("edges", *(x0, np.zeros((2, 3)), W1, y)[:count])
        yield hidden("edges", *(x0, W0, np.zeros((4, 2)), y)[:count])
        yield hidden("shapes", *_network(rng, 1, 2, 1)[:count])

    return cases


def _outputs(rng: Generator) -> Iterator[Case]:
    """(x3, y)"""
    for size in (5, 2, 7):
        yield hidden("values", signed(rng, (size,)), signed(rng, (size,)))
    yield hidden("edges", np.zeros(3), signed(rng, (3,)))
    yield hidden("shapes", signed(rng, (1,)), np.zeros(1))


def _tanh_layers(rng: Generator) -> Iterator[Case]:
    """(delta, x1)"""
    for size in (6, 2, 4):
        yield hidden("values", signed(rng, (size,)), signed(rng, (size,)))
    yield hidden("edges", signed(rng, (3,)), np.array([0.0, 500.0, -0.2]))
    yield hidden("shapes", signed(rng, (3, 1, 2)), signed(rng, (3, 1, 2)))


def _steps(rng: Generator) -> Iterator[Case]:
    """(weight, gradient, learning_rate)"""
    for shape in ((5, 2), (4, 4), (1, 6)):
        yield hidden("values", signed(rng, shape), signed(rng, shape), float(rng.uniform(0.01, 0.9)))
    yield hidden("edges", np.zeros((2, 2)), signed(rng, (2, 2)), 0.5)
    yield hidden("shapes", signed(rng, (2, 1, 3)), signed(rng, (2, 1, 3)), 0.1)


def _trainings(rng: Generator) -> Iterator[Case]:
    """(x0, y, W0, W1, learning_rate, steps)"""
    for sizes, steps in zip(_SIZES, (3, 8, 5, 12), strict=True):
        x0, W0, W1, y = _network(rng, *sizes)
        yield hidden("values", x0, y, W0, W1, float(rng.uniform(0.05, 0.2)), steps)
    x0, W0, W1, _ = _network(rng, 3, 2, 2)
    yield hidden("edges", x0, W1 @ np.tanh(W0 @ x0), W0, W1, 0.3, 4)
    x0, W0, W1, y = _network(rng, 2, 2, 2)
    yield hidden("shapes", x0, y, W0, W1, 0.1, 1)


CASES: dict[str, HiddenCases] = {
    "two_layer_forward": _networks(3),
    "half_squared_error": _outputs,
    "output_gradient": _outputs,
    "tanh_layer_backward": _tanh_layers,
    "two_layer_backward": _networks(4),
    "gradient_step": _steps,
    "two_layer_train": _trainings,
}
