"""A graph for Graphviz itself, to publish or to edit: the same boxes and frames, painted by Graphviz."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ..engine.graph import Graph
from ..engine.node import Group
from .card import clean
from .collapse import ancestry, fold
from .diagram import Box, Diagram, Numbers, diagram
from .theme import LIGHT


def to_dot(
    graph: Graph,
    *,
    values: bool = True,
    gradients: bool = True,
    local: bool | None = None,
    collapse: bool | str | Iterable[str] | None = None,
    direction: str = "LR",
) -> Any:
    """A `graphviz.Digraph` of the graph. The arguments are those of `draw`.

    >>> from backprop_lab import Graph, Variable
    >>> digraph = Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c")).to_dot()
    >>> print(digraph.source)  # doctest: +ELLIPSIS
    digraph {
    ...
        n0 -> n2...

    Raises:
        ImportError: the package graphviz is not installed.
    """
    import graphviz

    local = graph.output.grad is not None if local is None else local
    picture = diagram(graph, values=values, gradients=gradients, local=local, folds=fold(graph, collapse))
    font = {"fontname": "Helvetica"}
    digraph = graphviz.Digraph(
        graph_attr={"rankdir": direction, "fontsize": "11", "fontcolor": LIGHT["muted"], **font},
        node_attr={"shape": "plain", "fontsize": "12", **font},
        edge_attr={"fontsize": "11", "fontcolor": LIGHT["local"], "color": LIGHT["edge"], **font},
    )
    _fill(digraph, picture, None)
    for link in picture.links:
        colour = {} if link.needs_grad else {"color": LIGHT["noedge"]}
        digraph.edge(f"n{link.tail}", f"n{link.head}", label=_plain(link.local), **colour)
    return digraph


def _fill(digraph: Any, picture: Diagram, frame: Group | None) -> None:
    inner: list[Group] = []
    for box in picture.boxes:
        if box.frame is frame:
            digraph.node(f"n{box.key}", label=_label(box))
        around = ancestry(box.frame)
        below = around[around.index(frame) + 1 :] if frame in around else around if frame is None else []
        if below and below[0] not in inner:
            inner.append(below[0])
    for group in inner:
        with digraph.subgraph(name=f"cluster_{_number(picture, group)}") as cluster:
            cluster.attr(label=_plain(group.name), style="rounded")
            cluster.attr(color=LIGHT["frameline"], bgcolor=LIGHT["frame"])
            _fill(cluster, picture, group)


def _number(picture: Diagram, group: Group) -> int:
    """A number for a cluster, the same in every run."""
    groups = list(dict.fromkeys(g for box in picture.boxes for g in ancestry(box.frame)))
    return groups.index(group)


def _plain(text: str) -> str:
    """Text that Graphviz takes literally: no escapes, and no HTML-like label."""
    import graphviz

    return str(graphviz.nohtml(graphviz.escape(clean(text))))


def _label(box: Box) -> str:
    """The card as an HTML-like table."""
    fill, line = {
        "variable": (LIGHT["leaf"], LIGHT["leafline"]),
        "constant": (LIGHT["fixed"], LIGHT["fixedline"]),
        "group": (LIGHT["card"], LIGHT["group"]),
        "gate": (LIGHT["card"], LIGHT["ink"] if box.output else LIGHT["line"]),
    }[box.kind]
    style = "rounded,dashed" if box.kind == "constant" else "rounded"
    rows = []
    head = (f"<B>{_html(box.gate)}</B>  " if box.gate else "") + (
        f"<B>{_html(box.name)}</B>" if box.named else f"<I>{_html(box.name)}</I>" if box.name else ""
    )
    if head:
        rows.append(f"<TR><TD>{head}</TD></TR>")
    if box.value:
        rows.append(_row(box.value, LIGHT["forward"]))
    if box.gradient:
        rows.append("<HR/>" + _row(box.gradient, LIGHT["backward"], "∇ "))
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" STYLE="{style}" '
        f'BGCOLOR="{fill}" COLOR="{line}">{"".join(rows)}</TABLE>>'
    )


def _row(numbers: Numbers, colour: str, sign: str = "") -> str:
    lines = "<BR/>".join(_html("  ".join(row)) for row in numbers.rows)
    return f'<TR><TD><FONT COLOR="{colour}">{sign}{lines}</FONT></TD></TR>'


def _html(text: str) -> str:
    return escape(clean(text), quote=True).replace("&#x27;", "&#39;")
