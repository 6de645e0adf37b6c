"""Every path from one node to the output, each in its own line, with its product; the sum below.

The multivariable chain rule as a picture (Northeastern DS 4440 and Goodfellow et
al., 6.5.2): multiply along a path, add over paths.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np

from ..engine import text
from ..engine.graph import Graph
from ..engine.node import Node
from ..engine.paths import Path, Paths
from .api import prepare
from .card import clean, n
from .diagram import Diagram, factor, typeset
from .fonts import text_width
from .picture import Picture, Words
from .places import Layout
from .svg import edge, paint

# Told apart by dashes as well as by colour; the colours are read on light and on dark.
STYLES = (
    ("#b0388f", "none"),
    ("#c27400", "9 4"),
    ("#00897b", "2.5 4"),
    ("#3f7fd0", "12 4 2.5 4"),
    ("#cc4b37", "5 2"),
    ("#7a6ad8", "1.5 2.5"),
)
SUMMED = 1000  # the sum is worked out for up to this many paths
APART = 4.0  # between two paths along the same edge
ROW = 20


def draw_paths(
    graph: Graph,
    wrt: str | Node,
    *,
    collapse: bool | str | Iterable[str] | None = None,
    direction: str = "auto",
    theme: str = "auto",
) -> Picture | Words:
    """The paths from a node to the output: each in its own line style, its product, and the sum.

    Args:
        wrt: the node, or its name.
        collapse, direction, theme: as for `draw`.
    """
    paths = graph.paths(wrt)
    shown = [paths[k] for k in range(min(paths.count, len(STYLES)))]
    total = _sum(graph, paths, shown)
    laid = prepare(
        graph,
        collapse=collapse,
        direction=direction,
        local=True,
        values=True,
        gradients=False,
        upstream=False,
    )
    if isinstance(laid, Words):
        return laid
    picture, layout = laid
    lines = [_product(path) for path in shown]
    foot, wide, legend = _legend(lines, total, layout)
    svg = paint(
        picture,
        layout,
        theme=theme,
        under=_overlay(picture, layout, shown),
        extra=legend,
        extra_height=foot,
        extra_width=max(0.0, wide - layout.width),
    )
    return Picture(svg, " ".join([picture.description, *lines, total]), repr(graph))


def _overlay(picture: Diagram, layout: Layout, paths: list[Path]) -> str:
    key = {node: box.key for box in picture.boxes for node in box.nodes}
    # For each edge, the paths that run along it, which are drawn side by side.
    along: dict[int, list[int]] = {}
    for number, path in enumerate(paths):
        hops = {(key[a], key[b]) for a, b in pairwise(path.nodes)}
        for k, link in enumerate(picture.links):
            if (link.tail, link.head) in hops:
                along.setdefault(k, []).append(number)
    out = []
    for k, numbers in along.items():
        for place, number in enumerate(numbers):
            aside = (place - (len(numbers) - 1) / 2) * APART
            colour, dashes = STYLES[number]
            line = f"stroke:{colour};stroke-width:2.6;stroke-dasharray:{dashes}"
            out.append(edge(layout, k, aside=aside, line=line, fill=f"fill:{colour};stroke:none"))
    return "".join(out)


def _product(path: Path) -> str:
    """``b → c → e:  1 × 2 = 2``"""
    factors = " × ".join(map(factor, path.factors)) or "1"
    return f"{' → '.join(path.names)}:   {factors} = {typeset(text.short(path.product))}"


def _sum(graph: Graph, paths: Paths, shown: list[Path]) -> str:
    name, output = graph.names[paths.source], graph.names[graph.output]
    derivative = text.derivative(output, name)
    if not shown:
        return f"No path leads from {name} to {output}: {derivative} = 0"
    if paths.count == 1:
        return f"{derivative} = {typeset(text.short(paths.total()))}"
    shape = graph.output.shape + paths.source.shape
    terms = " + ".join(factor(np.reshape(path.product, shape)) for path in shown)
    hidden = f" + … ({paths.count - len(shown):,} more paths)" if paths.count > len(shown) else ""
    # Adding up 2^40 paths is what backpropagation avoids.
    total = f" = {typeset(text.short(paths.total()))}" if paths.count <= SUMMED else ""
    return f"{derivative} = {terms}{hidden}{total}"


def _legend(lines: list[str], total: str, layout: Layout) -> tuple[float, float, str]:
    """Its height, its width and its SVG."""
    out = []
    y = layout.height + 4
    for (colour, dashes), line in zip(STYLES, lines, strict=False):
        out.append(
            f'<path d="M14 {n(y + 6)}h34" '
            f'style="stroke:{colour};stroke-width:2.6;stroke-dasharray:{dashes}"/>'
            f'<text class="note" x="58" y="{n(y + 10)}">{escape(clean(line))}</text>'
        )
        y += ROW
    out.append(f'<text class="note name" x="14" y="{n(y + 12)}">{escape(clean(total))}</text>')
    wide = max([72 + text_width(line, 12) for line in lines] + [28 + text_width(total, 13, bold=True)])
    return y + 24 - layout.height, wide, "".join(out)
