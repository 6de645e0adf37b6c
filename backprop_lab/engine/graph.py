"""A computation graph: the nodes behind an output, in order, with what can be asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import text
from .backprop import backpropagate, refuse_nan, topological_order
from .errors import ShapeError, UnknownNameError
from .node import Array, Node, Operand, _data


@dataclass(frozen=True)
class Step:
    """One node's turn in the forward or the backward pass, with its sentence."""

    phase: str  # "forward" or "backward"
    node: Node
    sentence: str

    def __str__(self) -> str:
        return self.sentence


class Graph:
    """The computation graph of a node: the node and all it was computed from.

    >>> from backprop_lab import Graph, Variable
    >>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
    >>> g = Graph(((a + b) * (b + 1)).named("e"))
    >>> g.backward()
    >>> b.grad
    5.0
    >>> g.forward(a=3.0, b=0.5)
    5.25
    """

    def __init__(self, output: Node):
        if not isinstance(output, Node):
            raise TypeError(f"Graph takes a node, such as the result of a + b on variables; got {type(output).__name__}")
        self.output = output

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node once, inputs before users."""
        return topological_order([self.output])

    @cached_property
    def names(self) -> dict[Node, str]:
        """A unique name for every node: its own, or u1, u2, … as in Goodfellow et al.

        Numbers written into an expression are named by their value.
        """
        names: dict[Node, str] = {}
        taken: set[str] = {node.name for node in self.nodes if node.name}
        used: dict[str, int] = {}
        intermediate = 0
        for node in self.nodes:
            if node.name:
                name = node.name
            elif node.operation is None:
                name = text.short(node._value)
            else:
                intermediate += 1
                while f"u{intermediate}" in taken:
                    intermediate += 1
                name = f"u{intermediate}"
            used[name] = used.get(name, 0) + 1
            names[node] = name if used[name] == 1 else f"{name}′{used[name]}"
        return names

    @cached_property
    def variables(self) -> list[Node]:
        """The leaves that gradients are taken with respect to."""
        return [node for node in self.nodes if node.operation is None and node.needs_grad]

    def users(self, node: Node) -> list[Node]:
        """The nodes that `node` is an input of, once per use."""
        return self._users.get(node, [])

    @cached_property
    def _users(self) -> dict[Node, list[Node]]:
        users: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for x in node.inputs:
                users.setdefault(x, []).append(node)
        return users

    def __getitem__(self, name: str) -> Node:
        """The node of that name.

        Raises:
            UnknownNameError: no node, or more than one, has it.
        """
        found = [node for node in self.nodes if node.name == name]
        if not found:
            found = [node for node, its_name in self.names.items() if its_name == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownNameError(f"{len(found)} nodes are called '{name}'; give them different names")
        known = ", ".join(name for node, name in self.names.items() if node.name)
        raise UnknownNameError(f"no node is called '{name}'; the named ones are: {known or 'none'}")

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __repr__(self) -> str:
        return f"Graph of {len(self)} nodes, output {self.names[self.output]} = {text.short(self.output._value)}"

    def forward(self, **values: Operand) -> Array:
        """Recompute every node, with new values for the named leaves; gradients are forgotten.

        Nothing changes if a value is refused.

        Raises:
            UnknownNameError: a name that no leaf has.
            ShapeError: shapes no longer fit.
            NotANumberError: a NaN reached the output.
        """
        leaves = {}
        for name, value in values.items():
            node = self[name]
            if node.operation is not None:
                raise UnknownNameError(
                    f"'{name}' is computed by '{node.operation.name}'; only leaves can be given a value"
                )
            leaves[node] = _data(value, name, node.needs_grad)  # type: ignore[arg-type]
        computed: dict[Node, Array] = {}
        for node in self.nodes:
            if node.operation is None:
                computed[node] = leaves.get(node, node._value)
            else:
                computed[node] = node.operation.compute([computed[x] for x in node.inputs], node.params or {})
        for node, value in computed.items():
            node._value, node._grad = value, None
        refuse_nan(self.nodes)
        return self.output.value

    def backward(self, seed: Operand | None = None, create_graph: bool = False) -> None:
        """Fill ``grad`` of every node; the same however often it is called.

        Args:
            seed: upstream gradient of the output, needed where the output is not a scalar.
            create_graph: make the gradients nodes of a graph of their own.

        Raises:
            NonScalarOutputError: an array output and no seed.
            NotANumberError: the output is NaN.
        """
        refuse_nan(self.nodes)
        backpropagate(self.nodes, seed, create_graph)

    def local(self, node: Node, position: int) -> Any:
        """The local derivative of a node with respect to one input, or None if it is a full Jacobian.

        A number for a scalar node of scalar input; for an elementwise operation on
        arrays of one shape, the diagonal of the Jacobian as an array of that shape.
        """
        assert node.operation is not None
        x = node.inputs[position]
        if not x.needs_grad or not (node.shape == x.shape and (node.operation.elementwise or node.shape == ())):
            return None
        wanted = [k == position for k in range(len(node.inputs))]
        ones = 1.0 if node.shape == () else np.ones(node.shape, node.dtype)
        values = [x._value for x in node.inputs]
        return node.operation.gradients(ones, node._value, values, wanted, node.params or {})[position]

    def trace(self) -> list[Step]:
        """The forward pass and the backward pass, one node at a time.

        >>> from backprop_lab import Graph, Variable
        >>> for step in Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c")).trace():
        ...     print(step)
        a = 2
        b = 3
        c = a · b = 2 · 3 = 6
        dc/dc = 1
        dc/db = dc/dc · dc/db = 1 · 2 = 2
        dc/da = dc/dc · dc/da = 1 · 3 = 3
        """
        if self.output._grad is None:
            self.backward(None if self.output.shape == () else np.ones(self.output.shape, self.output.dtype))
        forward = [Step("forward", node, self._forward_sentence(node)) for node in self.nodes]
        backward = [
            Step("backward", node, self._backward_sentence(node))
            for node in reversed(self.nodes)
            if node._grad is not None
        ]
        return forward + backward

    def _forward_sentence(self, node: Node) -> str:
        name, value = self.names[node], text.short(node._value)
        if node.operation is None:
            return f"{name} = {value}" if node.name else f"{value} is a constant"
        operation = node.operation
        symbols = text.expression(operation.name, operation.label, [self.names[x] for x in node.inputs])
        sentence = f"{name} = {symbols}"
        if all(x.shape == () for x in node.inputs):
            numbers = text.expression(operation.name, operation.label, [text.short(x._value) for x in node.inputs])
            sentence += f" = {numbers}" if numbers != symbols else ""
        return sentence + (f" = {value}" if node._value is not None and value not in symbols.split(" = ") else "")

    def _backward_sentence(self, node: Node) -> str:
        out, name = self.names[self.output], self.names[node]
        gradient = text.short(node._grad)
        if node is self.output:
            return f"d{out}/d{out} = {gradient}"
        symbols, numbers = [], []
        for user in dict.fromkeys(self.users(node)):
            for position, x in enumerate(user.inputs):
                if x is not node:
                    continue
                above = self.names[user]
                symbols.append(f"d{out}/d{above} · d{above}/d{name}")
                local = self.local(user, position)
                if local is not None and user._grad is not None:
                    numbers.append(f"{text.short(user._grad)} · {text.short(local)}")
        sentence = f"d{out}/d{name} = {' + '.join(symbols)}"
        if len(numbers) == len(symbols) and node.shape == ():
            sentence += f" = {' + '.join(numbers)}"
        return f"{sentence} = {gradient}"

    def to_json(self) -> str:
        """The graph as text: operations, connections, names, and the values of its leaves."""
        from .serialize import dump

        return dump(self)

    @classmethod
    def from_json(cls, source: str) -> Graph:
        """Rebuild a graph from `to_json`, computing its values anew.

        Raises:
            GraphFormatError: the text does not describe a graph.
        """
        from .serialize import load

        return cls(load(source))


__all__ = ["Graph", "ShapeError", "Step"]
