"""Edges, and the beads of local derivatives on them, between boxes that Graphviz has ranked and ordered.

Everything is measured *along* the flow of the graph and *across* it. Boxes of one
rank form a column with free channels before and after. An edge changes sides only
in channels, and passes a column level, through a gap between its boxes, so it never
runs through a box. Before a gate its inputs line up side by side, in the order in
which they come, each behind its bead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from ..engine.node import Group
from .card import bead_size
from .collapse import ancestry
from .diagram import Diagram
from .places import ARROW, Curve, Point

SLOT = 31.0  # between two inputs of one gate, where there is room
LINE = 10.0  # room for an input that has no bead
BETWEEN = 5.0  # two beads side by side
STEM = 5.0  # between a bead and the arrow's head
TITLE = 20.0  # height of a frame's title
CLEAR = 7.0  # distance that an edge keeps from boxes and other edges it passes


@dataclass
class Entrance:
    """The rectangle of a box together with the beads before it, and its inputs."""

    along: float
    across: float
    card: Point  # the box alone
    depth: float = 0.0  # what the beads take of ``along``
    stem: float = STEM
    frames: dict[int, list[Group]] = field(default_factory=dict)  # whose title an input has to cross
    links: list[int] = field(default_factory=list)
    beads: dict[int, Point] = field(default_factory=dict)


@dataclass
class Routes:
    """Centres of cards and beads, and the edges; ``low`` to ``high`` is how far they reach across."""

    cards: dict[int, Point]
    beads: dict[int, Point] = field(default_factory=dict)
    curves: dict[int, Curve] = field(default_factory=dict)
    low: float = 0.0
    high: float = 0.0


@dataclass
class _Column:
    """The boxes of one rank: where they begin and end along, and their extents across, in order."""

    begin: float
    end: float
    depth: float  # of the deepest entrance
    blocks: list[Point]
    passing: list[tuple[float, int]] = field(default_factory=list)  # edges: where, and from which box


def entrances(picture: Diagram, sizes: dict[int, Point], upright: bool) -> dict[int, Entrance]:
    """How much room every box needs with the beads of its inputs."""

    def turned(size: Point) -> Point:
        return (size[1], size[0]) if upright else size

    frames = {box.key: box.frame for box in picture.boxes}
    found = {}
    for key, size in sizes.items():
        along, across = turned(size)
        found[key] = Entrance(along, across, (along, across))
    for number, link in enumerate(picture.links):
        door = found[link.head]
        door.links.append(number)
        if link.local:
            door.beads[number] = turned(bead_size(link))
        if upright:
            here = ancestry(frames[link.tail])
            door.frames[number] = [group for group in ancestry(frames[link.head]) if group not in here]
    for door in found.values():
        if door.beads:
            slots = _line_up(door, door.links)
            if slots[-1] - slots[0] > door.card[1] - 2 * LINE:
                door.stem = 3 * STEM  # behind the beads, edges draw together
            door.depth = max(along for along, _ in door.beads.values()) + door.stem + ARROW
            door.along += door.depth
            door.across = max(door.across, slots[-1] - slots[0] + max(_share(door, k) for k in door.links))
    return found


def _share(door: Entrance, link: int) -> float:
    return door.beads[link][1] if link in door.beads else LINE


def _line_up(door: Entrance, links: list[int]) -> list[float]:
    """Where the inputs of a box enter, in this order, as distances from its middle."""
    pitch = min(SLOT, door.card[1] / (len(links) + 1))
    slots = [0.0]
    for before, link in pairwise(links):
        room = (_share(door, before) + _share(door, link)) / 2 + BETWEEN if door.beads else 0.0
        slots.append(slots[-1] + max(pitch, room))
    middle = (slots[0] + slots[-1]) / 2
    return [slot - middle for slot in slots]


def route(picture: Diagram, doors: dict[int, Entrance], centres: dict[int, Point]) -> Routes:
    """Cards, beads and edges, given the centres of their rectangles."""
    columns, column = _columns(doors, centres)
    routes = Routes({})
    for key, (along, across) in centres.items():
        door, room = doors[key], columns[column[key]]
        # Boxes of a rank stand in line whether or not they have beads, as far as there is room.
        aside = min(room.depth / 2, (room.end - room.begin - door.card[0]) / 2)
        routes.cards[key] = (along + aside, across)
    tops: dict[Group, int] = {}  # the column in which a frame begins
    for box in picture.boxes:
        for group in ancestry(box.frame):
            tops[group] = min(tops.get(group, column[box.key]), column[box.key])
    for key, door in doors.items():
        if door.links:
            _enter(picture, door, key, routes, doors, columns, column, tops)
    return routes


def _columns(doors: dict[int, Entrance], centres: dict[int, Point]) -> tuple[list[_Column], dict[int, int]]:
    """The ranks in order, and which one each box is in."""
    ranks: dict[float, list[int]] = {}
    for key, (along, _) in centres.items():
        ranks.setdefault(along, []).append(key)
    columns: list[_Column] = []
    column: dict[int, int] = {}
    for number, along in enumerate(sorted(ranks)):
        keys = ranks[along]
        half = max(doors[key].along for key in keys) / 2
        depth = max(doors[key].depth for key in keys)
        blocks = sorted(
            (centres[key][1] - doors[key].across / 2, centres[key][1] + doors[key].across / 2) for key in keys
        )
        columns.append(_Column(along - half, along + half, depth, blocks))
        column |= dict.fromkeys(keys, number)
    return columns, column


def _enter(
    picture: Diagram,
    door: Entrance,
    key: int,
    routes: Routes,
    doors: dict[int, Entrance],
    columns: list[_Column],
    column: dict[int, int],
    tops: dict[Group, int],
) -> None:
    """Lead every input of a box to it, in the order in which they come, and set the beads."""
    along, across = routes.cards[key]
    begin = along - door.card[0] / 2
    ways: dict[int, list[Point]] = {}
    for number in door.links:
        tail = picture.links[number].tail
        x, y = routes.cards[tail]
        ways[number] = [(x + doors[tail].card[0] / 2, y)]
        first, last = column[tail], column[key]
        ways[number].append((columns[first].end, y))
        for k in range(first + 1, last):
            level = _gap(columns[k], y, tail)
            y = level if abs(level - y) < 1 else _gap(columns[k], y + (across - y) / (last - k + 1), tail)
            columns[k].passing.append((y, tail))
            ways[number] += [(columns[k].begin, y), (columns[k].end, y)]
            routes.low, routes.high = min(routes.low, y - CLEAR), max(routes.high, y + CLEAR)
    order = sorted(door.links, key=lambda number: (ways[number][-1][1], number))
    slots = _line_up(door, order)
    # Where the beads need more room than the side of the box, the edges come together behind them.
    spread = max(abs(slots[0]), abs(slots[-1]))
    closer = min(1.0, (door.card[1] / 2 - LINE) / spread) if spread else 1.0
    for number, slot in zip(order, slots, strict=True):
        way = ways[number]
        tip, base = (begin, across + slot * closer), (begin - ARROW, across + slot * closer)
        level = min(columns[column[key]].begin, base[0])
        entered = [group for group in door.frames.get(number, ()) if tops[group] == column[key]]
        way.append((level - len(entered) * TITLE, across + slot))
        if door.depth:
            way.append((begin - door.stem - ARROW, across + slot))
        if way[-1] != base:
            way.append(base)
        if number in door.beads:
            routes.beads[number] = (begin - (door.depth + ARROW + door.stem) / 2, across + slot)
        routes.curves[number] = Curve(way, tip)


def _gap(column: _Column, goal: float, tail: int) -> float:
    """A place across, close to a goal, at which an edge can pass a column."""
    ends = [float("-inf"), *[edge for block in column.blocks for edge in block], float("inf")]
    best = float("inf")
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        margin = min(CLEAR, (high - low) / 2)
        place = min(max(goal, low + margin), high - margin)
        for step in (0, 1, -1, 2, -2):  # beside the edges of other boxes, where there is room
            y = place + step * CLEAR
            free = all(abs(y - other) >= CLEAR - 1 or tail == its for other, its in column.passing)
            if free and low + 3 <= y <= high - 3:
                place = y
                break
        if abs(place - goal) < abs(best - goal):
            best = place
    return best
