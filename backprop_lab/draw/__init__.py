"""Pictures of graphs.

The engine knows nothing of drawing; `install` gives its ``Graph`` the methods that
draw. Each imports its painter when it is first called, so that importing
the package costs nothing for those who draw nothing.
"""

from __future__ import annotations

from typing import Any

from ..engine import Graph


def install() -> None:
    """Give `Graph` its display, and ``draw``, ``step``, ``draw_paths``, ``draw_modules`` and ``to_dot``."""
    Graph.draw = _draw  # type: ignore[method-assign]
    Graph.step = _step  # type: ignore[method-assign]
    Graph.draw_paths = _draw_paths  # type: ignore[method-assign]
    Graph.draw_modules = _draw_modules  # type: ignore[method-assign]
    Graph.to_dot = _to_dot  # type: ignore[method-assign]
    Graph._repr_mimebundle_ = _mimebundle  # type: ignore[attr-defined]


def _draw(self: Graph, **options: Any) -> Any:
    from .api import draw

    return draw(self, **options)


def _step(self: Graph, **options: Any) -> Any:
    from .stepper import step

    return step(self, **options)


def _draw_paths(self: Graph, wrt: Any, **options: Any) -> Any:
    from .paths import draw_paths

    return draw_paths(self, wrt, **options)


def _draw_modules(self: Graph, **options: Any) -> Any:
    from .modules import draw_modules

    return draw_modules(self, **options)


def _to_dot(self: Graph, **options: Any) -> Any:
    from .dot import to_dot

    return to_dot(self, **options)


def _mimebundle(self: Graph, include: Any = None, exclude: Any = None) -> dict[str, str]:
    from .api import mimebundle

    return mimebundle(self)
