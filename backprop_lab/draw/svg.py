"""The painter: a diagram and its layout to SVG text. A pure function; same in, same bytes out."""

from __future__ import annotations

from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from ..engine.node import Node
from . import card
from .card import clean, n
from .diagram import Diagram
from .fonts import shorten
from .places import ARROW, Curve, Layout, Point
from .theme import stylesheet


def paint(
    picture: Diagram,
    layout: Layout,
    *,
    theme: str = "light",
    marked: list[Node] | None = None,
    trails: list[list[Node]] | None = None,
    stamp: card.Stamp = lambda part, key: "",
    under: str = "",
    extra: str = "",
    extra_height: float = 0.0,
    style: str = "",
) -> str:
    """The SVG of a diagram.

    Args:
        picture: what to show.
        layout: where.
        theme: "light", "dark", or "auto" (follows the reader's system).
        marked: nodes to point out; edges between them are too.
        trails: paths to point out; only their own edges are, and the rest is dimmed.
        stamp: attributes for parts of the picture (see `card.Stamp`).
        under: more SVG, painted above the edges and below everything else.
        extra: more SVG, painted on top; ``extra_height`` is room for it at the foot.
        style: more CSS.
    """
    width, height = layout.width, layout.height + extra_height
    boxes, links = _pointed_out(picture, marked or [], trails or [])
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bl-{theme}" viewBox="0 0 {n(width)} {n(height)}" '
        f'width="{n(width)}" height="{n(height)}" role="img" '
        f"aria-label={quoteattr(clean(picture.description))}>",
        f"<style>{stylesheet(theme)}{style}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{n(width - 1)}" height="{n(height - 1)}" rx="8"/>',
    ]
    for _, left, top, right, bottom in layout.frames:
        out.append(
            f'<rect class="frame" x="{n(left)}" y="{n(top)}" width="{n(right - left)}" '
            f'height="{n(bottom - top)}" rx="8"/>'
        )
    curves = layout.by_link()
    for number, link in enumerate(picture.links):
        mark = " mark" if number in links else " dim" if trails else ""
        out.append(
            f'<g class="{"e" if link.needs_grad else "e0"}{mark}"{stamp("edge", number)}>'
            f"{edge(curves[number])}</g>"
        )
    out.append(under)
    for group, left, top, right, _ in layout.frames:
        name = escape(clean(shorten(group.name, right - left - 12, 11)))
        out.append(f'<text class="title" x="{n(left + 6)}" y="{n(top + 14)}">{name}</text>')
    for number in range(len(picture.links)):
        if number in layout.beads:
            dim = " dim" if trails and number not in links else ""
            bead = card.paint_bead(picture.links[number], *layout.beads[number])
            out.append(f'<g class="l{dim}"{stamp("local", number)}>{bead}</g>')
    for box in picture.boxes:
        painted = card.paint(box, *layout.boxes[box.key], stamp)
        if box.key in boxes:
            painted = painted.removesuffix("</g>") + ring(picture, box.key) + "</g>"
        elif trails:
            painted = f'<g class="dim">{painted}</g>'
        out.append(painted)
    return "".join([*out, extra, "</svg>"])


def ring(picture: Diagram, key: int, style: str = "ring", attributes: str = "") -> str:
    """An outline around a card, in the card's own coordinates."""
    width, height = card.size(picture.boxes[key])
    return (
        f'<rect class="{style}" x="-3.5" y="-3.5" width="{n(width + 7)}" height="{n(height + 7)}" '
        f'rx="9"{attributes}/>'
    )


def _pointed_out(picture: Diagram, marked: list[Node], trails: list[list[Node]]) -> tuple[set[int], set[int]]:
    """Keys of the boxes and numbers of the links to mark."""
    key = {node: box.key for box in picture.boxes for node in box.nodes}
    nodes = {key[node] for node in [*marked, *(node for trail in trails for node in trail)] if node in key}
    steps = {(key[a], key[b]) for trail in trails for a, b in pairwise(trail) if a in key and b in key}
    among = {key[node] for node in marked if node in key}
    links = {
        number
        for number, link in enumerate(picture.links)
        if (link.tail, link.head) in steps or (link.tail in among and link.head in among)
    }
    return nodes, links


def edge(curves: list[Curve], backward: bool = False, line: str = "", fill: str = "") -> str:
    """One edge of a picture, through its bead if it has one, with its arrow at either end.

    ``line`` and ``fill`` are CSS for the line and for the arrow, where the classes will not do.
    """
    points = [curve.points for curve in sorted(curves, key=lambda curve: curve.tip is not None)]
    base, tip = points[-1][-1], curves[0].tip or curves[-1].tip
    assert tip
    if backward:
        points[-1] = [*points[-1][:-1], tip]
        points = [half[::-1] for half in points[::-1]]
        tip, before = points[-1][-1], points[-1][-2]
        length = ((before[0] - tip[0]) ** 2 + (before[1] - tip[1]) ** 2) ** 0.5 or 1.0
        part = ARROW / length
        base = (tip[0] + (before[0] - tip[0]) * part, tip[1] + (before[1] - tip[1]) * part)
        points[-1] = [*points[-1][:-1], base]
    style = f' style="{line}"' if line else ""
    return f'<path{style} d="{path_data(points)}"/>{arrow(base, tip, fill)}'


def path_data(splines: list[list[Point]]) -> str:
    """Graphviz's splines, joined by straight lines, as the ``d`` of an SVG path."""
    parts = []
    for command, points in zip("M" + "L" * len(splines), splines, strict=False):
        first, *rest = points
        parts.append(f"{command}{n(first[0])} {n(first[1])}C" + " ".join(f"{n(x)} {n(y)}" for x, y in rest))
    return "".join(parts)


def arrow(base: Point, tip: Point, fill: str = "") -> str:
    """A triangle from the end of a spline to its tip."""
    (x, y), (u, v) = base, tip
    length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5 or 1.0
    side = 0.42 * ARROW / length
    a, b = (v - y) * side, (u - x) * side
    style = f' style="{fill}"' if fill else ""
    return f'<path class="tip"{style} d="M{n(x - a)} {n(y + b)}L{n(u)} {n(v)}L{n(x + a)} {n(y - b)}z"/>'


__all__ = ["arrow", "edge", "paint", "path_data", "ring"]
