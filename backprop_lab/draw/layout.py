"""Where everything goes: a diagram to DOT, and Graphviz's answer to positions in pixels.

Boxes reach Graphviz as rectangles of the size we will paint, numbered n0, n1, …; no
name and no value of the user's is ever part of the DOT text. Graphviz always lays
out from top to bottom. Here its y is *along* the flow and its x *across* it, and
only `place` knows which way a graph flows on the page.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache

from ..engine.node import Group
from . import card, renderer
from .collapse import ancestry
from .diagram import Box, Diagram, Link
from .places import Curve, Layout, Point
from .route import TITLE, Entrance, entrances, route

MARGIN = 12.0
FRAME_SIDE = 11  # between a frame and its boxes; on top, there is the title
APART = 14  # between boxes side by side
CHANNEL = 28  # between two ranks: edges change sides here
WIDE = 1000.0  # a wider picture is hard to read in a notebook 900 pixels wide
STRAIGHT, SHARED = 8, 2  # branches begin at the leaf they share, rather than end where they meet
# Network simplex on a graph with many long edges takes seconds for a gain nobody sees: bound it.
LARGE = 60
HURRY = "margin=0,nslimit=1,nslimit1=1,mclimit=0.1"


def place(picture: Diagram, direction: str = "LR", sizes: dict[int, Point] | None = None) -> Layout:
    """Lay a diagram out in a direction: "LR", "TB", "RL", "BT", or "auto" (LR, or TB if LR is too wide).

    ``sizes`` of the boxes are those of their cards, if none are given.
    """
    sizes = sizes or {box.key: card.size(box) for box in picture.boxes}
    upright = direction in ("TB", "BT")
    doors = entrances(picture, sizes, upright)
    if direction == "auto" and (narrower := _narrower(picture, sizes, doors)):
        direction, upright, doors = "TB", True, narrower
    framed = upright and any(box.frame for box in picture.boxes)
    source, groups = dot_source(picture, doors, CHANNEL + TITLE * framed)
    length, breadth, centres = solve(source)
    routes = route(picture, doors, centres)
    above = MARGIN - min(0.0, routes.low)

    def at(point: Point) -> Point:
        along = point[0] + MARGIN
        if direction in ("RL", "BT"):
            along = length + 2 * MARGIN - along
        across = point[1] + above
        return (across, along) if upright else (along, across)

    along, across = length + 2 * MARGIN, max(breadth, routes.high) + above + MARGIN
    layout = Layout(*((across, along) if upright else (along, across)), upright, sizes)
    layout.boxes = {key: at(point) for key, point in routes.cards.items()}
    layout.beads = {number: at(point) for number, point in routes.beads.items()}
    for number, curve in routes.curves.items():
        layout.curves[number] = Curve([at(point) for point in curve.points], at(curve.tip))
    layout.frames = _frames(picture, layout, groups)
    return layout


@lru_cache(maxsize=64)  # a graph is drawn again with another highlight or theme
def solve(source: str) -> tuple[float, float, dict[int, Point]]:
    """Graphviz's answer to a DOT text: length, breadth, and the centre (along, across) of each box."""
    try:
        return read(renderer.run(source))
    except renderer.TooSlowError:
        return read(renderer.run(source.replace("margin=0", HURRY, 1)))


def read(answer: str) -> tuple[float, float, dict[int, Point]]:
    """Graphviz's plain format, in pixels.

    >>> read("graph 1 2.0 1.0\\nnode n0 0.5 0.75 0.2 0.1 n0 solid box black lightgrey\\nstop\\n")
    (72.0, 144.0, {0: (18.0, 36.0)})
    """
    length = breadth = 0.0
    centres: dict[int, Point] = {}
    for line in answer.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "graph":
            _, x, y = rest.split(" ")
            length, breadth = float(y) * 72, float(x) * 72
        elif kind == "node":
            name, x, y, _ = rest.split(" ", 3)
            centres[int(name[1:])] = (length - float(y) * 72, float(x) * 72)
    return length, breadth, centres


def dot_source(
    picture: Diagram, doors: dict[int, Entrance], channel: float = CHANNEL
) -> tuple[str, list[Group]]:
    """The DOT text of a diagram, and the groups its clusters c0, c1, … stand for."""
    large = ",nslimit=4,nslimit1=4" if len(picture.links) + len(picture.boxes) > LARGE else ""
    within: dict[Group | None, list[str]] = {None: []}
    for box in picture.boxes:
        for group in ancestry(box.frame):
            within.setdefault(group, [])
        door = doors[box.key]
        within[box.frame].append(f"n{box.key}[width={_inches(door.across)},height={_inches(door.along)}]")
    groups = [group for group in within if group is not None]
    weights = _weights(picture)
    lines = [
        f"digraph{{graph[nodesep={APART / 72:.3f},ranksep={channel / 72:.3f},margin=0,ordering=in,"
        f'splines=none{large}];node[shape=box,fixedsize=true,label=""]',
        *_cluster(None, within, groups),
        *[f"n{link.tail}->n{link.head}[weight={w}]" for link, w in zip(picture.links, weights, strict=True)],
        "}",
    ]
    return "\n".join(lines), groups


def _ranks(picture: Diagram) -> dict[int, int]:
    """How many boxes at most stand before each."""
    rank: dict[int, int] = {box.key: 0 for box in picture.boxes}
    for link in picture.links:  # inputs come before users
        rank[link.head] = max(rank[link.head], rank[link.tail] + 1)
    return rank


def _weights(picture: Diagram) -> list[int]:
    """How much each link is kept short and straight."""
    rank = _ranks(picture)
    used = Counter(link.tail for link in picture.links)

    def weight(link: Link) -> int:
        if 0 < rank[link.tail] == rank[link.head] - 1:
            return STRAIGHT  # from operation to operation: leaves stand aside
        return SHARED if rank[link.tail] == 0 and used[link.tail] > 1 else 1

    return [weight(link) for link in picture.links]


def _inches(pixels: float) -> str:
    """An even number of points: Graphviz halves it, and its versions round halves differently."""
    return f"{2 * math.ceil(pixels / 2) / 72:.5f}"


def _cluster(group: Group | None, within: dict[Group | None, list[str]], groups: list[Group]) -> list[str]:
    lines = list(within[group])
    for number, inner in enumerate(groups):
        if inner.parent is group:
            lines.append(f"subgraph cluster_{number}{{margin={TITLE:g}")
            lines += [*_cluster(inner, within, groups), "}"]
    return lines


def _frames(
    picture: Diagram, layout: Layout, groups: list[Group]
) -> list[tuple[Group, float, float, float, float]]:
    """The frame of every group, outermost first: around its cards, their beads and the frames inside."""
    if not groups:
        return []
    inside: dict[Group, list[tuple[float, float, float, float]]] = {group: [] for group in groups}
    frame = {box.key: box.frame for box in picture.boxes}

    def add(group: Group | None, centre: Point, size: Point) -> None:
        if group is not None:
            (x, y), (w, h) = centre, size
            inside[group].append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))

    for key, centre in layout.boxes.items():
        add(frame[key], centre, layout.sizes[key])
    for number, centre in layout.beads.items():
        link = picture.links[number]
        add(frame[link.head], centre, card.bead_size(link))
    found = []
    for group in sorted(groups, key=lambda group: -len(ancestry(group))):
        left, top, right, bottom = zip(*inside[group], strict=True)
        edges = (min(left) - FRAME_SIDE, min(top) - TITLE, max(right) + FRAME_SIDE, max(bottom) + FRAME_SIDE)
        found.append((group, *edges))
        if group.parent is not None:
            inside[group.parent].append(edges)
    return found[::-1]


def _narrower(
    picture: Diagram, sizes: dict[int, Point], beside: dict[int, Entrance]
) -> dict[int, Entrance] | None:
    """The entrances from top to bottom, if left to right is too wide to read and this is narrower."""
    rank = _ranks(picture)
    first_use: dict[int, int] = {}
    for link in reversed(picture.links):
        first_use[link.tail] = min(first_use.get(link.tail, rank[link.head]), rank[link.head])
    ranks: dict[int, list[Box]] = {}
    for box in picture.boxes:  # a leaf stands next to its user
        ranks.setdefault(rank[box.key] or first_use.get(box.key, 1) - 1, []).append(box)
    wide = sum(max(beside[box.key].along for box in row) + CHANNEL for row in ranks.values())
    if wide <= WIDE:
        return None
    below = entrances(picture, sizes, upright=True)
    broad = max(sum(below[box.key].across + APART for box in row) for row in ranks.values())
    return below if broad < wide else None


__all__ = ["dot_source", "place", "read", "solve"]
