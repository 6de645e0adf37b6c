"""Hidden cases of 07-differentiating-inputs."""

from __future__ import annotations

from collections.abc import Iterator

from numpy.random import Generator

from backprop_lab.exercises import Case
from backprop_lab.exercises.differentiating_inputs import far_off, image, kinked, network, search, seen

from .cases import HiddenCases, hidden

SIZES = ((9, 6, 5), (5, 5, 5), (11, 4, 3))


def _unit(rng: Generator) -> Iterator[Case]:
    for pixels, units, classes in SIZES:
        yield hidden("values", *seen(rng, pixels, units, classes), int(rng.integers(classes)))
    yield hidden("edges", *kinked(rng, 6, 5, 4), 3)
    yield hidden("shapes", network(rng, 2, 1, 1), image(rng, 2), 0)


def _visualize(rng: Generator) -> Iterator[Case]:
    for pixels, units, classes in SIZES:
        params, x = seen(rng, pixels, units, classes)
        yield hidden("values", params, int(rng.integers(classes)), int(rng.integers(3, 9)), x, 0.2, 0.15)
    yield hidden("edges", network(rng, 4, 3, 2), 1, 0, image(rng, 4), 0.3, 0.2)
    yield hidden("shapes", network(rng, 2, 1, 1), 0, 2, image(rng, 2), 0.1, 0.1)


def _fgsm(rng: Generator) -> Iterator[Case]:
    for pixels, units, classes in SIZES:
        params, x = seen(rng, pixels, units, classes)
        yield hidden("values", params, x, int(rng.integers(classes)), float(rng.uniform(0.05, 0.4)))
    yield hidden("edges", *far_off(rng), 2, 0.15)
    yield hidden("shapes", network(rng, 2, 1, 2), image(rng, 2), 1, 0.2)


def _pgd(rng: Generator) -> Iterator[Case]:
    for pixels, units, classes in SIZES:
        params, x = seen(rng, pixels, units, classes)
        epsilon = float(rng.uniform(0.1, 0.5))
        yield hidden("values", params, x, int(rng.integers(classes)), epsilon, 7, 0.4 * epsilon)
    yield hidden("edges", network(rng, 5, 4, 3), image(rng, 5), 1, 1.0, 4, 0.3)
    yield hidden("edges", *far_off(rng), 2, 0.2, 2, 0.15)
    yield hidden("shapes", network(rng, 2, 1, 2), image(rng, 2), 1, 0.2, 3, 0.1)


def _match(rng: Generator) -> Iterator[Case]:
    for shape in ((7, 4, 6, 3), (5, 5, 5, 5), (3, 2, 8, 6)):
        yield hidden("values", *search(rng, *shape), int(rng.integers(2, 7)), float(rng.uniform(0.05, 0.25)))
    yield hidden("edges", *search(rng, 4, 2, 5, 3), 0, 0.2)
    yield hidden("shapes", *search(rng, 2, 1, 2, 1), 2, 0.1)


CASES: dict[str, HiddenCases] = {
    "input_gradient": _unit,
    "visualize_unit": _visualize,
    "fgsm": _fgsm,
    "pgd": _pgd,
    "match_text": _match,
}
