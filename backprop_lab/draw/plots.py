"""Plots of what graphs compute: Jacobians, activations, descents, digits.

Each function returns a matplotlib Figure, which a notebook shows. They take
``theme="light"`` or ``"dark"``; matplotlib is imported when a plot is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import ops, text, vjp
from .plot_style import colours, diverging, figure

WRITTEN = 80  # entries of a Jacobian up to which its numbers are written
FLAT = 0.05  # a slope below this share of the steepest counts as saturated
GRID = 90  # points a side at which contours are measured

Function = Callable[[Any], Any]


def jacobian(
    J: Any,
    *,
    name: str = "∂z/∂x",
    out_shape: Sequence[int] = (),
    in_shape: Sequence[int] = (),
    theme: str = "light",
) -> Any:
    """A Jacobian as a heat map: one row per output entry, one column per input entry, a dot at every zero.

    Args:
        J: the Jacobian, of shape output.shape + input.shape, or already flattened to a matrix.
        name: what it is, such as "∂Z/∂W".
        out_shape, in_shape: shapes of output and input, where J does not tell; thin lines then
            part the rows and columns of an output or an input that is a matrix.

    Raises:
        ValueError: the shapes do not fit.

    >>> jacobian(np.diag([1.0, 0.0, 1.0]), name="∂relu/∂x").axes[0].get_title(loc="left")
    '∂relu/∂x: 3 × 3, diagonal, 7 of 9 entries are 0'
    """
    J = np.asarray(J, float)
    out_shape = tuple(out_shape) or J.shape[:1]
    in_shape = tuple(in_shape) or J.shape[len(out_shape) :]
    rows, columns = int(np.prod(out_shape)), int(np.prod(in_shape))
    if rows * columns != J.size:
        raise ValueError(
            f"a Jacobian of outputs {out_shape} by inputs {in_shape} has {rows * columns} entries; "
            f"got one of shape {J.shape}"
        )
    J = J.reshape(rows, columns)
    c = colours(theme)
    top = float(np.max(np.abs(J), initial=0.0)) or 1.0
    written = J.size <= WRITTEN
    cell = 0.5 if written else max(0.05, min(0.5, 7 / max(J.shape)))
    size = max(2.6, cell * columns + 1.1), max(1.7, cell * rows + 1.3)
    with figure(theme, *size) as (fig, axes):
        axes.pcolormesh(J, cmap=diverging(theme), vmin=-1.6 * top, vmax=1.6 * top)
        axes.set(aspect="equal", xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
        y, x = np.nonzero(J == 0)
        axes.plot(x + 0.5, y + 0.5, linestyle="", marker=".", color=c["noedge"], markersize=min(5, 12 * cell))
        for (i, k), value in np.ndenumerate(J) if written else ():
            if value:
                number = text.number(value, 3).replace("-", "−")
                points = 9 if len(number) < 6 else 7
                axes.text(k + 0.5, i + 0.5, number, ha="center", va="center", size=points)
        for shape, line, total in ((out_shape, axes.axhline, rows), (in_shape, axes.axvline, columns)):
            part = shape[-1] if len(shape) > 1 else total
            for at in range(part, total, part):
                line(at, color=c["edge"], linewidth=0.8)
        axes.spines[:].set(visible=True, color=c["edge"])
        zeros = int(np.sum(J == 0))
        structure = f"{_structure(J)}{zeros:,} of {J.size:,} entries are 0"
        axes.set_title(f"{name}: {rows} × {columns}, {structure}", wrap=True, loc="left")
        axes.set_xlabel(f"input, {_entries(in_shape)}")
        axes.set_ylabel(f"output, {_entries(out_shape)}")
    return fig


def _structure(J: np.ndarray) -> str:
    square = J.shape[0] == J.shape[1] > 1
    return "diagonal, " if square and not np.any(J - np.diag(np.diag(J))) else ""


def _entries(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) if len(shape) > 1 else f"{int(np.prod(shape))} entries"


def activation(
    function: str | Function, *, reach: float = 6.0, points: Any = (), theme: str = "light"
) -> Any:
    """An activation and its derivative, with the inputs at which the derivative is zero or next to it.

    Args:
        function: a name in `ops`, such as "relu", or a function of a node, elementwise.
        reach: inputs from -reach to reach.
        points: inputs to mark on both curves.
    """
    apply = getattr(ops, function) if isinstance(function, str) else function
    name = function if isinstance(function, str) else getattr(function, "__name__", "f")
    x = np.linspace(-reach, reach, 601)

    def both(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, pull = vjp(apply, at)
        return np.asarray(value), np.asarray(pull(np.ones_like(at))[0])

    value, slope = both(x)
    c = colours(theme)
    with figure(theme, 6.4, 3.2) as (fig, axes):
        dead = slope == 0
        flat = (np.abs(slope) < FLAT * np.max(np.abs(slope))) & ~dead
        zones = (
            (dead, "dead: the slope is 0", {"color": c["backward"], "alpha": 0.22}),
            (
                flat,
                f"saturated: under {FLAT:.0%} of the steepest",
                {"facecolor": c["strip"], "edgecolor": c["stripline"], "hatch": "///"},
            ),
        )
        for where, label, look in zones:
            if where.any():
                height = axes.get_xaxis_transform()  # from the foot of the plot to its top
                axes.fill_between(x, 0, 1, where=where, transform=height, linewidth=0, label=label, **look)
        axes.axhline(0, color=c["line"], linewidth=0.8, linestyle="-")
        axes.plot(x, value, color=c["forward"], linestyle="-", label=f"{name}(x)")
        axes.plot(x, slope, color=c["local"], linestyle="--", label="its derivative")
        if np.size(points):
            at = np.asarray(points, float).ravel()
            for y, colour in zip(both(at), (c["forward"], c["local"]), strict=True):
                axes.plot(at, y, "o", color=colour, markeredgecolor=c["page"])
        fig.legend(loc="outside upper center", ncols=2)
        axes.set(xlabel="x", xlim=(-reach, reach))
    return fig


def contours(
    loss: Function,
    trajectories: Mapping[str, Any],
    *,
    reach: Sequence[float] | None = None,
    minimum: Sequence[float] | None = None,
    theme: str = "light",
) -> Any:
    """Contours of a loss of two parameters, with the way each descent took.

    Args:
        loss: takes an array of two parameters, returns a number.
        trajectories: for each name, the points visited, of shape (steps + 1, 2).
        reach: (left, right, low, high); None is around the trajectories.
        minimum: a point to mark with a star.
    """
    paths = {name: np.asarray(path, float).reshape(-1, 2) for name, path in trajectories.items()}
    known = [*paths.values(), *([np.reshape(minimum, (1, 2))] if minimum is not None else [])]
    if reach is None:
        every = np.concatenate(known)
        low, high = every.min(0), every.max(0)
        room = 0.15 * np.maximum(high - low, 0.25 * float((high - low).max()) + 1e-9) + 1e-9
        reach = (low[0] - room[0], high[0] + room[0], low[1] - room[1], high[1] + room[1])
    x, y = np.linspace(reach[0], reach[1], GRID), np.linspace(reach[2], reach[3], GRID)
    height = np.array([[float(loss(np.array([u, v]))) for u in x] for v in y])
    c = colours(theme)
    with figure(theme, 6.4, 4.4) as (fig, axes):
        # Levels close together at the bottom, where descents differ.
        levels = height.min() + (height.max() - height.min()) * np.linspace(0.03, 1, 12) ** 2.5
        axes.contour(x, y, height, levels=levels, colors=c["noedge"], linewidths=0.8, linestyles="-")
        for marker, (name, path) in zip("os^Dv" * len(paths), paths.items(), strict=False):
            few = max(1, len(path) // 40)
            axes.plot(*path.T, marker=marker, markersize=4, markevery=few, linewidth=1.3, label=name)
        if len(known):
            axes.plot(*known[0][0], marker="o", markersize=10, color=c["ink"], fillstyle="none", linestyle="")
        if minimum is not None:
            axes.plot(
                *minimum, marker="*", markersize=13, color=c["now"], markeredgecolor=c["ink"], linestyle=""
            )
        axes.set(xlim=reach[:2], ylim=reach[2:], xlabel="first parameter", ylabel="second parameter")
        fig.legend(loc="outside upper center", ncols=4)
    return fig


def convergence(
    curves: Mapping[str, Any],
    *,
    rates: Mapping[str, float] | None = None,
    ylabel: str = "loss",
    theme: str = "light",
) -> Any:
    """What descents reached after each step, on a logarithmic scale.

    Args:
        curves: for each name, a number per step.
        rates: for names among them, the factor per step that theory predicts: a thin straight line.
    """
    c = colours(theme)
    with figure(theme, 6.4, 3.2) as (fig, axes):
        for name, values in curves.items():
            values = np.asarray(values, float)
            (line,) = axes.plot(values, label=name)
            factor = (rates or {}).get(name)
            if factor is not None:
                predicted = values[0] * factor ** np.arange(len(values))
                axes.plot(predicted, color=line.get_color(), linewidth=0.8, linestyle="-", alpha=0.7)
                axes.annotate(
                    f"× {factor:.3g} a step",
                    (len(values) - 1, predicted[-1]),
                    xytext=(4, 0),
                    textcoords="offset points",
                    color=line.get_color(),
                    va="center",
                    size=9,
                )
        axes.set(yscale="log", xlabel="step", ylabel=ylabel)
        axes.grid(True, axis="y", color=c["rim"], linestyle="-")
        fig.legend(loc="outside upper center", ncols=4)
    return fig


def digits(images: Any, changed: Any, *, captions: Sequence[str] = (), theme: str = "light") -> Any:
    """Digits, what was added to them, and what came out, one column each.

    Args:
        images, changed: rows of pixels from 0 (paper) to 1 (ink), before and after.
        captions: one a column, such as "3 read as 8".

    Raises:
        ValueError: rows that are not square pictures, or not the same number of both.
    """
    before, after = (np.atleast_2d(np.asarray(rows, float)) for rows in (images, changed))
    side = int(np.sqrt(before.shape[1]))
    if before.shape != after.shape or side * side != before.shape[1]:
        raise ValueError(
            f"digits wants square pictures, as many before as after; got {before.shape} and {after.shape}"
        )
    added = after - before
    top = float(np.max(np.abs(added), initial=0.0)) or 1.0
    c = colours(theme)
    grid: dict[str, Any] = {"nrows": 3, "ncols": len(before), "squeeze": False}
    with figure(theme, 1.05 * len(before) + 1.0, 3.6, **grid) as (fig, axes):
        rows = (
            ("image", before, "gray_r", 0.0, 1.0),
            ("added", added, diverging(theme), -top, top),
            ("sum", after, "gray_r", 0.0, 1.0),
        )
        for line, (name, pictures, colour, low, high) in zip(axes, rows, strict=True):
            for ax, pixels in zip(line, pictures, strict=True):
                ax.imshow(pixels.reshape(side, side), cmap=colour, vmin=low, vmax=high)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set(visible=True, color=c["line"])
            line[0].set_ylabel(name)
        for ax, caption in zip(axes[-1], captions, strict=False):
            ax.set_xlabel(caption, size=9)
    return fig
