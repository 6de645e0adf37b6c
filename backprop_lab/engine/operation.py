"""Operations: one row each of the rule table, and how a row becomes a node.

A rule is a pure function. It never adds to a gradient and never undoes a
broadcast; the engine does both (`backprop`). Rules are written with the
operations themselves, so the same rule gives numbers when it is handed arrays
and a graph when it is handed nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
        sides: for a function with kinks, which side of them the inputs are on.
        keeping: the forward function once more, returning ``(output, kept)``; where arrays are
            differentiated, the rules may then get ``kept=kept`` and need not compute it again.
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
        sides: Callable[..., Array] | None = None,
        keeping: Callable[..., tuple[Array, Any]] | None = None,
        label: str | None = None,
    ):
        if (backward is None) == (vjps is None):
            raise TypeError(f"operation '{name}' needs either backward or vjps, and not both")
        self.name = name
        self.label = label or name
        self.forward = forward
        self.backward = backward
        self.elementwise = elementwise
        self.linear = linear
        self.sides = sides
        self.keeping = keeping
        self.jvp = jvp or (self._linear_jvp if linear else self._diagonal_jvp if elementwise else None)
        self.recomputes: Callable[..., Any] | None = None  # set by `checkpoint`
        # Exactly one of these two is used: a rule per input, or one rule for any number of inputs.
        self.vjps: tuple[Rule | None, ...] = () if vjps is None or callable(vjps) else tuple(vjps)
        self.variadic: Rule | None = vjps if callable(vjps) else None
        # A comparison has no derivative, so its result needs no gradient.
        self.differentiable = backward is not None or callable(vjps) or any(self.vjps)

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"

    def __call__(self, *args: Operand, **params: Any) -> Any:
        """A node if any argument is one, else the plain result.

        Raises:
            ShapeError: shapes that do not fit.
            TypeError: too many or too few arrays.
        """
        if len(args) == 1 and not params and isinstance(args[0], Node):
            return self.unary(args[0])
        for arg in args:
            if isinstance(arg, Node):
                return self.apply(args, params)
        return self.compute(args, params)

    def unary(self, a: Node) -> Node:
        """`apply` for one node and no parameters: the short way, for long chains of numbers."""
        if len(self.vjps) > 1:
            return self.apply((a,), {})  # which says what is missing
        try:
            value = self.forward(a._value)
        except (ValueError, IndexError) as error:
            raise self._misfit((a,), error) from error
        return Node(value, self, (a,), None, None, a.needs_grad and self.differentiable)

    def binary(self, a: Operand, b: Operand) -> Node:
        """`apply` for two operands and no parameters: what ``a + b`` calls."""
        if not isinstance(a, Node):
            a = as_node(a)
        if not isinstance(b, Node):
            b = as_node(b)
        try:
            value = self.forward(a._value, b._value)
        except (ValueError, IndexError) as error:
            raise self._misfit((a, b), error) from error
        return Node(value, self, (a, b), None, None, a.needs_grad or b.needs_grad)

    def apply(self, args: Sequence[Operand], params: dict[str, Any]) -> Node:
        """Compute the value and record how it was made."""
        inputs, values, needs_grad = [], [], False
        for arg in args:
            node = arg if isinstance(arg, Node) else as_node(arg)
            inputs.append(node)
            values.append(node._value)
            needs_grad = needs_grad or node.needs_grad
        needs_grad = needs_grad and self.differentiable
        if self.keeping is None:
            value = self.compute(values, params)
            return Node(value, self, tuple(inputs), params or None, None, needs_grad)
        value, kept = self.compute(values, params, self.keeping)
        node = Node(value, self, tuple(inputs), params or None, None, needs_grad)
        node.kept = kept
        return node

    def compute(self, values: Sequence[Array], params: dict[str, Any], forward: Any = None) -> Any:
        """The forward function on plain arrays, with trouble told in a sentence."""
        if self.vjps and len(values) != len(self.vjps):
            raise TypeError(
                f"'{self.name}' takes {len(self.vjps)} array{'s' if len(self.vjps) > 1 else ''}, got "
                f"{len(values)}; anything else goes by name, as in {self.name}(…, axis=0)"
            )
        forward = forward or self.forward
        try:
            return forward(*values, **params) if params else forward(*values)
        except (ValueError, IndexError) as error:
            raise self._misfit(values, error) from error

    def _misfit(self, args: Sequence[Operand], error: Exception) -> ShapeError:
        if isinstance(error, ShapeError):  # the forward function said it better
            return error
        met = [f"{getattr(x, 'name', None) or 'shape'} {shape_of(x)}" for x in args]
        return ShapeError(f"'{self.name}' cannot take {' and '.join(met)}: {error}")

    def pull(
        self, delta: Any, output: Any, inputs: Sequence[Any], wanted: Sequence[bool], params: dict[str, Any]
    ) -> Sequence[Any]:
        """The upstream gradient pulled back to each wanted input (a vjp each); None for the others.

        Raises:
            RuleError: a ``backward`` rule returned the wrong number, shape or kind of gradients.
        """
        if self.backward is not None:
            return self._checked(self.backward(delta, *inputs, **params), delta, inputs, wanted)
        if self.variadic is not None:
            vjp = self.variadic
            return [vjp(k, delta, output, *inputs, **params) if w else None for k, w in enumerate(wanted)]
        return [
            vjp(delta, output, *inputs, **params) if want and vjp is not None else None
            for vjp, want in zip(self.vjps, wanted, strict=True)
        ]

    def _checked(self, returned: Any, delta: Any, inputs: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """What a student's rule returned, or a sentence about what is wrong with it."""
        gradients = list(returned) if isinstance(returned, (tuple, list)) else [returned]
        if len(gradients) != len(inputs):
            raise RuleError(
                f"the backward rule of '{self.name}' must return {len(inputs)} gradient"
                f"{'s' if len(inputs) != 1 else ''}, one per input, and returned {len(gradients)}"
            )
        for k, (gradient, x) in enumerate(zip(gradients, inputs, strict=True)):
            if not wanted[k]:
                gradients[k] = None
                continue
            kind = "O" if gradient is None else np.asarray(getattr(gradient, "_value", gradient)).dtype.kind
            if kind not in "fciub":
                raise RuleError(
                    f"the backward rule of '{self.name}' returned {type(gradient).__name__} as the gradient "
                    f"of {self._argument(k)}; expected an array of shape {shape_of(x)}"
                )
            allowed = {shape_of(x), shape_of(delta)} if self.elementwise else {shape_of(x)}
            if shape_of(gradient) not in allowed:
                raise RuleError(
                    f"the backward rule of '{self.name}' returned for {self._argument(k)} a gradient of "
                    f"shape {shape_of(gradient)}; that input has shape {shape_of(x)}, and a gradient has the "
                    f"shape of what it is the gradient of (delta has shape {shape_of(delta)})"
                )
        return gradients

    def _argument(self, k: int) -> str:
        """The k-th input as the author of the operation called it."""
        import inspect  # only errors need it, and it would double the time that our import takes

        try:
            return f"input {k} ({list(inspect.signature(self.forward).parameters)[k]})"
        except (ValueError, IndexError):  # a ufunc, or *inputs
            return f"input {k}"

    def _diagonal_jvp(self, tangents: Sequence[Any], output: Any, *inputs: Any, **params: Any) -> Any:
        # A diagonal Jacobian is its own transpose, so the backward rules serve forward too.
        total: Any = 0.0
        for k, tangent in enumerate(tangents):
            alone = [i == k for i in range(len(inputs))]
            pushed = self.pull(tangent, output, inputs, alone, params)[k]
            total = total if pushed is None else total + pushed
        return total

    def _linear_jvp(self, tangents: Sequence[Any], output: Any, *inputs: Any, **params: Any) -> Any:
        return self(*tangents, **params)
