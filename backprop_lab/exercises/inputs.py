"""Input generators: signed, non-constant, every dimension different, nothing near zero by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .exercise import Case

Rng = np.random.Generator


def signed(rng: Rng, shape: tuple[int, ...] = (), low: float = 0.3, high: float = 2.5) -> Any:
    """Numbers of random sign with magnitude between ``low`` and ``high``.

    Away from zero, so that a relative tolerance means something; at least one of
    each sign wherever there are two entries or more.
    """
    magnitude = rng.uniform(low, high, shape)
    sign = rng.choice([-1.0, 1.0], shape)
    values = np.asarray(magnitude * sign)
    if values.size > 1:
        flat = values.reshape(-1)
        first, second = rng.choice(values.size, 2, replace=False)
        flat[first], flat[second] = abs(flat[first]), -abs(flat[second])
    return values if shape else float(values)


def positive(rng: Rng, shape: tuple[int, ...] = ()) -> Any:
    """Numbers between 0.3 and 2.5."""
    values = rng.uniform(0.3, 2.5, shape)
    return values if shape else float(values)


Draw = Callable[[Rng, tuple[int, ...]], Any]


def elementwise_cases(
    *draws: Draw,
    at: Mapping[str, tuple[Any, ...]] | None = None,
    edges: Callable[[Rng], Iterator[Case]] | None = None,
) -> Callable[[Rng], Iterator[Case]]:
    """Calls ``(delta, *inputs)`` of an elementwise operation, one generator per input.

    The edge cases are given inputs, named in ``at``, and what ``edges`` draws.
    """

    def cases(rng: Rng) -> Iterator[Case]:
        def call(name: str, group: str, shape: tuple[int, ...]) -> Case:
            return Case(name, group, (signed(rng, shape), *[draw(rng, shape) for draw in draws]))

        yield call("a 3×4 array", "values", (3, 4))
        yield call("a vector of 5", "values", (5,))
        yield call("a 2×3×5 array", "values", (2, 3, 5))
        for name, given in (at or {}).items():
            inputs = [np.array(values, dtype=float) for values in given]
            yield Case(name, "edges", (signed(rng, inputs[0].shape), *inputs))
        if edges is not None:
            yield from edges(rng)
        yield call("plain numbers", "shapes", ())
        yield call("an array with one entry", "shapes", (1,))
        yield call("a single row", "shapes", (1, 4))
        yield call("an empty array", "shapes", (0, 3))

    return cases
