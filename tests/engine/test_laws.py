"""What every derivative obeys, whatever the operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operation_cases import CASES, IDS, Rng, positive, signed

from backprop_lab import Graph, Variable, check_gradients, grad, hessian, jvp, ops, vjp
from backprop_lab.engine.node import TABLE

seeds = st.integers(0, 2**32 - 1)
every_operation = pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)


def differentiable(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "f"


def drawn(name: str, case: Any, seed: int) -> tuple[Any, list[Any], Rng]:
    """The operation as a function of its floating-point inputs, those inputs, and the generator."""
    rng = np.random.default_rng(seed)
    arrays, params = case(rng)

    def f(*given: Any) -> Any:
        floats = iter(given)
        return TABLE[name](*[next(floats) if differentiable(x) else x for x in arrays], **params)

    return f, [x for x in arrays if differentiable(x)], rng


def like(x: Any, rng: Rng) -> Any:
    return rng.standard_normal(np.shape(x))


def inner(xs: Any, ys: Any) -> float:
    return float(sum(np.sum(np.asarray(x) * y) for x, y in zip(xs, ys, strict=True)))


def test_every_differentiable_operation_is_tried():
    assert {name for name, operation in TABLE.items() if operation.differentiable} == {
        name for name, _ in CASES
    }


@every_operation
@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_vjp_is_linear_in_delta(name: str, case: Any, seed: int):
    f, xs, rng = drawn(name, case, seed)
    value, pullback = vjp(f, *xs)
    d1, d2 = like(value, rng), like(value, rng)
    for both, one, two in zip(pullback(2 * d1 - 3 * d2), pullback(d1), pullback(d2), strict=True):
        assert np.allclose(both, 2 * np.asarray(one) - 3 * np.asarray(two))


@every_operation
@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_jvp_and_vjp_are_transposes(name: str, case: Any, seed: int):
    f, xs, rng = drawn(name, case, seed)
    value, pullback = vjp(f, *xs)
    u, tangents = like(value, rng), tuple(like(x, rng) for x in xs)
    pushed = jvp(f, xs, tangents)[1]
    assert inner([pushed], [u]) == pytest.approx(inner(pullback(u), tangents), rel=1e-9, abs=1e-9)


@every_operation
@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_the_rules_agree_with_differences(name: str, case: Any, seed: int):
    f, xs, _ = drawn(name, case, seed)
    report = check_gradients(f, *xs)
    assert report, str(report)


@every_operation
@settings(max_examples=2, deadline=None)
@given(seed=seeds)
def test_the_rules_can_be_differentiated_again(name: str, case: Any, seed: int):
    f, xs, rng = drawn(name, case, seed)
    weights = like(f(*xs), rng)
    directions = [like(x, rng) for x in xs]

    def slope(*ys: Any) -> Any:
        gradients = grad(lambda *zs: (f(*zs) * weights).sum(), argnums=tuple(range(len(xs))))(*ys)
        total: Any = 0.0
        for gradient, direction in zip(gradients, directions, strict=True):
            total = total + ops.sum(gradient * direction)
        return total

    report = check_gradients(slope, *xs, tolerance=1e-5)
    assert report, str(report)


@every_operation
def test_nothing_that_is_handed_in_changes(name: str, case: Any):
    f, xs, rng = drawn(name, case, 1)
    before = [np.array(x) for x in xs]
    for x in xs:
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    value, pullback = vjp(f, *xs)
    delta = like(value, rng)
    kept = np.array(delta)
    first = [np.array(g) for g in pullback(delta)]
    second = pullback(delta)
    assert np.array_equal(delta, kept)
    assert all(np.array_equal(x, y) for x, y in zip(xs, before, strict=True))
    assert all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


@every_operation
def test_float32_stays_float32(name: str, case: Any):
    f, xs, rng = drawn(name, case, 2)
    xs = [np.asarray(x, np.float32)[()] for x in xs]
    value, pullback = vjp(f, *xs)
    assert value.dtype == np.float32
    gradients = pullback(np.asarray(like(value, rng), np.float32)[()])
    assert all(g.dtype == np.float32 for g in gradients)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_chain_rule_of_composition(seed: int):
    rng = np.random.default_rng(seed)
    x, delta = signed(rng, 3, 4), signed(rng, 3, 2)
    W = signed(rng, 4, 2)
    inside = lambda x: ops.tanh(x * x)
    outside = lambda h: ops.softmax(h @ W)
    h, back_inside = vjp(inside, x)
    _, back_outside = vjp(outside, h)
    _, back = vjp(lambda x: outside(inside(x)), x)
    assert np.allclose(back(delta)[0], back_inside(back_outside(delta)[0])[0])


shapes = st.sampled_from(
    [((3,), (2, 3)), ((3, 1), (1, 4)), ((), (2, 2)), ((1,), (4, 1)), ((2, 1, 3), (4, 1))]
)


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    shapes=shapes,
    name=st.sampled_from(["add", "subtract", "multiply", "divide", "maximum", "power"]),
)
def test_broadcasting_is_explicit_tiling_and_its_gradient_the_sum_over_copies(
    seed: int, shapes: Any, name: str
):
    rng = np.random.default_rng(seed)
    a, b = positive(rng, *shapes[0]), positive(rng, *shapes[1])
    tiled_a, tiled_b = np.array(np.broadcast_arrays(a, b))
    value, pullback = vjp(TABLE[name], a, b)
    tiled_value, tiled_pullback = vjp(TABLE[name], tiled_a, tiled_b)
    delta = like(value, rng)
    assert np.allclose(value, tiled_value)
    for gradient, tiled, x in zip(pullback(delta), tiled_pullback(delta), (a, b), strict=True):
        assert np.shape(gradient) == np.shape(x)
        stretched = tuple(
            k for k in range(tiled.ndim) if (1,) * (tiled.ndim - x.ndim) + x.shape != tiled.shape
        )
        copies = tiled.reshape(tiled.shape)
        lead = tiled.ndim - x.ndim
        axes = tuple(range(lead)) + tuple(
            lead + k for k, n in enumerate(x.shape) if n == 1 and tiled.shape[lead + k] > 1
        )
        assert stretched or axes == ()
        assert np.allclose(gradient, copies.sum(axis=axes, keepdims=True).reshape(x.shape))


def random_program(rng: Rng, leaves: list[Any], length: int, order: list[int] | None = None) -> Any:
    """A random expression of the leaves; the same for the same generator state."""
    pool = list(leaves)
    for _ in range(length):
        i, j = rng.integers(0, len(pool), 2)
        kind = rng.integers(0, 6)
        a, b = pool[i], pool[j]
        pool.append([a + b, a * b, ops.tanh(a), ops.sin(a - b), ops.sigmoid(a * b), a / (2 + b * b)][kind])
    total: Any = 0.0
    for x in pool[-3:]:
        total = total + (x if np.shape(getattr(x, "value", x)) == () else x.sum())
    return total


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_the_gradient_of_a_random_program_is_right(seed: int):
    f = lambda *xs: random_program(np.random.default_rng(seed), list(xs), 12)
    rng = np.random.default_rng(seed + 1)
    report = check_gradients(f, *[signed(rng, 2) for _ in range(3)])
    assert report, str(report)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_second_derivatives_are_symmetric(seed: int):
    f = lambda x: random_program(np.random.default_rng(seed), [x[0], x[1], x[2:]], 8)
    H = hessian(f)(signed(np.random.default_rng(seed + 1), 4))
    assert np.allclose(H, H.T)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_the_order_in_which_leaves_are_made_does_not_matter(seed: int):
    rng = np.random.default_rng(seed)
    values = {name: signed(rng, 3) for name in "abcd"}

    def gradients(creation: Any) -> dict[str, Any]:
        made = {name: Variable(values[name], name) for name in creation}
        g = Graph(random_program(np.random.default_rng(seed), [made[name] for name in "abcd"], 12))
        g.backward()
        return {name: made[name].grad for name in "abcd"}

    one, other = gradients("abcd"), gradients(rng.permutation(list("abcd")))
    assert all(one[name] is other[name] is None or np.allclose(one[name], other[name]) for name in "abcd")


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_a_graph_with_operands_swapped_has_the_same_gradient(seed: int):
    rng = np.random.default_rng(seed)
    a, b, c = (signed(rng, 3) for _ in range(3))
    f = lambda a, b, c: ((a + b) * (b * c) + ops.tanh(a) * c).sum()
    permuted = lambda a, b, c: (c * ops.tanh(a) + (c * b) * (b + a)).sum()
    for one, other in zip(*[grad(h, (0, 1, 2))(a, b, c) for h in (f, permuted)], strict=True):
        assert np.allclose(one, other)


@pytest.mark.parametrize("x", [-1000.0, -50.0, -1e-9, 0.0, 1e-9, 50.0, 1000.0])
def test_numbers_and_arrays_agree(x: float):
    for name in ("sigmoid", "tanh", "relu", "sin", "cos", "exp", "square", "abs"):
        with np.errstate(over="ignore"):
            number, array = TABLE[name](x), TABLE[name](np.array([x]))
        assert number == pytest.approx(array[0], rel=1e-14)


def test_large_inputs_stay_finite():
    x = np.array([-1000.0, 0.0, 1000.0])
    for f in (ops.sigmoid, ops.tanh, ops.softmax, ops.log_softmax):
        value, pullback = vjp(f, x)
        assert np.all(np.isfinite(value))
        assert np.all(np.isfinite(pullback(np.ones(3))[0]))
    assert ops.cross_entropy(x[None], np.array([0])) == 2000.0
    assert ops.log(ops.sigmoid(-50.0)) == pytest.approx(-50.0)


def test_conventions_at_kinks():
    assert grad(ops.relu)(0.0) == 0.0
    assert grad(lambda x: ops.relu(x).sum())(np.array([0.0, -0.0])).tolist() == [0.0, 0.0]
    assert grad(ops.maximum, (0, 1))(2.0, 2.0) == (1.0, 0.0)
    assert grad(ops.minimum, (0, 1))(2.0, 2.0) == (1.0, 0.0)
    assert grad(ops.max)(np.array([1.0, 3.0, 3.0])).tolist() == [0.0, 1.0, 0.0]
    assert grad(ops.min)(np.array([1.0, 1.0, 3.0])).tolist() == [1.0, 0.0, 0.0]
    assert grad(ops.abs)(0.0) == 0.0


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_powers_where_the_textbook_formula_breaks():
    assert grad(lambda x: x**0)(0.0) == 0.0
    assert grad(lambda x: x**2)(0.0) == 0.0
    assert grad(lambda b: 0.0**b)(2.0) == 0.0
    assert grad(lambda x: x**3)(np.float32(2)).dtype == np.float32
    assert np.isnan(ops.power(-8.0, 1 / 3))
