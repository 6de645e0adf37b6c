"""Positions of everything in a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..engine.node import Group

Point = tuple[float, float]
ARROW = 7.0  # length of an arrow's head


@dataclass
class Curve:
    """An edge: points joined by curves that leave and arrive level, and the tip of its arrow."""

    points: list[Point]
    tip: Point


@dataclass
class Layout:
    """Positions in pixels, y downwards: boxes by key and beads by link, each by its centre.

    Level is the way the graph flows: sideways, or downwards in an ``upright`` picture.
    """

    width: float
    height: float
    upright: bool = False
    sizes: dict[int, Point] = field(default_factory=dict)
    boxes: dict[int, Point] = field(default_factory=dict)
    beads: dict[int, Point] = field(default_factory=dict)
    curves: dict[int, Curve] = field(default_factory=dict)
    frames: list[tuple[Group, float, float, float, float]] = field(default_factory=list)
