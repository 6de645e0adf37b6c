"""The exercises of 05-momentum beyond the generic tests: what `minibatches` accepts, functions by name."""

import numpy as np
import pytest

from backprop_lab.check import verdict_on
from backprop_lab.exercises import Case, find
from backprop_lab.exercises.momentum import gradient_from, method_from, problem_with_epochs, two_epochs
from graders.wire import Unsupported, decode, encode

CASE = Case("a case", "values", (23, 4, 0))


def epochs(function, n=23, size=4):
    return problem_with_epochs(Case("a case", "values", (n, size, 5)), two_epochs(function, n, size, 5))


def dealt(n, size, order):
    return [order[k : k + size] for k in range(0, n, size)]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda n, size, rng: None, "the return missing"),
        (lambda n, size, rng: rng.permutation(n), "a list of batches"),
        (lambda n, size, rng: dealt(n, size, np.arange(n)), "same batches as the first"),
        (lambda n, size, rng: dealt(n, size, np.random.default_rng().permutation(n)), "same seed"),
        (lambda n, size, rng: dealt(n, size, rng.permutation(n) + 1), "outside 0 to 22"),
        (lambda n, size, rng: dealt(n, size, rng.permutation(n) / 1), "whole numbers"),
        (lambda n, size, rng: dealt(n, size, rng.integers(0, n, n)), "twice in one epoch"),
        (lambda n, size, rng: dealt(n, size, rng.permutation(n))[:-1], "3 of 23 examples are never visited"),
        (lambda n, size, rng: dealt(n, size + 1, rng.permutation(n)), "must have 4"),
        (lambda n, size, rng: np.array_split(rng.permutation(n), 8), "must have 4"),
        (lambda n, size, rng: iter(lambda: [0], 1), "more batches"),
        (lambda n, size, rng: [], "23 of 23 examples are never visited"),
    ],
)
def test_batches_that_are_no_partition_get_a_sentence(function, said):
    assert said in epochs(function)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "first",
        {"first": [[0]]},
        Unsupported("generator"),
        {"first": "abc", "second": [], "again": []},
        {"first": [[0, [1]]], "second": [], "again": []},
        {"first": [Unsupported("x")], "second": [], "again": []},
        {"first": [[True] * 23], "second": [], "again": []},
        {"first": [[10**400] * 23], "second": [], "again": []},
        {"first": [[np.int64(3)]], "second": [], "again": []},
    ],
)
def test_what_an_enemy_sends_is_refused_in_a_sentence(value):
    assert isinstance(problem_with_epochs(CASE, value), str)


@pytest.mark.parametrize(
    ("minibatches", "named"),
    [
        (lambda n, size, rng: dealt(n, size, np.floor(n * rng.random(n)).astype(int)), "with-replacement"),
        (lambda n, size, rng: dealt(n, size, np.roll(np.arange(n), n // 2)), "not-shuffled"),
        (lambda n, size, rng: dealt(n - n % size, size, rng.permuted(np.arange(n))), "last-batch-lost"),
    ],
)
def test_a_mistake_is_named_by_what_the_batches_are_whichever_they_are(minibatches, named):
    minibatches.__name__ = "minibatches"
    assert verdict_on(minibatches).misconception == named


def test_cases_travel_over_the_wire():
    for name in ("momentum_step", "nesterov_step", "descend", "minibatches"):
        for case in find(name).battery(0):
            decode(encode(list(case.args), refuse=True))


def test_a_gradient_in_place_of_the_function_gets_a_sentence():
    def descend(step, theta, gradient_fn, steps):
        return step(theta, 0.0, gradient_fn(theta))

    assert "takes the gradient function, not a gradient" in str(verdict_on(descend))


def test_unknown_losses_and_methods_are_refused():
    with pytest.raises(ValueError, match="no loss called 'cup'"):
        gradient_from({"loss": "cup"})
    with pytest.raises(ValueError, match="no method called 'adam'"):
        method_from({"method": "adam"})(1.0, 0.0, abs)


def test_the_valley_has_the_gradient_of_its_formula():
    from backprop_lab import grad

    loss = lambda t: 2.0 * (t[1] - t[0] ** 2) ** 2 + (1 - t[0]) ** 2
    theta = np.array([0.7, -1.2])
    np.testing.assert_allclose(gradient_from({"loss": "valley", "steepness": 2.0})(theta), grad(loss)(theta))
