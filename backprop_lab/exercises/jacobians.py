"""Exercises of 03-jacobians: local Jacobians, and the products that make them unnecessary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..engine import Node, jacobian, ops, vjp
from .exercise import Case, Exercise, WrongAnswer, backward_of, register
from .inputs import Rng, elementwise_cases, signed

ASSIGNMENT = "03-jacobians"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer


def _edge(name: str, *args: Any) -> Case:
    return Case(name, "edges", args)


def _ones(delta: Any) -> Any:
    return np.ones(np.shape(delta))


# ---------------------------------------------------------------- elementwise functions


def _vectors(*special: tuple[str, Any]) -> Callable[[Rng], Iterator[Case]]:
    """Calls with one vector, then the named edge cases."""

    def cases(rng: Rng) -> Iterator[Case]:
        for size in (4, 3, 6):
            yield Case(f"a vector of {size}", "values", (signed(rng, (size,)),))
        for name, x in special:
            yield _edge(name, np.array(x))
        yield Case("a vector with one entry", "shapes", (signed(rng, (1,)),))
        yield Case("an empty vector", "shapes", (np.zeros(0),))

    return cases


def _every_row(values: Any) -> Any:
    """The values of a diagonal, standing in every row instead."""
    return np.ones((values.size, values.size)) * values


relu_jacobian = _exercise(
    name="relu_jacobian",
    arguments=("x",),
    returns=("J",),
    points=3,
    reference=lambda x: jacobian(ops.relu)(x),
    cases=_vectors(
        ("zeros among the inputs", [0.0, -2.0, 3.0, 0.0]),
        ("a dead layer: every input negative", [-1.0, -3.0, -0.5]),
        ("large numbers", [1e9, -1e9, 1.0]),
    ),
    wrong=(
        _W("vector-for-matrix", lambda x: 1.0 * (x > 0)),
        _W("vector-for-matrix", lambda x: 1.0 * (x >= 0)),
        _W("relu-at-zero", lambda x: np.diag(1.0 * (x >= 0))),
        _W("relu-at-zero", lambda x: np.diag((x > 0) + 0.5 * (x == 0))),
        _W("not-diagonal", lambda x: _every_row(1.0 * (x > 0))),
        _W("not-diagonal", lambda x: _every_row(1.0 * (x > 0)).T),
        _W("not-diagonal", lambda x: np.outer(x > 0, x > 0) * 1.0),
        _W("forward-again", lambda x: np.diag(np.maximum(x, 0))),
        _W("relu-mask", lambda x: np.diag(1.0 * (x != 0))),
        _W("relu-mask", lambda x: np.eye(x.size)),
        _W("relu-mask", lambda x: np.diag(1.0 * (x < 0))),
        _W("relu-mask", lambda x: np.diag(np.sign(x))),
    ),
    hints=(
        "Output 2 of an elementwise function reads input 2 and nothing else. Which entries of J can be "
        "nonzero?",
        "On the diagonal stands the slope of ReLU at each input: one value where it rises, another where "
        "it is flat.",
        "np.diag turns a vector into a diagonal matrix; a comparison of x with 0 gives the vector. Mind "
        "x = 0.",
    ),
)


def _kinks(rng: Rng) -> Iterator[Case]:
    yield _edge("exact zeros", signed(rng, (5,)), np.array([0.0, -2.0, 0.0, 3.0, 0.0]))
    yield _edge("a dead layer: every input negative", signed(rng, (2, 3)), -np.abs(signed(rng, (2, 3))))
    yield _edge("large numbers", signed(rng, (3,)), np.array([1e9, -1e9, 1.0]))


relu_backward = _exercise(
    name="relu_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    points=3,
    reference=backward_of(ops.relu),
    cases=elementwise_cases(signed, edges=_kinks),
    wrong=(
        _W("relu-at-zero", lambda delta, x: delta * (x >= 0)),
        _W("relu-at-zero", lambda delta, x: delta * ((x > 0) + 0.5 * (x == 0))),
        _W("mask-from-delta", lambda delta, x: delta * (delta > 0)),
        _W("mask-from-delta", lambda delta, x: delta * (delta > 0) * (x > 0)),
        _W("mask-from-delta", lambda delta, x: x * (delta > 0)),
        _W("forward-again", lambda delta, x: delta * np.maximum(x, 0)),
        _W("forward-again", lambda delta, x: np.maximum(delta * x, 0)),
        _W("relu-mask", lambda delta, x: delta * (x != 0)),
        _W("relu-mask", lambda delta, x: 1.0 * delta),
        _W("relu-mask", lambda delta, x: delta * (x < 0)),
        _W("relu-mask", lambda delta, x: delta * np.sign(x)),
        _W("upstream-ignored", lambda delta, x: 1.0 * (x > 0) + 0.0 * delta),
        _W("upstream-ignored", lambda delta, x: np.maximum(x, 0) + 0.0 * delta),
    ),
    hints=(
        "Multiply delta by the diagonal matrix on paper: what is left of each entry of delta?",
        "Where x is positive delta passes unchanged; elsewhere nothing passes. No matrix is needed.",
        "A comparison of x with 0 gives True and False, entry by entry; multiply delta by it. Exactly 0 "
        "counts as flat.",
    ),
)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softmax_like(s: Any) -> Any:
    return np.diag(s) - np.outer(s, s)


sigmoid_jacobian = _exercise(
    name="sigmoid_jacobian",
    arguments=("x",),
    returns=("J",),
    points=3,
    reference=lambda x: jacobian(ops.sigmoid)(x),
    cases=_vectors(
        ("zero", [0.0, 0.0, 0.0]),
        ("saturated on both sides", [-1000.0, -3.0, 0.0, 3.0, 1000.0]),
    ),
    wrong=(
        _W("vector-for-matrix", lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
        _W("not-diagonal", lambda x: _every_row(_sigmoid(x) * (1 - _sigmoid(x)))),
        _W("not-diagonal", lambda x: _every_row(_sigmoid(x) * (1 - _sigmoid(x))).T),
        _W("not-diagonal", lambda x: np.outer(_sigmoid(x), 1 - _sigmoid(x))),
        _W("not-diagonal", lambda x: _softmax_like(_sigmoid(x))),
        _W("sigmoid-slip", lambda x: np.diag(x * (1 - x))),
        _W("sigmoid-slip", lambda x: np.diag(_sigmoid(x))),
        _W("sigmoid-slip", lambda x: np.diag(_sigmoid(x) ** 2)),
        _W("sigmoid-slip", lambda x: np.diag(_sigmoid(x) * (1 + _sigmoid(x)))),
        _W("sigmoid-slip", lambda x: np.diag(_sigmoid(_sigmoid(x)) * (1 - _sigmoid(_sigmoid(x))))),
        _W("unstable", lambda x: np.diag(np.exp(-x) / (1 + np.exp(-x)) ** 2)),
        _W("unstable", lambda x: np.diag(np.exp(x) / (1 + np.exp(x)) ** 2)),
    ),
    hints=(
        "The sigmoid is elementwise too. Where are the entries that can differ from 0?",
        "Entry (i, i) is the slope of the sigmoid at x_i. Write it with the output s_i, as in notebook 01.",
        "Compute the vector s first; the slope is s times what s lacks to 1; np.diag does the rest.",
    ),
)


_SATURATED = {"zero": ([0, 0, 0],), "saturated on both sides": ([[-1000, -3, 0.5], [3, 1000, -0.5]],)}


sigmoid_layer_backward = _exercise(
    name="sigmoid_layer_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    points=3,
    reference=backward_of(ops.sigmoid),
    cases=elementwise_cases(signed, at=_SATURATED),
    wrong=(
        _W("sigmoid-slip", lambda delta, x: delta * x * (1 - x)),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x)),
        _W("sigmoid-slip", lambda delta, x: delta * (1 - _sigmoid(x))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x) ** 2),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x) * (1 - x)),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x) * (1 + _sigmoid(x))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(_sigmoid(x)) * (1 - _sigmoid(_sigmoid(x)))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(delta) * (1 - _sigmoid(delta))),
        _W("unstable", lambda delta, x: delta * np.exp(-x) / (1 + np.exp(-x)) ** 2),
        _W("unstable", lambda delta, x: delta * np.exp(x) / (1 + np.exp(x)) ** 2),
        _W("upstream-ignored", lambda delta, x: _sigmoid(x) * (1 - _sigmoid(x)) + 0.0 * delta),
    ),
    hints=(
        "delta times a diagonal matrix is an elementwise product. With what?",
        "A minibatch changes nothing: each entry of x has its own slope, and no entry talks to another.",
        "Compute s from x, then multiply three arrays of one shape: delta, s, and what s lacks to 1.",
    ),
)

tanh_backward = _exercise(
    name="tanh_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    points=3,
    reference=backward_of(ops.tanh),
    cases=elementwise_cases(signed, at=_SATURATED),
    wrong=(
        _W("tanh-slip", lambda delta, x: delta * (1 - x**2)),
        _W("tanh-slip", lambda delta, x: delta * (1 - np.tanh(x))),
        _W("tanh-slip", lambda delta, x: delta * np.tanh(x)),
        _W("tanh-slip", lambda delta, x: delta * (1 + np.tanh(x) ** 2)),
        _W("tanh-slip", lambda delta, x: delta * np.tanh(x) * (1 - np.tanh(x))),
        _W("tanh-slip", lambda delta, x: delta * (1 - np.tanh(np.tanh(x)) ** 2)),
        _W("tanh-slip", lambda delta, x: delta * (1 - np.tanh(delta) ** 2) + 0.0 * x),
        _W("tanh-slip", lambda delta, x: delta * (1 - delta**2) + 0.0 * x),
        _W("tanh-slip", lambda delta, x: delta / np.cosh(x)),
        _W("tanh-slip", lambda delta, x: delta / np.sinh(x) ** 2),
        _W("tanh-slip", lambda delta, x: delta * np.cosh(x) ** 2),
        _W("tanh-slip", lambda delta, x: delta * (1 - np.tanh(x)) ** 2),
        _W(
            "unstable",
            lambda delta, x: delta * (1 - ((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))) ** 2),
        ),
        _W("upstream-ignored", lambda delta, x: 1 - np.tanh(x) ** 2 + 0.0 * delta),
    ),
    hints=(
        "Like the sigmoid, tanh has a slope that can be written with its output y = tanh(x) alone.",
        "At x = 0 the slope is 1, where y = 0. Where y is near 1 or −1 the slope is near 0.",
        "The slope is 1 minus the square of the output. np.tanh gives the output.",
    ),
)


def _square(rng: Rng) -> Iterator[Case]:
    yield _edge("a square matrix", signed(rng, (3, 3)), signed(rng, (3, 3)), signed(rng, (3, 3)))


hadamard_backward = _exercise(
    name="hadamard_backward",
    arguments=("delta", "a", "b"),
    returns=("da", "db"),
    points=3,
    reference=backward_of(ops.multiply),
    cases=elementwise_cases(
        signed, signed, at={"zeros and large numbers": ([0, 1e8, -3, 0], [5, -1e8, 0, 0])}, edges=_square
    ),
    wrong=(
        _W("swapped", lambda delta, a, b: (delta * a, delta * b)),
        _W("upstream-ignored", lambda delta, a, b: (b + 0.0 * delta, a + 0.0 * delta)),
        _W("matrix-for-vector", lambda delta, a, b: (delta * np.diag(b), delta * np.diag(a))),
        _W("matrix-for-vector", lambda delta, a, b: (np.diag(b), np.diag(a))),
        _W("dot-for-elementwise", lambda delta, a, b: (delta @ b, delta @ a)),
        _W("dot-for-elementwise", lambda delta, a, b: (delta @ b.T, delta @ a.T)),
        _W("dot-for-elementwise", lambda delta, a, b: (np.sum(delta * b), np.sum(delta * a))),
        _W("wrong-gate", lambda delta, a, b: (1.0 * delta, 1.0 * delta)),
        _W("forward-again", lambda delta, a, b: (delta * a * b, delta * a * b)),
    ),
    hints=(
        "Keep b fixed. Then c = a ⊙ b is elementwise in a: its Jacobian is diagonal. What stands on the "
        "diagonal?",
        "delta times diag(b) is an elementwise product; so is delta times diag(a).",
        "Each input gets delta times the other input, entry by entry; the answer has the shape of the input.",
    ),
)

# ---------------------------------------------------------------- the linear layer


def _layer_inputs(rng: Rng) -> Iterator[Case]:
    """Calls (x, W) of one row."""
    for d, k in ((3, 4), (4, 2), (3, 3)):
        name = "a square W: 3 in, 3 out" if d == k else f"{d} in, {k} out"
        yield Case(name, "values", (signed(rng, (d,)), signed(rng, (d, k))))
    yield _edge("x = 0", np.zeros(3), signed(rng, (3, 2)))
    yield _edge("large numbers", 1e6 * signed(rng, (2,)), 1e6 * signed(rng, (2, 3)))
    yield Case("one input", "shapes", (signed(rng, (1,)), signed(rng, (1, 3))))
    yield Case("one output", "shapes", (signed(rng, (3,)), signed(rng, (3, 1))))


linear_jacobian_x = _exercise(
    name="linear_jacobian_x",
    arguments=("x", "W"),
    returns=("J",),
    points=3,
    reference=lambda x, W: jacobian(lambda x: ops.matmul(x, W))(x),
    cases=_layer_inputs,
    wrong=(
        _W("jacobian-transposed", lambda x, W: 1.0 * W),
        _W("forward-again", lambda x, W: x @ W),
        _W("forward-again", lambda x, W: W.T * x),
        _W("forward-again", lambda x, W: W * x[:, None]),
        _W("vector-for-matrix", lambda x, W: W.sum(axis=1)),
        _W("vector-for-matrix", lambda x, W: W.sum(axis=0)),
        _W("not-diagonal", lambda x, W: np.diag(np.diag(W))),
    ),
    hints=(
        "Write out one output: z_j is the sum over i of x_i W_ij. What is its derivative by x_i?",
        "J has one row per output and one column per input. W has one row per input and one column per "
        "output.",
        "Entry (j, i) of J is W_ij. It does not depend on x at all.",
    ),
)


def _kronecker(x: Any, W: Any) -> Any:
    """(K, D, K): entry (k, i, j) is x_i where k = j."""
    return np.eye(W.shape[1])[:, None, :] * x[None, :, None]


linear_jacobian_W = _exercise(  # noqa: N816 - a matrix is W throughout
    name="linear_jacobian_W",
    arguments=("x", "W"),
    returns=("J",),
    points=4,
    reference=lambda x, W: jacobian(lambda W: ops.matmul(x, W))(W),
    cases=_layer_inputs,
    wrong=(
        _W("column-row-mixed", lambda x, W: _kronecker(x, W).transpose(0, 2, 1)),
        _W("jacobian-transposed", lambda x, W: _kronecker(x, W).transpose(1, 2, 0)),
        _W("kronecker-forgotten", lambda x, W: np.ones((W.shape[1], 1, W.shape[1])) * x[None, :, None]),
        _W("ones-as-diagonal", lambda x, W: np.outer(x, np.ones(W.shape[1]))),
        _W("forward-again", lambda x, W: _kronecker(x, W) * W[None]),
        _W("upstream-ignored", lambda x, W: np.eye(W.shape[1])[:, None, :] * np.ones_like(x)[None, :, None]),
    ),
    hints=(
        "One element first: z_k is the sum over i of x_i W_ik. Which entries W_ij appear in it?",
        "Only column k of W: the derivative of z_k by W_ij is x_i if j = k and 0 otherwise.",
        "Start from zeros of shape (K, D, K). For every k there is one slice, J[k, :, k], that is not zero.",
    ),
)


def _batches(rng: Rng) -> Iterator[Case]:
    """Calls (delta, x, W, b)."""

    def call(name: str, group: str, n: int, d: int, k: int, scale: float = 1.0) -> Case:
        shapes = ((n, k), (n, d), (d, k), (k,))
        return Case(name, group, tuple(scale * signed(rng, shape) for shape in shapes))

    yield call("N = 5, 3 in, 4 out", "values", 5, 3, 4)
    yield call("everything square: N = 3, 3 in, 3 out", "values", 3, 3, 3)
    yield call("N = 4, 6 in, 2 out", "values", 4, 6, 2)
    yield call("N = 2, a square W: 4 in, 4 out", "values", 2, 4, 4)
    yield call("large numbers", "edges", 3, 2, 4, 1e5)
    yield _edge("x = 0 and W = 0", signed(rng, (3, 4)), np.zeros((3, 2)), np.zeros((2, 4)), signed(rng, (4,)))
    yield call("a batch of one", "shapes", 1, 3, 2)
    yield call("one input, one output", "shapes", 4, 1, 1)
    yield Case(
        "an empty batch",
        "shapes",
        (np.zeros((0, 2)), np.zeros((0, 3)), signed(rng, (3, 2)), signed(rng, (2,))),
    )


def _linear(
    dx: Any = lambda delta, x, W: delta @ W.T,
    dW: Any = lambda delta, x, W: x.T @ delta,
    db: Any = lambda delta: delta.sum(axis=0),
) -> Callable[..., Any]:
    """The three gradients, with some of them replaced."""
    return lambda delta, x, W, b: (dx(delta, x, W), dW(delta, x, W), db(delta))


def _square_product(delta: Any, x: Any, W: Any) -> Any:
    return delta @ W


linear_backward = _exercise(
    name="linear_backward",
    arguments=("delta", "x", "W", "b"),
    returns=("dx", "dW", "db"),
    points=6,
    reference=backward_of(ops.affine),
    cases=_batches,
    wrong=(
        _W("weight-not-transposed", _linear(dx=_square_product)),
        _W(
            "weight-not-transposed",
            _linear(dx=_square_product, dW=lambda delta, x, W: delta.T @ x),
        ),
        _W("weight-not-transposed", _linear(dx=_square_product, db=lambda delta: 1.0 * delta)),
        _W("weight-not-transposed", _linear(dx=lambda delta, x, W: W @ delta)),
        _W("bias-not-summed", _linear(db=lambda delta: 1.0 * delta)),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta.mean(axis=0))),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta.sum(axis=1))),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta.mean(axis=1))),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta.sum())),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta.sum(axis=0, keepdims=True))),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta[0])),
        _W("bias-wrong-sum", _linear(db=lambda delta: delta[-1])),
        _W("upstream-ignored", _linear(db=lambda delta: np.full(delta.shape[1], float(len(delta))))),
        _W("upstream-ignored", _linear(db=lambda delta: np.ones(delta.shape[1]))),
        _W("upstream-ignored", lambda delta, x, W, b: _linear()(_ones(delta), x, W, b)),
        _W("batch-averaged", _linear(dW=lambda delta, x, W: x.T @ delta / len(x))),
        _W(
            "batch-averaged",
            _linear(dW=lambda delta, x, W: x.T @ delta / len(x), db=lambda delta: delta.mean(axis=0)),
        ),
        _W("swapped", lambda delta, x, W, b: (x.T @ delta, delta @ W.T, delta.sum(axis=0))),
    ),
    hints=(
        "Write the shapes: delta (N, K), x (N, D), W (D, K). dx must come out (N, D), dW (D, K), db (K,).",
        "One element: dL/dW_ij is the sum over the rows n of x_ni delta_nj. Which matrix product sums "
        "over n?",
        "dx sums over the outputs (a product with W transposed), dW over the rows (x transposed comes "
        "first), "
        "and db is dW with every x equal to 1.",
    ),
)


def _columns(rng: Rng) -> Iterator[Case]:
    """Calls (delta, x, W) of y = W x + b."""
    for d, k in ((3, 4), (3, 3), (5, 2)):
        name = "a square W: 3 in, 3 out" if d == k else f"{d} in, {k} out"
        yield Case(name, "values", (signed(rng, (k,)), signed(rng, (d,)), signed(rng, (k, d))))
    yield _edge("x = 0", signed(rng, (3,)), np.zeros(2), signed(rng, (3, 2)))
    yield _edge("large numbers", 1e6 * signed(rng, (2,)), 1e6 * signed(rng, (3,)), 1e6 * signed(rng, (2, 3)))
    yield Case("one input", "shapes", (signed(rng, (3,)), signed(rng, (1,)), signed(rng, (3, 1))))
    yield Case("one output", "shapes", (signed(rng, (1,)), signed(rng, (3,)), signed(rng, (1, 3))))


def _column_reference(delta: Any, x: Any, W: Any) -> Any:
    bias = np.zeros(len(W))
    return vjp(lambda x, W, b: ops.matmul(W, x) + b, x, W, bias)[1](delta)


linear_backward_column = _exercise(
    name="linear_backward_column",
    arguments=("delta", "x", "W"),
    returns=("dx", "dW", "db"),
    points=4,
    reference=_column_reference,
    cases=_columns,
    wrong=(
        _W("column-row-mixed", lambda delta, x, W: (delta @ W.T, np.outer(x, delta), 1.0 * delta)),
        _W("weight-not-transposed", lambda delta, x, W: (W @ delta, np.outer(delta, x), 1.0 * delta)),
        _W("dot-for-elementwise", lambda delta, x, W: (delta @ W, delta * x, 1.0 * delta)),
        _W("dot-for-elementwise", lambda delta, x, W: (delta @ W, delta @ x, 1.0 * delta)),
        _W("dot-for-elementwise", lambda delta, x, W: (delta @ W, delta[:, None] * x * W, 1.0 * delta)),
        _W("bias-wrong-sum", lambda delta, x, W: (delta @ W, np.outer(delta, x), delta.sum())),
        _W("bias-wrong-sum", lambda delta, x, W: (delta @ W, np.outer(delta, x), delta.mean())),
        _W("upstream-ignored", lambda delta, x, W: (delta @ W, np.outer(delta, x), np.ones_like(delta))),
        _W("upstream-ignored", lambda delta, x, W: _column_reference(_ones(delta), x, W)),
        _W("swapped", lambda delta, x, W: (np.outer(delta, x), delta @ W, 1.0 * delta)),
    ),
    hints=(
        "The Jacobian of W x by x is W itself, (K, D). As a row, delta times W; as a column, the same "
        "numbers.",
        "dW has the shape of W, (K, D): one row per output. Entry (i, j) is delta_i x_j.",
        "np.outer makes a matrix of all products of two vectors; the first one gives the rows. "
        "There is one example only, so nothing is summed in db.",
    ),
)


def _logistic_cases(rng: Rng) -> Iterator[Case]:
    for size in (3, 4, 2):
        yield Case(f"vectors of {size}", "values", (signed(rng, (size,)), signed(rng, (size,)), signed(rng)))
    # w · x + b = ±1000: e^1000 overflows, the gradient is 0 to every digit.
    yield _edge("saturated, z = 1000", np.array([500.0, 0.0]), np.array([2.0, 1.0]), 0.0)
    yield _edge("saturated, z = −1000", np.array([-500.0, 0.0]), np.array([2.0, 1.0]), 0.0)
    yield _edge("z = 0", np.array([2.0, 1.0]), np.array([1.0, -2.0]), 0.0)
    yield Case("vectors of 1", "shapes", (signed(rng, (1,)), signed(rng, (1,)), signed(rng)))


def _logistic_reference(w: Any, x: Any, b: Any) -> Any:
    return vjp(lambda x: ops.sigmoid(ops.matmul(w, x) + b), x)[1](1.0)[0]


def _logistic(slope: Callable[[Any], Any]) -> Callable[..., Any]:
    """The gradient with another slope of the sigmoid at z."""
    return lambda w, x, b: slope(w @ x + b) * w


logistic_gradient = _exercise(
    name="logistic_gradient",
    arguments=("w", "x", "b"),
    returns=("dx",),
    points=4,
    reference=_logistic_reference,
    cases=_logistic_cases,
    wrong=(
        _W("wrong-path", lambda w, x, b: _logistic(lambda z: _sigmoid(z) * (1 - _sigmoid(z)))(x, w, b)),
        _W("link-missing", lambda w, x, b: 1.0 * w),
        _W("link-missing", lambda w, x, b: _sigmoid(w @ x + b) * (1 - _sigmoid(w @ x + b))),
        _W("link-missing", lambda w, x, b: _sigmoid(w @ x + b) * (1 - _sigmoid(w @ x + b)) * np.ones_like(w)),
        _W("bias-dropped", lambda w, x, b: _sigmoid(w @ x) * (1 - _sigmoid(w @ x)) * w),
        _W("sigmoid-slip", _logistic(lambda z: z * (1 - z))),
        _W("sigmoid-slip", _logistic(_sigmoid)),
        _W("sigmoid-slip", _logistic(lambda z: 1 - _sigmoid(z))),
        _W("sigmoid-slip", _logistic(lambda z: _sigmoid(z) ** 2)),
        _W("sigmoid-slip", lambda w, x, b: _sigmoid(w * x + b) * (1 - _sigmoid(w * x + b)) * w),
        _W("unstable", _logistic(lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2)),
        _W("unstable", _logistic(lambda z: np.exp(z) / (1 + np.exp(z)) ** 2)),
        _W(
            "vector-for-matrix",
            lambda w, x, b: (_sigmoid(w @ x + b) * (1 - _sigmoid(w @ x + b)) * w)[None, :],
        ),
    ),
    hints=(
        "Two Jacobians in a row: of z = w · x + b by x (1 × D), and of sigmoid(z) by z (1 × 1). Multiply "
        "them.",
        "The first is w as a row. The second is a single number that depends on z, bias included.",
        "Compute z, then s from z; the answer is the number s(1 − s) times the vector w.",
    ),
)


def _broadcast_shapes(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, a: tuple[int, ...], b: tuple[int, ...]) -> Case:
        return Case(name, group, (signed(rng, np.broadcast_shapes(a, b)), signed(rng, a), signed(rng, b)))

    yield call("(4, 3) + (3,)", "values", (4, 3), (3,))
    yield call("(4, 3) + (4, 1)", "values", (4, 3), (4, 1))
    yield call("(3,) + (2, 3): a is the short one", "values", (3,), (2, 3))
    yield call("(3, 3) + (3,), square", "values", (3, 3), (3,))
    yield call("(3, 1) + (1, 4): both are stretched", "edges", (3, 1), (1, 4))
    yield call("(2, 3, 4) + (3, 1)", "edges", (2, 3, 4), (3, 1))
    yield call("(2, 3) + a plain number", "edges", (2, 3), ())
    yield call("equal shapes", "shapes", (2, 3), (2, 3))
    yield call("two plain numbers", "shapes", (), ())
    yield call("(1, 3) + (3,)", "shapes", (1, 3), (3,))
    yield Case(
        "an empty batch, (0, 3) + (3,)", "shapes", (np.zeros((0, 3)), np.zeros((0, 3)), signed(rng, (3,)))
    )


def _undone(delta: Any, x: Any, reduce: Any = np.sum) -> Any:
    """delta brought back to the shape of x by a reduction of the stretched axes."""
    delta, shape = np.asarray(delta), np.shape(x)
    extra = delta.ndim - len(shape)
    stretched = [k + extra for k, size in enumerate(shape) if size == 1 and delta.shape[k + extra] != 1]
    return reduce(delta, axis=(*range(extra), *stretched)).reshape(shape)


def _leading_only(delta: Any, x: Any) -> Any:
    return np.sum(delta, axis=tuple(range(np.ndim(delta) - np.ndim(x))))


broadcast_add_backward = _exercise(
    name="broadcast_add_backward",
    arguments=("delta", "a", "b"),
    returns=("da", "db"),
    points=5,
    reference=backward_of(ops.add),
    cases=_broadcast_shapes,
    wrong=(
        _W("broadcast-not-undone", lambda delta, a, b: (1.0 * delta, 1.0 * delta)),
        _W("broadcast-not-undone", lambda delta, a, b: (1.0 * delta, _undone(delta, b))),
        _W("broadcast-not-undone", lambda delta, a, b: (_leading_only(delta, a), _leading_only(delta, b))),
        _W("broadcast-mean", lambda delta, a, b: (_undone(delta, a, np.mean), _undone(delta, b, np.mean))),
        _W("broadcast-mean", lambda delta, a, b: (1.0 * delta, _undone(delta, b, np.mean))),
        _W("upstream-ignored", lambda delta, a, b: (np.ones(np.shape(a)), np.ones(np.shape(b)))),
        _W("upstream-ignored", lambda delta, a, b: (_undone(_ones(delta), a), _undone(_ones(delta), b))),
        _W("swapped", lambda delta, a, b: (_undone(delta, b), _undone(delta, a))),
        _W("forward-again", lambda delta, a, b: (_undone(delta * a, a), _undone(delta * b, b))),
    ),
    hints=(
        "Broadcasting copies: one number of b is added in several places. What does a variable with "
        "several uses get?",
        "Sum delta over every axis along which the input was copied: axes it does not have, and axes "
        "where its size is 1.",
        "First sum the leading axes until the number of axes agrees; then sum, with keepdims, the axes "
        "where the "
        "input has size 1 and delta has not. Do it for both inputs.",
    ),
)

# ---------------------------------------------------------------- any function

_MIX = np.array([[1.0, -0.5], [0.8, 1.2], [-1.1, 0.6]])  # three inputs, two outputs


def _centered(x: Any) -> Any:
    return x - ops.mean(x)


def _mixed(x: Any) -> Any:
    return ops.sigmoid(ops.matmul(x, _MIX))


def _neighbours(x: Any) -> Any:
    return x[:-1] * x[1:]


def _bowl(x: Any) -> Any:
    """Quadratic, with every pair of entries in it: differences of any step are exact in the middle."""
    return ops.stack([3.0 * x[0] * x[1] + ops.square(x[0]), ops.square(ops.sum(x))])


#: Functions of a vector that `numerical_jacobian` and `jacobian_from_vjp` are tried on, by name.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "centered": _centered,
    "mixed": _mixed,
    "neighbours": _neighbours,
    "tanh": ops.tanh,
    "exp": ops.exp,
    "bowl": _bowl,
    "total": lambda x: ops.stack([ops.sum(x)]),
}


def with_function(function: Callable[..., Any], name: str, x: Any) -> Any:
    """Call ``function(f, x)`` with the f of that name: plain arrays in, plain arrays out."""
    f = FUNCTIONS[name]
    return function(lambda x: f(x) if isinstance(x, Node) else np.array(f(np.asarray(x, float))), x)


def _function_cases(rng: Rng) -> Iterator[Case]:
    yield Case("sigmoid of a mixture: 3 in, 2 out", "values", ("mixed", signed(rng, (3,))))
    yield Case("products of neighbours: 4 in, 3 out", "values", ("neighbours", signed(rng, (4,))))
    yield Case("a bowl, close to its bottom", "values", ("bowl", signed(rng, (3,), 5e-6, 4e-5)))
    yield Case("x − mean(x)", "values", ("centered", signed(rng, (4,))))
    yield _edge("a zero among the inputs", "tanh", np.array([0.0, 0.5, -1.0]))
    yield _edge("a steep function", "exp", np.array([4.0, -2.0]))
    yield Case("one output", "shapes", ("total", signed(rng, (3,))))
    yield Case("one input", "shapes", ("tanh", signed(rng, (1,))))


def _differences(rule: Callable[[Callable[[Any], Any], Any, int, float], Any], step: float) -> Any:
    """J with column i given by a rule of (f, x, i, step)."""
    return lambda f, x: np.stack([rule(f, x, i, step) for i in range(x.size)], axis=1)


def _moved(x: Any, i: int, step: float) -> Any:
    x = x.copy()
    x[i] += step
    return x


def _central(f: Any, x: Any, i: int, h: float) -> Any:
    return (f(_moved(x, i, h)) - f(_moved(x, i, -h))) / (2 * h)


def _never_put_back(h: float) -> Any:
    def jacobian_of(f: Any, x: Any) -> Any:
        x, columns = x.copy(), []
        for i in range(x.size):
            x[i] += h
            above = f(x)
            x[i] -= 2 * h
            columns.append((above - f(x)) / (2 * h))
        return np.stack(columns, axis=1)

    return jacobian_of


_STEPS = (1e-5, 1e-4, 1e-6, 1e-3, 1e-7, 1e-8)

numerical_jacobian = _exercise(
    name="numerical_jacobian",
    arguments=("f", "x"),
    returns=("J",),
    points=5,
    reference=lambda f, x: jacobian(f)(x),
    cases=_function_cases,
    adapter=with_function,
    tolerance=1e-5,
    wrong=tuple(
        wrong
        for h in _STEPS
        for wrong in (
            _W("forward-difference", _differences(lambda f, x, i, h: (f(_moved(x, i, h)) - f(x)) / h, h)),
            _W("forward-difference", _differences(lambda f, x, i, h: (f(x) - f(_moved(x, i, -h))) / h, h)),
            _W("step-not-doubled", _differences(lambda f, x, i, h: 2 * _central(f, x, i, h), h)),
            _W("step-not-doubled", _differences(lambda f, x, i, h: 2 * h * _central(f, x, i, h), h)),
            _W("step-not-doubled", _differences(lambda f, x, i, h: 2 * h * h * _central(f, x, i, h), h)),
            _W("jacobian-transposed", lambda f, x, h=h: _differences(_central, h)(f, x).T),
            _W("input-left-moved", _never_put_back(h)),
            _W("vector-for-matrix", lambda f, x, h=h: (f(x + h) - f(x - h)) / (2 * h)),
        )
    ),
    hints=(
        "Column i of J says how all outputs react when input i alone is nudged.",
        "Nudge up and down by h: the difference of the two outputs, divided by the distance of the two "
        "inputs.",
        "Work on a copy of x for each nudge, and put column i into J[:, i]. A step of 1e-5 is a good one.",
    ),
)


def with_vjp(function: Callable[..., Any], name: str, x: Any) -> Any:
    """Call ``function(vjp, n_outputs)`` with the pullback at x of the function of that name."""
    value, pullback = vjp(FUNCTIONS[name], x)
    return function(lambda delta: np.array(pullback(np.array(delta, float))[0]), int(np.size(value)))


def _vjp_cases(rng: Rng) -> Iterator[Case]:
    yield Case("sigmoid of a mixture: 3 in, 2 out", "values", ("mixed", signed(rng, (3,))))
    yield Case("x − mean(x), square", "values", ("centered", signed(rng, (4,))))
    yield Case("products of neighbours: 5 in, 4 out", "values", ("neighbours", signed(rng, (5,))))
    yield _edge("exact zeros", "tanh", np.array([0.0, 0.5, 0.0]))
    yield Case("one output", "shapes", ("total", signed(rng, (3,))))
    yield Case("one input", "shapes", ("exp", signed(rng, (1,))))


def _rows(vjp: Any, n: int) -> Any:
    return np.stack([vjp(unit) for unit in np.eye(n)])


jacobian_from_vjp = _exercise(
    name="jacobian_from_vjp",
    arguments=("vjp", "n_outputs"),
    returns=("J",),
    points=4,
    reference=_rows,
    cases=_vjp_cases,
    adapter=with_vjp,
    wrong=(
        _W("ones-as-diagonal", lambda vjp, n: np.diag(vjp(np.ones(n)))),
        _W("ones-as-diagonal", lambda vjp, n: vjp(np.ones(n))),
        _W("ones-as-diagonal", lambda vjp, n: np.tile(vjp(np.ones(n)), (n, 1))),
        _W("jacobian-transposed", lambda vjp, n: _rows(vjp, n).T),
        _W("vector-for-matrix", lambda vjp, n: vjp(np.eye(n)[0])),
        _W("vector-for-matrix", lambda vjp, n: np.concatenate(list(_rows(vjp, n)))),
    ),
    hints=(
        "vjp(delta) is delta times J. Which delta picks out the first row of J?",
        "A delta with a single 1 and zeros elsewhere picks one row. You need one call per output.",
        "The rows of np.eye(n_outputs) are these deltas; stack the answers as rows.",
    ),
)


def _bytes(n: int, d: int, k: int) -> tuple[int, int]:
    return 8 * (n * k) * (d * k), 8 * d * k


def _sizes(rng: Rng) -> Iterator[Case]:
    for _ in range(3):
        n, d, k = (int(size) for size in rng.choice(np.arange(2, 40), 3, replace=False))
        yield Case(f"N = {n}, {d} in, {k} out", "values", (n, d, k))
    yield _edge("a real layer: N = 64, 784 in, 128 out", 64, 784, 128)
    yield _edge("one number everywhere", 1, 1, 1)
    yield _edge("a large layer: N = 4096, 50,000 in, 50,000 out", 4096, 50_000, 50_000)


jacobian_bytes = _exercise(
    name="jacobian_bytes",
    arguments=("n", "d", "k"),
    returns=("full", "vjp"),
    points=3,
    weights={"values": 0.7, "edges": 0.2, "manners": 0.1},
    reference=_bytes,
    cases=_sizes,
    wrong=(
        _W("entries-not-bytes", lambda n, d, k: (n * k * d * k, d * k)),
        _W("entries-not-bytes", lambda n, d, k: (4 * n * k * d * k, 4 * d * k)),
        _W("entries-not-bytes", lambda n, d, k: (64 * n * k * d * k, 64 * d * k)),
        _W("swapped", lambda n, d, k: (8 * d * k, 8 * n * k * d * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * k * d * k, 8 * d * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * n * k * d, 8 * d * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * n * k * n * d, 8 * d * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * n * k * d * k, 8 * n * d * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * n * k * d * k, 8 * n * k)),
        _W("entries-miscounted", lambda n, d, k: (8 * n * k * d * k, 8 * n * d)),
    ),
    hints=(
        "A Jacobian has one entry for every pair of an output number and an input number.",
        "Z has N·K numbers, W has D·K. The vjp for W writes an array of the shape of W.",
        "A float64 takes 8 bytes.",
    ),
)

register(
    numerical_jacobian,
    relu_jacobian,
    relu_backward,
    sigmoid_jacobian,
    sigmoid_layer_backward,
    tanh_backward,
    hadamard_backward,
    jacobian_from_vjp,
    linear_jacobian_x,
    linear_jacobian_W,
    jacobian_bytes,
    linear_backward,
    linear_backward_column,
    broadcast_add_backward,
    logistic_gradient,
)
