"""What a picture shows: boxes and links, decided from a graph before anything is laid out.

A box stands for a node, or for a part of the graph folded into one gate. A link is
one use of a value as an input; it carries the local derivative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine import text
from ..engine.errors import UnknownNameError
from ..engine.graph import Graph
from ..engine.node import Group, Node
from .collapse import ancestry

WRITTEN_OUT = 12  # arrays of up to this many entries show their numbers
COLUMNS, ROWS = 4, 4


@dataclass(frozen=True)
class Numbers:
    """A number, the rows of a small array, or a shape, as the texts to paint."""

    rows: tuple[tuple[str, ...], ...]
    brackets: bool = False

    def __str__(self) -> str:
        return "; ".join(" ".join(row) for row in self.rows)


@dataclass(frozen=True)
class Box:
    """One card of the picture."""

    key: int
    kind: str  # "variable", "constant", "gate" or "group"
    gate: str  # what is written in the gate; empty for a leaf
    name: str
    named: bool  # False for the automatic names u1, u2, …
    value: Numbers | None
    gradient: Numbers | None
    nodes: tuple[Node, ...]
    frame: Group | None
    title: str
    output: bool = False


@dataclass(frozen=True)
class Link:
    """One use of a value: an edge of the picture."""

    tail: int
    head: int
    source: Node
    user: Node
    local: str = ""  # the local derivative, with its sign ∂
    product: str = ""  # upstream × local = what flows back along this edge
    needs_grad: bool = True


@dataclass
class Diagram:
    """Boxes and links, and the frames (groups not folded) around boxes."""

    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    description: str = ""

    def box_of(self, node: Node) -> Box | None:
        return next((box for box in self.boxes if node in box.nodes), None)


def diagram(
    graph: Graph,
    *,
    values: bool = True,
    gradients: bool = True,
    local: bool = False,
    upstream: bool = False,
    folds: Mapping[Node, object] | None = None,
) -> Diagram:
    """The boxes and links that show a graph.

    Args:
        graph: what to show.
        values: write the values.
        gradients: write the gradients, where backward has filled them.
        local: write the local derivative on every edge that carries a gradient.
        upstream: write upstream × local below it.
        folds: for each node that is part of a folded gate, the gate it belongs to
            (a `Group`, or any object with a ``name``); see `collapse.fold`.
    """
    folds = folds or {}
    members: dict[object, list[Node]] = {}
    for node in graph.nodes:
        members.setdefault(folds.get(node, node), []).append(node)
    keys = {owner: key for key, owner in enumerate(members)}
    picture = Diagram()
    for owner, nodes in members.items():
        picture.boxes.append(_box(graph, keys[owner], owner, nodes, values, gradients))

    seen: set[tuple[Node, int]] = set()
    for owner, nodes in members.items():
        folded = not isinstance(owner, Node)
        through = _through(graph, nodes) if folded and local else {}
        for node in nodes:
            for position, x in enumerate(node.inputs):
                tail, head = keys[folds.get(x, x)], keys[owner]
                if tail == head or (folded and (x, head) in seen):
                    continue
                seen.add((x, head))
                derivative = None
                if local and x.needs_grad:
                    derivative = through.get(x) if folded else _local(graph, node, position)
                user = _outputs(graph, nodes)[-1] if folded else node
                picture.links.append(_link(tail, head, x, user, derivative, upstream))
    picture.description = describe(picture)
    return picture


def _box(graph: Graph, key: int, owner: object, nodes: list[Node], values: bool, gradients: bool) -> Box:
    folded = not isinstance(owner, Node)
    shown = _outputs(graph, nodes)
    node = shown[-1]
    leaf = node.operation is None and not folded
    kind = "group" if folded else "gate" if not leaf else "variable" if node.needs_grad else "constant"
    # A number written into an expression is its own name: its value is shown once.
    literal = kind == "constant" and not node.name
    one = len(shown) == 1
    name = "" if literal or not one else graph.names[node]
    gate = str(getattr(owner, "name", "")) if folded else "" if leaf else node.operation.label  # type: ignore[union-attr]
    frame = getattr(owner, "parent", None) if folded else _frame(graph, node)
    return Box(
        key=key,
        kind=kind,
        gate=gate,
        name=name,
        named=bool(node.name),
        value=numbers(node.value) if one and (values or literal) else None,
        gradient=numbers(node.grad) if one and gradients and node.grad is not None else None,
        nodes=tuple(nodes),
        frame=frame,
        title=_title(graph, owner, nodes, shown),
        output=any(node in graph.outputs for node in nodes),
    )


def _frame(graph: Graph, node: Node) -> Group | None:
    """The frame to draw around a node.

    What has a name of its own and is read stands outside, as an input of its block: inside, it would
    stand beside the block before, and a chain of blocks could not be drawn straight.
    """
    frame = node.group
    while frame and node.operation is None and node.name:
        frame = frame.parent
    alone = frame and all(other is node or not other.operation or other.group is not frame for other in graph)
    if frame and frame.name == node.name and alone:
        frame = frame.parent  # a frame around one card of the same name says nothing new
    return frame


def _outputs(graph: Graph, nodes: list[Node]) -> list[Node]:
    """The nodes of a folded part that the rest of the graph sees."""
    if len(nodes) == 1:
        return nodes
    inside = set(nodes)
    seen = [n for n in nodes if n in graph.outputs or any(user not in inside for user in graph.users(n))]
    return seen or nodes[-1:]


def _title(graph: Graph, owner: object, nodes: list[Node], shown: list[Node]) -> str:
    lines = []
    if not isinstance(owner, Node):
        count = sum(node.operation is not None for node in nodes)
        lines.append(f"{getattr(owner, 'name', 'part')}: {count} operation{'s' * (count != 1)} drawn as one")
    for node in shown:
        name = graph.names[node]
        how = node.operation.name if node.operation else "variable" if node.needs_grad else "constant"
        line = f"{name} ({how}) = {_short(node.value)}"
        if node.shape and "×" not in line:
            line += f", shape {node.shape}"
        if node.grad is not None:
            line += f"; gradient {_short(_value(node.grad))}"
        lines.append(line)
    return "\n".join(lines)


def _link(tail: int, head: int, x: Node, user: Node, derivative: Any, upstream: bool) -> Link:
    if derivative is None or np.size(derivative) > COLUMNS:
        return Link(tail, head, x, user, needs_grad=x.needs_grad)
    local = f"∂ {typeset(_short(derivative))}"
    product = ""
    if upstream and user.grad is not None:
        above = _value(user.grad)
        flow = above * derivative
        product = f"{factor(above)} × {factor(derivative)} = {typeset(_short(flow))}"
    return Link(tail, head, x, user, local, product, x.needs_grad)


def factor(value: Any) -> str:
    """A value as a factor of a product: in parentheses if it is negative, or a shape such as 2×4."""
    shown = typeset(_short(value))
    return f"({shown})" if shown.startswith("−") or "×" in shown else shown


def _local(graph: Graph, node: Node, position: int) -> Any:
    if node.size > WRITTEN_OUT:  # too many numbers to write, so do not compute them
        return None
    return graph.local(node, position)


def _through(graph: Graph, nodes: list[Node]) -> dict[Node, Any]:
    """The derivative of a folded part's output with respect to everything it reads.

    Local derivatives multiplied along each path inside, and added over paths; nothing
    where one of them is a full Jacobian or the part has several outputs.
    """
    outputs = _outputs(graph, nodes)
    if len(outputs) != 1:
        return {}
    inside = set(nodes)
    derivative: dict[Node, Any] = {outputs[0]: 1.0}
    for node in reversed(nodes):
        if node not in derivative:
            continue
        for position, x in enumerate(node.inputs):
            if not x.needs_grad:
                continue
            local = None if derivative[node] is None else _local(graph, node, position)
            total = None if local is None else derivative[node] * local
            if x in derivative:
                before = derivative[x]
                total = None if total is None or before is None else before + total
            derivative[x] = total
    return {x: value for x, value in derivative.items() if x not in inside}


def _value(gradient: Any) -> Any:
    """The numbers of a gradient, which is itself a node after ``backward(create_graph=True)``."""
    return gradient.value if isinstance(gradient, Node) else gradient


def numbers(value: Any) -> Numbers:
    """The texts of a value: a number, the rows of a small array, or a shape.

    >>> import numpy as np
    >>> numbers(-0.25).rows, numbers(np.eye(2)).rows, numbers(np.zeros((64, 784))).rows
    ((('−0.25',),), (('1', '0'), ('0', '1')), (('64 × 784',),))
    """
    value = _value(value)
    if isinstance(value, float):
        return Numbers(((typeset(_number(value)),),))
    array = np.asarray(value)
    if array.ndim == 0:
        return Numbers(((typeset(text.number(array[()])),),))
    rows = array.reshape(1, -1) if array.ndim == 1 else array
    if (
        array.ndim <= 2
        and 0 < array.size <= WRITTEN_OUT
        and rows.shape[0] <= ROWS
        and rows.shape[1] <= COLUMNS
    ):
        digits = 4 if array.size <= 6 else 3
        return Numbers(
            tuple(tuple(typeset(text.number(x, digits)) for x in row) for row in rows), brackets=True
        )
    shape = " × ".join(str(n) for n in array.shape)
    return Numbers(((shape if array.ndim > 1 else f"{shape} entries",),))


_number = lru_cache(maxsize=4096, typed=True)(text.number)  # a number is written in several places


def _short(value: Any) -> str:
    return _number(value) if isinstance(value, float) else text.short(value)


def typeset(number: str) -> str:
    """A number with a minus sign in place of the short hyphen.

    >>> typeset("-0.5"), typeset("[-1, 1e-09]")
    ('−0.5', '[−1, 1e−09]')
    """
    return number.replace("-", "−")


def describe(picture: Diagram, limit: int = 30) -> str:
    """The picture in words, for a screen reader: what each box holds and what feeds it."""
    names = {box.key: box.name or (str(box.value) if box.value else box.gate) for box in picture.boxes}
    feeds: dict[int, list[str]] = {}
    for link in picture.links:
        feeds.setdefault(link.head, []).append(names[link.tail] + (f" ({link.local})" if link.local else ""))
    sentences = [f"Computation graph with {len(picture.boxes)} nodes."]
    for box in picture.boxes[:limit]:
        if not box.name and not box.gate:
            continue
        sentence = names[box.key]
        if box.gate:
            sentence += f" is {box.gate} of {', '.join(feeds.get(box.key, ['nothing']))}"
        if box.value and box.name:
            sentence += f", value {box.value}" if box.gate else f" = {box.value}"
        if box.gradient:
            sentence += f", gradient {box.gradient}"
        sentences.append(sentence + ".")
    if len(picture.boxes) > limit:
        sentences.append(f"And {len(picture.boxes) - limit} more.")
    return " ".join(sentences)


def as_nodes(graph: Graph, wanted: Any) -> list[Node]:
    """The nodes that ``highlight=`` means: a node, the name of a node or of a group, or several of them.

    Raises:
        UnknownNameError: a name is unknown, or a node belongs to another graph.
    """
    if isinstance(wanted, str):
        grouped = [node for node in graph.nodes if wanted in [group.name for group in ancestry(node.group)]]
        return grouped if grouped and wanted not in graph.names.values() else [graph[wanted]]
    if isinstance(wanted, Node):
        if wanted not in graph.names:
            raise UnknownNameError(f"{wanted!r} is not a node of this graph")
        return [wanted]
    if not isinstance(wanted, Iterable):
        raise TypeError(f"highlight takes names, nodes and paths, not {type(wanted).__name__}")
    return [node for part in wanted for node in as_nodes(graph, part)]
