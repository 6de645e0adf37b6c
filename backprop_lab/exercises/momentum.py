"""Exercises of 05-momentum: steps down a loss, the heavy ball, and how fast they are.

Data alone go over the wire, so a case names a loss or a method instead of carrying
a function: ``{"loss": "bowl", "matrix": A}`` or ``{"method": "sgd", "learning_rate": 0.1}``.
`gradient_from` and `method_from` make the functions; the adapters hand them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from ..engine import SGD, Momentum, Nesterov
from .exercise import Case, Exercise, Refusal, WrongAnswer, register
from .inputs import Rng, signed

ASSIGNMENT = "05-momentum"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer

Function = Callable[..., Any]
Named = Mapping[str, Any]  # a loss or a method by name, with its numbers


def _edge(name: str, *args: Any) -> Case:
    return Case(name, "edges", args)


# ---------------------------------------------------------------- losses and methods by name


def gradient_from(loss: Named) -> Function:
    """The gradient function of a loss given by name.

    ``bowl``: ½ θᵀ A θ with a symmetric ``matrix`` A. ``cosh``: the sum of cosh θ, steeper
    than a bowl far out. ``valley``: a (θ₁ − θ₀²)² + (1 − θ₀)² with ``steepness`` a, a curved
    valley after Rosenbrock.

    >>> gradient_from({"loss": "bowl", "matrix": np.diag([1.0, 100.0])})(np.array([2.0, 3.0]))
    array([  2., 300.])
    """
    if loss["loss"] == "bowl":
        matrix = np.array(loss["matrix"], float)
        return lambda theta: matrix @ theta
    if loss["loss"] == "cosh":
        return np.sinh
    if loss["loss"] == "valley":
        return partial(_valley_gradient, steepness=loss["steepness"])
    raise ValueError(f"there is no loss called {loss['loss']!r}")


def _valley_gradient(theta: Any, steepness: float) -> Any:
    x, y = theta
    return np.array([-4 * steepness * x * (y - x**2) - 2 * (1 - x), 2 * steepness * (y - x**2)])


def method_from(method: Named) -> Function:
    """A ``step(theta, velocity, gradient_fn) -> (theta, velocity)`` of a method given by name.

    ``sgd``, ``momentum`` or ``nesterov``, with ``learning_rate`` and, for the last two, ``beta``.

    >>> step = method_from({"method": "momentum", "learning_rate": 0.1, "beta": 0.5})
    >>> step(1.0, -0.2, lambda theta: 2 * theta)
    (0.7, -0.30000000000000004)
    """

    def step(theta: Any, velocity: Any, gradient_fn: Function) -> Any:
        if not callable(gradient_fn):
            raise TypeError("step(theta, velocity, gradient_fn) takes the gradient function, not a gradient")
        if method["method"] == "sgd":
            return SGD(method["learning_rate"]).step(theta, gradient_fn(theta)), velocity
        if method["method"] == "momentum":
            return _momentum(theta, velocity, gradient_fn(theta), method["learning_rate"], method["beta"])
        if method["method"] == "nesterov":
            return _nesterov(theta, velocity, gradient_fn, method["learning_rate"], method["beta"])
        raise ValueError(f"there is no method called {method['method']!r}")

    return step


def _momentum(theta: Any, velocity: Any, gradient: Any, learning_rate: float, beta: float) -> Any:
    ball = Momentum(learning_rate, beta)
    ball.velocity = velocity
    return ball.step(theta, gradient), ball.velocity


def _nesterov(theta: Any, velocity: Any, gradient_fn: Function, learning_rate: float, beta: float) -> Any:
    ball = Nesterov(learning_rate, beta)
    ball.velocity = velocity
    return ball.step(theta, gradient_fn), ball.velocity


# ---------------------------------------------------------------- one step


def _sgd_cases(rng: Rng) -> Iterator[Case]:
    for name, shape in [("a vector of 5", (5,)), ("a 3×4 matrix", (3, 4)), ("a 3×3 matrix", (3, 3))]:
        yield Case(name, "values", (signed(rng, shape), signed(rng, shape), float(rng.uniform(0.05, 0.7))))
    yield _edge("a gradient of zeros", signed(rng, (4,)), np.zeros(4), 0.3)
    yield _edge("large numbers", signed(rng, (4,)) * 1e8, signed(rng, (4,)) * 1e9, 0.2)
    yield _edge("a learning rate of 0", signed(rng, (3,)), signed(rng, (3,)), 0.0)
    yield Case("plain numbers", "shapes", (signed(rng), signed(rng), 0.25))
    yield Case("an empty array", "shapes", (np.zeros((0, 3)), np.zeros((0, 3)), 0.25))


sgd_step = _exercise(
    name="sgd_step",
    arguments=("theta", "gradient", "learning_rate"),
    returns=("theta",),
    reference=lambda theta, gradient, learning_rate: SGD(learning_rate).step(theta, gradient),
    cases=_sgd_cases,
    points=3,
    wrong=(
        _W("ascent", lambda theta, gradient, learning_rate: theta + learning_rate * gradient),
        _W("rate-missing", lambda theta, gradient, learning_rate: theta - gradient),
        _W("displacement-only", lambda theta, gradient, learning_rate: -learning_rate * gradient),
        _W("displacement-only", lambda theta, gradient, learning_rate: learning_rate * gradient),
        _W("decay", lambda theta, gradient, learning_rate: theta - learning_rate * theta),
        _W("decay", lambda theta, gradient, learning_rate: (1 - learning_rate) * theta - gradient),
        _W("decay", lambda theta, gradient, learning_rate: (1 - learning_rate * gradient) * theta),
    ),
    hints=(
        "The gradient points uphill. Which way do you want to go?",
        "The displacement is the gradient made smaller by the learning rate, and turned round.",
        "Start from theta and subtract the learning rate times the gradient. Make a new array.",
    ),
)

# Wrong heavy balls, as functions of (theta, velocity, gradient, learning_rate, beta).


def _ball(velocity: Function, move: Function | None = None, keep: Function | None = None) -> Function:
    """A wrong step: how the velocity is made, how theta moves with it, and what is returned for it."""

    def step(theta: Any, v: Any, g: Any, rate: float, beta: float) -> Any:
        new = velocity(v, g, rate, beta)
        moved = theta + new if move is None else move(theta, v, new, rate)
        return moved, new if keep is None else keep(v, g, rate)

    return step


_right = lambda v, g, rate, beta: beta * v - rate * g

_WRONG_BALLS: tuple[tuple[str, Function], ...] = (
    # theta moves against the velocity, or the velocity climbs
    ("velocity-sign", _ball(lambda v, g, rate, beta: beta * v + rate * g, lambda t, v, n, rate: t - n)),
    ("velocity-sign", _ball(lambda v, g, rate, beta: beta * v + rate * g)),
    ("velocity-sign", _ball(_right, lambda t, v, n, rate: t - n)),
    ("velocity-sign", _ball(lambda v, g, rate, beta: -beta * v - rate * g)),
    # one minus beta
    ("one-minus-beta", _ball(lambda v, g, rate, beta: beta * v - (1 - beta) * rate * g)),
    (
        "one-minus-beta",
        _ball(lambda v, g, rate, beta: beta * v + (1 - beta) * g, lambda t, v, n, rate: t - rate * n),
    ),
    (
        "one-minus-beta",
        _ball(lambda v, g, rate, beta: beta * v - (1 - beta) * g, lambda t, v, n, rate: t + rate * n),
    ),
    ("one-minus-beta", _ball(lambda v, g, rate, beta: (1 - beta) * v - rate * g)),
    # the learning rate outside the velocity
    ("rate-outside", _ball(lambda v, g, rate, beta: beta * v - g, lambda t, v, n, rate: t + rate * n)),
    ("rate-outside", _ball(lambda v, g, rate, beta: beta * v + g, lambda t, v, n, rate: t - rate * n)),
    ("rate-outside", _ball(lambda v, g, rate, beta: rate * (beta * v - g))),
    ("rate-outside", _ball(_right, lambda t, v, n, rate: t + rate * n)),
    ("rate-missing", _ball(lambda v, g, rate, beta: beta * v - g)),
    # the velocity is not carried on
    ("velocity-lost", _ball(_right, keep=lambda v, g, rate: v)),
    ("velocity-lost", _ball(_right, keep=lambda v, g, rate: -rate * g)),
    ("velocity-lost", _ball(lambda v, g, rate, beta: -rate * g)),
    ("velocity-lost", _ball(_right, lambda t, v, n, rate: t + v)),
    ("friction-missing", _ball(lambda v, g, rate, beta: v - rate * g)),
    ("friction-missing", _ball(lambda v, g, rate, beta: beta * (v - rate * g))),
)


def changing_rate(
    function: Function, theta: Any, velocity: Any, gradient: Any, learning_rate: Any, beta: float
) -> Any:
    """One call of ``momentum_step``; with a list of learning rates, one for each row of ``gradient``."""
    if not isinstance(learning_rate, (list, tuple)):
        return function(theta, velocity, gradient, learning_rate, beta)
    for row, rate in zip(gradient, learning_rate, strict=True):
        theta, velocity = function(theta, velocity, row, rate, beta)
    return theta, velocity


def _momentum_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, shape: tuple[int, ...], velocity: Any = None, beta: Any = None) -> Case:
        v = signed(rng, shape) if velocity is None else velocity
        b = float(rng.uniform(0.55, 0.9)) if beta is None else beta
        return Case(
            name, group, (signed(rng, shape), v, signed(rng, shape), float(rng.uniform(0.05, 0.4)), b)
        )

    yield call("a vector of 5 that is moving", "values", (5,))
    yield call("a 3×4 matrix that is moving", "values", (3, 4))
    yield Case(
        "four steps in a row with a changing learning rate",
        "values",
        (signed(rng, (3,)), np.zeros(3), signed(rng, (4, 3)), [0.4, 0.1, 0.3, 0.05], 0.7),
    )
    yield call("the first step, from rest", "edges", (4,), np.zeros(4))
    yield call("beta = 0", "edges", (4,), beta=0.0)
    yield _edge("no gradient: it rolls on", signed(rng, (4,)), signed(rng, (4,)), np.zeros(4), 0.1, 0.9)
    yield _edge("large numbers", *[1e8 * signed(rng, (4,)) for _ in range(3)], 0.2, 0.9)
    yield call("plain numbers", "shapes", ())
    yield call("an empty array", "shapes", (0, 3))


momentum_step = _exercise(
    name="momentum_step",
    arguments=("theta", "velocity", "gradient", "learning_rate", "beta"),
    returns=("theta", "velocity"),
    reference=_momentum,
    adapter=changing_rate,
    cases=_momentum_cases,
    points=5,
    wrong=tuple(_W(key, function) for key, function in _WRONG_BALLS),
    hints=(
        "Two lines: first what becomes of the velocity, then where that velocity carries theta.",
        "The new velocity is beta times the old one, plus the displacement that plain descent would make.",
        "theta moves by the NEW velocity, and the new velocity is returned, for the next step to start from.",
    ),
)


def _ahead(ball: Function) -> Function:
    """A wrong heavy ball that is handed the gradient from the right point."""
    return lambda theta, v, gradient_fn, rate, beta: ball(theta, v, gradient_fn(theta + beta * v), rate, beta)


def _looking(where: Function, start: Function | None = None) -> Function:
    """A step that takes its gradient somewhere else, or starts somewhere else."""

    def step(theta: Any, v: Any, gradient_fn: Function, rate: float, beta: float) -> Any:
        new = beta * v - rate * gradient_fn(where(theta, v, rate, beta))
        return (theta if start is None else start(theta, v, beta)) + new, new

    return step


def changing_rate_with_gradient(
    function: Function, theta: Any, velocity: Any, gradient_fn: Named, learning_rate: Any, beta: float
) -> Any:
    """One call of ``nesterov_step`` on a loss given by name; with a list of rates, one for each rate."""
    gradient = gradient_from(gradient_fn)
    if not isinstance(learning_rate, (list, tuple)):
        return function(theta, velocity, gradient, learning_rate, beta)
    for rate in learning_rate:
        theta, velocity = function(theta, velocity, gradient, rate, beta)
    return theta, velocity


def bowl(rng: Rng, size: int, low: float = 0.5, high: float = 4.0) -> dict[str, Any]:
    """A tilted bowl: a random symmetric matrix with eigenvalues from ``low`` to ``high``."""
    turn = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = turn @ np.diag(np.geomspace(low, high, size)) @ turn.T
    return {"loss": "bowl", "matrix": (matrix + matrix.T) / 2}


def _nesterov_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, loss: Named, size: int, velocity: Any = None) -> Case:
        v = signed(rng, (size,)) if velocity is None else velocity
        return Case(
            name,
            group,
            (signed(rng, (size,)), v, loss, float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.5, 0.9))),
        )

    yield call("a curved loss (cosh), a vector of 4", "values", {"loss": "cosh"}, 4)
    yield call("a tilted bowl in 3 dimensions", "values", bowl(rng, 3), 3)
    yield call("a curved valley", "values", {"loss": "valley", "steepness": 2.0}, 2)
    yield Case(
        "three steps in a row with a changing learning rate",
        "values",
        (signed(rng, (5,)), signed(rng, (5,)), {"loss": "cosh"}, [0.1, 0.02, 0.05], 0.6),
    )
    yield call("the first step, from rest", "edges", {"loss": "cosh"}, 3, np.zeros(3))
    yield _edge("at the bottom, but moving", np.zeros(3), signed(rng, (3,)), {"loss": "cosh"}, 0.1, 0.8)
    yield call("a vector of 1", "shapes", {"loss": "cosh"}, 1)


nesterov_step = _exercise(
    name="nesterov_step",
    arguments=("theta", "velocity", "gradient_fn", "learning_rate", "beta"),
    returns=("theta", "velocity"),
    reference=_nesterov,
    adapter=changing_rate_with_gradient,
    cases=_nesterov_cases,
    points=5,
    wrong=(
        _W("nesterov-here", _looking(lambda theta, v, rate, beta: theta)),
        _W("look-ahead-slip", _looking(lambda theta, v, rate, beta: theta + v)),
        _W("look-ahead-slip", _looking(lambda theta, v, rate, beta: theta - beta * v)),
        _W("look-ahead-slip", _looking(lambda theta, v, rate, beta: theta + rate * v)),
        _W(
            "look-ahead-slip",
            _looking(lambda theta, v, rate, beta: theta + beta * v, lambda theta, v, beta: theta + beta * v),
        ),
        *[_W(key, _ahead(ball)) for key, ball in _WRONG_BALLS],
    ),
    hints=(
        "gradient_fn is a function: you choose the point where it is asked.",
        "Before the gradient is known, the velocity alone would already carry theta somewhere. Ask there.",
        "The rest is the heavy ball: the same two lines, started from theta, not from the point ahead.",
    ),
)

# ---------------------------------------------------------------- a whole descent


def with_named_step(function: Function, step: Named, theta: Any, gradient_fn: Named, steps: int) -> Any:
    """One call of ``descend`` with a method and a loss given by name."""
    return function(method_from(step), theta, gradient_from(gradient_fn), steps)


def _descent(reset: bool = False, move: bool = True) -> Function:
    def descend(step: Function, theta: Any, gradient_fn: Function, steps: int) -> Any:
        velocity, points = np.zeros_like(theta), [theta]
        for _ in range(steps):
            new, v = step(theta, velocity, gradient_fn)
            points.append(new)
            theta = new if move else theta
            velocity = velocity if reset else v
        return np.array(points)

    return descend


def _part(pick: Function, more: int = 0) -> Function:
    return lambda step, theta, gradient_fn, steps: pick(_descent()(step, theta, gradient_fn, steps + more))


def _descend_cases(rng: Rng) -> Iterator[Case]:
    heavy = {"method": "momentum", "learning_rate": 0.1, "beta": float(rng.uniform(0.6, 0.9))}
    ahead = {"method": "nesterov", "learning_rate": 0.05, "beta": float(rng.uniform(0.6, 0.9))}
    plain = {"method": "sgd", "learning_rate": float(rng.uniform(0.05, 0.2))}
    yield Case("the heavy ball in a tilted bowl", "values", (heavy, signed(rng, (3,)), bowl(rng, 3), 7))
    yield Case("plain steps on cosh", "values", (plain, signed(rng, (4,)), {"loss": "cosh"}, 6))
    yield Case("Nesterov on cosh, a 2×3 matrix", "values", (ahead, signed(rng, (2, 3)), {"loss": "cosh"}, 5))
    yield _edge("no step at all", heavy, signed(rng, (3,)), bowl(rng, 3), 0)
    yield _edge("started at the bottom", heavy, np.zeros(2), bowl(rng, 2), 4)
    yield Case("a plain number", "shapes", (heavy, signed(rng), {"loss": "cosh"}, 6))
    yield Case("one step", "shapes", (heavy, signed(rng, (5,)), bowl(rng, 5), 1))


descend = _exercise(
    name="descend",
    arguments=("step", "theta", "gradient_fn", "steps"),
    returns=("trajectory",),
    reference=_descent(),
    adapter=with_named_step,
    cases=_descend_cases,
    points=5,
    wrong=(
        _W("velocity-lost", _descent(reset=True)),
        _W("start-or-end-missing", _part(lambda points: points[1:])),
        _W("start-or-end-missing", _part(lambda points: points[1:] if len(points) > 1 else np.array([]))),
        _W("start-or-end-missing", _part(lambda points: points[:-1])),
        _W("start-or-end-missing", _part(lambda points: points[:-1] if len(points) > 1 else np.array([]))),
        _W("start-or-end-missing", _part(lambda points: points, more=1)),
        _W("start-or-end-missing", _part(lambda points: points[1:], more=1)),
        _W("start-or-end-missing", _part(lambda points: points[-1])),
        _W("stands-still", _descent(move=False)),
    ),
    hints=(
        "A loop of `steps` rounds. Two things change from round to round. Which?",
        "Begin with a velocity of zeros shaped like theta; hand every round what the last one gave back.",
        "Keep a list that starts with the starting point, add theta after every round, stack it at the end.",
    ),
)

# ---------------------------------------------------------------- theory of the bowl


def eigenvalues(rng: Rng, count: int, condition: float) -> Any:
    """Positive eigenvalues in random order, neither the first nor the last being an extreme one."""
    scale = rng.uniform(0.2, 3.0)
    between = np.exp(rng.uniform(0.1, 0.9, count - 2) * np.log(condition))
    inner = rng.permutation(np.concatenate([[1.0, condition], between[2:]]))
    return scale * np.concatenate([[between[0]], inner, [between[1]]])


def _spectra(rng: Rng) -> Iterator[Case]:
    for count, condition in [(5, 100.0), (7, 9.0), (4, 30.0)]:
        name = f"{count} eigenvalues, condition number {condition:g}"
        yield Case(name, "values", (eigenvalues(rng, count, condition),))
    yield _edge("all equal", np.full(4, float(rng.uniform(0.2, 3.0))))
    yield _edge("condition number a hundred million", np.array([3.0, 1e4, 1e-4, 20.0]))
    yield Case("a single eigenvalue", "shapes", (np.array([float(rng.uniform(0.2, 3.0))]),))
    yield Case("two eigenvalues", "shapes", (np.array([5.0, 0.4]),))


best_learning_rate = _exercise(
    name="best_learning_rate",
    arguments=("eigenvalues",),
    returns=("learning_rate",),
    reference=lambda eigenvalues: 2 / (np.min(eigenvalues) + np.max(eigenvalues)),
    cases=_spectra,
    points=3,
    wrong=(
        _W("one-end", lambda eigenvalues: 1 / np.max(eigenvalues)),
        _W("one-end", lambda eigenvalues: 2 / np.max(eigenvalues)),
        _W("one-end", lambda eigenvalues: 1 / np.min(eigenvalues)),
        _W("one-end", lambda eigenvalues: 2 / np.min(eigenvalues)),
        _W("order-assumed", lambda eigenvalues: 2 / (eigenvalues[0] + eigenvalues[-1])),
        _W("average", lambda eigenvalues: 1 / np.mean(eigenvalues)),
        _W("average", lambda eigenvalues: 2 / np.mean(eigenvalues)),
        _W("average", lambda eigenvalues: 2 / np.sum(eigenvalues)),
        _W("off-by-factor", lambda eigenvalues: 1 / (np.min(eigenvalues) + np.max(eigenvalues))),
        _W("root-or-square", lambda eigenvalues: 1 / np.sqrt(np.min(eigenvalues) * np.max(eigenvalues))),
    ),
    hints=(
        "Draw the shrink factor |1 − learning_rate · λ| against λ. Which two eigenvalues are the worst?",
        "Only the smallest and the largest matter. At the best rate both are equally bad, one on each side.",
        "Set 1 − r·smallest equal to r·largest − 1 and solve for r. The array need not be sorted.",
    ),
)


def _ends(eigenvalues: Any) -> tuple[float, float]:
    return float(np.min(eigenvalues)), float(np.max(eigenvalues))


def _best_momentum(eigenvalues: Any) -> tuple[float, float]:
    low, high = (np.sqrt(end) for end in _ends(eigenvalues))
    return float((2 / (low + high)) ** 2), float(((high - low) / (high + low)) ** 2)


def _of_ends(change: Function) -> Function:
    return lambda eigenvalues: change(*_ends(eigenvalues))


best_momentum = _exercise(
    name="best_momentum",
    arguments=("eigenvalues",),
    returns=("learning_rate", "beta"),
    reference=_best_momentum,
    cases=_spectra,
    points=4,
    wrong=(
        _W("order-assumed", lambda eigenvalues: _best_momentum(eigenvalues[[0, -1]])),
        _W(
            "order-assumed",
            lambda eigenvalues: (
                float((2 / (eigenvalues[0] ** 0.5 + eigenvalues[-1] ** 0.5)) ** 2),
                float(
                    ((eigenvalues[-1] ** 0.5 - eigenvalues[0] ** 0.5) / sum(eigenvalues[[0, -1]] ** 0.5)) ** 2
                ),
            ),
        ),
        _W("root-or-square", _of_ends(lambda m, M: ((2 / (m + M)) ** 2, ((M - m) / (M + m)) ** 2))),
        _W("root-or-square", _of_ends(lambda m, M: (2 / (m + M), (M - m) / (M + m)))),
        _W(
            "root-or-square",
            _of_ends(lambda m, M: (2 / (m**0.5 + M**0.5), (M**0.5 - m**0.5) / (M**0.5 + m**0.5))),
        ),
        _W(
            "root-or-square",
            _of_ends(lambda m, M: ((2 / (m**0.5 + M**0.5)) ** 2, (M**0.5 - m**0.5) / (M**0.5 + m**0.5))),
        ),
        _W(
            "root-or-square",
            _of_ends(lambda m, M: (2 / (m**0.5 + M**0.5), ((M**0.5 - m**0.5) / (M**0.5 + m**0.5)) ** 2)),
        ),
        _W("plain-rate", _of_ends(lambda m, M: (2 / (m + M), ((M**0.5 - m**0.5) / (M**0.5 + m**0.5)) ** 2))),
        _W("plain-rate", _of_ends(lambda m, M: (2 / (m + M), 0.9))),
        _W("plain-rate", _of_ends(lambda m, M: (2 / (m + M), 0.0))),
        _W("one-end", _of_ends(lambda m, M: (1 / M, (1 - (m / M) ** 0.5) ** 2))),
    ),
    hints=(
        "Both numbers are built from the square roots of the smallest and the largest eigenvalue.",
        "Goh's formulas: the best rate per step is (√M − √m) / (√M + √m). beta is the square of that.",
        "The learning rate is 2 / (√m + √M), squared. With eigenvalues 1 to 100 that is (2/11)².",
    ),
)


def _one_step(eigenvalue: float, learning_rate: float, beta: float) -> Any:
    """The 2×2 matrix of one heavy-ball step on (theta, velocity): its columns, by taking the steps."""
    columns = [
        _momentum(theta, velocity, eigenvalue * theta, learning_rate, beta)
        for theta, velocity in ((1.0, 0.0), (0.0, 1.0))
    ]
    return np.array(columns, float).T


def _radii(eigenvalues: Any, learning_rate: float, beta: float) -> Any:
    matrices = [_one_step(float(value), learning_rate, beta) for value in eigenvalues]
    return np.max(np.abs(np.linalg.eigvals(np.array(matrices))), axis=1)


def _rate(eigenvalues: Any, learning_rate: float, beta: float) -> float:
    return float(np.max(_radii(eigenvalues, learning_rate, beta)))


def _rate_cases(rng: Rng) -> Iterator[Case]:
    values = eigenvalues(rng, 5, 50.0)
    high, low = np.max(values), np.min(values)
    # Slow: the smallest eigenvalue decides, without oscillation.
    yield Case("a small rate and little momentum", "values", (values, float(0.1 / high), 0.2))
    # Much momentum: every direction oscillates.
    yield Case("much momentum", "values", (values, float(1.0 / high), float(rng.uniform(0.95, 0.99))))
    yield Case("beta = 0: plain descent", "values", (values, float(1.5 / high), 0.0))
    yield Case("too large a rate: it diverges", "values", (values, float(rng.uniform(3.5, 5.0) / high), 0.3))
    yield Case("some directions oscillate, others do not", "values", (values, float(0.3 / (low * 50)), 0.5))
    yield _edge("the best pair", values, *_best_momentum(values))
    yield _edge("a learning rate of 0", values, 0.0, 0.5)
    yield Case("a single eigenvalue", "shapes", (np.array([2.0]), 0.1, 0.3))


convergence_rate = _exercise(
    name="convergence_rate",
    arguments=("eigenvalues", "learning_rate", "beta"),
    returns=("rate",),
    reference=_rate,
    cases=_rate_cases,
    points=6,
    wrong=(
        _W("momentum-ignored", lambda e, rate, beta: np.max(np.abs(1 - rate * e))),
        _W("always-oscillating", lambda e, rate, beta: np.sqrt(beta)),
        _W("one-end", lambda e, rate, beta: _rate([np.max(e)], rate, beta)),
        _W("one-end", lambda e, rate, beta: _rate([np.min(e)], rate, beta)),
        _W("one-end", lambda e, rate, beta: np.min(_radii(e, rate, beta))),
        _W("average", lambda e, rate, beta: np.mean(_radii(e, rate, beta))),
        _W("order-assumed", lambda e, rate, beta: _rate(e[[0, -1]], rate, beta)),
        _W(
            "norm-for-radius",
            lambda e, rate, beta: max(np.linalg.norm(_one_step(float(x), rate, beta), 2) for x in e),
        ),
        _W(
            "complex-mishandled",
            lambda e, rate, beta: max(
                np.max(np.linalg.eigvals(_one_step(float(x), rate, beta)).real) for x in e
            ),
        ),
        _W(
            "complex-mishandled",
            lambda e, rate, beta: max(
                np.max(np.abs(np.linalg.eigvals(_one_step(float(x), rate, beta)).real)) for x in e
            ),
        ),
        _W("root-or-square", lambda e, rate, beta: _rate(e, rate, beta) ** 2),
    ),
    hints=(
        "Along one eigendirection a step is a 2×2 matrix acting on (theta, velocity). Write it down.",
        "np.linalg.eigvals gives the two eigenvalues of that matrix. They may be complex: take np.abs.",
        "The slowest direction decides: the largest absolute value, over both roots and all eigenvalues.",
    ),
)

# ---------------------------------------------------------------- minibatches


def two_epochs(function: Function, n: int, batch_size: int, rng: int) -> Any:
    """Two epochs in a row from one generator, and the first once more from a fresh one with the same seed."""
    generator = np.random.default_rng(rng)
    first = _indices(function(n, batch_size, generator), n)
    second = _indices(function(n, batch_size, generator), n)
    again = _indices(function(n, batch_size, np.random.default_rng(rng)), n)
    return {"first": first, "second": second, "again": again}


def _indices(batches: Any, n: int) -> Any:
    """Batches as lists of plain numbers; of an endless generator, only the beginning."""
    if batches is None:
        return None
    return [np.asarray(batch).tolist() for batch in islice(batches, n + 2)]


def problem_with_epochs(case: Case, value: Any) -> str | None:
    """What is wrong with the batches of `two_epochs`, in a sentence, or None."""
    n, batch_size, _ = case.args
    if type(value) is not dict or set(value) != {"first", "second", "again"}:
        return "Your function did not return batches that can be read."
    for epoch in value.values():
        problem = _problem_with_epoch(epoch, n, batch_size)
        if problem:
            return problem
    if value["first"] != value["again"]:
        return "With the same seed your function gave other batches: draw from rng only, not from np.random."
    if n >= 20 and n >= 3 * batch_size:  # else two shuffles may be equal by chance
        first, second = ([sorted(batch) for batch in value[k]] for k in ("first", "second"))
        if first == second:
            return Refusal(
                "The second epoch has the same batches as the first: it must be shuffled anew, with rng.",
                "not-shuffled",
            )
        if batch_size > 1 and all(batch[-1] - batch[0] == len(batch) - 1 for batch in first):
            return Refusal(
                "The examples of a batch are always neighbours: shuffle the examples, not the batches.",
                "not-shuffled",
            )
    return None


def _problem_with_epoch(epoch: Any, n: int, batch_size: int) -> str | None:
    if epoch is None:
        return "Your function returned None: is the return missing?"
    if type(epoch) is not list or any(type(batch) is not list for batch in epoch):
        return "Return a list of batches, each of them an array of indices."
    if len(epoch) > n or any(len(batch) > n for batch in epoch):
        return f"There are more batches or indices than examples (n = {n})."
    if any(type(index) is not int for batch in epoch for index in batch):
        return "A batch must hold whole numbers, the indices of its examples."
    indices = [index for batch in epoch for index in batch]
    if any(not 0 <= index < n for index in indices):
        return f"An index is outside 0 to {n - 1}."
    if len(set(indices)) < len(indices):
        return Refusal("An index comes up twice in one epoch.", "with-replacement")
    if len(indices) < n:
        sentence = f"In one epoch {n - len(indices)} of {n} examples are never visited."
        return Refusal(sentence, "last-batch-lost") if n - len(indices) == n % batch_size else sentence
    *full, last = [len(batch) for batch in epoch]
    if any(size != batch_size for size in full) or not 0 < last <= batch_size:
        sizes = [*full, last]
        return f"The batches have sizes {sizes[:8]}; every one but the last must have {batch_size}."
    return None


def _cut(order: Any, batch_size: int) -> list[Any]:
    return [order[k : k + batch_size] for k in range(0, len(order), batch_size)]


def _minibatch_cases(rng: Rng) -> Iterator[Case]:
    def seed() -> int:
        return int(rng.integers(2**31))

    yield Case("23 examples in batches of 4: the last one is smaller", "values", (23, 4, seed()))
    yield Case("24 examples in batches of 6", "values", (24, 6, seed()))
    yield Case("50 examples in batches of 7", "values", (50, 7, seed()))
    yield _edge("batches of one", 21, 1, seed())
    yield _edge("the whole set in one batch", 12, 12, seed())
    yield Case("a batch size larger than the set", "shapes", (5, 8, seed()))
    yield Case("a single example", "shapes", (1, 4, seed()))


minibatches = _exercise(
    name="minibatches",
    arguments=("n", "batch_size", "rng"),
    returns=("batches",),
    reference=lambda n, batch_size, rng: _cut(rng.permutation(n), batch_size),
    adapter=two_epochs,
    accept=problem_with_epochs,
    cases=_minibatch_cases,
    points=5,
    wrong=(
        _W("not-shuffled", lambda n, size, rng: _cut(np.arange(n), size)),
        _W("not-shuffled", lambda n, size, rng: _cut(np.random.default_rng(0).permutation(n), size)),
        _W(
            "not-shuffled",
            lambda n, size, rng: [_cut(np.arange(n), size)[k] for k in rng.permutation(-(-n // size))],
        ),
        _W("with-replacement", lambda n, size, rng: [rng.integers(0, n, size) for _ in range(-(-n // size))]),
        _W("with-replacement", lambda n, size, rng: [rng.choice(n, size) for _ in range(-(-n // size))]),
        _W("with-replacement", lambda n, size, rng: _cut(rng.integers(0, n, n), size)),
        _W("with-replacement", lambda n, size, rng: _cut(rng.choice(n, n), size)),
        _W("last-batch-lost", lambda n, size, rng: _cut(rng.permutation(n)[: n - n % size], size)),
        _W(
            "last-batch-lost", lambda n, size, rng: list(rng.permutation(n)[: n - n % size].reshape(-1, size))
        ),
    ),
    hints=(
        "Think of a pack of cards: shuffle once, then deal. How many times is each card dealt?",
        "rng.permutation(n) is the shuffled pack. Cut it into pieces of batch_size.",
        "A slice that reaches past the end is simply shorter: let it start at 0, batch_size, 2·batch_size, …",
    ),
)

# In the order of the notebook.
register(
    sgd_step,
    descend,
    best_learning_rate,
    momentum_step,
    convergence_rate,
    best_momentum,
    nesterov_step,
    minibatches,
)
