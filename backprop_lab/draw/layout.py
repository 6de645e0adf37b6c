"""Where everything goes: a diagram to DOT, Graphviz's answer to positions.

Boxes reach Graphviz as rectangles of the size we will paint, numbered n0, n1, …;
no name and no value of the user's is ever part of the DOT text. The local
derivative of an edge is a bead on it, a small box of its own (b0, b1, …), which
keeps it clear of everything else with any version of Graphviz and any fonts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..engine.node import Group
from . import card, renderer, route
from .collapse import ancestry
from .diagram import Box, Diagram
from .places import ARROW, Curve, Layout, Point

MARGIN = 12.0
FRAME_MARGIN = 20  # room for a frame's title above its boxes
FRAME_INSET = 9  # which the other three sides do not need
# Network simplex on a graph with many long edges takes seconds for a gain nobody sees: bound it.
LARGE = 60
HURRY = "margin=0,nslimit=1,nslimit1=1,mclimit=0.1,splines=false"
# Compass points where edges leave and enter; entering a box they are then spread along its side.
PORTS = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}


def place(picture: Diagram, direction: str = "LR") -> Layout:
    """Lay a diagram out; ``direction`` is Graphviz's rankdir: LR, TB, RL or BT."""
    source, frames = dot_source(picture, direction)
    layout = read(solve(source), frames)
    route.tidy(layout, picture, upright=direction in ("TB", "BT"))
    return layout


@lru_cache(maxsize=64)  # a graph is drawn again with another highlight or theme
def solve(source: str) -> dict[str, Any]:
    """Graphviz's answer to a DOT text, with less care where care takes too long."""
    try:
        return renderer.run(source)
    except renderer.TooSlowError:
        return renderer.run(source.replace("margin=0", HURRY, 1))


def dot_source(picture: Diagram, direction: str = "LR") -> tuple[str, list[Group]]:
    """The DOT text of a diagram, and the groups its clusters c0, c1, … stand for."""
    beads = [link.local != "" for link in picture.links]
    apart = (0.2, 0.21 if any(beads) else 0.45)
    large = ",nslimit=4,nslimit1=4" if len(beads) + len(picture.boxes) > LARGE else ""
    lines = [
        f"digraph{{graph[rankdir={direction},nodesep={apart[0]},ranksep={apart[1]},margin=0,ordering=in{large}];"
        f'node[shape=box,fixedsize=true,label=""];edge[arrowsize={ARROW / 10}];'
    ]
    out, back = PORTS[direction]
    within: dict[Group | None, list[str]] = {None: []}
    boxes = {box.key: box for box in picture.boxes}
    for box in picture.boxes:
        for group in ancestry(box.frame):
            within.setdefault(group, [])
        within[box.frame].append(f"n{box.key}" + _size(*card.size(box)))
    for number, link in enumerate(picture.links):
        if beads[number]:
            inside = _common(boxes[link.tail], boxes[link.head])
            within[inside].append(f"b{number}" + _size(*card.bead_size(link)))
    groups = [group for group in within if group is not None]
    lines += _cluster(None, within, groups)
    for number, link in enumerate(picture.links):
        if beads[number]:
            # The derivative belongs to the operation it enters, so the bead keeps close to it.
            lines.append(f"n{link.tail}:{out}->b{number}:{back}[dir=none,id={number}];")
            lines.append(f"b{number}:{out}->n{link.head}:{back}[weight=2,id={number}];")
        else:
            # As long as an edge with a bead, so that leaves stand in line; but a number
            # written in the expression stands among the beads, close to where it is used.
            literal = boxes[link.tail].kind == "constant" and not boxes[link.tail].name
            minlen = ",minlen=2" if any(beads) and not literal else ""
            lines.append(f"n{link.tail}:{out}->n{link.head}:{back}[id={number}{minlen}];")
    return "\n".join([*lines, "}"]), groups


def _size(width: float, height: float) -> str:
    return f"[width={width / 72:.4f},height={height / 72:.4f}];"


def _common(a: Box, b: Box) -> Group | None:
    """The innermost frame around both boxes."""
    shared = [g for g, h in zip(ancestry(a.frame), ancestry(b.frame), strict=False) if g is h]
    return shared[-1] if shared else None


def _cluster(group: Group | None, within: dict[Group | None, list[str]], groups: list[Group]) -> list[str]:
    lines = list(within[group])
    for inner in groups:
        if inner.parent is group:
            lines.append(f"subgraph cluster_{groups.index(inner)}{{margin={FRAME_MARGIN};")
            lines += [*_cluster(inner, within, groups), "}"]
    return lines


def read(answer: dict[str, Any], groups: list[Group]) -> Layout:
    """Graphviz's JSON as a layout in pixels."""
    x0, y0, x1, y1 = _floats(answer["bb"])
    layout = Layout(x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN)

    def point(text: str) -> Point:
        x, y = _floats(text)
        return x - x0 + MARGIN, y1 - y + MARGIN

    for item in answer.get("objects", []):
        kind, number = item["name"][0], item["name"][1:]
        if kind == "n":
            layout.boxes[int(number)] = point(item["pos"])
        elif kind == "b":
            layout.beads[int(number)] = point(item["pos"])
        else:
            left, low, right, high = _floats(item["bb"])
            (left, high), (right, low) = point(f"{left},{high}"), point(f"{right},{low}")
            group = groups[int(item["name"].split("_")[1])]
            layout.frames.append((group, left + FRAME_INSET, high, right - FRAME_INSET, low - FRAME_INSET))
    for edge in answer.get("edges", []):
        parts = edge["pos"].split()
        tip = None
        if parts[0].startswith("e,"):
            tip = point(parts.pop(0)[2:])
        layout.curves.append(Curve(int(edge["id"]), [point(part) for part in parts], tip))
    return layout


def _floats(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


__all__ = ["Curve", "Layout", "dot_source", "place", "read"]
