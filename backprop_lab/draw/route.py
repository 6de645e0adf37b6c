"""The last touch on edges: inputs enter a gate side by side, along plain S-curves.

Graphviz lets all edges end at the middle of a gate's side. We give each input its own
place there, in the order in which the edges come in, and redraw an edge as one curve
with level ends wherever that curve meets no box; elsewhere its way round stays.
"""

from __future__ import annotations

from . import card
from .diagram import Diagram
from .places import ARROW, Curve, Layout, Point

SLOT = 31.0  # between two inputs of one gate, where there is room
LONGEST = 260.0  # an S-curve longer than this would look like a stray line
CLEAR = 3.0  # distance that a redrawn edge keeps from boxes

Rectangle = tuple[float, float, float, float]


def tidy(layout: Layout, picture: Diagram, upright: bool) -> None:
    """Adjust the curves of a layout in place; ``upright`` is for top to bottom and bottom to top."""
    across = 0 if upright else 1  # the coordinate along the side that edges enter
    arriving: dict[int, list[Curve]] = {}
    for curve in layout.curves:
        if curve.tip:
            arriving.setdefault(picture.links[curve.link].head, []).append(curve)
    for head, curves in arriving.items():
        side = card.size(picture.boxes[head])[across]
        slot = min(SLOT, side / (len(curves) + 1))
        curves.sort(key=lambda curve: (_source(layout, curve)[across], curve.link))
        for k, curve in enumerate(curves):
            _move_end(curve, (k - (len(curves) - 1) / 2) * slot, across)
    obstacles = _rectangles(layout, picture)
    for curve in layout.curves:
        simple = _s_curve(curve.points[0], curve.points[-1], upright)
        length = abs(simple[3][1 - across] - simple[0][1 - across])
        if length < LONGEST and not _hits(simple, obstacles):
            curve.points = simple


def _source(layout: Layout, curve: Curve) -> Point:
    """A point before the end, which tells the order in which edges come in."""
    return layout.beads.get(curve.link) or curve.points[-4]


def _move_end(curve: Curve, by: float, across: int) -> None:
    """Shift the end along the gate's side, the points before it less and less, and level the arrow."""

    def moved(point: Point, by: float) -> Point:
        return (point[0] + by, point[1]) if across == 0 else (point[0], point[1] + by)

    assert curve.tip
    last = len(curve.points) - 1
    share = [0.0, *(max(0.0, 1 - max(0, last - 1 - k) / 5) for k in range(1, last + 1))]
    curve.points = [moved(point, by * part) for point, part in zip(curve.points, share, strict=True)]
    curve.tip = tip = moved(curve.tip, by)
    along = 1 - across
    back = -ARROW if curve.points[0][along] < tip[along] else ARROW
    curve.points[-1] = (tip[0] + back, tip[1]) if along == 0 else (tip[0], tip[1] + back)


def _s_curve(start: Point, end: Point, upright: bool) -> list[Point]:
    (x, y), (u, v) = start, end
    if upright:
        return [start, (x, (y + v) / 2), (u, (y + v) / 2), end]
    return [start, ((x + u) / 2, y), ((x + u) / 2, v), end]


def _rectangles(layout: Layout, picture: Diagram) -> list[Rectangle]:
    sized = [(layout.boxes[box.key], card.size(box)) for box in picture.boxes]
    sized += [(at, card.bead_size(picture.links[k])) for k, at in layout.beads.items()]
    half = [(x, y, w / 2 + CLEAR, h / 2 + CLEAR) for (x, y), (w, h) in sized]
    return [(x - w, y - h, x + w, y + h) for x, y, w, h in half]


def _hits(curve: list[Point], obstacles: list[Rectangle]) -> bool:
    """Whether a curve meets a rectangle, away from its own two ends."""
    (a, b), (c, d), (e, f), (g, h) = curve
    left, right, low, high = min(a, g), max(a, g), min(b, h), max(b, h)
    near = [r for r in obstacles if r[0] < right and r[2] > left and r[1] < high and r[3] > low]
    ends = [r for r in near if _inside(curve[0], r) or _inside(curve[3], r)]
    near = [r for r in near if r not in ends]
    if not near:
        return False
    for k in range(1, 20):
        t = k / 20
        p, q, r, s = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
        point = (p * a + q * c + r * e + s * g, p * b + q * d + r * f + s * h)
        if any(_inside(point, rectangle) for rectangle in near):
            return True
    return False


def _inside(point: Point, rectangle: Rectangle) -> bool:
    left, top, right, bottom = rectangle
    return left < point[0] < right and top < point[1] < bottom
