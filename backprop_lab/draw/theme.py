"""Colours of the pictures, for light and for dark pages.

Hues after Okabe and Ito, told apart by every common kind of colour vision: blue is
what the forward pass computed, vermilion what the backward pass brought, green the
local derivatives. No meaning hangs on colour alone: gradients also bear a ∇ and
stand below a dashed line, local derivatives bear a ∂ and sit on edges.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from string import Template

from .fonts import STACK

LIGHT = {
    "page": "#ffffff", "rim": "#e3e7ec", "ink": "#1f2730", "muted": "#66717f",
    "card": "#ffffff", "line": "#b4bdc8", "leaf": "#eef5fc", "leafline": "#79acd6", "fixed": "#f6f7f9",
    "fixedline": "#9ba5b1", "chip": "#3d4a5c", "onchip": "#ffffff", "group": "#5b4a7d",
    "forward": "#005fa8", "backward": "#b04500", "strip": "#fdf2e9", "stripline": "#dba077",
    "local": "#00674e", "bead": "#ecf7f2", "beadline": "#a9d6c5",
    "edge": "#76818f", "noedge": "#b3bbc5", "frame": "#f6f7f9", "frameline": "#cdd4dc",
    "mark": "#8f2a78", "now": "#ffd84d",
}  # fmt: skip

DARK = {
    "page": "#1a1d22", "rim": "#30363f", "ink": "#e9ecf0", "muted": "#9ba6b3",
    "card": "#252a31", "line": "#515b68", "leaf": "#1c2d3e", "leafline": "#44789f", "fixed": "#1f2328",
    "fixedline": "#6a7481", "chip": "#cbd3dd", "onchip": "#1a1d22", "group": "#c9b8ee",
    "forward": "#82c3ff", "backward": "#ffb07a", "strip": "#362a20", "stripline": "#8f5f3a",
    "local": "#74d9b7", "bead": "#1b302a", "beadline": "#32634f",
    "edge": "#8d98a6", "noedge": "#5a6470", "frame": "#1f2329", "frameline": "#3b434e",
    "mark": "#f59ad6", "now": "#b58a00",
}  # fmt: skip

THEMES = ("light", "dark", "auto")

_SHAPES = Template(
    "$s text{font-family:$font;font-size:12px;fill:$ink;text-anchor:middle;stroke:none}"
    "$s path,$s rect{fill:none;stroke-width:1.2}"
    "$s .page{fill:$page;stroke:$rim;stroke-width:1}"
    "$s .gate{fill:$card;stroke:$line}"
    "$s .variable{fill:$leaf;stroke:$leafline}"
    "$s .constant{fill:$fixed;stroke:$fixedline;stroke-dasharray:3 2.5}"
    "$s .group{fill:$card;stroke:$group}"
    "$s .out{stroke:$ink;stroke-width:2}"
    "$s .chip{fill:$chip}$s .fold{fill:$group}$s text.on{fill:$onchip;font-weight:600}"
    "$s .name{font-size:13px;font-weight:600}$s .auto{font-size:12px;fill:$muted;font-style:italic}"
    "$s .v text{fill:$forward}$s .v path{stroke:$forward;stroke-width:1}"
    "$s .g text{fill:$backward}$s .g path{stroke:$backward;stroke-width:1}"
    "$s .g .strip{fill:$strip;stroke:none}$s .g .rule{stroke:$stripline;stroke-dasharray:3 2.5}"
    "$s .bead{fill:$bead;stroke:$beadline;stroke-width:1}$s .l text{fill:$local;font-size:11px}"
    "$s text.p{fill:$backward;font-size:10.5px}"
    "$s .e path{stroke:$edge}$s .e .tip{fill:$edge;stroke:none}"
    "$s .e0 path{stroke:$noedge}$s .e0 .tip{fill:$noedge;stroke:none}"
    "$s .frame{fill:$frame;stroke:$frameline}"
    "$s .plate{fill:$page;stroke:none}$s .plate.in{fill:$frame}"
    "$s text.title{fill:$muted;font-size:11px;text-anchor:start}"
    "$s text.note{text-anchor:start}"
    "$s .dim{opacity:.35}$s .mark path{stroke:$mark;stroke-width:2.6}$s .mark .tip{fill:$mark;stroke:none}"
    "$s .ring{stroke:$mark;stroke-width:2.6}"
)


# An image follows the color-scheme of the page around it, else the system's. JupyterLab sets none.
FOLLOW = (
    '<style>[data-jp-theme-light="true"] .bl-picture{color-scheme:light}'
    '[data-jp-theme-light="false"] .bl-picture{color-scheme:dark}</style>'
)


@lru_cache
def stylesheet(theme: str) -> str:
    """The CSS of a picture, confined to ``svg.bl-light`` and so on, so that it cannot leak into a page."""
    if theme not in THEMES:
        raise ValueError(f"theme is 'light', 'dark' or 'auto', not {theme!r}")
    return themed(theme, lambda theme, colours: _SHAPES.substitute(colours, s=f".bl-{theme}", font=STACK))


def themed(theme: str, rules: Callable[[str, dict[str, str]], str]) -> str:
    """CSS rules in the colours of a theme; "auto" is light, and dark where the page or the system is."""
    if theme != "auto":
        return rules(theme, DARK if theme == "dark" else LIGHT)
    return f"{rules(theme, LIGHT)}@media (prefers-color-scheme:dark){{{rules(theme, DARK)}}}"
