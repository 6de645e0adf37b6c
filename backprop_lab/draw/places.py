"""Positions of everything in a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..engine.node import Group

Point = tuple[float, float]
ARROW = 7.0  # length of an arrow's head


@dataclass
class Curve:
    """A Bézier spline in Graphviz's form: one point, then three per piece; ``tip`` is the arrow's."""

    link: int
    points: list[Point]
    tip: Point | None = None


@dataclass
class Layout:
    """Positions in pixels, y downwards; boxes and beads by their centres."""

    width: float
    height: float
    boxes: dict[int, Point] = field(default_factory=dict)
    beads: dict[int, Point] = field(default_factory=dict)
    curves: list[Curve] = field(default_factory=list)
    frames: list[tuple[Group, float, float, float, float]] = field(default_factory=list)

    def by_link(self) -> dict[int, list[Curve]]:
        """The curves of each link: one, or two with a bead between."""
        curves: dict[int, list[Curve]] = {}
        for curve in self.curves:
            curves.setdefault(curve.link, []).append(curve)
        return curves
