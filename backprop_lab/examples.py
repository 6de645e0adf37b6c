"""Every graph of the lectures, by name, with worked values.

The letter in front of each title is the lecture: Y Yale LING 380, N Northeastern
DS 4440, M MIT lecture 8, G Goodfellow, Bengio and Courville section 6.5, L UIUC (Lazebnik).

>>> get("two-paths").backward()
>>> print(describe("two-paths"))
two-paths (N): Two paths from b, e = (a + b)(b + 1)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .engine import Constant, Graph, Node, Variable, group, ops
from .engine.errors import UnknownNameError


@dataclass(frozen=True)
class Example:
    """What an example is.

    Attributes:
        name: as in `get`.
        lecture: Y, N, M, G or L.
        title: one line.
        formula: in plain text.
        build: makes the output node anew.
    """

    name: str
    lecture: str
    title: str
    formula: str
    build: Callable[[], Graph]

    def __str__(self) -> str:
        return f"{self.name} ({self.lecture}): {self.title}, {self.formula}"


_EXAMPLES: dict[str, Example] = {}


def _example(
    name: str, lecture: str, title: str, formula: str
) -> Callable[[Callable[[], Node]], Callable[[], Node]]:
    """Register the function below under a name; each example of lecture G also gets its gradient graph."""

    def register(build: Callable[[], Node]) -> Callable[[], Node]:
        _EXAMPLES[name] = Example(name, lecture, title, formula, lambda: Graph(build()))
        if lecture == "G":
            _EXAMPLES[f"{name}-gradient"] = Example(
                f"{name}-gradient",
                lecture,
                f"{title}: with its gradient graph B",
                formula,
                lambda: _gradient(build()),
            )
        return build

    return register


def _gradient(output: Node) -> Graph:
    seed = None if output.shape == () else Constant(np.ones(output.shape), "upstream")
    return Graph(output).gradient_graph(seed)


def names(lecture: str | None = None) -> list[str]:
    """The names of all examples, in the order of the lectures; or of one lecture's.

    >>> names("N")[:3]
    ['logistic-regression', 'add-then-multiply', 'two-paths']
    """
    return [example.name for example in _EXAMPLES.values() if lecture in (None, example.lecture)]


def describe(name: str) -> Example:
    """What the example is: its lecture, title and formula.

    Raises:
        UnknownNameError: there is none of that name; the message has the closest ones.

    >>> describe("gates").formula
    'f = 2 (x y + max(z, w))'
    """
    if name not in _EXAMPLES:
        from difflib import get_close_matches

        close = get_close_matches(str(name), _EXAMPLES, n=3, cutoff=0.4)
        hint = f"the closest are {', '.join(close)}" if close else f"there are {', '.join(names())}"
        raise UnknownNameError(f"there is no example '{name}'; {hint}")
    return _EXAMPLES[name]


def get(name: str) -> Graph:
    """The graph of that name, made anew, with its worked values.

    Raises:
        UnknownNameError: there is none of that name; the message has the closest ones.

    >>> get("add-multiply")
    Graph of 5 nodes, output α = -12
    >>> get("two-path")
    Traceback (most recent call last):
        ...
    backprop_lab.engine.errors.UnknownNameError: there is no example 'two-path'; the closest are two-paths, \
two-layer-tanh
    """
    return describe(name).build()


# ---------------------------------------------------------------- Y: Yale, LING 380


@_example("linear-scalar", "Y", "A linear model of one variable", "y = w x + b")
def _() -> Node:
    w, x, b = Variable(2.0, "w"), Variable(3.0, "x"), Variable(1.0, "b")
    return ((w * x).named("u") + b).named("y")


@_example("logistic-scalar", "Y", "A logistic model of one variable", "y = σ(w x + b)")
def _() -> Node:
    w, x, b = Variable(2.0, "w"), Variable(0.5, "x"), Variable(-1.5, "b")
    return ops.sigmoid(((w * x).named("u") + b).named("z")).named("y")


@_example("linear-vector", "Y", "A linear model of several variables", "y = w · x + b")
def _() -> Node:
    w, x, b = Variable([2.0, -1.0, 0.5], "w"), Variable([1.0, 3.0, 2.0], "x"), Variable(1.0, "b")
    return ((w @ x).named("u") + b).named("y")


@_example("logistic-vector", "Y", "A logistic model of several variables", "y = σ(w · x + b)")
def _() -> Node:
    w, x, b = Variable([2.0, -1.0, 0.5], "w"), Variable([1.0, 3.0, 2.0], "x"), Variable(1.0, "b")
    return ops.sigmoid(((w @ x).named("u") + b).named("z")).named("y")


@_example("add-multiply", "Y", "Add, then multiply", "α = (x + y) z")
def _() -> Node:
    x, y, z = Variable(-2.0, "x"), Variable(5.0, "y"), Variable(-4.0, "z")
    return ((x + y).named("q") * z).named("α")


@_example("hadamard", "Y", "The elementwise product", "c = a ⊙ b")
def _() -> Node:
    return (Variable([1.0, 2.0, 3.0], "a") * Variable([4.0, -5.0, 6.0], "b")).named("c")


@_example("sigmoid-node", "Y", "The sigmoid of a vector", "y = σ(x)")
def _() -> Node:
    return ops.sigmoid(Variable([-1.0, 0.0, 2.0], "x")).named("y")


@_example("linear-layer", "Y", "A linear layer in column form", "y = W x + b")
def _() -> Node:
    W = Variable([[1.0, -2.0, 0.5], [0.0, 1.0, 3.0]], "W")
    x, b = Variable([2.0, 1.0, -1.0], "x"), Variable([0.5, -0.5], "b")
    return ((W @ x).named("u") + b).named("y")


def _yale_parameters() -> list[Node]:
    """Two layers, 3-2-2, in column form."""
    return [
        Variable([[0.5, -1.0, 0.25], [1.0, 0.5, -0.5]], "W1"),
        Variable([0.1, -0.2], "b1"),
        Variable([[1.0, -1.0], [0.5, 2.0]], "W2"),
        Variable([0.0, 0.3], "b2"),
    ]


def _yale_mlp(x: Node, parameters: list[Node], mark: str = "") -> Node:
    W1, b1, W2, b2 = parameters
    with group(f"layer 1{mark}"):
        z1 = ((W1 @ x) + b1).named(f"z1{mark}")
        a1 = ops.sigmoid(z1).named(f"a1{mark}")
    with group(f"layer 2{mark}"):
        return ((W2 @ a1) + b2).named(f"a2{mark}")


@_example("mlp", "Y", "A multi-layer perceptron", "a2 = W2 σ(W1 x + b1) + b2")
def _() -> Node:
    return _yale_mlp(Constant([1.0, 2.0, -1.0], "x"), _yale_parameters())


@_example("objective", "Y", "A perceptron and its cross-entropy", "L = CE(W2 σ(W1 x + b1) + b2, y)")
def _() -> Node:
    logits = _yale_mlp(Constant([1.0, 2.0, -1.0], "x"), _yale_parameters())
    return ops.cross_entropy(logits, Constant(1, "y")).named("L")


@_example(
    "minibatch-objective",
    "Y",
    "Two examples that share parameters",
    "L = L(f(x⁽¹⁾; θ), y⁽¹⁾) + L(f(x⁽²⁾; θ), y⁽²⁾)",
)
def _() -> Node:
    parameters = _yale_parameters()
    losses = []
    for mark, x, y in (("⁽¹⁾", [1.0, 2.0, -1.0], 1), ("⁽²⁾", [0.5, -1.0, 2.0], 0)):
        logits = _yale_mlp(Constant(x, f"x{mark}"), parameters, mark)
        losses.append(ops.cross_entropy(logits, Constant(y, f"y{mark}")).named(f"L{mark}"))
    return (losses[0] + losses[1]).named("L")


# ---------------------------------------------------------------- N: Northeastern, DS 4440


@_example(
    "logistic-regression",
    "N",
    "Logistic regression and its loss",
    "L = -(y log ŷ + (1 - y) log(1 - ŷ)), ŷ = σ(w · x)",
)
def _() -> Node:
    w, x, y = Variable([0.5, -1.0], "w"), Constant([2.0, 1.0], "x"), Constant(1.0, "y")
    prediction = ops.sigmoid((w @ x).named("z")).named("ŷ")
    return (-(y * ops.log(prediction) + (1 - y) * ops.log(1 - prediction))).named("L")


@_example("add-then-multiply", "N", "One path from every input", "e = (a + b) d")
def _() -> Node:
    a, b, d = Variable(2.0, "a"), Variable(1.0, "b"), Variable(2.0, "d")
    return ((a + b).named("c") * d).named("e")


@_example("two-paths", "N", "Two paths from b", "e = (a + b)(b + 1)")
def _() -> Node:
    a, b = Variable(2.0, "a"), Variable(1.0, "b")
    return ((a + b).named("c") * (b + 1).named("d")).named("e")


@_example("regression-loss", "N", "A line and its squared error", "L = (y - (w x + b))²")
def _() -> Node:
    w, b, x, y = Variable(2.0, "w"), Variable(1.0, "b"), Constant(3.0, "x"), Constant(5.0, "y")
    prediction = ((w * x).named("u") + b).named("ŷ")
    return ops.square((y - prediction).named("r")).named("L")


@_example("hidden-scalar", "N", "One hidden unit, no activation", "L = (y - (w2 (w1 x + b1) + b2))²")
def _() -> Node:
    w1, b1, w2, b2 = Variable(2.0, "w1"), Variable(1.0, "b1"), Variable(-1.0, "w2"), Variable(0.5, "b2")
    x, y = Constant(3.0, "x"), Constant(-4.0, "y")
    h = (w1 * x + b1).named("h")
    prediction = (w2 * h + b2).named("ŷ")
    return ops.square((y - prediction).named("r")).named("L")


@_example("hidden-sigmoid-layer", "N", "Three inputs, two sigmoid units", "L = (y - w2 · σ(W1 x))²")
def _() -> Node:
    W1 = Variable([[0.5, -1.0, 1.0], [1.0, 0.5, -0.5]], "W1")
    w2, x, y = Variable([1.0, -2.0], "w2"), Constant([1.0, 2.0, 0.5], "x"), Constant(1.0, "y")
    with group("hidden layer"):
        h = ops.sigmoid((W1 @ x).named("z")).named("h")
    return ops.square((y - (w2 @ h).named("ŷ")).named("r")).named("L")


# ---------------------------------------------------------------- M: MIT, lecture 8


@_example(
    "chain", "M", "A chain of layers, each with its parameter", "J = (x4 - y)², x_l = tanh(θ_l x_{l-1})"
)
def _() -> Node:
    x = Constant(1.0, "x0")
    for layer, theta in enumerate((0.5, -1.5, 2.0, 1.0), start=1):
        with group(f"f{layer}"):
            x = ops.tanh(Variable(theta, f"θ{layer}") * x).named(f"x{layer}")
    return ops.square((x - Constant(0.5, "y")).named("r")).named("J")


@_example("linear-module", "M", "The linear module", "x_out = W x_in")
def _() -> Node:
    W, x = Variable([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], "W"), Variable([2.0, -1.0, 1.0], "x_in")
    return (W @ x).named("x_out")


@_example(
    "mlp-modules", "M", "A perceptron in modules: linear, relu, linear, loss", "L = |W2 relu(W1 x) - y|²"
)
def _() -> Node:
    W1, W2 = Variable([[1.0, -1.0], [0.5, 2.0], [-1.0, 1.0]], "W1"), Variable([[1.0, 0.5, -1.0]], "W2")
    x, y = Constant([2.0, 1.0], "x"), Constant([2.0], "y")
    with group("linear 1"):
        z = (W1 @ x).named("z")
    with group("relu"):
        h = ops.relu(z).named("h")
    with group("linear 2"):
        out = (W2 @ h).named("ŷ")
    with group("loss"):
        return ops.squared_error(out, y).named("L")


@_example("dag", "M", "Branch and merge", "x4 = x2 + x3, x2 = tanh(θ2 x1), x3 = σ(θ3 x1), x1 = θ1 x0")
def _() -> Node:
    x0, theta1, theta2, theta3 = (
        Variable(value, name) for value, name in ((1.0, "x0"), (0.5, "θ1"), (2.0, "θ2"), (-1.0, "θ3"))
    )
    x1 = (theta1 * x0).named("x1")
    with group("branch 2"):
        x2 = ops.tanh(theta2 * x1).named("x2")
    with group("branch 3"):
        x3 = ops.sigmoid(theta3 * x1).named("x3")
    return (x2 + x3).named("x4")


@_example("two-layer-tanh", "M", "The worked example by hand", "L = (x3 - y)² / 2, x3 = W1 tanh(W0 x0)")
def _() -> Node:
    W0, W1 = Variable([[1.0, -3.0], [0.2, 1.0]], "W0"), Variable([[1.0, -1.0]], "W1")
    x0, y = Constant([1.0, 0.1], "x0"), Constant([0.5], "y")
    x1 = (W0 @ x0).named("x1")
    x2 = ops.tanh(x1).named("x2")
    x3 = (W1 @ x2).named("x3")
    return (ops.squared_error(x3, y) / 2).named("L")


def _frozen_network(x: Node) -> Node:
    """A small trained network, 3-3-2: its weights are constants, its input is what varies."""
    W1 = Constant([[1.0, -1.0, 0.5], [0.5, 1.0, -1.0], [-0.5, 0.5, 1.0]], "W1")
    W2 = Constant([[1.0, 0.5, -1.0], [-1.0, 0.5, 1.0]], "W2")
    with group("network"):
        h = ops.tanh((W1 @ x).named("z")).named("h")
        return (W2 @ h).named("scores")


@_example("input-optimization", "M", "Which input excites a unit most", "J = y_j(x) - λ |x|²")
def _() -> Node:
    x, weight = Variable([0.2, -0.1, 0.4], "x"), Constant(0.1, "λ")
    unit = _frozen_network(x)[0].named("y_j")
    return (unit - (weight * ops.square(x).sum()).named("R")).named("J")


@_example("adversarial", "M", "A perturbation that changes the label", "L = CE(f(x + r), ostrich)")
def _() -> Node:
    x, r = Constant([0.2, -0.1, 0.4], "x"), Variable([0.0, 0.0, 0.0], "r")
    return ops.cross_entropy(_frozen_network((x + r).named("x′")), Constant(1, "ostrich")).named("L")


@_example(
    "text-to-image",
    "M",
    "An image that matches a text: CLIP and GAN in miniature",
    "s = e1 · e2, e1 = T t, e2 = tanh(I G(z))",
)
def _() -> Node:
    with group("text encoder"):
        e1 = (Constant([[1.0, 0.0], [0.5, -1.0]], "T") @ Constant([1.0, 0.5], "text")).named("e1")
    with group("generator"):
        weights = Constant([[1.0, -1.0], [0.5, 0.5], [-1.0, 2.0]], "G")
        image = ops.sigmoid(weights @ Variable([0.3, -0.2], "code")).named("image")
    with group("image encoder"):
        e2 = ops.tanh(Constant([[1.0, -0.5, 0.5], [-1.0, 1.0, 0.5]], "I") @ image).named("e2")
    return (e1 @ e2).named("match")


# ---------------------------------------------------------------- G: Goodfellow, Bengio, Courville


@_example("multiply", "G", "The product of two numbers", "z = x y")
def _() -> Node:
    return (Variable(3.0, "x") * Variable(4.0, "y")).named("z")


@_example("logistic-prediction", "G", "The prediction of logistic regression", "ŷ = σ(x · w + b)")
def _() -> Node:
    x, w, b = Variable([1.0, 2.0], "x"), Variable([0.5, -1.0], "w"), Variable(1.0, "b")
    return ops.sigmoid(((x @ w).named("u1") + b).named("u2")).named("ŷ")


@_example("relu-layer", "G", "A layer of rectified linear units on a minibatch", "H = max(0, X W + b)")
def _() -> Node:
    X = Constant([[1.0, 2.0], [-1.0, 1.0], [0.5, -2.0]], "X")
    W, b = Variable([[1.0, -1.0], [0.5, 2.0]], "W"), Variable([0.5, -1.0], "b")
    return ops.relu(((X @ W).named("U1") + b).named("U2")).named("H")


@_example(
    "weight-decay",
    "G",
    "Weights used twice: in the prediction and in the penalty",
    "J = Σ (X w - y)² + λ Σ w²",
)
def _() -> Node:
    X, y = Constant([[1.0, 2.0], [3.0, -1.0]], "X"), Constant([1.0, 2.0], "y")
    w, decay = Variable([0.5, -1.0], "w"), Constant(0.1, "λ")
    loss = ops.squared_error((X @ w).named("ŷ"), y).named("loss")
    penalty = (decay * ops.square(w).named("u1").sum().named("u2")).named("penalty")
    return (loss + penalty).named("J")


@_example(
    "repeated-subexpression", "G", "f three times, each result stored once", "z = f(f(f(w))), f(x) = x²"
)
def _() -> Node:
    x = ops.square(Variable(2.0, "w")).named("x")
    return ops.square(ops.square(x).named("y")).named("z")


@_example(
    "repeated-subexpression-recomputed",
    "G",
    "Its derivative with f(w) computed again each time (6.53)",
    "dz/dw = f′(f(f(w))) f′(f(w)) f′(w)",
)
def _() -> Node:
    w = Variable(2.0, "w")
    first = (2 * ops.square(ops.square(w).named("f(w)")).named("f(f(w))")).named("f′(f(f(w)))")
    second = (2 * ops.square(w).named("f(w) again")).named("f′(f(w))")
    third = (2 * w).named("f′(w)")
    return ((first * second) * third).named("dz/dw")


# ---------------------------------------------------------------- L: UIUC (Lazebnik)


@_example("squared-error", "L", "The squared error of a linear model", "e = (y - w · x)²")
def _() -> Node:
    w, x, y = Variable([2.0, -1.0], "w"), Constant([1.0, 3.0], "x"), Constant(1.0, "y")
    return ops.square((y - (w @ x).named("h1")).named("r")).named("e")


@_example("negative-log-sigmoid", "L", "The logistic loss of a positive example", "e = -log(σ(w · x))")
def _() -> Node:
    w, x = Variable([0.5, -1.0], "w"), Constant([2.0, 1.5], "x")
    return (-ops.log(ops.sigmoid((w @ x).named("h1")).named("h2"))).named("e")


@_example("residual-block", "L", "A residual block: the input is added back", "z = x + relu(x W)")
def _() -> Node:
    x, W = Variable([1.0, -2.0], "x"), Variable([[1.0, -0.5], [0.5, -1.0]], "W")
    with group("F"):
        h = ops.relu((x @ W).named("u")).named("h")
    return (x + h).named("z")


@_example("aggregated-residual", "L", "Parallel branches, added (ResNeXt)", "z = x + Σ_i relu(x A_i) B_i")
def _() -> Node:
    x = Variable([1.0, -1.0], "x")
    weights = (
        ([[1.0], [0.5]], [[1.0, -1.0]]),
        ([[-1.0], [1.0]], [[0.5, 0.5]]),
        ([[0.5], [-1.0]], [[2.0, 1.0]]),
    )
    z = x
    for i, (down, up) in enumerate(weights, start=1):
        with group(f"branch {i}"):
            h = ops.relu(x @ Variable(down, f"A{i}")).named(f"h{i}")
            y = (h @ Variable(up, f"B{i}")).named(f"y{i}")
        z = z + y
    return z.named("z")


@_example("sigmoid-circuit", "L", "The sigmoid in gates", "f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2)))")
def _() -> Node:
    w0, x0, w1, x1, w2 = (
        Variable(value, name)
        for value, name in ((2.0, "w0"), (-1.0, "x0"), (-3.0, "w1"), (-2.0, "x1"), (-3.0, "w2"))
    )
    s = ((w0 * x0).named("p0") + (w1 * x1).named("p1")).named("s1")
    s = (s + w2).named("s")
    with group("sigmoid"):
        e = ops.exp((-s).named("n")).named("exp")
        return ops.reciprocal((e + 1).named("d")).named("f")


@_example("gates", "L", "Add distributes, multiply switches, max routes", "f = 2 (x y + max(z, w))")
def _() -> Node:
    x, y, z, w = Variable(3.0, "x"), Variable(-4.0, "y"), Variable(2.0, "z"), Variable(-1.0, "w")
    return (((x * y).named("p") + ops.maximum(z, w).named("m")).named("s") * 2).named("f")


@_example("relu-elementwise", "L", "ReLU of a vector: a diagonal Jacobian of zeros and ones", "z = relu(x)")
def _() -> Node:
    return ops.relu(Variable([1.0, -2.0, 0.0, 3.0], "x")).named("z")


@_example("sigmoid-elementwise", "L", "The sigmoid of a vector: it vanishes away from zero", "z = σ(x)")
def _() -> Node:
    return ops.sigmoid(Variable([-10.0, -1.0, 0.0, 10.0], "x")).named("z")


@_example("matrix-vector", "L", "A linear layer in row form", "z = x W")
def _() -> Node:
    x, W = Variable([1.0, -2.0, 3.0], "x"), Variable([[1.0, 2.0], [0.5, -1.0], [-1.0, 0.0]], "W")
    return (x @ W).named("z")
