"""One look for every plot: the colours of the graphs, on a page of their own, light or dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .theme import DARK, LIGHT

# Lines differ in dashes as well as in colour.
DASHES = ("-", "--", "-.", ":", (0, (6, 1.5, 1.5, 1.5, 1.5, 1.5)))
EXTRA = {"light": ("#8f2a78", "#6b5b00"), "dark": ("#f59ad6", "#e0c95a")}


def colours(theme: str) -> dict[str, str]:
    """The colours of a theme, by name.

    Raises:
        ValueError: there is no such theme.
    """
    if theme not in ("light", "dark"):
        raise ValueError(f"theme of a plot is 'light' or 'dark', not {theme!r}")
    return DARK if theme == "dark" else LIGHT


@contextmanager
def figure(theme: str, width: float, height: float, **subplots: Any) -> Iterator[tuple[Any, Any]]:
    """A figure of that many inches and its axes, to fill; it is left open for nobody but the caller."""
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib import pyplot as plt

    c = colours(theme)
    lines = (c["forward"], c["backward"], c["local"], *EXTRA[theme])
    cycle = cycler(color=lines) + cycler(linestyle=DASHES)
    text = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), c["ink"])
    page = dict.fromkeys(("figure.facecolor", "savefig.facecolor", "axes.facecolor"), c["page"])
    style = {
        "font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.spines.top": False,
        "axes.spines.right": False, "axes.edgecolor": c["line"], "axes.grid": False, "grid.color": c["rim"],
        "legend.frameon": False, "lines.linewidth": 1.8, "figure.dpi": 100, "axes.prop_cycle": cycle,
        "figure.constrained_layout.use": True, "axes.unicode_minus": True,
    }  # fmt: skip
    # Loads the backend. In a notebook that switches interactive mode on, which the end of the context
    # would undo: figures drawn by the notebook itself later on would then never be shown.
    plt.draw_if_interactive()
    with mpl.rc_context({**style, **text, **page}):
        fig, axes = plt.subplots(figsize=(width, height), **subplots)
        yield fig, axes
        plt.close(fig)  # else a notebook shows it twice


def diverging(theme: str) -> Any:
    """Vermilion below zero, the page at zero, blue above."""
    from matplotlib.colors import LinearSegmentedColormap

    c = colours(theme)
    return LinearSegmentedColormap.from_list("signed", [c["backward"], c["page"], c["forward"]])
