"""The painter: a diagram and its layout to SVG text. A pure function; same in, same bytes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from ..engine.node import Group, Node
from . import card
from .card import clean, n
from .diagram import Diagram
from .fonts import shorten, text_width
from .places import ARROW, Layout, Point
from .theme import stylesheet


def paint(
    picture: Diagram,
    layout: Layout,
    *,
    theme: str = "light",
    marked: list[Node] | None = None,
    trails: list[list[Node]] | None = None,
    stamp: card.Stamp = lambda part, key: "",
    lines: Sequence[str] = (),
    under: str = "",
    extra: str = "",
    extra_height: float = 0.0,
    extra_width: float = 0.0,
    head: float = 0.0,
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
        lines: the edges, in place of plain ones.
        under: more SVG, painted above the edges and below everything else.
        extra: more SVG, painted on top, with room for it at the foot (``extra_height``),
            at the right (``extra_width``) and at the top (``head``, above y = 0).
        style: more CSS.
    """
    width, height = layout.width + extra_width, layout.height + extra_height + head
    boxes, links = _pointed_out(picture, marked or [], trails or [])
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bl-{theme}" '
        f'viewBox="0 {n(-head)} {n(width)} {n(height)}" width="{n(width)}" height="{n(height)}" role="img" '
        f"aria-label={quoteattr(clean(picture.description))}>",
        f"<style>{stylesheet(theme)}{style}</style>",
        f'<rect class="page" x="0.5" y="{n(0.5 - head)}" width="{n(width - 1)}" '
        f'height="{n(height - 1)}" rx="8"/>',
    ]
    for _, left, top, right, bottom in layout.frames:
        out.append(
            f'<rect class="frame" x="{n(left)}" y="{n(top)}" width="{n(right - left)}" '
            f'height="{n(bottom - top)}" rx="8"/>'
        )
    out += lines
    for number, link in enumerate(picture.links if not lines else ()):
        mark = " mark" if number in links else " dim" if trails else ""
        out.append(
            f'<g class="{"e" if link.needs_grad else "e0"}{mark}"{stamp("edge", number)}>'
            f"{edge(layout, number)}</g>"
        )
    out.append(under)
    out += [_title(layout, *frame) for frame in layout.frames]
    for number in range(len(picture.links)):
        if number in layout.beads:
            dim = " dim" if trails and number not in links else ""
            bead = card.paint_bead(picture.links[number], *layout.beads[number])
            out.append(f'<g class="l{dim}"{stamp("local", number)}>{bead}</g>')
    for box in picture.boxes:
        painted = card.paint(box, layout.boxes[box.key], layout.sizes[box.key], stamp)
        if box.key in boxes:
            painted = painted.removesuffix("</g>") + ring(layout.sizes[box.key]) + "</g>"
        elif trails:
            painted = f'<g class="dim">{painted}</g>'
        out.append(painted)
    return "".join([*out, extra, "</svg>"])


def _title(layout: Layout, group: Group, left: float, top: float, right: float, bottom: float) -> str:
    """The title of a frame, in the upper corner where fewer edges come in."""
    name = shorten(group.name, right - left - 12, 11)
    width = text_width(name, 11) + 6
    low, high = top + 2, top + 14

    def crossed(begin: float) -> int:
        return sum(
            min(x, u) < begin + width and max(x, u) > begin and min(y, v) < high and max(y, v) > low
            for curve in layout.curves.values()
            for (x, y), (u, v) in pairwise(curve.points)
        )

    x = left + 6 if crossed(left + 3) <= crossed(right - width - 3) else right - width
    return title(name, x, top + 11.5, "plate in")


def title(words: str, x: float, y: float, plate: str = "plate") -> str:
    """Words that start at a point, on a plate that covers the lines below."""
    return (
        f'<rect class="{plate}" x="{n(x - 2)}" y="{n(y - 9.5)}" width="{n(text_width(words, 11) + 4)}" '
        f'height="12"/><text class="title" x="{n(x)}" y="{n(y)}">{escape(clean(words))}</text>'
    )


def ring(size: Point, style: str = "ring", attributes: str = "") -> str:
    """An outline around a card, in the card's own coordinates."""
    width, height = size
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


def edge(
    layout: Layout, number: int, backward: bool = False, aside: float = 0.0, line: str = "", fill: str = ""
) -> str:
    """One edge of a picture with its arrow, at its other end for ``backward``.

    ``aside`` is how far to its side it runs, for several along one edge. ``line`` and ``fill`` are
    CSS for the line and for the arrow, where the classes will not do.
    """
    curve = layout.curves[number]
    right, down = (aside, 0.0) if layout.upright else (0.0, aside)
    *points, tip = [(x + right, y + down) for x, y in [*curve.points, curve.tip]]
    if backward:
        points, tip = [tip, *points[-2::-1]], points[0]
        (x, y), (u, v) = points[-2], tip
        # The head replaces the end of the line, which is level.
        if layout.upright:
            points[-1] = (u, v + math.copysign(ARROW, y - v))
        else:
            points[-1] = (u + math.copysign(ARROW, x - u), v)
    style = f' style="{line}"' if line else ""
    return f'<path{style} d="{path_data(points, layout.upright, aside)}"/>{arrow(points[-1], tip, fill)}'


def path_data(points: list[Point], upright: bool = False, aside: float = 0.0) -> str:
    """The ``d`` of an SVG path through points: straight where it stays level, else by S-curves.

    Of a path that runs ``aside`` of another, the curves turn earlier or later, to stay apart from its.

    >>> path_data([(0, 5), (10, 5), (30, 25)])
    'M0 5H10C20 5 20 25 30 25'
    """
    x, y = points[0]
    out = f"M{n(x)} {n(y)}"
    for u, v in points[1:]:
        shift = math.copysign(aside, -aside * (u - x) * (v - y))
        if abs(x - u if upright else y - v) < 0.05:
            out += f"V{n(v)}" if upright else f"H{n(u)}"
        elif upright:
            middle = n((y + v) / 2 + shift)
            out += f"C{n(x)} {middle} {n(u)} {middle} {n(u)} {n(v)}"
        else:
            middle = n((x + u) / 2 + shift)
            out += f"C{middle} {n(y)} {middle} {n(v)} {n(u)} {n(v)}"
        x, y = u, v
    return out


def arrow(base: Point, tip: Point, fill: str = "") -> str:
    """A triangle from the end of a spline to its tip."""
    (x, y), (u, v) = base, tip
    length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5 or 1.0
    side = 0.42 * ARROW / length
    a, b = (v - y) * side, (u - x) * side
    style = f' style="{fill}"' if fill else ""
    return f'<path class="tip"{style} d="M{n(x - a)} {n(y + b)}L{n(u)} {n(v)}L{n(x + a)} {n(y - b)}z"/>'


__all__ = ["arrow", "edge", "paint", "path_data", "ring", "title"]
