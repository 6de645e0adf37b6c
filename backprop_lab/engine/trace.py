"""The forward and the backward pass, told one node at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import text
from .node import Node

if TYPE_CHECKING:
    from .graph import Graph


@dataclass(frozen=True)
class Step:
    """One node's turn in the forward or the backward pass, with its sentence."""

    phase: str  # "forward" or "backward"
    node: Node
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def steps(graph: Graph) -> list[Step]:
    """Every node's forward step, inputs first, then every gradient's, the output's first."""
    forward = [Step("forward", node, _forward_sentence(graph, node)) for node in graph.nodes]
    backward = [
        Step("backward", node, _backward_sentence(graph, node))
        for node in reversed(graph.nodes)
        if node._grad is not None
    ]
    return forward + backward


def _forward_sentence(graph: Graph, node: Node) -> str:
    name, value = graph.names[node], text.short(node._value)
    operation = node.operation
    if operation is None:
        return f"{name} = {value}" if node.name else f"{value} is a constant"
    symbols = text.expression(operation.name, operation.label, [graph.names[x] for x in node.inputs])
    sentence = f"{name} = {symbols}"
    if all(x.shape == () for x in node.inputs):
        values = [text.short(x._value) for x in node.inputs]
        numbers = text.expression(operation.name, operation.label, values)
        sentence += f" = {numbers}" if numbers != symbols else ""
    return f"{sentence} = {value}"


def _backward_sentence(graph: Graph, node: Node) -> str:
    out, name = graph.names[graph.output], graph.names[node]
    gradient = text.short(node._grad)
    if node is graph.output:
        return f"{text.derivative(out, out)} = {gradient}"
    symbols, numbers = [], []
    for user in dict.fromkeys(graph.users(node)):
        for position, x in enumerate(user.inputs):
            if x is not node or not user.needs_grad:
                continue
            above = graph.names[user]
            symbols.append(f"{text.derivative(out, above)} · {text.derivative(above, name)}")
            local = graph.local(user, position)
            if local is not None and user._grad is not None:
                numbers.append(f"{text.short(user._grad)} · {text.short(local)}")
    sentence = f"{text.derivative(out, name)} = {' + '.join(symbols)}"
    if len(numbers) == len(symbols) and node.shape == ():
        sentence += f" = {' + '.join(numbers)}"
    return f"{sentence} = {gradient}"
