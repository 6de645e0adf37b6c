"""Exercises of 04-two-layer-tanh: the worked example in blocks, in column form.

The network is x1 = W0 x0, x2 = tanh(x1), x3 = W1 x2, and the loss is half the
squared error, the sum of (x3 - y)² over the outputs, divided by 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..engine import grad, ops
from .exercise import Case, Exercise, WrongAnswer, backward_of, register
from .inputs import Rng, elementwise_cases, signed

ASSIGNMENT = "04-two-layer-tanh"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer

#: The worked example: x0, W0, W1, y.
LECTURE = (
    np.array([1.0, 0.1]),
    np.array([[1.0, -3.0], [0.2, 1.0]]),
    np.array([[1.0, -1.0]]),
    np.array([0.5]),
)


def forward(x0: Any, W0: Any, W1: Any) -> tuple[Any, Any, Any]:
    """(x1, x2, x3), of arrays or of nodes."""
    x1 = ops.matmul(W0, x0)
    x2 = ops.tanh(x1)
    return x1, x2, ops.matmul(W1, x2)


def loss(x3: Any, y: Any) -> Any:
    """Half the squared error, of arrays or of nodes."""
    return ops.squared_error(x3, y) / 2


def gradients(x0: Any, W0: Any, W1: Any, y: Any) -> Any:
    """(dW0, dW1) by the engine."""
    return grad(lambda W0, W1: loss(forward(x0, W0, W1)[2], y), argnums=(0, 1))(W0, W1)


def _network(rng: Rng, d: int, h: int, k: int) -> tuple[Any, Any, Any, Any]:
    """(x0, W0, W1, y) of a network with d inputs, h hidden units and k outputs, not saturated."""
    x0, y = signed(rng, (d,), 0.3, 1.2), signed(rng, (k,))
    return x0, signed(rng, (h, d), 0.2, 0.9), signed(rng, (k, h), 0.3, 1.2), y


_SIZES = ((3, 4, 2), (2, 3, 4), (3, 3, 3))


def _said(d: int, h: int, k: int) -> str:
    return f"everything square, {d}-{h}-{k}" if d == h == k else f"a network {d}-{h}-{k}"


def _copies(*arrays: Any) -> tuple[Any, ...]:
    return tuple(np.array(array) for array in arrays)


# ---------------------------------------------------------------- forward


def _forward_cases(rng: Rng) -> Iterator[Case]:
    for sizes in _SIZES:
        yield Case(_said(*sizes), "values", _network(rng, *sizes)[:3])
    yield Case("the lecture's numbers", "values", _copies(*LECTURE[:3]))
    x0, W0, W1, _ = _network(rng, 2, 3, 2)
    yield Case("x0 = 0", "edges", (np.zeros(2), W0, W1))
    yield Case("saturated: x1 in the thousands", "edges", (1e5 * x0, W0, W1))
    yield Case("one unit everywhere", "shapes", _network(rng, 1, 1, 1)[:3])


def _with_activation(hidden: Any, last: Any = lambda x: x, keep: Any = None) -> Any:
    """The forward pass with other functions in place of tanh and after W1."""

    def function(x0: Any, W0: Any, W1: Any) -> Any:
        x1 = W0 @ x0
        x2 = hidden(x1)
        return x1, x2, last(W1 @ (x2 if keep is None else keep(x1)))

    return function


def _row_forward(x0: Any, W0: Any, W1: Any) -> Any:
    x1 = x0 @ W0
    return x1, np.tanh(x1), np.tanh(x1) @ W1


two_layer_forward = _exercise(
    name="two_layer_forward",
    arguments=("x0", "W0", "W1"),
    returns=("x1", "x2", "x3"),
    points=4,
    reference=forward,
    cases=_forward_cases,
    wrong=(
        _W("column-row-mixed", _row_forward),
        _W("column-row-mixed", lambda x0, W0, W1: (W0 @ x0, np.tanh(W0 @ x0), np.tanh(W0 @ x0) @ W1)),
        _W("dot-for-elementwise", lambda x0, W0, W1: (W0 * x0, np.tanh(W0 * x0), W1 * np.tanh(W0 @ x0))),
        _W("block-slip", _with_activation(lambda x1: 1.0 * x1)),
        _W("block-slip", _with_activation(np.tanh, keep=lambda x1: x1)),
        _W("block-slip", _with_activation(np.tanh, last=np.tanh)),
        _W("block-slip", _with_activation(lambda x1: 1 / (1 + np.exp(-x1)))),
        _W("block-slip", _with_activation(lambda x1: np.maximum(x1, 0))),
        _W("block-slip", _with_activation(lambda x1: 1 - np.tanh(x1) ** 2)),
        _W("swapped", lambda x0, W0, W1: forward(x0, W0, W1)[::-1]),
        _W(
            "unstable",
            _with_activation(lambda x1: (np.exp(x1) - np.exp(-x1)) / (np.exp(x1) + np.exp(-x1))),
        ),
    ),
    hints=(
        "Three blocks, one after the other: a matrix times a vector, tanh, a matrix times a vector.",
        "In column form the matrix stands on the left of the vector.",
        "The @ sign multiplies a matrix by a vector; np.tanh works on every entry. Keep all three results.",
    ),
)


def _pairs(rng: Rng) -> Iterator[Case]:
    """Calls (x3, y)."""
    for size in (3, 4, 2):
        yield Case(f"{size} outputs", "values", (signed(rng, (size,)), signed(rng, (size,))))
    y = signed(rng, (3,))
    yield Case("a perfect prediction", "edges", (y.copy(), y))
    yield Case("large numbers", "edges", (1e6 * signed(rng, (3,)), signed(rng, (3,))))
    yield Case("one output", "shapes", (signed(rng, (1,)), signed(rng, (1,))))


half_squared_error = _exercise(
    name="half_squared_error",
    arguments=("x3", "y"),
    returns=("L",),
    points=3,
    reference=loss,
    cases=_pairs,
    wrong=(
        _W("off-by-factor", lambda x3, y: np.sum((x3 - y) ** 2)),
        _W("entries-averaged", lambda x3, y: np.mean((x3 - y) ** 2) / 2),
        _W("entries-averaged", lambda x3, y: np.mean((x3 - y) ** 2)),
        _W("entries-not-summed", lambda x3, y: (x3 - y) ** 2 / 2),
        _W("entries-not-summed", lambda x3, y: (x3 - y) ** 2),
        _W("square-slip", lambda x3, y: np.sum(x3 - y) ** 2 / 2),
        _W("square-slip", lambda x3, y: np.sum(np.abs(x3 - y)) / 2),
        _W("square-slip", lambda x3, y: np.sqrt(np.sum((x3 - y) ** 2))),
        _W("square-slip", lambda x3, y: np.sqrt(np.sum((x3 - y) ** 2)) / 2),
        _W("square-slip", lambda x3, y: np.sum(x3**2 - y**2) / 2),
        _W("square-slip", lambda x3, y: np.sum(x3 - y) / 2),
    ),
    hints=(
        "How far is each output from its target? That is a vector.",
        "Square every entry of it, and add them up: a loss is one number.",
        "Do not forget to halve it; the half makes the derivative neat.",
    ),
)

output_gradient = _exercise(
    name="output_gradient",
    arguments=("x3", "y"),
    returns=("dx3",),
    points=3,
    reference=lambda x3, y: grad(lambda x3: loss(x3, y))(x3),
    cases=_pairs,
    wrong=(
        _W("sign-flipped", lambda x3, y: y - x3),
        _W("off-by-factor", lambda x3, y: 2 * (x3 - y)),
        _W("off-by-factor", lambda x3, y: (x3 - y) / 2),
        _W("entries-averaged", lambda x3, y: (x3 - y) / x3.size),
        _W("forward-again", lambda x3, y: (x3 - y) ** 2 / 2),
        _W("forward-again", lambda x3, y: np.sum((x3 - y) ** 2) / 2),
        _W("entries-summed", lambda x3, y: np.sum(x3 - y)),
        _W("square-slip", lambda x3, y: np.abs(x3 - y)),
        _W("square-slip", lambda x3, y: np.sign(x3 - y)),
    ),
    hints=(
        "One entry of the sum is (x3 − y)² / 2. Differentiate it by x3.",
        "The 2 of the square and the ½ cancel. What is left, and with which sign?",
        "If the output is above the target, raising it must raise the loss: the gradient is positive there.",
    ),
)

# ---------------------------------------------------------------- backward


tanh_layer_backward = _exercise(
    name="tanh_layer_backward",
    arguments=("delta", "x1"),
    returns=("dx1",),
    points=3,
    reference=backward_of(ops.tanh),
    cases=elementwise_cases(signed, at={"x1 = 0": ([0, 0, 0],), "saturated": ([-1000, 0.7, 0.3, 1000],)}),
    wrong=(
        _W("tanh-slip", lambda delta, x1: delta * (1 - x1**2)),
        _W("tanh-slip", lambda delta, x1: delta * (1 - np.tanh(x1))),
        _W("tanh-slip", lambda delta, x1: delta * (1 - np.tanh(np.tanh(x1)) ** 2)),
        _W("tanh-slip", lambda delta, x1: delta * (1 + np.tanh(x1) ** 2)),
        _W("tanh-slip", lambda delta, x1: delta * (1 - np.tanh(x1)) ** 2),
        _W("tanh-slip", lambda delta, x1: delta * np.tanh(x1) * (1 - np.tanh(x1))),
        _W("tanh-slip", lambda delta, x1: delta / np.cosh(x1)),
        _W("tanh-slip", lambda delta, x1: delta * np.cosh(x1) ** 2),
        _W("forward-again", lambda delta, x1: delta * np.tanh(x1)),
        _W("matrix-for-vector", lambda delta, x1: delta * np.diag(1 - np.tanh(x1) ** 2)),
        _W("matrix-for-vector", lambda delta, x1: np.diag(delta * (1 - np.tanh(x1) ** 2))),
        _W("matrix-for-vector", lambda delta, x1: np.diag(1 - np.tanh(x1) ** 2)),
        _W("link-missing", lambda delta, x1: 1.0 * delta),
        _W(
            "unstable",
            lambda delta, x1: delta * (1 - ((np.exp(x1) - np.exp(-x1)) / (np.exp(x1) + np.exp(-x1))) ** 2),
        ),
        _W("upstream-ignored", lambda delta, x1: 1 - np.tanh(x1) ** 2 + 0.0 * delta),
    ),
    hints=(
        "The Jacobian of tanh is diagonal: delta times it is an elementwise product.",
        "On the diagonal stands 1 minus the square of an array you know. Is it x1, or tanh of x1?",
        "Each entry: delta times (1 minus the squared output of tanh at that entry).",
    ),
)


def _backward_cases(rng: Rng) -> Iterator[Case]:
    for sizes in _SIZES:
        yield Case(_said(*sizes), "values", _network(rng, *sizes))
    yield Case("the lecture's numbers", "values", _copies(*LECTURE))
    x0, W0, W1, y = _network(rng, 2, 3, 2)
    yield Case("a perfect prediction", "edges", (x0, W0, W1, W1 @ np.tanh(W0 @ x0)))
    yield Case("x0 = 0", "edges", (np.zeros(2), W0, W1, y))
    yield Case("saturated: x1 in the thousands", "edges", (1e5 * x0, W0, W1, y))
    yield Case("one unit everywhere", "shapes", _network(rng, 1, 1, 1))


def _parts(x0: Any, W0: Any, W1: Any, y: Any) -> dict[str, Any]:
    """Everything the right answer computes, by name."""
    x1 = W0 @ x0
    x2 = np.tanh(x1)
    dx3 = W1 @ x2 - y
    dx2 = W1.T @ dx3
    slope = 1 - x2**2
    return {
        **{"x0": x0, "x1": x1, "x2": x2, "W1": W1, "y": y},
        **{"dx3": dx3, "dx2": dx2, "slope": slope, "dx1": dx2 * slope},
    }


def _from_parts(dW0: Callable[..., Any], dW1: Callable[..., Any]) -> Callable[..., Any]:
    """A wrong answer made of the right parts."""
    return lambda *args: (dW0(_parts(*args)), dW1(_parts(*args)))


def _right_dW0(p: Any) -> Any:
    return np.outer(p["dx1"], p["x0"])


def _right_dW1(p: Any) -> Any:
    return np.outer(p["dx3"], p["x2"])


def _dW0_with(slope: Callable[[Any], Any]) -> Callable[..., Any]:
    return _from_parts(lambda p: np.outer(p["dx2"] * slope(p), p["x0"]), _right_dW1)


two_layer_backward = _exercise(
    name="two_layer_backward",
    arguments=("x0", "W0", "W1", "y"),
    returns=("dW0", "dW1"),
    points=6,
    reference=gradients,
    cases=_backward_cases,
    wrong=(
        _W(
            "column-row-mixed",
            _from_parts(lambda p: np.outer(p["x0"], p["dx1"]), lambda p: np.outer(p["x2"], p["dx3"])),
        ),
        _W("column-row-mixed", _from_parts(lambda p: np.outer(p["x0"], p["dx1"]), _right_dW1)),
        _W("column-row-mixed", _from_parts(_right_dW0, lambda p: np.outer(p["x2"], p["dx3"]))),
        _W(
            "weight-not-transposed",
            _from_parts(lambda p: np.outer((p["W1"] @ p["dx3"]) * p["slope"], p["x0"]), _right_dW1),
        ),
        _W("wrong-path", _from_parts(_right_dW0, lambda p: np.outer(p["dx1"], p["x2"]))),
        _W("wrong-path", _from_parts(_right_dW0, lambda p: p["dx1"][:1, None] * p["x2"])),
        _W("wrong-path", _from_parts(_right_dW0, lambda p: np.outer(p["dx3"], p["x1"]))),
        _W(
            "wrong-path",
            _from_parts(lambda p: np.outer(p["dx1"], p["x1"]), lambda p: np.outer(p["dx3"], p["x2"])),
        ),
        _W("link-missing", _dW0_with(lambda p: 1.0)),
        _W(
            "link-missing",
            _from_parts(lambda p: np.outer(p["dx3"].sum() * p["slope"], p["x0"]), _right_dW1),
        ),
        _W("tanh-slip", _dW0_with(lambda p: 1 - p["x1"] ** 2)),
        _W("tanh-slip", _dW0_with(lambda p: 1 - p["x2"])),
        _W("tanh-slip", _dW0_with(lambda p: 1 - np.tanh(p["x2"]) ** 2)),
        _W("tanh-slip", _dW0_with(lambda p: 1 + p["x2"] ** 2)),
        _W("tanh-slip", _dW0_with(lambda p: p["x2"] * (1 - p["x2"]))),
        _W("forward-again", _dW0_with(lambda p: p["x2"])),
        _W("sign-flipped", _from_parts(lambda p: -_right_dW0(p), lambda p: -_right_dW1(p))),
        _W("off-by-factor", _from_parts(lambda p: 2 * _right_dW0(p), lambda p: 2 * _right_dW1(p))),
        _W(
            "upstream-ignored",
            _from_parts(
                lambda p: np.outer(p["W1"].sum(axis=0) * p["slope"], p["x0"]),
                lambda p: np.outer(np.ones_like(p["dx3"]), p["x2"]),
            ),
        ),
        _W("swapped", _from_parts(_right_dW1, _right_dW0)),
    ),
    hints=(
        "Forward first, keeping x1, x2 and x3. Then walk back: dx3, dx2, dx1, one line for each block.",
        "dx2 is W1 transposed times dx3; dx1 is dx2 times the slope of tanh, entry by entry.",
        "A weight matrix gets the outer product of the gradient at its output (rows) and its input "
        "(columns). "
        "For W1 these are dx3 and x2.",
    ),
)

# ---------------------------------------------------------------- the step, and many of them


def _step_cases(rng: Rng) -> Iterator[Case]:
    for shape, rate in (((2, 3), 0.2), ((4, 2), 0.7), ((3, 3), 0.05)):
        yield Case(
            f"a {shape[0]}×{shape[1]} matrix, rate {rate}",
            "values",
            (signed(rng, shape), signed(rng, shape), rate),
        )
    yield Case("a gradient of 0", "edges", (signed(rng, (2, 3)), np.zeros((2, 3)), 0.2))
    yield Case("a rate of 0", "edges", (signed(rng, (2, 3)), signed(rng, (2, 3)), 0.0))
    yield Case("a vector", "shapes", (signed(rng, (3,)), signed(rng, (3,)), 0.3))
    yield Case("one number", "shapes", (signed(rng, (1, 1)), signed(rng, (1, 1)), 0.3))


gradient_step = _exercise(
    name="gradient_step",
    arguments=("weight", "gradient", "learning_rate"),
    returns=("new_weight",),
    points=3,
    reference=lambda weight, gradient, learning_rate: weight - learning_rate * gradient,
    cases=_step_cases,
    wrong=(
        _W("ascent", lambda weight, gradient, learning_rate: weight + learning_rate * gradient),
        _W("rate-missing", lambda weight, gradient, learning_rate: weight - gradient),
        _W("displacement-only", lambda weight, gradient, learning_rate: -learning_rate * gradient),
        _W("displacement-only", lambda weight, gradient, learning_rate: learning_rate * gradient),
        _W("decay", lambda weight, gradient, learning_rate: (1 - learning_rate) * weight - gradient),
        _W("decay", lambda weight, gradient, learning_rate: (1 - learning_rate * gradient) * weight),
        _W("decay", lambda weight, gradient, learning_rate: weight - learning_rate * weight),
    ),
    hints=(
        "The gradient points uphill. Which way is the loss smaller?",
        "Go against the gradient, by learning_rate times as much.",
        "Return a new array; the old weight still belongs to the caller.",
    ),
)


def _training_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, sizes: tuple[int, int, int], rate: float, steps: int) -> Case:
        x0, W0, W1, y = _network(rng, *sizes)
        return Case(name, group, (x0, y, W0, W1, rate, steps))

    x0, W0, W1, y = LECTURE
    yield call("a network 3-4-2, 5 steps", "values", (3, 4, 2), 0.15, 5)
    yield call("a network 2-3-4, 4 steps", "values", (2, 3, 4), 0.1, 4)
    yield call("everything square, 3-3-3, 3 steps", "values", (3, 3, 3), 0.2, 3)
    yield Case("the lecture's numbers, 20 steps", "values", (*_copies(x0, y, W0, W1), 0.2, 20))
    yield call("a learning rate of 0", "edges", (2, 3, 2), 0.0, 3)
    yield call("no step at all", "edges", (2, 3, 2), 0.2, 0)
    yield call("one step", "shapes", (3, 2, 1), 0.2, 1)
    yield call("one unit everywhere", "shapes", (1, 1, 1), 0.2, 6)


def _train(
    direction: float = 1.0, early: bool = False, above: bool = False, late: bool = False, scale: float = 1.0
) -> Callable[..., Any]:
    """Training by the engine's gradients, and its wrong variants.

    Args:
        direction: -1 climbs.
        early: W1 is stepped before the gradient of W0 is taken.
        above: W0 is stepped first, and the gradient of W1 taken with the new one.
        late: the loss is noted after the step.
        scale: on every gradient.
    """

    def train(x0: Any, y: Any, W0: Any, W1: Any, learning_rate: float, steps: int) -> Any:
        losses = []
        rate = direction * learning_rate * scale
        for _ in range(steps):
            losses.append(loss(forward(x0, W0, W1)[2], y))
            dW0, dW1 = gradients(x0, W0, W1, y)
            if early:
                p = _parts(x0, W0, W1, y)
                stepped = W1 - rate * dW1
                dW0 = np.outer((stepped.T @ p["dx3"]) * p["slope"], x0)
            if above:
                dW1 = gradients(x0, W0 - rate * dW0, W1, y)[1]
            W0, W1 = W0 - rate * dW0, W1 - rate * dW1
            if late:
                losses[-1] = loss(forward(x0, W0, W1)[2], y)
        return W0, W1, np.array(losses, float)

    return train


def _fresh_forward(x0: Any, y: Any, W0: Any, W1: Any, learning_rate: float, steps: int) -> Any:
    """W1 is stepped, and the gradient of W0 is then taken from a whole new pass."""
    losses = []
    for _ in range(steps):
        losses.append(loss(forward(x0, W0, W1)[2], y))
        W1 = W1 - learning_rate * gradients(x0, W0, W1, y)[1]
        W0 = W0 - learning_rate * gradients(x0, W0, W1, y)[0]
    return W0, W1, np.array(losses, float)


def _same_gradients(x0: Any, y: Any, W0: Any, W1: Any, learning_rate: float, steps: int) -> Any:
    """The gradients of the first step, used for all."""
    dW0, dW1 = gradients(x0, W0, W1, y)
    losses = []
    for _ in range(steps):
        losses.append(loss(forward(x0, W0, W1)[2], y))
        W0, W1 = W0 - learning_rate * dW0, W1 - learning_rate * dW1
    return W0, W1, np.array(losses, float)


def _one_step(x0: Any, y: Any, W0: Any, W1: Any, learning_rate: float, steps: int) -> Any:
    """Every step starts from the given weights."""
    first = float(loss(forward(x0, W0, W1)[2], y))
    W0, W1, _ = _train()(x0, y, W0, W1, learning_rate, min(steps, 1))
    return W0, W1, np.full(steps, first)


def _one_layer(trained: int) -> Callable[..., Any]:
    def train(x0: Any, y: Any, W0: Any, W1: Any, learning_rate: float, steps: int) -> Any:
        losses = []
        for _ in range(steps):
            losses.append(loss(forward(x0, W0, W1)[2], y))
            dW0, dW1 = gradients(x0, W0, W1, y)
            W0, W1 = W0 - learning_rate * dW0 * (trained == 0), W1 - learning_rate * dW1 * (trained == 1)
        return W0, W1, np.array(losses, float)

    return train


def _and_the_last(*args: Any) -> Any:
    """One loss too many: that of the end too."""
    x0, y = args[:2]
    W0, W1, losses = _train()(*args)
    return W0, W1, np.append(losses, loss(forward(x0, W0, W1)[2], y))


two_layer_train = _exercise(
    name="two_layer_train",
    arguments=("x0", "y", "W0", "W1", "learning_rate", "steps"),
    returns=("W0", "W1", "losses"),
    points=6,
    reference=_train(),
    cases=_training_cases,
    wrong=(
        _W("updated-too-early", _train(early=True)),
        _W("updated-too-early", _train(above=True)),
        _W("updated-too-early", _fresh_forward),
        _W("loss-late", _train(late=True)),
        _W("loss-late", _and_the_last),
        _W("ascent", _train(direction=-1.0)),
        _W("off-by-factor", _train(scale=2.0)),
        _W("stands-still", _same_gradients),
        _W("stands-still", _one_step),
        _W("layer-forgotten", _one_layer(0)),
        _W("layer-forgotten", _one_layer(1)),
        _W("rate-missing", lambda x0, y, W0, W1, learning_rate, steps: _train()(x0, y, W0, W1, 1.0, steps)),
    ),
    hints=(
        "One round: forward, note the loss, backward, step. Do it `steps` times, with the new weights "
        "each time.",
        "Both gradients belong to the weights of the forward pass: compute them both before either "
        "weight changes.",
        "Write the forward and backward lines of the earlier exercises into the loop. The list gets one "
        "loss a "
        "round, taken before the step.",
    ),
)

register(
    two_layer_forward,
    half_squared_error,
    output_gradient,
    tanh_layer_backward,
    two_layer_backward,
    gradient_step,
    two_layer_train,
)
