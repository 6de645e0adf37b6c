"""Operations: one row each of the rule table, and how a row becomes a node.

A rule is a pure function. It never adds to a gradient and never undoes a
broadcast; the engine does both (`backprop`). Rules are written with the
operations themselves, so the same rule gives numbers when it is handed arrays
and a graph when it is handed nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .errors import RuleError, ShapeError
from .node import Array, Node, Operand, as_node, shape_of

Rule = Callable[..., Any]


class Operation:
    """A differentiable function of one or more arrays.

    A row of the table gives ``vjps``, one rule per input, called as
    ``vjp(delta, output, *inputs, **params)`` with the upstream gradient ``delta``,
    and a ``jvp`` called as ``jvp(tangents, output, *inputs, **params)``. Where
    one backward function serves all inputs, give ``backward(delta, *inputs)``
    instead; that is the form in which students write theirs.

    Args:
        name: unique among the built-in rows; shown in pictures and errors.
        forward: arrays in, array out.
        backward: returns one gradient per input (a bare array for one input).
        vjps: one rule per input, or one for all of a variadic operation (which then
            also receives the position: ``vjp(k, delta, output, *inputs)``). None
            where an input has no derivative.
        jvp: the pushforward; not needed for ``elementwise`` and ``linear`` rows.
        elementwise: the Jacobian is diagonal (inputs broadcast), so J u = J^T u.
        linear: linear in all inputs together, so the jvp is the forward itself.
        label: what a drawing writes in the gate; the name by default.

    >>> double = Operation("double", forward=lambda x: 2 * x, backward=lambda delta, x: 2 * delta)
    >>> double(3.0)
    6.0
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Array],
        backward: Rule | None = None,
        *,
        vjps: Sequence[Rule | None] | Rule | None = None,
        jvp: Rule | None = None,
        elementwise: bool = False,
        linear: bool = False,
        label: str | None = None,
    ):
        if (backward is None) == (vjps is None):
            raise TypeError(f"operation '{name}' needs either backward or vjps, and not both")
        self.name = name
        self.label = label or name
        self.forward = forward
        self.backward = backward
        self.vjps = vjps
        self.elementwise = elementwise
        self.linear = linear
        self.jvp = jvp or (self._linear_jvp if linear else self._diagonal_jvp if elementwise else None)

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"

    def __call__(self, *args: Operand, **params: Any) -> Any:
        """A node if any argument is one, else the plain result."""
        for arg in args:
            if isinstance(arg, Node):
                return self.apply(args, params)
        return self.compute(args, params)

    def apply(self, args: tuple[Operand, ...], params: dict[str, Any]) -> Node:
        """Compute the value and record how it was made."""
        inputs = tuple([as_node(arg) for arg in args])
        needs_grad = False
        for node in inputs:
            needs_grad = needs_grad or node.needs_grad
        value = self.compute([node._value for node in inputs], params)
        return Node(value, self, inputs, params, None, needs_grad)

    def compute(self, values: Sequence[Array], params: dict[str, Any]) -> Array:
        """The forward function on plain arrays, with shape trouble told in a sentence."""
        try:
            return self.forward(*values, **params)
        except (ValueError, IndexError) as error:
            shapes = " and ".join(str(shape_of(value)) for value in values)
            raise ShapeError(f"'{self.name}' cannot take shapes {shapes}: {error}") from error

    def gradients(
        self, delta: Any, output: Any, inputs: Sequence[Any], wanted: Sequence[bool], params: dict[str, Any]
    ) -> Sequence[Any]:
        """The upstream gradient pulled back to each wanted input; None for the others."""
        backward = _overrides.get(self, self.backward)
        if backward is not None:
            return self._checked(backward(delta, *inputs, **params), delta, inputs)
        if callable(self.vjps):
            return [
                self.vjps(k, delta, output, *inputs, **params) if want else None
                for k, want in enumerate(wanted)
            ]
        assert self.vjps is not None
        return [
            vjp(delta, output, *inputs, **params) if want and vjp is not None else None
            for vjp, want in zip(self.vjps, wanted, strict=True)
        ]

    def _checked(self, returned: Any, delta: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        """What a student's rule returned, or a sentence about what is wrong with it."""
        gradients = returned if isinstance(returned, (tuple, list)) else (returned,)
        if len(gradients) != len(inputs):
            raise RuleError(
                f"the backward rule of '{self.name}' must return {len(inputs)} gradient"
                f"{'s' if len(inputs) != 1 else ''}, one per input, and returned {len(gradients)}"
            )
        for k, (gradient, x) in enumerate(zip(gradients, inputs, strict=True)):
            allowed = {shape_of(x), shape_of(delta)} if self.elementwise else {shape_of(x)}
            if gradient is not None and shape_of(gradient) not in allowed:
                raise RuleError(
                    f"the backward rule of '{self.name}' returned for input {k} a gradient of shape "
                    f"{shape_of(gradient)}; that input has shape {shape_of(x)}, and a gradient has the "
                    f"shape of what it is the gradient of (delta has shape {shape_of(delta)})"
                )
        return gradients

    def _diagonal_jvp(self, tangents: Sequence[Any], output: Any, *inputs: Any, **params: Any) -> Any:
        assert self.vjps is not None and not callable(self.vjps)
        total: Any = 0.0
        for vjp, tangent in zip(self.vjps, tangents, strict=True):
            if vjp is not None:
                total = total + vjp(tangent, output, *inputs, **params)
        return total

    def _linear_jvp(self, tangents: Sequence[Any], output: Any, *inputs: Any, **params: Any) -> Any:
        return self(*tangents, **params)


_overrides: dict[Operation, Rule] = {}


@contextmanager
def override(rules: dict[Operation, Rule]) -> Iterator[None]:
    """Differentiate with these backward functions instead of the built-in ones."""
    previous = dict(_overrides)
    _overrides.update(rules)
    try:
        yield
    finally:
        _overrides.clear()
        _overrides.update(previous)
