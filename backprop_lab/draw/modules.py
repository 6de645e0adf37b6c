"""A network as modules: each a block with three inputs and three outputs (MIT lecture 8).

Forward, a block takes values and parameters and gives a value; backward, it takes the
gradient of that value and gives the gradients of the values and of the parameters.
Groups are the blocks; an operation outside of any group is a block of its own.
"""

from __future__ import annotations

from dataclasses import replace

from ..engine import text
from ..engine.graph import Graph
from ..engine.node import Node
from .collapse import fold
from .diagram import Box, Diagram, Link, describe, diagram, numbers
from .layout import place
from .picture import Picture, Words
from .places import Layout
from .renderer import LayoutError
from .svg import edge, paint
from .theme import themed

ASIDE = 4.0  # of the forward and the backward arrow from their common middle


def draw_modules(graph: Graph, *, direction: str = "auto", theme: str = "auto") -> Picture | Words:
    """The graph as blocks with forward arrows, and backward arrows beside them.

    Args:
        direction, theme: as for `draw`.

    >>> from backprop_lab import examples
    >>> examples.get("mlp-modules").draw_modules()  # doctest: +ELLIPSIS
    Picture of ... pixels: Graph of 8 nodes, output L = 0.25
    """
    picture = _blocks(graph)
    try:
        layout = place(picture, direction)
    except LayoutError as error:
        return Words(str(error))
    lines = [_both_ways(layout, number, link) for number, link in enumerate(picture.links)]
    svg = paint(picture, layout, theme=theme, lines=lines, style=themed(theme, _style))
    return Picture(svg, picture.description, repr(graph))


def _blocks(graph: Graph) -> Diagram:
    # Parameters stay outside of the block that they belong to, as its inputs.
    folds = {x: group for x, group in fold(graph, True).items() if x.operation or not x.needs_grad}
    plain = diagram(graph, values=False, gradients=False, folds=folds)
    boxes = [replace(box, frame=None, name="" if box.gate else box.name, output=False) for box in plain.boxes]
    links = [_labelled(graph, link) for link in plain.links]
    end = graph.output
    last = next(box.key for box in plain.boxes if end in box.nodes)
    name = graph.names[end]
    value = numbers(end.value)
    boxes.append(Box(len(boxes), "gate", "", name, bool(end.name), value, None, (), None, name, output=True))
    links.append(_labelled(graph, Link(last, len(boxes) - 1, end, end, needs_grad=end.needs_grad)))
    picture = Diagram(boxes, links)
    picture.description = describe(picture)
    return picture


def _labelled(graph: Graph, link: Link) -> Link:
    """The value that goes forward along a link, and the gradient that comes back."""
    name, out = graph.names[link.source], graph.names[graph.output]
    if link.source.operation is None and not link.source.name:
        return link  # a number written in the expression: its box says all
    gradient = text.derivative(out, name) if link.needs_grad else ""
    return replace(link, local=name + _shape(link.source), product=gradient)


def _shape(node: Node) -> str:
    return f" ({' × '.join(map(str, node.shape))})" if node.shape else ""


def _both_ways(layout: Layout, number: int, link: Link) -> str:
    out = f'<g class="forth">{edge(layout, number, aside=-ASIDE * link.needs_grad)}</g>'
    if link.needs_grad:
        out += f'<g class="back">{edge(layout, number, backward=True, aside=ASIDE)}</g>'
    return out


def _style(theme: str, colours: dict[str, str]) -> str:
    svg, forward, backward = f".bl-{theme} ", colours["forward"], colours["backward"]
    return (
        f"{svg}.forth path{{stroke:{forward};stroke-width:1.6}}{svg}.forth .tip{{fill:{forward};stroke:none}}"
        f"{svg}.back path{{stroke:{backward};stroke-width:1.6;stroke-dasharray:5 3}}"
        f"{svg}.back .tip{{fill:{backward};stroke:none}}"
        f"{svg}.bead{{fill:{colours['page']};stroke:{colours['rim']}}}"
        f"{svg}.l text{{fill:{forward}}}{svg}.l text.p{{fill:{backward}}}"
    )
