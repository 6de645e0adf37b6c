"""Exercises of 06-training-a-network: a loss for classes, a perceptron, and its training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..data import digits
from ..data.models import fit_classifier
from ..engine import Graph, Variable, ops, tree_map
from ..engine.text import number
from .exercise import Case, Exercise, Refusal, WrongAnswer, backward_of, register
from .inputs import Rng, signed

ASSIGNMENT = "06-training-a-network"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer

Params = dict[str, np.ndarray]


def _case(name: str, group: str, *args: Any) -> Case:
    return Case(name, group, args)


# ---------------------------------------------------------------- inputs


def logits_and_labels(rng: Rng, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of either sign and one label a row; every label that can occur twice does not fill all rows."""
    labels = rng.integers(0, classes, rows)
    if rows > 1 and (labels == labels[0]).all():
        labels[0] = (labels[0] + 1) % classes
    return signed(rng, (rows, classes)), labels


def small_network(rng: Rng, inputs: int, hidden: int, classes: int) -> Params:
    """Parameters of a perceptron with logits of moderate size, every bias away from zero."""
    return {
        "W1": signed(rng, (inputs, hidden), 0.1, 1.0),
        "b1": signed(rng, (hidden,), 0.1, 0.6),
        "W2": signed(rng, (hidden, classes), 0.1, 1.0),
        "b2": signed(rng, (classes,), 0.1, 0.6),
    }


def _rows(rng: Rng, rows: int, classes: int) -> tuple[np.ndarray, ...]:
    return logits_and_labels(rng, rows, classes)


def _far_apart(rng: Rng, rows: int = 4, classes: int = 3) -> np.ndarray:
    """Rows around +1000, 0 and -1000, each with one entry well above the others."""
    centre = 1000.0 * (np.arange(rows) % 3 - 1)[::-1, None]
    return centre + signed(rng, (rows, classes)) + 3.0 * np.eye(rows, classes)


# ---------------------------------------------------------------- softmax


def _softmax_cases(rng: Rng) -> Iterator[Case]:
    yield _case("4 rows of 3 logits", "values", signed(rng, (4, 3)))
    yield _case("2 rows of 5 logits", "values", signed(rng, (2, 5)))
    yield _case("as many rows as logits", "values", signed(rng, (3, 3)))
    yield _case("equal logits", "edges", np.full((2, 4), signed(rng)))
    yield _case("rows of logits around 1000, 0 and -1000", "edges", _far_apart(rng))
    yield _case("logits 0, 1000 and -1000", "edges", np.array([[0.0, 1000.0, -1000.0], [-1.0, 0.5, 2.0]]))
    yield _case("a single row", "shapes", signed(rng, (1, 4)))
    yield _case("a single class", "shapes", signed(rng, (3, 1)))


def _exp_over(total: Callable[[np.ndarray], Any]) -> Callable[..., Any]:
    return lambda logits: np.exp(logits) / total(np.exp(logits))


def _p(logits: Any) -> Any:
    """Softmax, stable, as an array."""
    return np.asarray(ops.softmax(np.asarray(logits, float)))


softmax = _exercise(
    name="softmax",
    arguments=("logits",),
    returns=("probabilities",),
    points=4,
    reference=lambda logits: ops.softmax(logits),
    cases=_softmax_cases,
    wrong=(
        _W("unstable", _exp_over(lambda e: e.sum(axis=1, keepdims=True))),
        _W(
            "unstable",
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(axis=1, keepdims=True),
        ),
        _W("softmax-axis", _exp_over(lambda e: e.sum(axis=0))),
        _W("softmax-axis", _exp_over(np.sum)),
        _W("softmax-axis", lambda z: np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0)),
        _W("softmax-axis", lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()),
        _W("softmax-slip", lambda z: np.asarray(ops.sigmoid(z))),
        _W("softmax-slip", lambda z: z / z.sum(axis=1, keepdims=True)),
        _W("softmax-slip", lambda z: np.asarray(ops.log_softmax(z))),
        _W("softmax-slip", lambda z: _p(_p(z))),
        _W("softmax-slip", lambda z: np.exp(z - z.max(axis=1, keepdims=True))),
    ),
    hints=(
        "Two steps: make every logit positive with exp, then divide by something so that a row adds up to 1.",
        "The sum goes along a row: axis=1, and keepdims=True makes it fit under the rows again.",
        "Taking the same number off every logit of a row changes nothing on paper. "
        "Take off the largest of that row, and exp can no longer overflow.",
    ),
)

# ---------------------------------------------------------------- cross-entropy


def _loss_cases(rng: Rng) -> Iterator[Case]:
    yield _case("5 rows of 3 logits", "values", *_rows(rng, 5, 3))
    yield _case("2 rows of 4 logits", "values", *_rows(rng, 2, 4))
    yield _case("as many rows as logits", "values", *_rows(rng, 4, 4))
    yield _case("equal logits", "edges", np.zeros((3, 4)), rng.integers(0, 4, 3))
    far, wrong = _far_apart(rng), (np.arange(4) + 1) % 3
    yield _case("rows of logits around 1000, 0 and -1000", "edges", far, wrong)
    yield _case(
        "very sure, once right and once wrong",
        "edges",
        np.array([[1000.0, 0.0, -1000.0], [-1000.0, 1000.0, 0.0]]),
        np.array([0, 2]),
    )
    yield _case("a single row", "shapes", *_rows(rng, 1, 3))


def _of_label(table: Any, labels: Any) -> Any:
    """The entry of each row that its label names."""
    return table[np.arange(len(labels)), labels]


def _one_hot(logits: Any, labels: Any) -> Any:
    return np.eye(logits.shape[1])[labels]


def _logp(logits: Any) -> Any:
    return np.asarray(ops.log_softmax(logits))


cross_entropy = _exercise(
    name="cross_entropy",
    arguments=("logits", "labels"),
    returns=("loss",),
    points=5,
    reference=lambda logits, labels: ops.cross_entropy(logits, labels),
    cases=_loss_cases,
    wrong=(
        _W("unstable", lambda z, y: -np.mean(np.log(_of_label(_p(z), y)))),
        _W(
            "unstable",
            lambda z, y: -np.mean(np.log(_of_label(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), y))),
        ),
        _W("unstable", lambda z, y: np.mean(np.log(np.exp(z).sum(axis=1)) - _of_label(z, y))),
        _W("mean-miscounted", lambda z, y: -np.sum(_of_label(_logp(z), y))),
        _W("mean-miscounted", lambda z, y: -np.sum(_of_label(_logp(z), y)) / z.size),
        _W("mean-miscounted", lambda z, y: -_of_label(_logp(z), y)),
        _W("sign-flipped", lambda z, y: np.mean(_of_label(_logp(z), y))),
        _W("not-one-hot", lambda z, y: -np.mean(_logp(z)[:, y])),
        _W("not-one-hot", lambda z, y: -np.mean(np.sum(_logp(z), axis=1))),
        _W("not-one-hot", lambda z, y: -np.mean(np.sum(_logp(z) * y[:, None], axis=1))),
        _W("softmax-slip", lambda z, y: -np.mean(_of_label(_logp(_p(z)), y))),
        _W("softmax-slip", lambda z, y: -np.mean(_of_label(_p(z), y))),
        _W("softmax-slip", lambda z, y: -np.mean(_of_label(np.asarray(z, float), y))),
        _W("softmax-axis", lambda z, y: -np.mean(_of_label(np.asarray(ops.log_softmax(z, axis=0)), y))),
    ),
    hints=(
        "For one row: minus the logarithm of the probability of the right class. Then the mean over "
        "the rows.",
        "logits[np.arange(len(labels)), labels] picks from every row the entry that its label names.",
        "log(exp(a) / sum(exp(...))) is a minus the log of the sum: written so, log never meets a 0. "
        "Take the largest logit of the row off first.",
    ),
)


def _ce_backward(change: Callable[..., Any]) -> Callable[..., Any]:
    """A wrong answer made of p (probabilities), t (one-hot labels) and n (rows)."""

    def function(logits: Any, labels: Any) -> Any:
        return change(_p(logits), _one_hot(logits, labels), len(labels))

    return function


def _unstable_gradient(logits: Any, labels: Any) -> Any:
    e = np.exp(logits)
    return (e / e.sum(axis=1, keepdims=True) - _one_hot(logits, labels)) / len(labels)


cross_entropy_backward = _exercise(
    name="cross_entropy_backward",
    arguments=("logits", "labels"),
    returns=("dlogits",),
    points=5,
    reference=lambda logits, labels: backward_of(lambda z: ops.cross_entropy(z, labels))(1.0, logits),
    cases=_loss_cases,
    wrong=(
        _W("unstable", _unstable_gradient),
        _W("mean-miscounted", _ce_backward(lambda p, t, n: p - t)),
        _W("mean-miscounted", _ce_backward(lambda p, t, n: (p - t) / n**2)),
        _W("mean-miscounted", _ce_backward(lambda p, t, n: (p - t) / p.size)),
        _W("sign-flipped", _ce_backward(lambda p, t, n: (t - p) / n)),
        _W("sign-flipped", _ce_backward(lambda p, t, n: t - p)),
        _W("extra-derivative", _ce_backward(lambda p, t, n: (p - t) * p * (1 - p) / n)),
        _W("extra-derivative", _ce_backward(lambda p, t, n: (p - t) * p * (1 - p))),
        _W("softmax-diagonal", _ce_backward(lambda p, t, n: -t * (1 - p) / n)),
        _W("softmax-diagonal", _ce_backward(lambda p, t, n: -t * (1 - p))),
        _W("softmax-diagonal", _ce_backward(lambda p, t, n: 0.0 * p)),
        _W("link-missing", _ce_backward(lambda p, t, n: -t / p / n)),
        _W("link-missing", _ce_backward(lambda p, t, n: -t / p)),
        _W("not-one-hot", _ce_backward(lambda p, t, n: p / n)),
        _W("not-one-hot", lambda z, y: (_p(z) - y[:, None]) / len(y)),
        _W("not-one-hot", lambda z, y: _p(z) - y[:, None]),
        _W("not-one-hot", _ce_backward(lambda p, t, n: (p - 1) / n)),
        _W("softmax-axis", lambda z, y: (np.asarray(ops.softmax(z, axis=0)) - _one_hot(z, y)) / len(y)),
        _W("softmax-slip", lambda z, y: (z - _one_hot(z, y)) / len(y)),
        _W("softmax-slip", lambda z, y: (np.asarray(ops.sigmoid(z)) - _one_hot(z, y)) / len(y)),
    ),
    hints=(
        "Take one row first. The loss is log(sum of exp(logits)) minus the logit of the right class.",
        "The derivative of the first part by a logit is its probability. The second part touches one "
        "logit only.",
        "Probabilities, minus 1 in the place of the right class; and the mean over N rows leaves its "
        "mark on every row.",
    ),
)

# ---------------------------------------------------------------- the perceptron


def _logits(p: Any, X: Any) -> Any:
    return ops.affine(ops.relu(ops.affine(X, p["W1"], p["b1"])), p["W2"], p["b2"])


def _forward_cases(rng: Rng) -> Iterator[Case]:
    for rows, inputs, hidden, classes in ((5, 4, 6, 3), (3, 2, 5, 4), (3, 3, 3, 3)):
        name = f"{rows} rows, {inputs} inputs, {hidden} hidden units, {classes} classes"
        yield _case(name, "values", small_network(rng, inputs, hidden, classes), signed(rng, (rows, inputs)))
    yield _case("a black image", "edges", small_network(rng, 3, 4, 2), np.zeros((2, 3)))
    yield _case("large inputs", "edges", small_network(rng, 3, 4, 2), 1e4 * signed(rng, (4, 3)))
    yield _case("a single row", "shapes", small_network(rng, 4, 5, 3), signed(rng, (1, 4)))
    yield _case("no row at all", "shapes", small_network(rng, 4, 5, 3), np.zeros((0, 4)))


def _forward(first: Callable[..., Any], last: Callable[..., Any] = lambda z: z) -> Callable[..., Any]:
    """A forward pass with other functions after the two layers."""
    return lambda p, X: last(first(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])


def _relu(z: Any) -> Any:
    return np.maximum(z, 0.0)


mlp_forward = _exercise(
    name="mlp_forward",
    arguments=("params", "X"),
    returns=("logits",),
    points=3,
    reference=lambda params, X: _logits(params, X),
    cases=_forward_cases,
    wrong=(
        _W("activation-slip", _forward(lambda z: z)),
        _W("activation-slip", _forward(_relu, _relu)),
        _W("activation-slip", _forward(lambda z: z, _relu)),
        _W("activation-slip", _forward(_relu, _p)),
        _W("activation-slip", _forward(lambda z: np.asarray(ops.sigmoid(z)))),
        _W("activation-slip", _forward(np.tanh)),
        _W("activation-slip", _forward(np.abs)),
        _W("bias-forgotten", lambda p, X: _relu(X @ p["W1"]) @ p["W2"]),
        _W("bias-forgotten", lambda p, X: _relu(X @ p["W1"] + p["b1"]) @ p["W2"]),
        _W("bias-forgotten", lambda p, X: _relu(X @ p["W1"]) @ p["W2"] + p["b2"]),
        _W("bias-forgotten", lambda p, X: (_relu(X @ p["W1"]) + p["b1"]) @ p["W2"] + p["b2"]),
    ),
    hints=(
        "Follow the picture from left to right: affine, ReLU, affine. Three lines, one for each gate.",
        "X has one image a row, so the weights stand on the right of it: X @ W1.",
        "np.maximum(z, 0) is the ReLU. There is none after the second layer: logits may be negative.",
    ),
)


def _network_case(name: str, group: str, rng: Rng, rows: int, sizes: tuple[int, int, int]) -> Case:
    inputs, _, classes = sizes
    X = signed(rng, (rows, inputs))
    labels = logits_and_labels(rng, rows, classes)[1]
    return _case(name, group, small_network(rng, *sizes), X, labels)


def at_the_kink(rng: Rng, rows: int, inputs: int, hidden: int, classes: int) -> tuple[Any, ...]:
    """A network whose first hidden unit is exactly 0 for every input."""
    params = small_network(rng, inputs, hidden, classes)
    params["W1"][:, 0] = 0.0
    params["b1"][0] = 0.0
    return params, signed(rng, (rows, inputs)), logits_and_labels(rng, rows, classes)[1]


def _backward_cases(rng: Rng) -> Iterator[Case]:
    yield _network_case("6 rows, 4 inputs, 5 hidden units, 3 classes", "values", rng, 6, (4, 5, 3))
    yield _network_case("3 rows, 2 inputs, 7 hidden units, 4 classes", "values", rng, 3, (2, 7, 4))
    yield _network_case("all sizes equal", "values", rng, 4, (4, 4, 4))
    yield _case("a hidden unit exactly at the kink", "edges", *at_the_kink(rng, 5, 3, 4, 2))
    params, X, labels = _network_case("", "", rng, 4, (3, 5, 3)).args
    far = {**params, "b2": np.array([1000.0, 0.0, -1000.0])}
    yield _case("very large logits", "edges", far, X, labels)
    yield _network_case("a single row", "shapes", rng, 1, (3, 4, 2))


def _mlp_backward(
    hidden: Callable[..., Any] | None = None,
    logits: Callable[..., Any] = lambda p, t: (p - t) / len(p),
    bias: Callable[..., Any] = lambda d: d.sum(axis=0),
    seen: Callable[..., Any] = lambda z, h: h,
    **change: Callable[[Any], Any],
) -> Callable[..., Any]:
    """A backward pass with one part exchanged.

    Args:
        hidden: the gradient at the pre-activation, from d (logits), z (pre-activation) and p.
        logits: the gradient at the logits, from p (probabilities) and t (one-hot labels).
        bias: the gradient of a bias, from that at its layer's output.
        seen: what the second layer is taken to have seen.
        change: of a finished gradient, by name.
    """

    def function(params: Any, X: Any, labels: Any) -> Any:
        z = X @ params["W1"] + params["b1"]
        h = _relu(z)
        scores = h @ params["W2"] + params["b2"]
        d = logits(_p(scores), _one_hot(scores, labels))
        dW2 = seen(z, h).T @ d
        through = hidden or (lambda d, z, params, dW2: (d @ params["W2"].T) * (z > 0))
        dz = through(d, z, params, dW2)
        found = {"W1": X.T @ dz, "b1": bias(dz), "W2": dW2, "b2": bias(d)}
        return {name: change.get(name, lambda g: g)(gradient) for name, gradient in found.items()}

    return function


_BACKWARD = _mlp_backward()


def _too_early(rate: float) -> Callable[..., Any]:
    return lambda d, z, params, dW2: (d @ (params["W2"] - rate * dW2).T) * (z > 0)


def _unstable_backward(params: Any, X: Any, labels: Any) -> Any:
    def probabilities(scores: Any) -> Any:
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    z = X @ params["W1"] + params["b1"]
    scores = _relu(z) @ params["W2"] + params["b2"]
    d = (probabilities(scores) - _one_hot(scores, labels)) / len(labels)
    dz = (d @ params["W2"].T) * (z > 0)
    return {"W1": X.T @ dz, "b1": dz.sum(axis=0), "W2": _relu(z).T @ d, "b2": d.sum(axis=0)}


def _mlp_reference(params: Any, X: Any, labels: Any) -> Any:
    leaves = tree_map(Variable, params)
    Graph(ops.cross_entropy(_logits(leaves, X), labels)).backward()
    return tree_map(lambda leaf: leaf.grad, leaves)


mlp_backward = _exercise(
    name="mlp_backward",
    arguments=("params", "X", "labels"),
    returns=("gradients",),
    points=6,
    reference=_mlp_reference,
    cases=_backward_cases,
    wrong=(
        _W("unstable", _unstable_backward),
        _W("relu-at-zero", _mlp_backward(lambda d, z, params, dW2: (d @ params["W2"].T) * (z >= 0))),
        _W("link-missing", _mlp_backward(lambda d, z, params, dW2: d @ params["W2"].T)),
        _W(
            "mask-from-delta",
            _mlp_backward(lambda d, z, params, dW2: (d @ params["W2"].T) * (d @ params["W2"].T > 0)),
        ),
        _W("forward-again", _mlp_backward(lambda d, z, params, dW2: (d @ params["W2"].T) * _relu(z))),
        _W("weight-not-transposed", _mlp_backward(lambda d, z, params, dW2: (d @ params["W2"]) * (z > 0))),
        _W("updated-too-early", _mlp_backward(_too_early(0.1))),
        _W("updated-too-early", _mlp_backward(_too_early(1.0))),
        _W("bias-not-summed", _mlp_backward(bias=lambda d: d)),
        _W("bias-wrong-sum", _mlp_backward(bias=lambda d: d.mean(axis=0))),
        _W("bias-wrong-sum", _mlp_backward(bias=lambda d: d[0])),
        _W("bias-wrong-sum", _mlp_backward(bias=lambda d: d.sum(axis=1))),
        _W("bias-wrong-sum", _mlp_backward(bias=lambda d: d.sum())),
        _W("transposed", _mlp_backward(W1=np.transpose, W2=np.transpose)),
        _W("mean-miscounted", _mlp_backward(logits=lambda p, t: p - t)),
        _W("mean-miscounted", _mlp_backward(logits=lambda p, t: (p - t) / len(p) ** 2)),
        _W("sign-flipped", _mlp_backward(logits=lambda p, t: (t - p) / len(p))),
        _W("extra-derivative", _mlp_backward(logits=lambda p, t: (p - t) * p * (1 - p) / len(p))),
        _W("not-one-hot", _mlp_backward(logits=lambda p, t: p / len(p))),
        _W("softmax-diagonal", _mlp_backward(logits=lambda p, t: -t * (1 - p) / len(p))),
        _W("wrong-cache", _mlp_backward(seen=lambda z, h: z)),
    ),
    hints=(
        "Forward first, and keep three things: the pre-activation z, the hidden values h and the "
        "probabilities.",
        "At the logits you know the gradient already. From there one linear layer, one ReLU mask, "
        "one linear layer. "
        "Every row of the batch adds its part to a weight and to a bias.",
        "dW2 is made of h and the gradient at the logits; going through the layer needs the transpose of W2. "
        "Check every result: a gradient has the shape of its parameter.",
    ),
)

# ---------------------------------------------------------------- training

ACCURACY = 0.94  # on images that were not handed over
PIXELS, CLASSES, MOST_HIDDEN = 64, 10, 2048


@dataclass(frozen=True)
class DigitsCase(Case):
    """A call with some of the digits.

    Attributes:
        held_out: images and labels that the function does not get, to judge it by.
    """

    held_out: tuple[np.ndarray, np.ndarray] = (np.zeros((0, PIXELS)), np.zeros(0, int))


def digits_case(rng: Rng, name: str, block: int, hidden: bool = False) -> DigitsCase:
    """Most of the digits to train on, one in ``block`` held out.

    The pixels change places and the classes change names, the same way for all images:
    a perceptron does not mind, and weights that were learnt elsewhere are of no use.
    """
    data = digits()
    X = np.concatenate([data.X_train, data.X_test])
    labels = np.concatenate([data.labels_train, data.labels_test])
    # Of every few images of one class that are about equally hard one is held out, so that
    # no draw is harder than another.
    order = np.lexsort((_hardness(X, labels), labels))
    held = np.zeros(len(X), bool)
    for start in range(0, len(order), block):
        held[rng.choice(order[start : start + block])] = True
    X, labels = X[:, rng.permutation(PIXELS)], rng.permutation(CLASSES)[labels]
    train = rng.permutation(np.flatnonzero(~held))
    # A multiple of 64: a last minibatch of two or three images throws a plain descent off course.
    train = train[: len(train) // 64 * 64]
    seed = int(rng.integers(2**31))
    return DigitsCase(name, "values", (X[train], labels[train], seed), hidden, (X[held], labels[held]))


def _hardness(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How much nearer an image is to the mean of its own class than to the nearest other one."""
    means = np.array([X[labels == k].mean(axis=0) for k in range(CLASSES)])
    distances = np.sum((X[:, None, :] - means) ** 2, axis=2)
    own = distances[np.arange(len(X)), labels]
    distances[np.arange(len(X)), labels] = np.inf
    return own - distances.min(axis=1)


def _training_cases(rng: Rng) -> Iterator[Case]:
    yield digits_case(rng, "three in four digits, pixels and classes in a new order", 4)


def accuracy_problem(case: Case, value: Any) -> str | None:
    """What is wrong with a trained network, in a sentence; None if it reads enough held-out digits."""
    problem = _form_problem(value)
    if problem:
        return problem
    assert isinstance(case, DigitsCase)
    params = {name: np.asarray(array, float) for name, array in value.items()}
    for name, array in params.items():
        if not np.isfinite(array).all():
            return Refusal(f"{name} holds numbers that are not finite: the training blew up.", "blows-up")
    X, labels = case.held_out
    with np.errstate(all="ignore"):
        accuracy = float(np.mean(np.argmax(_forward(_relu)(params, X), axis=1) == labels))
        if accuracy >= ACCURACY:
            return None
        reads = f"Your network reads {accuracy:.1%} of the held-out digits; {ACCURACY:.0%} are asked for."
        X, labels, _ = case.args
        return _traces(params, X, labels, reads, accuracy < 0.3)


def _traces(params: Params, X: np.ndarray, labels: np.ndarray, reads: str, guesses: bool) -> str:
    """What a failed training has left in its parameters, by the images it was given.

    Args:
        reads: the sentence on how many digits the network reads.
        guesses: it is little better than guessing.
    """
    hidden = _relu(X @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    losses = np.asarray(ops.logsumexp(scores, axis=1)) - scores[np.arange(len(labels)), labels]
    loss = float(np.mean(losses))
    if hidden.shape[1] > 1 and np.allclose(params["W1"], params["W1"][:, :1], rtol=1e-6, atol=1e-12):
        return Refusal(f"{reads} All hidden units are the same.", "equal-start")
    shares, said = _one_hot(scores, labels).mean(axis=0), _p(scores).mean(axis=0)
    knows_only_shares = abs(loss - np.log(CLASSES)) < 0.04 and np.allclose(said, shares, atol=0.02)
    if hidden.any() and knows_only_shares and np.std(params["b1"]) > 0.008:  # it moved, and learnt no more
        return Refusal(f"{reads} It says of every image how frequent the classes are.", "labels-apart")
    if np.mean(hidden > 0) < 0.02:
        return Refusal(f"{reads} Nearly all hidden units are 0 for every image.", "steps-too-large")
    if not loss < 100:
        return Refusal(f"{reads} Its loss is {number(loss)}; a clueless one has 2.3.", "step-direction")
    unmoved = [name for name in ("b1", "b2") if np.ptp(params[name]) == 0]  # biases start out equal
    if guesses and len(unmoved) == 2:
        return Refusal(f"{reads} All entries of a bias are equal, as at the start.", "never-updated")
    gradients = _BACKWARD(params, X, labels)
    steep = {name: np.max(np.abs(gradients[name])) for name in ("W1", "W2")}
    if unmoved == ["b1"] and steep["W1"] > 1.5 * steep["W2"]:
        return Refusal(
            f"{reads} The second layer has learnt what it can, the first nothing.", "layer-forgotten"
        )
    first, rest = np.mean(losses[:32]), np.mean(losses[32:])
    if rest > 0.2 and first < 0.05 * rest:
        return Refusal(
            f"{reads} The loss is {number(first)} for the first 32 images and {number(rest)} for the others.",
            "one-minibatch",
        )
    if guesses:
        return (
            f"{reads} That is little better than guessing. Are the trained parameters returned, "
            "do the steps go against the gradient, and are X and labels shuffled together?"
        )
    return f"{reads} It is on its way: more epochs, smaller minibatches, or another learning rate?"


def _form_problem(value: Any) -> str | None:
    """What keeps a value from being the parameters of a digit network."""
    if not isinstance(value, dict):
        return "Your function must return a dict with the arrays W1, b1, W2 and b2."
    if sorted(map(str, value)) != ["W1", "W2", "b1", "b2"]:
        return f"The dict must have the keys W1, b1, W2 and b2; yours has {', '.join(map(str, value))[:80]}."
    shapes = {}
    for name, array in value.items():
        try:
            array = np.asarray(array)
        except Exception:  # whatever a strange object does when asked for numbers
            array = np.asarray(None)
        if array.dtype.kind not in "fiu" or array.size > PIXELS * MOST_HIDDEN:
            return f"{name} must be an array of numbers, for {MOST_HIDDEN:,} hidden units at the most."
        shapes[name] = array.shape
    hidden = shapes["b1"][0] if len(shapes["b1"]) == 1 else 0
    wanted = {"W1": (PIXELS, hidden), "b1": (hidden,), "W2": (hidden, CLASSES), "b2": (CLASSES,)}
    if not hidden or shapes != wanted:
        said = ", ".join(f"{name} {shapes[name]}" for name in wanted)
        asked = "W1 (64, H), b1 (H,), W2 (H, 10), b2 (10,)"
        return f"With H hidden units the shapes must be {asked}; yours: {said}."
    return None


def _start(rng: Rng) -> Params:
    return {
        "W1": rng.normal(size=(PIXELS, 32)) / 8,
        "b1": np.zeros(32),
        "W2": rng.normal(size=(32, CLASSES)) / 6,
        "b2": np.zeros(CLASSES),
    }


def _constant_start(value: float) -> Callable[[Rng], Params]:
    return lambda rng: {name: np.full(array.shape, value) for name, array in _start(rng).items()}


def _loud_start(rng: Rng) -> Params:
    return {name: 60.0 * array for name, array in _start(rng).items()}


def training(
    rate: float = 0.3,
    epochs: int = 4,
    batch: int = 64,
    start: Callable[[Rng], Params] = _start,
    trained: str = "W1 b1 W2 b2",
    rows: Callable[[Rng, np.ndarray], tuple[np.ndarray, np.ndarray]] = lambda rng, rows: (rows, rows),
    backward: Callable[..., Params] = _BACKWARD,
) -> Callable[..., Params]:
    """A training with one part exchanged.

    Args:
        trained: names of the parameters that move.
        rows: which images and which labels a step uses, from the rows of its minibatch.
    """

    def function(X: Any, labels: Any, seed: int) -> Params:
        rng = np.random.default_rng(seed)
        params = start(rng)
        for _ in range(epochs):
            order = rng.permutation(len(X))
            for k in range(0, len(X), batch):
                images, classes = rows(rng, order[k : k + batch])
                gradients = backward(params, X[images], labels[classes])
                for name in trained.split():
                    params[name] = params[name] - rate * gradients[name]
        return params

    return function


train_network = _exercise(
    name="train_network",
    arguments=("X", "labels", "seed"),
    returns=("params",),
    points=6,
    reference=lambda X, labels, seed: fit_classifier(X, labels, seed=seed),
    cases=_training_cases,
    weights={"values": 0.9, "manners": 0.1},
    wrong=(
        _W("blows-up", training(rate=-0.3, batch=8)),
        _W("blows-up", training(start=_loud_start, backward=_unstable_backward)),
        _W("step-direction", training(rate=-0.1)),
        _W("step-direction", training(rate=-0.3, epochs=1)),
        _W("steps-too-large", training(rate=30.0)),
        _W("steps-too-large", training(backward=_mlp_backward(logits=lambda p, t: p - t))),
        _W("never-updated", training(epochs=0)),
        _W("equal-start", training(start=_constant_start(0.0))),
        _W("equal-start", training(start=_constant_start(0.1))),
        _W("layer-forgotten", training(epochs=10, trained="W2 b2")),
        _W("one-minibatch", training(epochs=20, rows=lambda rng, rows: (np.arange(64), np.arange(64)))),
        _W("one-minibatch", training(epochs=20, rows=lambda rng, rows: (np.arange(32), np.arange(32)))),
        _W("labels-apart", training(epochs=20, rows=lambda rng, rows: (rows, rng.permutation(rows)))),
    ),
    accept=accuracy_problem,
    seconds=15.0,
    hints=(
        "Four parts: random starting weights, an epoch that visits every image once in a new order, "
        "a gradient for each minibatch, a step against it.",
        "np.random.default_rng(seed) gives all the randomness you need; rng.permutation(len(X)) an order, "
        "of which each minibatch is a slice. 32 hidden units are enough.",
        "Starting weights of about 1/sqrt(number of inputs), minibatches of 32, a learning rate of "
        "0.1 to 0.3 "
        "and 30 epochs leave a margin. If it stays at a tenth, print the loss after every epoch.",
    ),
)

register(softmax, cross_entropy, cross_entropy_backward, mlp_forward, mlp_backward, train_network)
