"""Hidden cases of 01-chain-rule."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import Draw, positive, signed

from .cases import HiddenCases, hidden


def _elementwise(*draws: Draw) -> HiddenCases:
    def cases(rng: Generator) -> Iterator[Case]:
        yield hidden("values", signed(rng, (7, 2)), *[draw(rng, (7, 2)) for draw in draws])
        yield hidden("values", signed(rng, (4, 4)), *[draw(rng, (4, 4)) for draw in draws])
        # A view with strides, as a slice of a larger batch is.
        yield hidden("values", signed(rng, (5, 6)).T, *[draw(rng, (5, 6)).T for draw in draws])
        yield hidden("shapes", signed(rng, (2, 1, 3, 1)), *[draw(rng, (2, 1, 3, 1)) for draw in draws])
        yield hidden("shapes", 0.0, *[draw(rng, ()) for draw in draws])

    return cases


def _numbers(count: int) -> HiddenCases:
    def cases(rng: Generator) -> Iterator[Case]:
        for _ in range(5):
            yield hidden("values", *[signed(rng, (), 0.01, 50.0) for _ in range(count)])
        yield hidden("edges", *[0.0] * count)

    return cases


def _two_vectors(rng: Generator) -> Iterator[Case]:
    for size in (5, 2, 6):
        yield hidden("values", signed(rng, (size,)), signed(rng, (size,)))
    yield hidden("edges", np.zeros(3), signed(rng, (3,)))


CASES: dict[str, HiddenCases] = {
    "add_backward": _elementwise(signed, signed),
    "multiply_backward": _elementwise(signed, signed),
    "max_backward": _elementwise(signed, signed),
    "exp_backward": _elementwise(signed),
    "log_backward": _elementwise(positive),
    "reciprocal_backward": _elementwise(signed),
    "square_backward": _elementwise(signed),
    "sigmoid_backward": _elementwise(signed),
    "squared_error_gradients": _numbers(4),
    "logistic_loss_gradients": _two_vectors,
    "hidden_chain_gradients": _numbers(6),
}
