"""Streams for what a student's function prints while it is checked."""

from __future__ import annotations

import io
from typing import TextIO


class Held(io.TextIOBase):
    """A stream that passes on so many characters, and forgets what comes after them.

    Attributes:
        held: how many characters were forgotten.

    >>> out = io.StringIO()
    >>> print("abcdefg", file=(stream := Held(4, out)))
    >>> out.getvalue(), stream.held
    ('abcd', 4)
    """

    def __init__(self, room: int = 0, out: TextIO | None = None):
        super().__init__()
        self._room = room
        self._out = out
        self.held = 0

    def write(self, text: str) -> int:
        passed = text[: self._room]
        if passed and self._out is not None:
            self._out.write(passed)
        self._room -= len(passed)
        self.held += len(text) - len(passed)
        return len(text)
