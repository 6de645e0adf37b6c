"""Backpropagation: each node once, users before inputs, gradients added where paths meet.

This is Algorithm 6.2 of Goodfellow, Bengio and Courville (2016), section 6.5.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import DtypeError, NonScalarOutputError, NotANumberError, ShapeError
from .node import Array, Group, Node, Operand, _open_groups, shape_of, value_of
from .ops import sum_to


def topological_order(outputs: Iterable[Node]) -> list[Node]:
    """Every ancestor of the outputs once, inputs before users. No recursion.

    >>> from backprop_lab import Variable
    >>> a = Variable(1.0, "a")
    >>> [node.name or node.operation.name for node in topological_order([(a + a) * a])]
    ['a', 'add', 'multiply']
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [*outputs][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # all inputs of the node below are placed
            placed = stack.pop()
            assert placed is not None
            order.append(placed)
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            stack += node.inputs[::-1]
    return order


def backpropagate(order: list[Node], seed: Operand | None = None, create_graph: bool = False) -> None:
    """Fill ``grad`` of every node in ``order`` (a topological order ending in the output).

    Args:
        seed: the upstream gradient of the output, of its shape; 1 for a scalar output.
        create_graph: make the gradients nodes, so that they can be drawn and differentiated.
    """
    output = order[-1]
    for node in order:
        node._grad = None
    if not output.needs_grad:
        return
    output._grad = _seed(output, seed, create_graph)
    for node in reversed(order):
        delta = node._grad
        operation = node.operation
        if delta is None or operation is None:
            continue
        inputs = node.inputs
        wanted = [x.needs_grad for x in inputs]
        if create_graph:
            with_name = f"d{output.name or 'out'}/d{node.name or operation.name}"
            _open_groups.append(Group(with_name))
            gradients = operation.gradients(delta, node, inputs, wanted, node.params or {})
            _open_groups.pop()
        else:
            values = [x._value for x in inputs]
            gradients = operation.gradients(delta, node._value, values, wanted, node.params or {})
        for x, gradient in zip(inputs, gradients, strict=True):
            if gradient is None or not x.needs_grad:
                continue
            if operation.elementwise and shape_of(gradient) != shape_of(x):
                gradient = sum_to(gradient, shape=shape_of(x))
            # A sum, never +=: a rule may hand the same array to two inputs.
            x._grad = gradient if x._grad is None else x._grad + gradient


def _seed(output: Node, seed: Operand | None, create_graph: bool) -> Any:
    value = output._value
    if np.asarray(value).dtype.kind not in "fc":
        raise DtypeError(f"the output {output!r} holds {output.dtype} data; a gradient needs floating point")
    if seed is None:
        if output.shape:
            raise NonScalarOutputError(
                f"the output has shape {output.shape}; backpropagation starts from a scalar. "
                "Sum it, take its mean, or give backward(seed=...) an upstream gradient of that shape."
            )
        seed = 1.0 if type(value) is float else np.ones((), np.asarray(value).dtype)[()]
    elif shape_of(seed) != output.shape:
        raise ShapeError(f"the seed has shape {shape_of(seed)}; the output has shape {output.shape}")
    if create_graph:
        return seed if isinstance(seed, Node) else Node(seed, name="1" if not output.shape else "seed")
    return value_of(seed)


def first_nan(order: Iterable[Node]) -> Node | None:
    """The first node in topological order that holds a NaN."""
    return next((node for node in order if _has_nan(node._value)), None)


def refuse_nan(order: list[Node]) -> None:
    """Raise NotANumberError, naming the node that made the first NaN, if the output has one."""
    if not _has_nan(order[-1]._value):
        return
    node = first_nan(order)
    assert node is not None
    if node.operation is None:
        raise NotANumberError(f"the value given to '{node.name or 'a constant'}' contains NaN")
    inputs = ", ".join(repr(x) for x in node.inputs)
    raise NotANumberError(f"the first NaN came out of '{node.operation.name}', applied to {inputs}")


def _has_nan(value: Array) -> bool:
    value = np.asarray(value)
    return value.dtype.kind in "fc" and bool(np.isnan(value).any())
