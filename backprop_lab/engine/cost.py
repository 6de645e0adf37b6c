"""What a gradient costs: counted three ways, and what recomputing instead of storing saves.

Every edge of the graph carries an upstream gradient through a local derivative.
Path by path, that is done again for every path through the edge; with full
Jacobians once, by a matrix of all derivatives; in backprop once, by the rule
that knows which of them are zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from .backprop import backpropagate, gradient_nodes, topological_order
from .errors import EngineError
from .node import TABLE, Node, Operand, Variable, as_node
from .operation import Operation


@dataclass(frozen=True)
class Cost:
    """Multiplications and bytes for the gradient of every variable.

    Attributes:
        path_multiplications: one Jacobian product per edge of every path from a variable.
        jacobian_multiplications: one product with the full local Jacobian per edge.
        backprop_multiplications: one vjp per edge; for scalars, the number of edges.
        path_bytes, jacobian_bytes: the local Jacobians, written out.
        backprop_bytes: the stored values and the gradients.
        stored_bytes: the values that the forward pass keeps for the backward pass (not counting the
            softmax that `cross_entropy` keeps, which is as large as its logits).
        recomputed_multiplications: forward work that `checkpoint` does a second time.
        recomputed_bytes: values that `checkpoint` did not store.
    """

    path_multiplications: int
    jacobian_multiplications: int
    backprop_multiplications: int
    path_bytes: int
    jacobian_bytes: int
    backprop_bytes: int
    stored_bytes: int
    recomputed_multiplications: int = 0
    recomputed_bytes: int = 0

    def __str__(self) -> str:
        rows = [
            ("path by path", self.path_multiplications, self.path_bytes),
            ("full Jacobians", self.jacobian_multiplications, self.jacobian_bytes),
            ("backprop", self.backprop_multiplications, self.backprop_bytes),
        ]
        if self.recomputed_bytes:
            rows.append(("recomputed, not stored", self.recomputed_multiplications, self.recomputed_bytes))
        lines = [f"{'':22}{'multiplications':>16}{'bytes':>14}"]
        return "\n".join(lines + [f"{name:22}{times:>16,}{size:>14,}" for name, times, size in rows])


def cost_of(nodes: list[Node], output: Node) -> Cost:
    """Count; see `Graph.cost`."""
    paths = dict.fromkeys(nodes, 0)  # how many paths lead from the node to the output
    lengths = dict.fromkeys(nodes, 0)  # and their Jacobian products, all together
    paths[output] = 1
    by_jacobian = by_backprop = jacobian_bytes = recomputed = recomputed_bytes = gradient_bytes = 0
    for user in reversed(nodes):
        if user.needs_grad and paths[user]:
            gradient_bytes += _bytes(user)
        for x in user.inputs:
            if not x.needs_grad or not user.needs_grad or not paths[user]:
                continue
            entries = user.size * x.size
            times = entries * output.size
            paths[x] += paths[user]
            lengths[x] += lengths[user] + paths[user] * times
            by_jacobian += times
            jacobian_bytes += entries * user.dtype.itemsize
            by_backprop += _vjp_multiplications(user, x)
        if user.operation is not None and user.operation.recomputes is not None:
            inside = _inside(user)
            again = cost_of(inside, inside[-1])
            recomputed += sum(_forward_multiplications(node) for node in inside)
            recomputed_bytes += again.stored_bytes - _bytes(user) - sum(_bytes(x) for x in user.inputs)
            by_backprop += again.backprop_multiplications - sum(
                _vjp_multiplications(user, x) for x in user.inputs if x.needs_grad
            )
    stored = sum(_bytes(node) for node in nodes)
    return Cost(
        path_multiplications=sum(lengths[x] for x in nodes if x.operation is None and x.needs_grad),
        jacobian_multiplications=by_jacobian,
        backprop_multiplications=by_backprop,
        path_bytes=jacobian_bytes,
        jacobian_bytes=jacobian_bytes,
        backprop_bytes=stored + gradient_bytes,
        stored_bytes=stored,
        recomputed_multiplications=recomputed,
        recomputed_bytes=recomputed_bytes,
    )


def _bytes(node: Node) -> int:
    return node.size * node.dtype.itemsize


def _forward_multiplications(node: Node) -> int:
    """Each entry of a matrix product sums as many products as the axis contracted away is long."""
    if node.operation is None:
        return 0
    return node.size * (node.inputs[0].shape[-1] if node.operation.name in ("matmul", "affine") else 1)


def _vjp_multiplications(user: Node, x: Node) -> int:
    """A product of matrices costs as much backward as forward; everything else one product per entry."""
    assert user.operation is not None
    product = user.operation.name == "matmul" or (user.operation.name == "affine" and x is not user.inputs[2])
    return _forward_multiplications(user) if product else max(user.size, x.size)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, as one node: nothing inside it is stored; backward computes it again.

    Memory against time (Goodfellow et al., equation 6.53): a chain of n layers cut into
    sqrt(n) checkpointed parts keeps about 2 sqrt(n) values instead of n, for one more forward pass.

    Args:
        f: a function of arrays only; every node it uses must be an argument.

    Raises:
        EngineError: `f` uses a node that is not among its arguments.

    >>> from backprop_lab import Graph, Variable, checkpoint, ops
    >>> x = Variable(0.5, "x")
    >>> g = Graph(checkpoint(lambda x: ops.sin(ops.exp(x)))(x))
    >>> g.backward()
    >>> len(g), round(x.grad, 6)
    (2, -0.128347)
    """

    def forward(*values: Any, **params: Any) -> Any:
        result = f(*values, **params)
        if isinstance(result, Node):
            raise EngineError(
                f"checkpoint: '{operation.name}' uses a node that is not among its arguments, and its "
                "gradient would be lost; pass every node as an argument"
            )
        return result

    def backward(delta: Any, *inputs: Any, **params: Any) -> list[Any]:
        leaves = [_fresh(x) for x in inputs]
        order = topological_order([TABLE["identity"](as_node(f(*leaves, **params)))], leaves)
        if any(isinstance(x, Node) for x in inputs):
            found = gradient_nodes(order, delta)
            return [found.get(x, np.zeros(x.shape, x.dtype)) for x in leaves]
        backpropagate(order, delta)
        return [np.zeros(x.shape, x.dtype) if x._grad is None else x._grad for x in leaves]

    def call(*args: Operand, **params: Any) -> Any:
        return operation(*args, **params)

    operation = Operation(getattr(f, "__name__", "f").replace("<lambda>", "f"), forward, backward)
    operation.recomputes = f
    return wraps(f)(call)


def _fresh(x: Any) -> Node:
    """A new leaf for an argument; linked to it if it is a node."""
    if isinstance(x, Node):
        return TABLE["identity"](x)
    return Variable(x) if np.asarray(x).dtype.kind in "fc" else as_node(x)


def _inside(node: Node) -> list[Node]:
    """The nodes a checkpoint computes again, built for the occasion."""
    assert node.operation is not None
    assert node.operation.recomputes is not None
    leaves = [_fresh(x._value) for x in node.inputs]
    return topological_order([as_node(node.operation.recomputes(*leaves, **(node.params or {})))])
