"""Exercises of 07-differentiating-inputs: the gradient goes on, past the weights, into the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..engine import grad, ops
from .exercise import Case, Exercise, WrongAnswer, register
from .inputs import Rng, signed

ASSIGNMENT = "07-differentiating-inputs"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer

Params = dict[str, np.ndarray]

# ---------------------------------------------------------------- inputs


def network(rng: Rng, pixels: int, hidden: int, classes: int) -> Params:
    """Parameters of a perceptron that is not sure of anything: logits of a few units."""
    return {
        "W1": signed(rng, (pixels, hidden), 0.1, 0.9),
        "b1": signed(rng, (hidden,), 0.05, 0.4),
        "W2": signed(rng, (hidden, classes), 0.1, 0.9),
        "b2": signed(rng, (classes,), 0.05, 0.4),
    }


def image(rng: Rng, pixels: int) -> np.ndarray:
    """Pixels between 0 and 1, with white paper and full ink among them."""
    x = rng.uniform(0.05, 0.95, pixels)
    if pixels > 3:
        x[:4] = [0.0, 1.0, 0.0, 1.0]
    return rng.permutation(x)


def seen(rng: Rng, pixels: int, hidden: int, classes: int) -> tuple[Params, np.ndarray]:
    """A network and an image for which some of its hidden units are on and, of three or more, one is off."""
    params, x = network(rng, pixels, hidden, classes), image(rng, pixels)
    wanted = np.array([0.5, -0.5, 0.7])[:hidden] if hidden > 1 else np.array([0.5])
    params["b1"][: len(wanted)] = wanted - x @ params["W1"][:, : len(wanted)]
    return params, x


def kinked(rng: Rng, pixels: int = 5, hidden: int = 4, classes: int = 3) -> tuple[Params, np.ndarray]:
    """A network whose first hidden unit is exactly 0 for the image."""
    params = network(rng, pixels, hidden, classes)
    x = image(rng, pixels)
    # The unit and this pixel look at each other only; 0.5 * 0.5 - 0.25 is 0 in whatever order it is added.
    x[0] = 0.5
    params["W1"][:, 0] = 0.0
    params["W1"][0, :] = 0.0
    params["W1"][0, 0] = rng.choice([-0.5, 0.5])
    params["b1"][0] = -0.5 * params["W1"][0, 0]
    return params, x


def sizes(rng: Rng) -> Iterator[tuple[str, str, Params, np.ndarray, int]]:
    """Name, group, network, image and a class, for the calls all exercises share."""
    for pixels, hidden, classes in ((7, 5, 3), (12, 9, 4), (4, 4, 4)):
        name = f"{pixels} pixels, {hidden} hidden units, {classes} classes"
        yield name, "values", *seen(rng, pixels, hidden, classes), int(rng.integers(classes))
    params, x = kinked(rng)
    yield "a hidden unit exactly at the kink", "edges", params, x, int(rng.integers(3))
    black = {**network(rng, 5, 4, 3), "b1": np.zeros(4)}
    yield "a blank image, every hidden unit at the kink", "edges", black, np.zeros(5), 1
    yield "a single pixel", "shapes", network(rng, 1, 3, 2), image(rng, 1), 0


# ---------------------------------------------------------------- one gradient


def _logits(params: Any, x: Any) -> Any:
    return ops.affine(ops.relu(ops.affine(x, params["W1"], params["b1"])), params["W2"], params["b2"])


def _unit_gradient(params: Any, x: Any, unit: int) -> Any:
    return grad(lambda x: _logits(params, x)[unit])(x)


def _loss_gradient(params: Any, x: Any, label: int) -> Any:
    return grad(lambda x: ops.cross_entropy(_logits(params, x), np.asarray(label)))(x)


def _pulled(
    at_logits: Callable[..., Any],
    through: Callable[..., Any] = lambda d, z: d * (z > 0),
) -> Callable[..., Any]:
    """A gradient of the image by hand, with a part exchanged.

    Args:
        at_logits: the gradient at the logits, from the logits and the class.
        through: past the ReLU, from the gradient and the pre-activation.
    """

    def gradient(params: Any, x: Any, k: int) -> Any:
        z = x @ params["W1"] + params["b1"]
        scores = np.maximum(z, 0) @ params["W2"] + params["b2"]
        return params["W1"] @ through(params["W2"] @ at_logits(scores, k), z)

    return gradient


def _hot(scores: Any, k: int) -> Any:
    return np.eye(len(scores))[k]


def _p(scores: Any) -> Any:
    return np.asarray(ops.softmax(scores))


def _naive(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum()


def _unit_cases(rng: Rng) -> Iterator[Case]:
    for name, group, params, x, unit in sizes(rng):
        yield Case(name, group, (params, x, unit))
    yield Case("the last unit, counted from the end", "edges", (network(rng, 6, 4, 3), image(rng, 6), 2))


_AT_TIE = lambda d, z: d * (z >= 0)

input_gradient = _exercise(
    name="input_gradient",
    arguments=("params", "x", "unit"),
    returns=("dx",),
    points=4,
    reference=_unit_gradient,
    cases=_unit_cases,
    wrong=(
        _W("relu-at-zero", _pulled(_hot, _AT_TIE)),
        _W("link-missing", _pulled(_hot, lambda d, z: d)),
        _W("forward-again", _pulled(_hot, lambda d, z: d * np.maximum(z, 0))),
        _W("mask-from-delta", _pulled(_hot, lambda d, z: d * (d > 0))),
        _W("sign-flipped", _pulled(lambda s, k: -_hot(s, k))),
        _W("wrong-target", _pulled(lambda s, k: np.ones(len(s)))),
        _W("wrong-target", _pulled(lambda s, k: _p(s)[k] * (_hot(s, k) - _p(s)))),
        _W("wrong-target", _pulled(lambda s, k: _p(s) - _hot(s, k))),
        _W("wrong-target", _pulled(lambda s, k: s[k] * _hot(s, k))),
        _W("wrong-target", lambda p, x, k: p["W1"][:, k] * (x @ p["W1"] + p["b1"] > 0)[k]),
        _W("weight-not-transposed", lambda p, x, k: (p["W2"][:, k] * (x @ p["W1"] + p["b1"] > 0)) @ p["W1"]),
        _W("weight-not-transposed", lambda p, x, k: p["W1"] @ (p["W2"][k] * (x @ p["W1"] + p["b1"] > 0))),
    ),
    hints=(
        "Start with 1 at one logit and 0 at the others, and go backward as in notebook 06; only one "
        "more layer.",
        "W2[:, unit] says how the logit depends on each hidden unit. Which hidden units let anything "
        "through?",
        "After the mask, each pixel collects from all hidden units: a product of W1 with a vector of "
        "one number "
        "per hidden unit. The result has the shape of x.",
    ),
)

# ---------------------------------------------------------------- making an image for a unit


def _climb(
    gradient: Callable[..., Any] = _unit_gradient,
    pull: Callable[[Any, float], Any] = lambda x, penalty: -2 * penalty * x,
    clip: Callable[[Any], Any] = lambda x: np.clip(x, 0, 1),
    last: Callable[[Any], Any] = lambda x: x,
    direction: Callable[[Any], Any] = lambda g: g,
    extra: int = 0,
    fresh: bool = True,
) -> Callable[..., Any]:
    """Gradient ascent on a unit, with a part exchanged."""

    def visualize(params: Any, unit: Any, steps: Any, x: Any, step_size: Any, penalty: Any) -> Any:
        start = x
        for _ in range(steps + extra):
            here = x if fresh else start
            x = clip(x + step_size * direction(gradient(params, here, unit) + pull(here, penalty)))
        return last(x)

    return visualize


def _visualize_cases(rng: Rng) -> Iterator[Case]:
    how = ((4, 0.15, 0.2), (6, 0.6, 0.05), (3, 0.1, 0.4), (3, 0.2, 0.1), (2, 0.1, 0.3), (3, 0.1, 0.1))
    for (name, group, params, x, unit), (steps, size, penalty) in zip(sizes(rng), how, strict=True):
        yield Case(f"{name}, {steps} steps", group, (params, unit, steps, x, size, penalty))
    wide = network(rng, 16, 12, 5)
    yield Case("16 pixels, 2 large steps", "values", (wide, 4, 2, image(rng, 16), 1.5, 0.1))
    params, x = network(rng, 6, 5, 3), image(rng, 6)
    yield Case("no step at all", "edges", (params, 1, 0, x, 0.1, 0.1))
    yield Case("no penalty", "edges", (params, 2, 5, x, 0.1, 0.0))


_nothing = lambda x: x
_up = lambda scale: lambda x, penalty: scale * penalty * x

visualize_unit = _exercise(
    name="visualize_unit",
    arguments=("params", "unit", "steps", "x", "step_size", "penalty"),
    returns=("image",),
    points=5,
    reference=_climb(),
    cases=_visualize_cases,
    weights={"values": 0.7, "edges": 0.15, "shapes": 0.05, "manners": 0.1},
    wrong=(
        _W("relu-at-zero", _climb(gradient=_pulled(_hot, _AT_TIE))),
        _W("step-direction", _climb(direction=lambda g: -g)),
        _W("leaves-range", _climb(clip=_nothing)),
        _W("leaves-range", _climb(clip=_nothing, last=lambda x: np.clip(x, 0, 1))),
        _W("leaves-range", _climb(clip=lambda x: np.maximum(x, 0))),
        _W("leaves-range", _climb(clip=lambda x: np.minimum(x, 1))),
        _W("leaves-range", _climb(clip=lambda x: np.clip(x, -1, 1))),
        _W("penalty-slip", _climb(pull=_up(-1.0))),
        _W("penalty-slip", _climb(pull=_up(2.0))),
        _W("penalty-slip", _climb(pull=_up(0.0))),
        _W("penalty-slip", _climb(pull=lambda x, penalty: -penalty * x**2)),
        _W("no-sign", _climb(direction=np.sign)),
        _W("stale-gradient", _climb(fresh=False)),
        _W("steps-miscounted", _climb(extra=1)),
        _W("steps-miscounted", _climb(extra=-1)),
        _W("wrong-target", _climb(gradient=_pulled(lambda s, k: _p(s)[k] * (_hot(s, k) - _p(s))))),
        _W("wrong-target", _climb(gradient=_pulled(lambda s, k: _hot(s, k) - _p(s)))),
        _W("link-missing", _climb(gradient=_pulled(_hot, lambda d, z: d))),
    ),
    hints=(
        "A loop of `steps` rounds. In each: the gradient at the image as it is now, one step, and "
        "back into 0..1.",
        "The objective has two terms, the logit and the penalty. What is the derivative of penalty · "
        "x² by a pixel, "
        "and with which sign does it enter?",
        "You climb, so the step has the sign of the gradient of the objective. np.clip(x, 0, 1) "
        "keeps the image an "
        "image, and belongs inside the loop.",
    ),
)

# ---------------------------------------------------------------- one step that changes the label


def _step_away(
    gradient: Callable[..., Any] = _loss_gradient,
    direction: Callable[[Any], Any] = np.sign,
    clip: Callable[[Any], Any] = lambda x: np.clip(x, 0, 1),
) -> Callable[..., Any]:
    """One step of size epsilon, with a part exchanged."""
    return lambda params, x, label, epsilon: clip(x + epsilon * direction(gradient(params, x, label)))


def far_off(rng: Rng, pixels: int = 6) -> tuple[Params, np.ndarray]:
    """A network that is completely sure of class 0: its first logit is about 1000."""
    params = network(rng, pixels, 5, 3)
    params["b2"] = np.array([1000.0, 0.0, -1000.0])
    params["b1"] = np.abs(params["b1"]) + pixels  # no hidden unit sleeps
    return params, image(rng, pixels)


def _fgsm_cases(rng: Rng) -> Iterator[Case]:
    epsilons = (0.1, 0.3, 0.25, 0.2, 0.1, 0.15)
    for (name, group, params, x, label), epsilon in zip(sizes(rng), epsilons, strict=True):
        yield Case(name, group, (params, x, label, epsilon))
    params, x = network(rng, 6, 5, 3), image(rng, 6)
    yield Case("epsilon 0", "edges", (params, x, 1, 0.0))
    unseen = {**params, "W1": params["W1"] * (np.arange(6) > 1)[:, None]}
    yield Case("two pixels that the network does not look at", "edges", (unseen, x, 2, 0.2))
    yield Case("very large logits", "edges", (*far_off(rng), 1, 0.1))


def _unit_length(g: Any) -> Any:
    return g / np.sqrt(np.sum(g**2))


def _most_likely(params: Any, x: Any, k: int) -> Any:
    return _loss_gradient(params, x, int(np.argmax(_logits(params, x))))


fgsm = _exercise(
    name="fgsm",
    arguments=("params", "x", "label", "epsilon"),
    returns=("image",),
    points=5,
    reference=_step_away(),
    cases=_fgsm_cases,
    wrong=(
        _W("unstable", _step_away(gradient=_pulled(lambda s, k: _naive(s) - _hot(s, k)))),
        _W("relu-at-zero", _step_away(gradient=_pulled(lambda s, k: _p(s) - _hot(s, k), _AT_TIE))),
        _W("no-sign", _step_away(direction=lambda g: g)),
        _W("no-sign", _step_away(direction=_unit_length)),
        _W("no-sign", _step_away(direction=lambda g: g / np.max(np.abs(g)))),
        _W("step-direction", _step_away(direction=lambda g: -np.sign(g))),
        _W("leaves-range", _step_away(clip=_nothing)),
        _W("leaves-range", _step_away(clip=lambda x: np.maximum(x, 0))),
        _W("leaves-range", _step_away(clip=lambda x: np.minimum(x, 1))),
        _W("leaves-range", _step_away(clip=lambda x: np.clip(x, -1, 1))),
        _W("wrong-target", _step_away(gradient=_pulled(lambda s, k: -_hot(s, k)))),
        _W("wrong-target", _step_away(gradient=_pulled(_hot))),
        _W("wrong-target", _step_away(gradient=_most_likely)),
        _W("link-missing", _step_away(gradient=_pulled(lambda s, k: _p(s) - _hot(s, k), lambda d, z: d))),
        _W("perturbation-only", lambda p, x, k, e: e * np.sign(_loss_gradient(p, x, k))),
    ),
    hints=(
        "You need the gradient of the cross-entropy by the pixels: probabilities minus one-hot at "
        "the logits, "
        "then back through both layers.",
        "Every pixel moves by the same amount, epsilon; the gradient only says in which direction: np.sign.",
        "To spoil the answer the loss must go up. At the end, pixels must be between 0 and 1 again.",
    ),
)

# ---------------------------------------------------------------- many small steps inside a ball

Project = Callable[[Any, Any, float, Any], Any]


def _both(new: Any, x: Any, epsilon: float, previous: Any) -> Any:
    return np.clip(np.clip(new, x - epsilon, x + epsilon), 0, 1)


def _in_euclidean_ball(new: Any, x: Any, epsilon: float, previous: Any) -> Any:
    r = new - x
    length = np.sqrt(np.sum(r**2))
    return np.clip(x + r * min(1.0, epsilon / length if length else 1.0), 0, 1)


def _attack(
    gradient: Callable[..., Any] = _loss_gradient,
    direction: Callable[[Any], Any] = lambda g: -np.sign(g),
    project: Project = _both,
    last: Project = lambda new, x, epsilon, previous: new,
    fresh: bool = True,
    extra: int = 0,
) -> Callable[..., Any]:
    """Projected gradient descent towards a class, with a part exchanged."""

    def pgd(params: Any, x: Any, target: Any, epsilon: Any, steps: Any, step_size: Any) -> Any:
        new = x
        for _ in range(steps + extra):
            here = new if fresh else x
            new = project(new + step_size * direction(gradient(params, here, target)), x, epsilon, new)
        return last(new, x, epsilon, new)

    return pgd


def _pgd_cases(rng: Rng) -> Iterator[Case]:
    how = ((0.2, 5, 0.07), (0.4, 9, 0.11), (0.3, 6, 0.13), (0.3, 4, 0.08), (0.1, 3, 0.04), (0.2, 3, 0.09))
    for (name, group, params, x, target), (epsilon, steps, size) in zip(sizes(rng), how, strict=True):
        yield Case(f"{name}, {steps} steps", group, (params, x, target, epsilon, steps, size))
    wide = network(rng, 16, 12, 5)
    yield Case("16 pixels, 12 steps", "values", (wide, image(rng, 16), 2, 0.5, 12, 0.13))
    wider = network(rng, 20, 15, 4)
    yield Case("20 pixels, 10 steps, a small ball", "values", (wider, image(rng, 20), 3, 0.15, 10, 0.1))
    params, x = network(rng, 6, 5, 3), image(rng, 6)
    yield Case("no step at all", "edges", (params, x, 1, 0.2, 0, 0.1))
    yield Case("epsilon 0", "edges", (params, x, 2, 0.0, 3, 0.1))
    yield Case("one step larger than epsilon", "edges", (params, x, 0, 0.1, 1, 0.5))
    yield Case("very large logits", "edges", (*far_off(rng), 1, 0.1, 3, 0.04))


def _range_only(new: Any, x: Any, epsilon: float, previous: Any) -> Any:
    return np.clip(new, 0, 1)


pgd = _exercise(
    name="pgd",
    arguments=("params", "x", "target", "epsilon", "steps", "step_size"),
    returns=("image",),
    points=6,
    reference=_attack(),
    cases=_pgd_cases,
    wrong=(
        _W("unstable", _attack(gradient=_pulled(lambda s, k: _naive(s) - _hot(s, k)))),
        _W("relu-at-zero", _attack(gradient=_pulled(lambda s, k: _p(s) - _hot(s, k), _AT_TIE))),
        _W("step-direction", _attack(direction=np.sign)),
        _W("no-sign", _attack(direction=lambda g: -g)),
        _W("no-sign", _attack(direction=lambda g: -_unit_length(g))),
        _W("leaves-ball", _attack(project=_range_only)),
        _W(
            "leaves-ball",
            _attack(project=lambda new, x, e, old: np.clip(np.clip(new, old - e, old + e), 0, 1)),
        ),
        _W("leaves-ball", _attack(project=_range_only, last=_both)),
        _W("leaves-ball", _attack(project=_in_euclidean_ball)),
        _W("leaves-range", _attack(project=lambda new, x, e, old: np.clip(new, x - e, x + e))),
        _W(
            "leaves-range",
            _attack(project=lambda new, x, e, old: np.clip(new, x - e, x + e), last=_range_only),
        ),
        _W("leaves-range", _attack(project=lambda new, x, e, old: new, last=_both)),
        _W("leaves-range", _attack(project=lambda new, x, e, old: new)),
        _W("stale-gradient", _attack(fresh=False)),
        _W("steps-miscounted", _attack(extra=1)),
        _W("steps-miscounted", _attack(extra=-1)),
        _W("wrong-target", _attack(gradient=_pulled(lambda s, k: -_hot(s, k)))),
        _W("wrong-target", _attack(gradient=_most_likely)),
        _W("perturbation-only", lambda p, x, k, e, n, s: _attack()(p, x, k, e, n, s) - x),
    ),
    hints=(
        "Keep the original x under its own name: the ball is around it, whatever the steps do.",
        "In each round: the gradient at the present image, a step of step_size against its sign "
        "(the loss of the target must fall), back into the ball, back into 0..1.",
        "Inside the ball means no pixel further than epsilon from the original: a np.clip between x "
        "- epsilon and "
        "x + epsilon. A second clip keeps the pixels in their range.",
    ),
)

# ---------------------------------------------------------------- a picture for a word


def translator(rng: Rng, letters: int, code: int, pixels: int, size: int) -> Params:
    """A text encoder T, a generator G, bG and an image encoder I, bI, none of them saturated."""
    return {
        "T": signed(rng, (letters, size), 0.2, 1.0),
        "G": signed(rng, (code, pixels), 0.2, 1.0),
        "bG": signed(rng, (pixels,), 0.1, 0.5),
        "I": signed(rng, (pixels, size), 0.1, 0.6),
        "bI": signed(rng, (size,), 0.1, 0.4),
    }


def search(
    rng: Rng, letters: int, code: int, pixels: int, size: int
) -> tuple[Params, np.ndarray, np.ndarray]:
    """Models, the letter counts of a text, and a code to start from."""
    text = rng.integers(0, 3, letters).astype(float)
    text[rng.integers(letters)] += 1
    return translator(rng, letters, code, pixels, size), text, signed(rng, (code,), 0.1, 0.8)


def _similarity(models: Any, text: Any, code: Any) -> Any:
    picture = ops.sigmoid(ops.affine(code, models["G"], models["bG"]))
    seen = ops.tanh(ops.affine(picture, models["I"], models["bI"]))
    return (text @ models["T"]) @ seen


def _code_gradient(models: Any, text: Any, code: Any) -> Any:
    return grad(lambda c: _similarity(models, text, c))(code)


def _by_hand(
    at_tanh: Callable[..., Any] = lambda e, z: 1 - e * e,
    at_sigmoid: Callable[..., Any] = lambda s, z: s * (1 - s),
    back: Callable[[Any, Any], Any] = lambda d, G: d @ G.T,
    goal: Callable[..., Any] = lambda e1, e2: e1,
) -> Callable[..., Any]:
    """The gradient of the similarity by the code, with a local derivative exchanged."""

    def gradient(m: Any, text: Any, code: Any) -> Any:
        zG = code @ m["G"] + m["bG"]
        picture = 1 / (1 + np.exp(-zG))
        zI = picture @ m["I"] + m["bI"]
        e2 = np.tanh(zI)
        d = (goal(text @ m["T"], e2) * at_tanh(e2, zI)) @ m["I"].T * at_sigmoid(picture, zG)
        return back(d, m["G"])

    return gradient


def _search(
    gradient: Callable[..., Any] = _code_gradient,
    direction: Callable[[Any], Any] = lambda g: g,
    fresh: bool = True,
    extra: int = 0,
) -> Callable[..., Any]:
    """Gradient ascent on the similarity, with a part exchanged."""

    def match(models: Any, text: Any, code: Any, steps: Any, step_size: Any) -> Any:
        start = code
        for _ in range(steps + extra):
            code = code + step_size * direction(gradient(models, text, code if fresh else start))
        return code

    return match


def _picture(models: Any, text: Any, code: Any, steps: Any, step_size: Any) -> Any:
    found = _search()(models, text, code, steps, step_size)
    return np.asarray(ops.sigmoid(found @ models["G"] + models["bG"]))


def _match_cases(rng: Rng) -> Iterator[Case]:
    for shape, steps, size in (((6, 3, 7, 4), 4, 0.2), ((5, 2, 9, 3), 3, 0.3), ((4, 4, 4, 4), 5, 0.15)):
        name = "{} letters, code of {}, {} pixels, vectors of {}, ".format(*shape) + f"{steps} steps"
        yield Case(name, "values", (*search(rng, *shape), steps, size))
    yield Case("no step at all", "edges", (*search(rng, 5, 3, 6, 4), 0, 0.1))
    models, text, code = search(rng, 5, 3, 6, 4)
    yield Case("a text without letters", "edges", (models, 0.0 * text, code, 3, 0.1))
    yield Case("a code of zeros", "edges", (models, text, 0.0 * code, 3, 0.1))
    yield Case("a code of one number", "shapes", (*search(rng, 3, 1, 4, 2), 3, 0.2))


match_text = _exercise(
    name="match_text",
    arguments=("models", "text", "code", "steps", "step_size"),
    returns=("code",),
    points=6,
    reference=_search(),
    cases=_match_cases,
    wrong=(
        _W("step-direction", _search(direction=lambda g: -g)),
        _W("no-sign", _search(direction=np.sign)),
        _W("stale-gradient", _search(fresh=False)),
        _W("steps-miscounted", _search(extra=1)),
        _W("steps-miscounted", _search(extra=-1)),
        _W("tanh-slip", _search(_by_hand(at_tanh=lambda e, z: 1 - z * z))),
        _W("tanh-slip", _search(_by_hand(at_tanh=lambda e, z: 1 - e))),
        _W("tanh-slip", _search(_by_hand(at_tanh=lambda e, z: e * (1 - e)))),
        _W("sigmoid-slip", _search(_by_hand(at_sigmoid=lambda s, z: z * (1 - z)))),
        _W("sigmoid-slip", _search(_by_hand(at_sigmoid=lambda s, z: s))),
        _W("sigmoid-slip", _search(_by_hand(at_sigmoid=lambda s, z: 1 - s * s))),
        _W("link-missing", _search(_by_hand(at_tanh=lambda e, z: 1.0))),
        _W("link-missing", _search(_by_hand(at_sigmoid=lambda s, z: 1.0))),
        _W("link-missing", _search(_by_hand(at_tanh=lambda e, z: 1.0, at_sigmoid=lambda s, z: 1.0))),
        _W("link-missing", _search(_by_hand(goal=lambda e1, e2: np.ones_like(e2)))),
        _W("wrong-target", _search(_by_hand(goal=lambda e1, e2: e1 - e2))),
        _W("wrong-target", _search(_by_hand(goal=lambda e1, e2: e2))),
        _W("weight-not-transposed", _search(_by_hand(back=lambda d, G: d @ G))),
        _W("wrong-node", _picture),
    ),
    hints=(
        "Forward: code, picture, e2; and e1 from the text, once. The similarity is the dot product "
        "of e1 and e2.",
        "Backward: e1 arrives at e2. Then tanh, the image encoder, the sigmoid, the generator: "
        "two local derivatives and two transposed weights.",
        "Only the code moves, and it climbs. Everything that depends on the code is computed anew in "
        "each round.",
    ),
)

register(input_gradient, visualize_unit, fgsm, pgd, match_text)
