"""Which nodes of a graph are drawn as one gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..engine.errors import UnknownNameError
from ..engine.graph import Graph
from ..engine.node import Group, Node

AUTOMATIC = 150  # more boxes than this, and parts are folded unasked
LONG = 40  # likewise with more boxes than this one after another
PARTS = 25  # of a graph folded unasked
REFUSED = 1500  # more than this, and there is no picture


@dataclass(frozen=True, eq=False)
class Cone:
    """Unnamed operations that serve one result, folded into one gate."""

    name: str
    parent: Group | None = None


def fold(graph: Graph, collapse: bool | str | Iterable[str] | None) -> dict[Node, object]:
    """The folded gate of every node that is inside one.

    Args:
        graph: the graph to be drawn.
        collapse: the name of the groups to fold, several names, True for every
            outermost group, False for none; None folds only what is too large to draw.

    Raises:
        UnknownNameError: no group has that name.
    """
    if collapse is None:
        return _automatic(graph)
    if collapse is False:
        return {}
    wanted = None if collapse is True else {collapse} if isinstance(collapse, str) else set(collapse)
    known = {group.name for node in graph.nodes for group in ancestry(node.group)}
    if wanted is not None and wanted - known:
        raise UnknownNameError(
            f"no group is called '{sorted(wanted - known)[0]}'; "
            + (f"the groups are: {', '.join(sorted(known))}" if known else "this graph has no groups")
        )
    folds: dict[Node, object] = {}
    for node in graph.nodes:
        for group in ancestry(node.group):
            if wanted is None or group.name in wanted:
                folds[node] = group
                break
    return folds


def ancestry(group: Group | None) -> list[Group]:
    """The groups around a node, outermost first."""
    found: list[Group] = []
    while group is not None:
        found.append(group)
        group = group.parent
    return found[::-1]


def _automatic(graph: Graph) -> dict[Node, object]:
    if len(graph.nodes) <= AUTOMATIC and _length(graph, {}) <= LONG:
        return {}
    folds = fold(graph, True)
    if _boxes(graph, folds) > AUTOMATIC or _length(graph, folds) > LONG:
        unfolded = folds
        folds = unfolded | _cones(graph, unfolded, keep_named=True)
        if _length(graph, folds) > LONG:
            folds = unfolded | _cones(graph, unfolded, keep_named=False)
    return folds


def _length(graph: Graph, folds: dict[Node, object]) -> int:
    """How many boxes stand one after another."""
    rank: dict[object, int] = {}
    for node in graph.nodes:
        box = folds.get(node, node)
        before = [rank[other] + 1 for x in node.inputs if (other := folds.get(x, x)) is not box]
        rank[box] = max(rank.get(box, 1), *before, 1)
    return max(rank.values())


def _boxes(graph: Graph, folds: dict[Node, object]) -> int:
    return len({folds.get(node, node) for node in graph.nodes})


def _cones(graph: Graph, folds: dict[Node, object], keep_named: bool) -> dict[Node, object]:
    """Fold each (unnamed) operation with a single user into that user, a few at a time."""
    most = -(-len(graph.nodes) // PARTS)  # so that a long chain stays a chain
    root: dict[Node, Node] = {}
    size: dict[Node, int] = {}
    for node in reversed(graph.nodes):  # users before inputs
        users = graph.users(node)
        leaf = node.operation is None
        alone = len(users) == 1 and node not in folds and users[0] not in folds
        alone = alone and not (keep_named and node.name)
        joins = alone and not (leaf and node.needs_grad) and (leaf or size[root[users[0]]] < most)
        root[node] = root[users[0]] if joins else node
        size[root[node]] = size.get(root[node], 0) + (not leaf)
    parts: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        parts.setdefault(root[node], []).append(node)
    folded: dict[Node, object] = {}
    for end, nodes in parts.items():
        count = sum(node.operation is not None for node in nodes)
        if count > 1:
            cone = Cone(f"{count} operations", end.group)
            folded |= dict.fromkeys(nodes, cone)
    return folded
