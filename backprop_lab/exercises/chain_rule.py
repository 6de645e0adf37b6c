"""Exercises of 01-chain-rule: one node at a time, then three short chains."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ..engine import ops
from .exercise import Case, Exercise, WrongAnswer, backward_of, gradient_of, register
from .inputs import Rng, elementwise_cases, positive, signed

ASSIGNMENT = "01-chain-rule"

_gate = partial(Exercise, assignment=ASSIGNMENT, points=3)
_chain = partial(Exercise, assignment=ASSIGNMENT, points=5)
_W = WrongAnswer


def _edge(name: str, *args: Any) -> Case:
    return Case(name, "edges", args)


# ---------------------------------------------------------------- gates of two inputs

add_backward = _gate(
    name="add_backward",
    arguments=("delta", "a", "b"),
    returns=("da", "db"),
    reference=backward_of(ops.add),
    cases=elementwise_cases(
        signed, signed, at={"zeros and large numbers": ([0, 1e8, -3, 0], [0, -1e8, 0, 2])}
    ),
    wrong=(
        _W("upstream-ignored", lambda delta, a, b: (np.ones_like(a), np.ones_like(b))),
        _W("wrong-gate", lambda delta, a, b: (delta * b, delta * a)),
        _W("forward-again", lambda delta, a, b: (delta * a, delta * b)),
        _W("forward-again", lambda delta, a, b: (delta * (a + b), delta * (a + b))),
        _W("off-by-factor", lambda delta, a, b: (delta / 2, delta / 2)),
    ),
    hints=(
        "Keep b fixed and increase a by 0.01. By how much does a + b increase? That is the local derivative.",
        "Both local derivatives are the same constant. Which one?",
        "An add gate distributes: what arrives from above is handed to every input unchanged.",
    ),
)

multiply_backward = _gate(
    name="multiply_backward",
    arguments=("delta", "a", "b"),
    returns=("da", "db"),
    reference=backward_of(ops.multiply),
    cases=elementwise_cases(
        signed, signed, at={"zeros and large numbers": ([0, 1e8, -3, 0], [5, -1e8, 0, 0])}
    ),
    wrong=(
        _W("swapped", lambda delta, a, b: (delta * a, delta * b)),
        _W("upstream-ignored", lambda delta, a, b: (b, a)),
        _W("wrong-gate", lambda delta, a, b: (delta, delta)),
        _W("forward-again", lambda delta, a, b: (delta * a * b, delta * a * b)),
    ),
    hints=(
        "Treat b as a fixed number: then a·b is a straight line in a. What is its slope?",
        "The slope with respect to one input is the value of the other one.",
        "A multiply gate switches: each input receives delta times the value of the other input.",
    ),
)


def _ties(rng: Rng) -> Iterator[Case]:
    a = signed(rng, (6,))
    b = a.copy()
    b[3:] = signed(rng, (3,)) + 10
    yield _edge("ties in the first three entries", signed(rng, (6,)), a, b)
    yield _edge("a tie at zero", signed(rng), 0.0, 0.0)


max_backward = _gate(
    name="max_backward",
    arguments=("delta", "a", "b"),
    returns=("da", "db"),
    reference=backward_of(ops.maximum),
    cases=elementwise_cases(signed, signed, edges=_ties),
    wrong=(
        _W("tie", lambda delta, a, b: (delta * (a > b), delta * (b >= a))),
        _W("tie", lambda delta, a, b: (delta * (a >= b), delta * (b >= a))),
        _W("tie", lambda delta, a, b: (delta * (a > b), delta * (b > a))),
        _W(
            "tie",
            lambda delta, a, b: (delta * ((a > b) + 0.5 * (a == b)), delta * ((b > a) + 0.5 * (a == b))),
        ),
        _W("upstream-ignored", lambda delta, a, b: (1.0 * (a >= b), 1.0 * (a < b))),
        _W("swapped", lambda delta, a, b: (delta * (a < b), delta * (a >= b))),
        _W("mask-from-delta", lambda delta, a, b: (delta * (delta > 0), delta * (delta <= 0))),
        _W("mask-from-delta", lambda delta, a, b: (delta * (a >= delta), delta * (b > delta))),
        _W("forward-again", lambda delta, a, b: (delta * a * (a >= b), delta * b * (a < b))),
        _W("wrong-gate", lambda delta, a, b: (delta, delta)),
        _W("wrong-gate", lambda delta, a, b: (delta * b, delta * a)),
    ),
    hints=(
        "Where a is the larger one, max(a, b) is just a. What are its two local derivatives there?",
        "Compare a and b to get an array of True and False; multiplying by it keeps or drops delta.",
        "A max gate routes: the larger input gets all of delta, the other gets 0. A tie goes to a.",
    ),
)

# ---------------------------------------------------------------- functions of one input

exp_backward = _gate(
    name="exp_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    reference=backward_of(ops.exp),
    cases=elementwise_cases(signed, at={"zero and large numbers": ([0.0, -50.0, 20.0, -1.0],)}),
    wrong=(
        _W("exp-slip", lambda delta, x: x + 0.0 * delta),
        _W("exp-slip", lambda delta, x: delta * x),
        _W("exp-slip", lambda delta, x: np.exp(delta)),
        _W("exp-slip", lambda delta, x: delta * np.exp(delta)),
        _W("exp-slip", lambda delta, x: delta * x * np.exp(x - 1)),
        _W("upstream-ignored", lambda delta, x: np.exp(x)),
        _W("wrong-gate", lambda delta, x: delta + np.exp(x)),
    ),
    hints=(
        "What is the derivative of e to the x?",
        "It is the function itself: at every x, the slope of exp equals its height.",
        "Multiply that slope at x by delta. np.exp works on arrays.",
    ),
)

log_backward = _gate(
    name="log_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    reference=backward_of(ops.log),
    cases=elementwise_cases(positive, at={"very small and very large numbers": ([1e-6, 1.0, 2.0, 1e9],)}),
    wrong=(
        _W("log-or-reciprocal-slip", lambda delta, x: 1 / delta),
        _W("log-or-reciprocal-slip", lambda delta, x: delta * x),
        _W("log-or-reciprocal-slip", lambda delta, x: x / delta),
        _W("log-or-reciprocal-slip", lambda delta, x: -delta / x**2),
        _W("forward-again", lambda delta, x: delta * np.log(x)),
        _W("upstream-ignored", lambda delta, x: 1 / x + 0.0 * delta),
    ),
    hints=(
        "How steep is log x for a small x, and how steep for a large one?",
        "The slope of log at x is one divided by x.",
        "Multiply that slope by delta; a single division does both.",
    ),
)

reciprocal_backward = _gate(
    name="reciprocal_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    reference=backward_of(ops.reciprocal),
    cases=elementwise_cases(signed, at={"small and large numbers": ([-0.01, 1.0, 1.37, 1e4],)}),
    wrong=(
        _W("log-or-reciprocal-slip", lambda delta, x: delta / x**2),
        _W("log-or-reciprocal-slip", lambda delta, x: -delta / x),
        _W("log-or-reciprocal-slip", lambda delta, x: delta / x),
        _W("log-or-reciprocal-slip", lambda delta, x: -delta * x**2),
        _W("log-or-reciprocal-slip", lambda delta, x: delta * np.log(np.abs(x))),
        _W("log-or-reciprocal-slip", lambda delta, x: -1 / delta**2 + 0.0 * x),
        _W("upstream-ignored", lambda delta, x: -1 / x**2 + 0.0 * delta),
    ),
    hints=(
        "Write 1/x as x to the power −1 and use the power rule.",
        "Is 1/x rising or falling? Your local derivative must have that sign everywhere.",
        "The power drops from −1 to −2, and the −1 comes down in front.",
    ),
)

square_backward = _gate(
    name="square_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    reference=backward_of(ops.square),
    cases=elementwise_cases(signed, at={"zero and large numbers": ([0.0, 1e6, -1e6, -1.0],)}),
    wrong=(
        _W("off-by-factor", lambda delta, x: delta * x),
        _W("forward-again", lambda delta, x: delta * x**2),
        _W("upstream-ignored", lambda delta, x: 2 * x + 0.0 * delta),
        _W("wrong-gate", lambda delta, x: 2 * delta + 0.0 * x),
        _W("wrong-gate", lambda delta, x: 2 * delta * delta + 0.0 * x),
    ),
    hints=(
        "Use the power rule on x to the power 2.",
        "x² is x · x: a multiply gate with the same input twice. Both inputs receive a gradient.",
        "Each of the two receives delta times x, and contributions to the same variable add.",
    ),
)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


sigmoid_backward = _gate(
    name="sigmoid_backward",
    arguments=("delta", "x"),
    returns=("dx",),
    reference=backward_of(ops.sigmoid),
    # ±1000: e^1000 overflows, the derivative is 0 to every digit.
    cases=elementwise_cases(
        signed, at={"zero": ([0, 0, 0],), "large numbers of both signs": ([-1000, -3, 0, 3, 1000],)}
    ),
    wrong=(
        _W("sigmoid-slip", lambda delta, x: delta * x * (1 - x)),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(_sigmoid(x)) * (1 - _sigmoid(_sigmoid(x)))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x)),
        _W("sigmoid-slip", lambda delta, x: delta * (1 - _sigmoid(x))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x) * (1 - x)),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(x) * (1 + _sigmoid(x))),
        _W("sigmoid-slip", lambda delta, x: delta * _sigmoid(delta) * (1 - _sigmoid(delta))),
        _W("unstable", lambda delta, x: delta * np.exp(-x) / (1 + np.exp(-x)) ** 2),
        _W("unstable", lambda delta, x: delta * np.exp(x) / (1 + np.exp(x)) ** 2),
        _W("upstream-ignored", lambda delta, x: _sigmoid(x) * (1 - _sigmoid(x)) + 0.0 * delta),
    ),
    hints=(
        "Write s for sigmoid(x). The derivative can be written with s alone.",
        "At x = 0 the sigmoid is ½ and its slope is ¼. Far from 0 the slope is almost 0.",
        "The slope is s times what s lacks to 1; compute s = 1 / (1 + np.exp(-x)) first.",
    ),
)

# ---------------------------------------------------------------- chains


def _numbers(count: int) -> Any:
    def cases(rng: Rng) -> Iterator[Case]:
        for k in range(4):
            yield Case(f"random numbers, draw {k + 1}", "values", tuple(signed(rng) for _ in range(count)))

    return cases


def _regression_cases(rng: Rng) -> Iterator[Case]:
    yield from _numbers(4)(rng)
    w, b, x = signed(rng), signed(rng), signed(rng)
    yield _edge("a perfect prediction", w, b, x, w * x + b)
    yield _edge("x = 0", w, b, 0.0, signed(rng))


squared_error_gradients = _chain(
    name="squared_error_gradients",
    arguments=("w", "b", "x", "y"),
    returns=("dw", "db"),
    reference=gradient_of(lambda w, b, x, y: (y - (w * x + b)) ** 2, count=2),
    cases=_regression_cases,
    weights={"values": 0.8, "edges": 0.1, "manners": 0.1},
    wrong=(
        _W("sign-flipped", lambda w, b, x, y: (2 * (y - (w * x + b)) * x, 2 * (y - (w * x + b)))),
        _W("off-by-factor", lambda w, b, x, y: ((w * x + b - y) * x, w * x + b - y)),
        _W("link-missing", lambda w, b, x, y: (2 * (w * x + b - y), 2 * (w * x + b - y))),
        _W("swapped", lambda w, b, x, y: (2 * (w * x + b - y), 2 * (w * x + b - y) * x)),
        _W("wrong-path", lambda w, b, x, y: (2 * (w * x + b - y) * w, 2 * (w * x + b - y))),
        _W("link-missing", lambda w, b, x, y: (-2 * x, -2.0)),
    ),
    hints=(
        "Name the nodes: p = w·x, q = p + b, r = y − q, L = r². Differentiate one node at a time.",
        "Going down: dL/dr = 2r, then dr/dq. Mind its sign.",
        "b is added, so it receives dL/dq unchanged; w is multiplied by x, so it receives dL/dq times x.",
    ),
)


def _logistic_cases(rng: Rng) -> Iterator[Case]:
    for size in (3, 4, 2):
        yield Case(f"vectors of {size}", "values", (signed(rng, (size,)), signed(rng, (size,))))
    # w·x = ±1000: log(sigmoid) must not be computed by way of log 0.
    yield _edge("a very sure and right prediction", np.array([500.0, 0.0]), np.array([2.0, 1.0]))
    yield _edge("a very sure and wrong prediction", np.array([-500.0, 0.0]), np.array([2.0, 1.0]))
    yield Case("vectors of 1", "shapes", (signed(rng, (1,)), signed(rng, (1,))))


def _logistic_loss(w: Any, x: Any) -> Any:
    z = ops.matmul(w, x)
    return -ops.log_softmax(ops.stack([z, z * 0.0]))[0]  # log sigmoid(z), stable for any z


logistic_loss_gradients = _chain(
    name="logistic_loss_gradients",
    arguments=("w", "x"),
    returns=("dw", "dx"),
    reference=gradient_of(_logistic_loss, count=2),
    cases=_logistic_cases,
    weights={"values": 0.7, "edges": 0.1, "shapes": 0.1, "manners": 0.1},
    wrong=(
        _W("likelihood", lambda w, x: ((1 - _sigmoid(w @ x)) * x, (1 - _sigmoid(w @ x)) * w)),
        _W("swapped", lambda w, x: ((_sigmoid(w @ x) - 1) * w, (_sigmoid(w @ x) - 1) * x)),
        _W("link-missing", lambda w, x: (-x / _sigmoid(w @ x), -w / _sigmoid(w @ x))),
        _W("link-missing", lambda w, x: tuple(-_sigmoid(w @ x) * (1 - _sigmoid(w @ x)) * v for v in (x, w))),
        _W("link-missing", lambda w, x: tuple((_sigmoid(w @ x) - 1) * np.ones_like(v) for v in (x, w))),
        _W("sigmoid-slip", lambda w, x: (_sigmoid(w @ x) * x, _sigmoid(w @ x) * w)),
        _W("sigmoid-slip", lambda w, x: (-_sigmoid(w @ x) * x, -_sigmoid(w @ x) * w)),
    ),
    hints=(
        "Three nodes: z = w · x, s = sigmoid(z), L = −log s. Find dL/dz first; it is a single number.",
        "dL/ds = −1/s and ds/dz = s(1 − s). Multiply them and watch s cancel.",
        "z = w · x is a sum of products w_i x_i, so dz/dw is the vector x and dz/dx is the vector w.",
    ),
)


def _hidden(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> tuple[Any, Any]:
    h = w1 * x + b1
    return h, w2 * h + b2 - y


def _hidden_wrong(change: Any) -> Any:
    """A wrong answer made from the right parts: e = 2(prediction − y), h, and the arguments."""

    def function(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
        h, error = _hidden(w1, b1, w2, b2, x, y)
        return change(2 * error, h, w1, w2, x)

    return function


def _hidden_cases(rng: Rng) -> Iterator[Case]:
    yield from _numbers(6)(rng)
    yield _edge(
        "w2 = 0: nothing reaches the hidden unit",
        *[signed(rng) for _ in "wb"],
        0.0,
        *[signed(rng) for _ in "bxy"],
    )


hidden_chain_gradients = _chain(
    name="hidden_chain_gradients",
    arguments=("w1", "b1", "w2", "b2", "x", "y"),
    returns=("dw1", "db1", "dw2", "db2"),
    reference=gradient_of(lambda w1, b1, w2, b2, x, y: (y - (w2 * (w1 * x + b1) + b2)) ** 2, count=4),
    cases=_hidden_cases,
    weights={"values": 0.8, "edges": 0.1, "manners": 0.1},
    wrong=(
        _W("wrong-path", _hidden_wrong(lambda e, h, w1, w2, x: (e * w2 * x, e * w2, e * w2 * x, e))),
        _W("sign-flipped", _hidden_wrong(lambda e, h, w1, w2, x: (-e * w2 * x, -e * w2, -e * h, -e))),
        _W(
            "off-by-factor",
            _hidden_wrong(lambda e, h, w1, w2, x: (e * w2 * x / 2, e * w2 / 2, e * h / 2, e / 2)),
        ),
        _W("link-missing", _hidden_wrong(lambda e, h, w1, w2, x: (e * x, e, e * h, e))),
        _W("link-missing", _hidden_wrong(lambda e, h, w1, w2, x: (e * w2 * x, e, e * h, e))),
        _W("link-missing", _hidden_wrong(lambda e, h, w1, w2, x: (e * w2 * x, e * w2, e, e))),
        _W("wrong-path", _hidden_wrong(lambda e, h, w1, w2, x: (e * w2 * x, e * w2, e * x, e))),
        _W("wrong-path", _hidden_wrong(lambda e, h, w1, w2, x: (e * w1 * x, e * w1, e * h, e))),
        _W("swapped", _hidden_wrong(lambda e, h, w1, w2, x: (e * h, e, e * w2 * x, e * w2))),
        _W("swapped", _hidden_wrong(lambda e, h, w1, w2, x: (e * w2, e * w2 * x, e, e * h))),
    ),
    hints=(
        "Forward first: h = w1·x + b1, then p = w2·h + b2, then L = (y − p)². Keep h, you need it again.",
        "dL/dp is 2(p − y). b2 and w2 are one node away: what does the multiply gate w2·h hand to each?",
        "To reach w1 or b1 the gradient must pass through h: dL/dh = dL/dp times w2.",
    ),
)

register(
    add_backward,
    multiply_backward,
    max_backward,
    exp_backward,
    log_backward,
    reciprocal_backward,
    square_backward,
    sigmoid_backward,
    squared_error_gradients,
    logistic_loss_gradients,
    hidden_chain_gradients,
)
