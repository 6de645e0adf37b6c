"""What notebooks show beside graphs: a row of small images, and a bar while a loop runs."""

from __future__ import annotations

import math
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

POSITIVE, NEGATIVE = (178, 24, 43), (33, 102, 172)  # red and blue that a colour-blind eye tells apart
PAUSE = 0.1  # seconds between two pictures of a bar


class Images:
    """Square images with a caption each; made by `images`."""

    def __init__(self, pictures: np.ndarray, captions: Sequence[str], columns: int, signed: bool):
        self.pictures = pictures
        self.captions = captions
        self.columns = columns
        self.signed = signed

    def __repr__(self) -> str:
        said = ": " + " | ".join(self.captions) if self.captions else ""
        side = self.pictures.shape[-1]
        return f"{len(self.pictures)} images of {side} × {side} pixels{said}"

    def _repr_html_(self) -> str:
        captions = [*self.captions, *[""] * (len(self.pictures) - len(self.captions))]
        cells = "".join(
            '<figure style="margin:0;width:72px;text-align:center">'
            f'<img alt="{escape(caption) or "image"}" width="64" height="64" '
            f'src="{_address(picture, self.signed)}">'
            f'<figcaption style="font-size:12px;line-height:1.2">{escape(caption)}</figcaption></figure>'
            for picture, caption in zip(self.pictures, captions, strict=True)
        )
        width = 80 * self.columns
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px;max-width:{width}px">{cells}</div>'


def images(X: Any, captions: Iterable[Any] = (), columns: int = 10, signed: bool = False) -> Images:
    """Rows of pixels as pictures.

    Args:
        X: one image a row, a square number of pixels, 0 (paper) to 1 (ink); a single row is one image.
        captions: one a picture.
        columns: pictures side by side.
        signed: show numbers of either sign, each picture up to its largest: red above 0, blue below,
            white at 0.

    >>> images([[0.0, 1.0, 1.0, 0.0]], ["cross"])
    1 images of 2 × 2 pixels: cross
    """
    X = np.atleast_2d(np.asarray(X, float))
    side = math.isqrt(X.shape[1])
    if side * side != X.shape[1]:
        raise ValueError(f"images wants a square number of pixels a row; got {X.shape[1]}")
    said = [str(caption) for caption in captions]
    if len(said) > len(X):
        raise ValueError(f"there are {len(X)} images and {len(said)} captions")
    return Images(X.reshape(-1, side, side), said, columns, signed)


def _address(picture: np.ndarray, signed: bool) -> str:
    """The image as an SVG in a data URI, which a notebook shows even when it is not trusted."""
    side = len(picture)
    top = float(np.max(np.abs(picture[np.isfinite(picture)]), initial=0.0)) or 1.0
    squares = "".join(
        f'<rect x="{k}" y="{i}" width="1.02" height="1.02" fill="{_colour(value, signed, top)}"/>'
        for i, row in enumerate(picture)
        for k, value in enumerate(row)
    )
    frame = f'<rect width="{side}" height="{side}" fill="none" stroke="#888" stroke-width="0.1"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">{squares}{frame}</svg>'
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _colour(value: float, signed: bool, top: float) -> str:
    if not np.isfinite(value):
        return "#ff00ff"  # nothing an image should hold
    ink = POSITIVE if signed and value > 0 else NEGATIVE if signed else (0, 0, 0)
    depth = abs(value) / top if signed else min(max(value, 0.0), 1.0)
    return "#" + "".join(f"{round(255 - depth * (255 - c)):02x}" for c in ink)


class progress:  # noqa: N801 - used like `range`
    """A bar that fills while a loop runs.

    Set ``note`` inside the loop to show a line beside it.

    >>> for epoch in progress(range(3), "training"):
    ...     pass
    training  ████████████████████  3 of 3
    """

    def __init__(self, items: Sequence[Any], label: str = ""):
        self.items = items
        self.label = label
        self.note = ""
        self._done = 0
        self._handle: Any = None

    def __iter__(self) -> Iterator[Any]:
        shown = -math.inf
        for item in self.items:
            if time.monotonic() - shown > PAUSE:
                shown = time.monotonic()
                self._show()
            yield item
            self._done += 1
        self._show(last=True)

    def __repr__(self) -> str:
        filled = round(20 * self._done / max(len(self.items), 1))
        bar = "█" * filled + "░" * (20 - filled)
        return f"{self.label}  {bar}  {self._done} of {len(self.items)}  {self.note}".rstrip()

    def _repr_html_(self) -> str:
        return (
            f"<div>{escape(self.label)} "
            f'<progress value="{self._done}" max="{max(len(self.items), 1)}" style="width:220px"></progress> '
            f"{self._done} of {len(self.items)} &nbsp; {escape(self.note)}</div>"
        )

    def _show(self, last: bool = False) -> None:
        """In a notebook the same place is painted again; elsewhere only the full bar is printed."""
        ipython = sys.modules.get("IPython")
        if ipython is None or ipython.get_ipython() is None:
            if last:
                print(self)
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)
