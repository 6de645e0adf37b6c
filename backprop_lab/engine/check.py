"""Is the gradient right? Compared with differences, and with itself in forward mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .calculus import Recording, Tree
from .errors import KinkError, RuleError
from .graph import Graph
from .node import TABLE, Array, Node


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found; true in an ``if`` when the gradients agree.

    Attributes:
        method: "complex step" or "central differences".
        error: the largest difference, relative to the larger of the gradient's size and 1.
        tolerance: what was allowed.
        argument, index: the worst entry: which array, where in it.
        analytic, numerical: its derivative by the backward rules and by differences.
        transpose_error: the same error of <u, Jv> = <J^T u, v>, or None where an operation has no jvp.
    """

    method: str
    error: float
    tolerance: float
    argument: int
    index: tuple[int, ...]
    analytic: float
    numerical: float
    transpose_error: float | None

    def __bool__(self) -> bool:
        return self.error <= self.tolerance and (self.transpose_error or 0.0) <= self.tolerance

    def __str__(self) -> str:
        where = f"array {self.argument}" + (f", entry {self.index}" if self.index else "")
        verdict = "agree" if self else "DISAGREE"
        said = f"gradients {verdict} with {self.method}; worst: {where}: "
        said += f"{self.analytic:.9g} by the rules, {self.numerical:.9g} measured (error {self.error:.1e})"
        if self.transpose_error is not None:
            said += f"; <u, Jv> = <Jᵀu, v> to {self.transpose_error:.1e}"
        return said


def check_gradients(
    f: Callable[..., Any], *args: Tree, tolerance: float = 1e-6, seed: int = 0
) -> GradientReport:
    """Compare the gradients of f with numbers that need no backward rule.

    The function is recorded once and its graph evaluated at nearby points: a complex step
    (exact to rounding; Squire and Trapp, 1998) where every operation allows it, central
    differences otherwise. An array output is reduced by a random upstream gradient u.

    Args:
        f: returns one array.
        args: floating-point arrays, or trees of them; all are differentiated.
        tolerance: the largest relative error that passes.
        seed: of the random u and v.

    Raises:
        KinkError: a difference would straddle a kink, such as that of relu at 0.

    >>> print(check_gradients(lambda x: x * x, 3.0))
    gradients agree with complex step; worst: array 0: 6 by the rules, 6 measured (error 0.0e+00); \
<u, Jv> = <Jᵀu, v> to 0.0e+00
    """
    rng = np.random.default_rng(seed)
    recording = Recording(f, args, range(len(args)))
    graph, leaves = Graph(recording.output), recording.leaves
    upstream = _like(recording.output, rng)
    analytic = recording.pull(upstream)
    stepped = all(_allows_complex_step(node) for node in graph) and recording.output.dtype == np.float64
    worst = (-1.0, 0, (), 0.0, 0.0)
    for k, leaf in enumerate(leaves):
        for index in np.ndindex(leaf.shape):
            if stepped:
                numerical = _complex_step(graph, leaf, index, upstream)
            else:
                numerical = _central_difference(graph, leaf, index, upstream, k)
            exact = float(np.asarray(analytic[k])[index])
            error = abs(exact - numerical) / max(1.0, abs(exact), abs(numerical))
            if not error <= worst[0]:  # also when it is NaN
                worst = (error, k, index, exact, numerical)
    return GradientReport(
        method="complex step" if stepped else "central differences",
        error=worst[0],
        tolerance=tolerance,
        argument=worst[1],
        index=worst[2],
        analytic=worst[3],
        numerical=worst[4],
        transpose_error=_transpose_error(recording, upstream, analytic, rng),
    )


def _like(node: Node, rng: np.random.Generator) -> Array:
    return rng.standard_normal(node.shape).astype(node.dtype) if node.shape else node.dtype.type(1)


def _allows_complex_step(node: Node) -> bool:
    """Built in, so known to be analytic, and without kinks."""
    operation = node.operation
    return operation is None or (TABLE.get(operation.name) is operation and operation.sides is None)


def _moved(leaf: Node, index: tuple[int, ...], step: complex) -> Array:
    value = np.array(leaf._value, dtype=complex if isinstance(step, complex) else None)
    value[index] += step
    return value[()]


def _complex_step(graph: Graph, leaf: Node, index: tuple[int, ...], upstream: Array) -> float:
    """Im f(x + ih) / h: no difference is taken, so h can be tiny and nothing cancels."""
    h = 1e-30
    output = graph.evaluate({leaf: _moved(leaf, index, 1j * h)})[graph.output]
    return float(np.sum(upstream * np.imag(output)) / h)


def _central_difference(graph: Graph, leaf: Node, index: tuple[int, ...], upstream: Array, k: int) -> float:
    x = float(np.asarray(leaf._value)[index])
    # The cube root of the precision balances truncation (h^2) against rounding (1/h).
    h = float(np.cbrt(np.finfo(leaf.dtype).eps)) * max(1.0, abs(x))
    above = graph.evaluate({leaf: _moved(leaf, index, h)})
    below = graph.evaluate({leaf: _moved(leaf, index, -h)})
    for node in graph:
        if node.operation is not None and node.operation.sides is not None:
            sides = [
                node.operation.sides(*[values[x] for x in node.inputs], **(node.params or {}))
                for values in (below, above)
            ]
            if np.any(sides[0] != sides[1]):
                where = f"array {k}" + (f", entry {index}" if index else "")
                raise KinkError(
                    f"'{node.operation.name}' changes side between {x - h:.9g} and {x + h:.9g} of {where}: "
                    "a difference across a kink measures neither slope. Move the point away from the kink; "
                    "the convention used there is stated, not measured."
                )
    return float(np.sum(upstream * (above[graph.output] - below[graph.output])) / (2 * h))


def _transpose_error(
    recording: Recording, upstream: Array, pulled: list[Any], rng: np.random.Generator
) -> float | None:
    """How far <u, Jv>, by the jvps, is from <J^T u, v>, by the vjps, for a random v."""
    tangents = [_like(leaf, rng) for leaf in recording.leaves]
    try:
        pushed = np.sum(upstream * recording.push(tangents))
    except RuleError:
        return None
    back = sum(np.sum(np.asarray(g) * v) for g, v in zip(pulled, tangents, strict=True))
    return float(abs(pushed - back) / max(1.0, abs(pushed), abs(back)))
