"""A graph and, beside it, the graph of its gradients (Goodfellow et al., section 6.5.3).

Every node of B stands where its node of G stands, joined to it by a dotted line; every
edge of B is an edge of G run backward, with its local derivative as the factor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..engine import text
from ..engine.graph import Graph
from . import card
from .card import n
from .diagram import Box, Diagram
from .layout import place
from .picture import Picture
from .places import Layout, Point
from .svg import edge, paint, title
from .theme import themed

TITLE = 26.0
TITLES = ("G: values, forward", "B: gradients, backward")


def with_gradients(graph: Graph, picture: Diagram, *, direction: str, theme: str) -> Picture:
    """The picture of a graph with its gradient graph below it, or to its right if it is upright.

    Args:
        picture: the graph with values, gradients and local derivatives.
        direction, theme: as for `draw`.
    """
    values = [replace(box, gradient=None) for box in picture.boxes]
    gradients = {box.key: _gradient(graph, picture, box) for box in picture.boxes if box.gradient}
    sizes = {box.key: _larger(box, gradients.get(box.key)) for box in values}
    upper = Diagram(values, picture.links, picture.description)
    layout = place(upper, direction, sizes)
    shift = (layout.width, 0.0) if layout.upright else (0.0, layout.height + TITLE)
    lower = _backward(picture, layout, gradients)
    moved = f'<g transform="translate({n(shift[0])} {n(shift[1])})">{lower}</g>'
    titles = "".join(
        title(words, 14 + x, y - 8) for words, (x, y) in zip(TITLES, ((0.0, 0.0), shift), strict=True)
    )
    svg = paint(
        upper,
        layout,
        theme=theme,
        under=_ties(layout, gradients, shift),
        extra=titles + moved,
        head=TITLE,
        extra_width=shift[0],
        extra_height=layout.height + TITLE if shift[1] else 0.0,
        style=themed(theme, _style),
    )
    return Picture(svg, picture.description, repr(graph))


def _gradient(graph: Graph, picture: Diagram, box: Box) -> Box:
    node = box.nodes[-1]
    name = text.derivative(graph.names[graph.output], graph.names[node])
    arriving = sum(link.tail == box.key and link.needs_grad for link in picture.links)
    gate = "+" if arriving > 1 else ""
    return replace(box, kind="gate", gate=gate, name=name, named=True, value=None, title=name)


def _larger(box: Box, gradient: Box | None) -> Point:
    sizes = [card.size(one) for one in (box, gradient) if one]
    return max(w for w, _ in sizes), max(h for _, h in sizes)


def _backward(picture: Diagram, layout: Layout, gradients: dict[int, Box]) -> str:
    """B, in the places of G."""
    out = []
    for number, link in enumerate(picture.links):
        if link.tail in gradients and link.head in gradients:
            out.append(f'<g class="back">{edge(layout, number, backward=True)}</g>')
            if number in layout.beads:
                factor = replace(link, local=link.local.replace("∂", "×"))
                out.append(f'<g class="l">{card.paint_bead(factor, *layout.beads[number])}</g>')
    for key, box in gradients.items():
        out.append(card.paint(box, layout.boxes[key], layout.sizes[key], lambda part, key: ""))
    return "".join(out)


def _ties(layout: Layout, gradients: dict[int, Any], shift: Point) -> str:
    lines = "".join(
        f"M{n(x)} {n(y)}L{n(x + shift[0])} {n(y + shift[1])}"
        for x, y in (layout.boxes[key] for key in gradients)
    )
    return f'<path class="tie" d="{lines}"/>'


def _style(theme: str, colours: dict[str, str]) -> str:
    svg, backward = f".bl-{theme} ", colours["backward"]
    return (
        f"{svg}.back path{{stroke:{backward}}}{svg}.back .tip{{fill:{backward};stroke:none}}"
        f"{svg}.tie{{stroke:{colours['mark']};stroke-width:1;stroke-dasharray:1.5 4;opacity:.7}}"
    )
