"""For every differentiable operation: arrays to try it on, away from its kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator
Case = tuple[list[Any], dict[str, Any]]  # arrays, parameters


def signed(rng: Rng, *shape: int) -> np.ndarray:
    """Numbers of either sign, none within 0.1 of zero."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 2.0, shape)


def positive(rng: Rng, *shape: int) -> np.ndarray:
    return rng.uniform(0.2, 2.0, shape)


def apart(rng: Rng, *shape: int) -> np.ndarray:
    """Numbers at least 0.1 from each other, in random order."""
    return (rng.permutation(int(np.prod(shape))) * 0.3 + rng.uniform(0, 0.2)).reshape(shape) - 1.0


def unary(name: str, draw: Callable[..., np.ndarray] = signed) -> tuple[str, Callable[[Rng], Case]]:
    return name, lambda rng: ([draw(rng, 3, 4)], {})


def pair(rng: Rng, a: tuple[int, ...], b: tuple[int, ...]) -> Case:
    return [signed(rng, *a), signed(rng, *b)], {}


def two_apart(rng: Rng) -> Case:
    values = apart(rng, 2, 3, 4)
    return [values[0], values[1]], {}


CASES: list[tuple[str, Callable[[Rng], Case]]] = [
    *[unary(name) for name in ("identity", "negative", "exp", "square", "reciprocal", "abs", "sin", "cos")],
    *[unary(name) for name in ("tanh", "sigmoid", "relu", "softmax", "log_softmax", "logsumexp")],
    *[unary(name, positive) for name in ("log", "sqrt")],
    *[(name, lambda rng: pair(rng, (3, 4), (3, 4))) for name in ("add", "subtract", "multiply", "divide")],
    *[(name, lambda rng: pair(rng, (3, 1), (4,))) for name in ("add", "subtract", "multiply", "divide")],
    *[(name, lambda rng: pair(rng, (), (2, 3))) for name in ("add", "multiply", "divide")],
    ("power", lambda rng: ([positive(rng, 3, 4), signed(rng, 4)], {})),
    ("maximum", two_apart),
    ("minimum", two_apart),
    ("where", lambda rng: ([rng.random((3, 4)) < 0.5, signed(rng, 3, 4), signed(rng, 4)], {})),
    *[
        ("sum", lambda rng, axis=axis: ([signed(rng, 2, 3, 4)], {"axis": axis}))
        for axis in (None, 0, -1, (0, 2))
    ],
    ("sum", lambda rng: ([signed(rng, 2, 3)], {"axis": 1, "keepdims": True})),
    *[
        ("mean", lambda rng, axis=axis: ([signed(rng, 2, 3, 4)], {"axis": axis}))
        for axis in (None, 1, (0, 1))
    ],
    ("max", lambda rng: ([apart(rng, 3, 4)], {})),
    ("max", lambda rng: ([apart(rng, 3, 4)], {"axis": 0})),
    ("min", lambda rng: ([apart(rng, 2, 3, 2)], {"axis": -1, "keepdims": True})),
    ("logsumexp", lambda rng: ([signed(rng, 3, 4)], {"axis": 0, "keepdims": True})),
    ("softmax", lambda rng: ([signed(rng, 3, 4)], {"axis": 0})),
    ("log_softmax", lambda rng: ([signed(rng, 3, 4)], {"axis": 0})),
    ("reshape", lambda rng: ([signed(rng, 3, 4)], {"shape": (2, 6)})),
    ("broadcast_to", lambda rng: ([signed(rng, 3, 1)], {"shape": (2, 3, 4)})),
    ("sum_to", lambda rng: ([signed(rng, 2, 3, 4)], {"shape": (3, 1)})),
    ("transpose", lambda rng: ([signed(rng, 2, 3, 4)], {})),
    ("swap_last", lambda rng: ([signed(rng, 2, 3, 4)], {})),
    ("index", lambda rng: ([signed(rng, 3, 4)], {"key": (slice(None), 1)})),
    ("index", lambda rng: ([signed(rng, 3, 4)], {"key": np.array([0, 2, 0])})),
    ("scatter", lambda rng: ([signed(rng, 3, 4)], {"key": np.array([0, 2, 0]), "shape": (5, 4)})),
    ("concatenate", lambda rng: ([signed(rng, 2, 3), signed(rng, 2, 1)], {"axis": 1})),
    ("stack", lambda rng: ([signed(rng, 2, 3), signed(rng, 2, 3)], {"axis": 1})),
    *[
        ("matmul", lambda rng, a=a, b=b: pair(rng, a, b))
        for a, b in [
            ((2, 3), (3, 4)),
            ((3,), (3, 4)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 2, 3), (3, 4)),
            ((3,), (5, 3, 4)),
            ((5, 2, 3), (3,)),
        ]
    ],
    ("affine", lambda rng: ([signed(rng, 2, 3), signed(rng, 3, 4), signed(rng, 4)], {})),
    ("affine", lambda rng: ([signed(rng, 3), signed(rng, 3, 4), signed(rng, 4)], {})),
    ("affine", lambda rng: ([signed(rng, 5, 2, 3), signed(rng, 3, 4), signed(rng, 4)], {})),
    ("affine", lambda rng: ([signed(rng, 3), signed(rng, 3), signed(rng)], {})),
    ("cross_entropy", lambda rng: ([signed(rng, 3, 4), rng.integers(0, 4, 3)], {})),
    ("cross_entropy", lambda rng: ([signed(rng, 4), np.array(2)], {})),
    ("cross_entropy", lambda rng: ([signed(rng, 2, 3, 4), rng.integers(0, 4, (2, 3))], {})),
    ("squared_error", lambda rng: pair(rng, (3, 4), (3, 4))),
    ("squared_error", lambda rng: pair(rng, (3, 4), ())),
]

IDS = [f"{k}-{name}" for k, (name, _) in enumerate(CASES)]
