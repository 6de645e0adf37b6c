"""Hidden cases of 05-momentum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import signed
from backprop_lab.exercises.momentum import bowl, eigenvalues

from .cases import HiddenCases, hidden

COSH = {"loss": "cosh"}


def _sgd(rng: Generator) -> Iterator[Case]:
    for shape in [(6,), (2, 5), (2, 3, 2)]:
        yield hidden("values", signed(rng, shape), signed(rng, shape), float(rng.uniform(0.01, 1.5)))
    # Views with strides, as slices of a larger array are.
    yield hidden("values", signed(rng, (4, 3)).T, signed(rng, (4, 3)).T, 0.3)
    yield hidden("shapes", signed(rng, (1,)), signed(rng, (1,)), 0.7)


def _momentum(rng: Generator) -> Iterator[Case]:
    for shape in [(6,), (2, 5), (3, 3)]:
        yield hidden("values", *[signed(rng, shape) for _ in "tvg"], float(rng.uniform(0.01, 0.8)), 0.6)
    rates = [float(rate) for rate in rng.uniform(0.02, 0.5, 6)]
    yield hidden("values", signed(rng, (4,)), signed(rng, (4,)), signed(rng, (6, 4)), rates, 0.85)
    yield hidden("edges", *[signed(rng, (3,)) for _ in "tvg"], 0.0, 0.9)
    yield hidden("shapes", *[signed(rng, (1,)) for _ in "tvg"], 0.1, 0.9)


def _nesterov(rng: Generator) -> Iterator[Case]:
    yield hidden("values", signed(rng, (6,)), signed(rng, (6,)), COSH, 0.07, 0.75)
    yield hidden("values", signed(rng, (4,)), signed(rng, (4,)), bowl(rng, 4), 0.2, 0.6)
    yield hidden(
        "values", signed(rng, (2,)), signed(rng, (2,)), {"loss": "valley", "steepness": 1.3}, 0.03, 0.8
    )
    yield hidden("values", signed(rng, (3,)), np.zeros(3), COSH, [0.05, 0.15, 0.02, 0.1], 0.7)
    yield hidden("shapes", signed(rng, (2, 3)), signed(rng, (2, 3)), COSH, 0.1, 0.5)


def _descend(rng: Generator) -> Iterator[Case]:
    def method(name: str) -> dict[str, Any]:
        return {"method": name, "learning_rate": float(rng.uniform(0.03, 0.12)), "beta": 0.8}

    yield hidden("values", method("nesterov"), signed(rng, (5,)), COSH, 9)
    yield hidden("values", method("momentum"), signed(rng, (2,)), bowl(rng, 2), 13)
    yield hidden("values", method("sgd"), signed(rng, (4,)), bowl(rng, 4), 4)
    yield hidden("edges", method("nesterov"), signed(rng, (2, 2)), COSH, 0)
    yield hidden("shapes", method("momentum"), signed(rng, (1,)), COSH, 3)


def _spectrum(rng: Generator) -> Iterator[Case]:
    for count, condition in [(6, 4.0), (9, 1000.0), (4, 60.0)]:
        yield hidden("values", eigenvalues(rng, count, condition))
    yield hidden("edges", np.full(2, 1.7))
    yield hidden("shapes", np.array([0.3]))


def _rate(rng: Generator) -> Iterator[Case]:
    for count, condition in [(4, 10.0), (6, 300.0)]:
        values = eigenvalues(rng, count, condition)
        high = float(np.max(values))
        for share, beta in [(0.2, 0.1), (1.9, 0.0), (2.6, 0.7), (6.0, 0.4), (1.0, 0.97)]:
            yield hidden("values", values, share / high, beta)
    yield hidden("shapes", np.array([3.0, 1.0]), 0.2, 0.5)


def _minibatches(rng: Generator) -> Iterator[Case]:
    for n, batch_size in [(41, 8), (36, 12), (60, 19)]:
        yield hidden("values", n, batch_size, int(rng.integers(2**31)))
    yield hidden("edges", 33, 1, int(rng.integers(2**31)))
    yield hidden("shapes", 7, 6, int(rng.integers(2**31)))


CASES: dict[str, HiddenCases] = {
    "sgd_step": _sgd,
    "descend": _descend,
    "best_learning_rate": _spectrum,
    "momentum_step": _momentum,
    "convergence_rate": _rate,
    "best_momentum": _spectrum,
    "nesterov_step": _nesterov,
    "minibatches": _minibatches,
}
