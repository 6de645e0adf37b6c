"""Backpropagation: each node once, users before inputs, gradients added where paths meet.

This is Algorithm 6.2 of Goodfellow, Bengio and Courville (2016), section 6.5.3, twice:
`backpropagate` computes numbers, `gradient_nodes` builds the graph of the computation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .errors import DtypeError, NonScalarOutputError, NotANumberError, ShapeError
from .node import Array, Node, Operand, as_node, group, shape_of, value_of
from .ops import identity, sum_to, summed_to
from .text import derivative


def topological_order(outputs: Iterable[Node], leaves: Iterable[Node] = ()) -> list[Node]:
    """Every ancestor of the outputs once, inputs before users. No recursion.

    Args:
        leaves: nodes not to look behind; they come first.

    >>> from backprop_lab import Variable
    >>> a = Variable(1.0, "a")
    >>> [node.name or node.operation.name for node in topological_order([(a + a) * a])]
    ['a', 'add', 'multiply']
    """
    order = list(leaves)
    seen = set(order)
    stack: list[Any] = [*outputs][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # all inputs of the node below are placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.operation is None:
                order.append(node)
            else:
                stack += (node, None)
                stack += node.inputs[::-1]
    return order


def backpropagate(order: list[Node], seed: Operand | None = None) -> None:
    """Fill ``grad`` of every node in ``order``, a topological order ending in the output.

    Args:
        seed: the upstream gradient of the output, of its shape; 1 for a scalar output.

    Raises:
        DtypeError, NonScalarOutputError, ShapeError: no gradient can start from that output and seed.
        RuleError: a student's rule returned something else than gradients.
    """
    output = order[-1]
    start = _seed(output, seed)
    for node in order:
        node._grad = None
    if not output.needs_grad:
        return
    output._grad = start
    for node in reversed(order):
        delta = node._grad
        operation = node.operation
        if delta is None or operation is None:
            continue
        inputs = node.inputs
        vjps = operation.vjps
        output, kept = node._value, node.kept
        # One and two inputs without parameters are spelled out: they are most of every graph.
        rules = len(vjps) if operation.backward is None and node.params is None else 0
        if rules == 2 and kept is None:
            a, b = inputs
            vjp_a, vjp_b = vjps
            if a.needs_grad and vjp_a is not None:
                _accumulate(a, vjp_a(delta, output, a._value, b._value))
            if b.needs_grad and vjp_b is not None:
                _accumulate(b, vjp_b(delta, output, a._value, b._value))
        elif rules == 1 and kept is None and vjps[0] is not None:
            a = inputs[0]
            _accumulate(a, vjps[0](delta, output, a._value))
        elif rules:
            values = [x._value for x in inputs]
            more = {} if kept is None else {"kept": kept}
            for x, vjp in zip(inputs, vjps, strict=True):
                if x.needs_grad and vjp is not None:
                    _accumulate(x, vjp(delta, output, *values, **more))
        else:
            wanted = [x.needs_grad for x in inputs]
            values = [x._value for x in inputs]
            gradients = operation.pull(delta, output, values, wanted, node.params or {})
            for x, gradient in zip(inputs, gradients, strict=True):
                if gradient is not None:
                    _accumulate(x, gradient)


def _accumulate(x: Node, gradient: Any) -> None:
    if type(gradient) is not float:
        gradient = fitted(gradient, x._value)
    # A sum, never +=: a rule may hand the same array to two inputs.
    x._grad = gradient if x._grad is None else x._grad + gradient


def fitted(gradient: Array, value: Array) -> Array:
    """The gradient in the shape and precision of its value: broadcasting undone, float32 kept."""
    if type(gradient) is float and type(value) is float:
        return gradient
    if type(gradient) is np.ndarray and type(value) is np.ndarray:
        if gradient.shape != value.shape:
            gradient = summed_to(gradient, value.shape)
        return gradient if gradient.dtype == value.dtype else gradient.astype(value.dtype)
    gradient = np.asarray(gradient)
    if gradient.shape != np.shape(value):
        gradient = np.asarray(summed_to(gradient, np.shape(value)))
    return gradient.astype(np.asarray(value).dtype)[()]


def gradient_nodes(
    order: list[Node], seed: Operand | None = None, name_of: Callable[[Node], str] | None = None
) -> dict[Node, Node]:
    """The gradient of every node of ``order`` as a node: the graph B of Goodfellow et al., section 6.5.3.

    Args:
        name_of: how to call a node. Then what belongs to one forward node is one group, ``d{out}/d{name}``,
            and the last node of the group, which is the gradient itself, has that name.
    """
    output = order[-1]
    start = _seed(output, seed)
    uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in order if node.needs_grad}
    for user in reversed(order):
        for position, x in enumerate(user.inputs):
            if x in uses and user in uses:
                uses[x].append((user, position))
    found: dict[Node, Node] = {}
    for node in reversed(order):
        if node not in uses:
            continue
        name = derivative(name_of(output), name_of(node)) if name_of else None
        with group(name) if name else nullcontext():
            parts = [as_node(start)] if node is output else []
            for user, position in uses[node]:
                part = _pull_node(user, position, found[user]) if user in found else None
                if part is not None:
                    parts.append(part)
            if not parts:
                continue
            gradient = parts[0]
            for part in parts[1:]:
                gradient = gradient + part
            if name:
                # add and reshape hand on the node they were given; a copy makes one node per node
                already = gradient.name is not None or gradient in uses
                gradient = (identity(gradient) if already else gradient).named(name)
        found[node] = gradient
    return found


def _pull_node(user: Node, position: int, delta: Node) -> Node | None:
    """What one use contributes to the gradient of the node used."""
    assert user.operation is not None
    x = user.inputs[position]
    wanted = [k == position for k in range(len(user.inputs))]
    gradient = user.operation.pull(delta, user, user.inputs, wanted, user.params or {})[position]
    if gradient is None:
        return None
    if shape_of(gradient) != x.shape:
        gradient = sum_to(gradient, shape=x.shape)
    return as_node(gradient)


def _seed(output: Node, seed: Operand | None) -> Any:
    value = output._value
    if seed is None:
        if isinstance(value, float):  # np.float64 too
            return 1.0
        if output.dtype.kind not in "fc":
            raise DtypeError(
                f"the output {output!r} holds {output.dtype} data; a gradient needs floating point"
            )
        if output.shape:
            raise NonScalarOutputError(
                f"the output has shape {output.shape}; backpropagation starts from a scalar. "
                "Sum it, take its mean, or give backward(seed=...) an upstream gradient of that shape."
            )
        return output.dtype.type(1)
    if shape_of(seed) != output.shape:
        raise ShapeError(f"the seed has shape {shape_of(seed)}; the output has shape {output.shape}")
    return seed if isinstance(seed, Node) else fitted(value_of(seed), value)


def refuse_nan(order: list[Node], outputs: Iterable[Node]) -> None:
    """Raise NotANumberError, naming the node that made the first NaN, if an output has one."""
    for output in outputs:
        if _has_nan(output._value):
            break
    else:
        return
    node = next(node for node in order if _has_nan(node._value))
    if node.operation is None:
        raise NotANumberError(f"the value given to '{node.name or 'a constant'}' contains NaN")
    inputs = ", ".join(repr(x) for x in node.inputs)
    raise NotANumberError(f"the first NaN came out of '{node.operation.name}', applied to {inputs}")


def _has_nan(value: Array) -> bool:
    if isinstance(value, float):
        return value != value
    value = np.asarray(value)
    return value.dtype.kind in "fc" and bool(np.isnan(value).any())
