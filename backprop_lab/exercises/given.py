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
from ..engine.text import number

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
                f"your function looked at the inputs of nodes {READS:,} times, and the graph has "
                f"{self.nodes} nodes: it walks every path anew. Visit each node once"
            )


class _GivenNode(Node):
    """A node that counts how often its inputs are looked at."""

    __slots__ = ("_given", "_meter")

    _given: tuple[Node, ...]
    _meter: _Meter

    @property
    def inputs(self) -> tuple[Node, ...]:  # type: ignore[override]
        self._meter.tick()
        return self._given


def _copy(node: Node, inputs: tuple[Node, ...], meter: _Meter) -> _GivenNode:
    copy = object.__new__(_GivenNode)
    copy._given, copy._meter = inputs, meter
    copy._value, copy._grad = node._value, None
    copy.operation, copy.params, copy.name = node.operation, node.params, node.name
    copy.needs_grad, copy.group, copy.kept = node.needs_grad, None, node.kept
    return copy


class GivenGraph(Graph):
    """A graph as exercises hand it out: nodes, names and local derivatives, without the answers.

    >>> from backprop_lab import examples
    >>> g = GivenGraph(examples.get("two-paths"))
    >>> g.output.name, [x.name for x in g.output.inputs], g.local(g.output, 0)
    ('e', ['c', 'd'], 2.0)
    >>> g.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    backprop_lab.exercises.given.NotGivenError: Graph.backward is not given in this exercise: it is ...
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


def visits(graph: Graph, order: Any) -> None:
    """Print what every node hands on when nodes are visited in this order, by name.

    A visited node sends its running total, times the local derivative, along each of its edges.

    >>> from backprop_lab import Variable
    >>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
    >>> g = Graph(((a + b).named("c") * b).named("e"))
    >>> visits(g, ["e", "c"])
    visit e, total 1: sends 1 to c, 3 to b
    visit c, total 1: sends 1 to a, 1 to b
    in the end: a 1 ✓, b 4 ✓
    """
    names = [name for name in order if isinstance(name, str)]
    if len(names) < len(order) or not names:
        print("Write your order first: the names of the nodes, in quotes.")
        return
    totals = dict.fromkeys(graph.nodes, 0.0)
    totals[graph.output] = 1.0
    for name in names:
        node, sent = graph[name], []
        for k, x in enumerate(node.inputs):
            amount = totals[node] * graph.local(node, k)
            totals[x] += amount
            sent.append(f"{number(amount)} to {x.name}")
        print(f"visit {name}, total {number(totals[node])}: sends {', '.join(sent) or 'nothing'}")
    right = _right(graph)
    print("in the end:", ", ".join(_compared(x, totals[x], right[x]) for x in graph.variables))


def _right(graph: Graph) -> dict[Node, float]:
    again = Graph(graph.output)
    again.backward()
    return {node: node.grad for node in again.nodes}


def _compared(x: Node, total: float, right: float) -> str:
    same = np.isclose(total, right)
    return f"{x.name} {number(total)} {'✓' if same else f'(should be {number(right)})'}"


def sends_once(graph: Graph) -> dict[str, float]:
    """A backward pass with a planted bug, right on many graphs; notebook 02 asks for one that shows it.

    >>> from backprop_lab import Variable
    >>> sends_once(Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c")))
    {'a': 3.0, 'b': 2.0, 'c': 1.0}
    """
    totals = dict.fromkeys(graph.nodes, 0.0)
    totals[graph.output] = 1.0
    for node in reversed(graph.nodes):
        for x in dict.fromkeys(node.inputs):
            totals[x] += totals[node] * graph.local(node, node.inputs.index(x))
    return {str(node.name): totals[node] for node in graph.nodes}


def with_graph(function: Callable[[Graph], Any], text: str) -> Any:
    """Adapter: the function is given the graph that a JSON text describes."""
    return function(GivenGraph(Graph.from_json(text)))


def with_unsorted_graph(function: Callable[[Graph], Any], text: str) -> Any:
    """Adapter: the same, its nodes in no particular order."""
    return function(in_no_order(Graph.from_json(text), seed=len(text)))
