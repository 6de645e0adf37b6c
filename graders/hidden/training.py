"""Hidden cases of 06-training-a-network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.inputs import signed
from backprop_lab.exercises.training import at_the_kink, digits_case, logits_and_labels, small_network

from .cases import HiddenCases, hidden


def _softmax(rng: Generator) -> Iterator[Case]:
    yield hidden("values", signed(rng, (7, 4)))
    yield hidden("values", signed(rng, (5, 6)).T)
    yield hidden("edges", np.array([[700.0, 800.0], [-800.0, -700.0], [0.0, 0.0]]) + signed(rng, (3, 2)))
    yield hidden("shapes", signed(rng, (1, 1)))


def _losses(rng: Generator) -> Iterator[Case]:
    yield hidden("values", *logits_and_labels(rng, 7, 4))
    yield hidden("values", *logits_and_labels(rng, 5, 5))
    logits, labels = logits_and_labels(rng, 6, 3)
    yield hidden("values", np.asfortranarray(logits), labels)
    yield hidden("edges", 900.0 + 400.0 * signed(rng, (4, 3)), rng.integers(0, 3, 4))
    yield hidden("shapes", *logits_and_labels(rng, 1, 6))


def _network(rng: Generator, rows: int, sizes: tuple[int, int, int]) -> tuple[object, ...]:
    X = signed(rng, (rows, sizes[0]))
    return small_network(rng, *sizes), X, logits_and_labels(rng, rows, sizes[2])[1]


def _forward(rng: Generator) -> Iterator[Case]:
    for rows, sizes in ((7, (5, 3, 2)), (4, (4, 4, 4))):
        yield hidden("values", *_network(rng, rows, sizes)[:2])
    yield hidden("edges", *at_the_kink(rng, 3, 4, 5, 2)[:2])
    yield hidden("shapes", *_network(rng, 1, (1, 3, 2))[:2])


def _backward(rng: Generator) -> Iterator[Case]:
    for rows, sizes in ((8, (5, 3, 4)), (3, (3, 3, 3)), (2, (6, 4, 3))):
        yield hidden("values", *_network(rng, rows, sizes))
    yield hidden("edges", *at_the_kink(rng, 6, 4, 3, 3))
    yield hidden("shapes", *_network(rng, 1, (2, 3, 4)))


def _training(rng: Generator) -> Iterator[Case]:
    # Another share of the digits than in the notebook.
    yield digits_case(rng, "a hidden choice of the digits", int(rng.integers(4, 6)), hidden=True)


CASES: dict[str, HiddenCases] = {
    "softmax": _softmax,
    "cross_entropy": _losses,
    "cross_entropy_backward": _losses,
    "mlp_forward": _forward,
    "mlp_backward": _backward,
    "train_network": _training,
}
