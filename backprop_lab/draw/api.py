"""What ``Graph`` gains from drawing: ``draw``, and the picture a notebook shows for a bare graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine.graph import Graph
from ..engine.paths import Path, Paths
from . import renderer
from .collapse import REFUSED, fold
from .diagram import Diagram, as_nodes, diagram
from .dot import to_dot
from .gradients import with_gradients
from .layout import place
from .picture import Picture, Words
from .places import Layout
from .svg import paint
from .theme import THEMES

DIRECTIONS = ("auto", "LR", "TB", "RL", "BT")


def draw(
    graph: Graph,
    *,
    values: bool = True,
    gradients: bool = True,
    local: bool | None = None,
    upstream: bool = False,
    highlight: Any = None,
    collapse: bool | str | Iterable[str] | None = None,
    beside: str | None = None,
    direction: str = "auto",
    theme: str = "auto",
) -> Picture | Words:
    """The picture of a graph.

    Args:
        values: write every node's value.
        gradients: write every node's gradient, once ``backward`` has run.
        local: write the local derivative on every edge. None means after ``backward``.
        upstream: below it, upstream × local = what flows back along that edge.
        highlight: a node, the name of a node or of a group, a path or all of ``graph.paths``,
            or a list of these.
        collapse: draw groups as one gate: a name, names, or True for all. None folds
            only what is too large to read.
        beside: "gradient" draws the graph of the gradients beside the graph: each gradient
            in the place of its node, each edge run backward.
        direction: "LR" (left to right), "TB" (top to bottom), "RL", "BT", or "auto": LR, and TB
            where that would be too wide for a notebook.
        theme: "light", "dark", or "auto" to follow the page around the picture, or the reader's system.

    >>> from backprop_lab import Graph, Variable
    >>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
    >>> g = Graph(((a + b) * (b + 1)).named("e"))
    >>> g.draw(highlight="b", theme="dark")  # doctest: +ELLIPSIS
    Picture of ... pixels: Graph of 6 nodes, output e = 6
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction is 'auto', 'LR', 'TB', 'RL' or 'BT', not {direction!r}")
    if theme not in THEMES:
        raise ValueError(f"theme is 'light', 'dark' or 'auto', not {theme!r}")
    if beside not in (None, "gradient"):
        raise ValueError(f"beside is 'gradient' or None, not {beside!r}")
    if beside:
        return _beside(graph, collapse=collapse, direction=direction, theme=theme)
    marked, trails = _wanted(graph, highlight)
    laid = prepare(
        graph,
        collapse=collapse,
        direction=direction,
        values=values,
        gradients=gradients,
        local=local,
        upstream=upstream,
    )
    if isinstance(laid, Words):
        return laid
    shown, layout = laid
    svg = paint(shown, layout, theme=theme, marked=marked, trails=trails)
    return Picture(svg, shown.description, repr(graph))


def _beside(graph: Graph, *, collapse: Any, direction: str, theme: str) -> Picture | Words:
    graph.trace()  # runs backward if that has not been done
    show = {"values": True, "gradients": True, "local": True, "upstream": False}
    laid = prepare(graph, collapse=collapse, direction=direction, **show)
    if isinstance(laid, Words):
        return laid
    return with_gradients(graph, laid[0], direction=direction, theme=theme)


def prepare(
    graph: Graph, *, collapse: Any, direction: str, local: bool | None, **show: bool
) -> tuple[Diagram, Layout] | Words:
    """What a picture shows and where, or words where there can be no picture."""
    folds = fold(graph, collapse)
    boxes = len({folds.get(node, node) for node in graph.nodes})
    if boxes > REFUSED:
        return Words(
            f"This graph has {boxes:,} nodes to draw, and a picture shows at most {REFUSED:,}. "
            "Draw a part of it: Graph(node).draw() of a node nearer to the inputs, "
            "or name parts with `with group(...)` and draw(collapse=True)."
        )
    if local is None:
        local = graph.output.grad is not None
    shown = diagram(graph, local=local, folds=folds, **show)
    try:
        return shown, place(shown, direction)
    except renderer.NoRendererError as error:
        return Words(str(error), to_dot(graph, collapse=collapse).source)
    except renderer.LayoutError as error:
        return Words(str(error))


def _wanted(graph: Graph, highlight: Any) -> tuple[list[Any], list[list[Any]]]:
    """Nodes to mark and paths to follow, from what ``highlight=`` was given."""
    if highlight is None:
        return [], []
    several = highlight if isinstance(highlight, (list, tuple, Paths)) else [highlight]
    trails = [list(part.nodes) for part in several if isinstance(part, Path)]
    marked = [node for part in several if not isinstance(part, Path) for node in as_nodes(graph, part)]
    return marked, trails


def mimebundle(graph: Graph, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """What a notebook shows for a bare ``g``: the default picture."""
    shown = draw(graph)._repr_mimebundle_()
    return {**shown, "text/plain": repr(graph)}


__all__ = ["draw", "mimebundle", "prepare"]
