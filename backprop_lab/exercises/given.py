"""What exercises hand to a student's function where data alone will not do.

Cases travel as text and numbers. An adapter, named in the exercise, builds the
object, calls the function with it, and gives back what it returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..engine import Graph, Node
from ..engine.errors import EngineError

READS = 500_000  # of node.inputs in one call; an answer that visits each edge once needs a few hundred


class NotGivenError(EngineError, AttributeError):
    """A method of Graph that would do the exercise."""


class TooManyVisitsError(EngineError, OverflowError):
    """A function that walks path by path where it should visit each edge once."""


class _Meter:
    """How often the inputs of a graph's nodes were looked at."""

    def __init__(self) -> None:
        self.reads = 0
        self.nodes = 0

    def tick(self) -> None:
        self.reads += 1
        if self.reads > READS:
            raise TooManyVisitsError(
                f"your function looked at the inputs of nodes {READS:,} times, and the graph has {self.nodes} "
                "nodes: it walks every path anew. Visit each node once"
            )


class _GivenNode(Node):
    """A node that counts how often its inputs are looked at."""

    __slots__ = ("_given", "_meter")

    @property
    def inputs(self) -> tuple[Node, ...]:  # type: ignore[override]
        self._meter.tick()
        return self._given


def _copy(node: Node, inputs: tuple[Node, ...], meter: _Meter) -> _GivenNode:
    copy = object.__new__(_GivenNode)
    copy._given, copy._meter = inputs, meter
    copy._value, copy._grad = node._value, None
    copy.operation, copy.params, copy.name = node.operation, node.params, node.name
    copy.needs_grad, copy.group = node.needs_grad, None
    return copy


class GivenGraph(Graph):
    """A graph as exercises hand it out: nodes, names and local derivatives, without the answers.

    >>> from backprop_lab import examples
    >>> g = GivenGraph(examples.get("two-paths"))
    >>> g.output.name, [x.name for x in g.output.inputs], float(g.local(g.output, 0))
    ('e', ['c', 'd'], 2.0)
    >>> g.backward()
    Traceback (most recent call last):
        ...
    backprop_lab.exercises.given.NotGivenError: Graph.backward is not given in this exercise: it is what you write \
here. Use graph.nodes, graph.output, node.inputs, node.name and graph.local(node, k)
    """

    def __init__(self, graph: Graph):
        meter = _Meter()
        copies: dict[Node, Node] = {}
        for node in graph.nodes:
            copies[node] = _copy(node, tuple([copies[x] for x in node.inputs]), meter)
        super().__init__(copies[graph.output])
        self.names  # noqa: B018 - computed while the nodes are in order
        meter.nodes, meter.reads = len(self.nodes), 0

    def _refuse(self, name: str) -> NoReturn:
        raise NotGivenError(
            f"Graph.{name} is not given in this exercise: it is what you write here. Use graph.nodes, "
            "graph.output, node.inputs, node.name and graph.local(node, k)"
        )

    def backward(self, *args: Any, **kwargs: Any) -> None:
        self._refuse("backward")

    def gradient_graph(self, *args: Any, **kwargs: Any) -> Graph:
        self._refuse("gradient_graph")

    def paths(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse("paths")

    def count_paths(self, *args: Any, **kwargs: Any) -> int:
        self._refuse("count_paths")

    def trace(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse("trace")

    def cost(self, *args: Any, **kwargs: Any) -> Any:
        self._refuse("cost")


def in_no_order(graph: Graph, seed: int = 0) -> GivenGraph:
    """The same graph, its ``nodes`` shuffled, as they might come from a file.

    >>> from backprop_lab import examples
    >>> [node.name for node in in_no_order(examples.get("add-then-multiply")).nodes]
    ['c', 'e', 'd', 'a', 'b']
    """
    given = GivenGraph(graph)
    nodes = list(given.nodes)
    np.random.default_rng(seed).shuffle(nodes)
    place = {node: k for k, node in enumerate(nodes)}
    if all(place[x] < place[node] for node in nodes for x in node._given):  # type: ignore[attr-defined]
        nodes.reverse()  # shuffled into a right order by accident
    given.nodes = nodes
    return given


def with_graph(function: Callable[[Graph], Any], text: str) -> Any:
    """Adapter: the function is given the graph that a JSON text describes."""
    return function(GivenGraph(Graph.from_json(text)))


def with_unsorted_graph(function: Callable[[Graph], Any], text: str) -> Any:
    """Adapter: the same, its nodes in no particular order."""
    return function(in_no_order(Graph.from_json(text), seed=len(text)))
