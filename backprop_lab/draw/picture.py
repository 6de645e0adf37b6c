"""A drawn graph: shown in a notebook, kept as SVG text, saved to a file."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path
from typing import Any

from .theme import FOLLOW

# A picture shrinks to the page, but text of 12 pixels to no less than 10: then the page scrolls it.
READABLE = 0.83
SHRINKS = "max-width:100%;min-width:{width}px;height:auto"


class Picture:
    """An SVG picture with its description.

    Attributes:
        svg: the picture, as text.
        description: the same in words, for those who cannot see it.
    """

    def __init__(self, svg: str, description: str, sentence: str = ""):
        self.svg = svg
        self.description = description
        self._sentence = sentence or description

    def __repr__(self) -> str:
        width, height = self.size
        return f"Picture of {width:g} × {height:g} pixels: {self._sentence}"

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        found = re.search(r'width="([\d.]+)" height="([\d.]+)"', self.svg)
        assert found
        return float(found[1]), float(found[2])

    def to_html(self) -> str:
        """An ``<img>`` with the picture inside.

        JupyterLab shows an ``<img>`` in a notebook it does not trust, where it shows
        no bare ``image/svg+xml``; and nothing inside an ``<img>`` can run or clash
        with the page around it. Of the theme "auto", it follows the theme of the page.
        """
        data = base64.b64encode(self.svg.encode()).decode()
        width = round(self.size[0])
        return (
            f'<img class="bl-picture" src="data:image/svg+xml;base64,{data}" width="{width}" '
            f'style="{SHRINKS.format(width=round(width * READABLE))}" alt="{escape(self.description)}">'
            f"{FOLLOW}"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def save(self, path: str | Path, scale: float = 2.0) -> Path:
        """Write the picture to a .svg, .png, .pdf or .html file and return its path.

        Args:
            path: where; the ending says which format.
            scale: pixels of a PNG per pixel of the picture.

        Raises:
            ValueError: another ending.
            RuntimeError: the format needs a package that is not installed; the message names it.
        """
        from . import export

        path = Path(path)
        if path.suffix.lower() == ".html":
            data = export.to_page(self.to_html(), self._sentence)
        else:
            data = export.encode(self.svg, path.suffix.lower(), scale)
        path.write_bytes(data)
        return path


class Words:
    """What stands in for a picture that cannot be drawn: a sentence, and the DOT text if it helps."""

    def __init__(self, sentence: str, dot: str = ""):
        self.sentence = sentence
        self.dot = dot

    def __repr__(self) -> str:
        return self.sentence + (f"\n\n{self.dot}" if self.dot else "")

    def to_html(self) -> str:
        """The sentence, and the DOT text folded away."""
        out = f"<p>{escape(self.sentence)}</p>"
        if self.dot:
            out += f"<details><summary>The graph as DOT text</summary><pre>{escape(self.dot)}</pre></details>"
        return out

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def save(self, path: str | Path, scale: float = 2.0) -> Path:
        """Always raises: there is no picture to save, and the message says why."""
        raise RuntimeError(self.sentence)
