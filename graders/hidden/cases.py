"""How a hidden case is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.random import Generator

from backprop_lab.exercises import Case

HiddenCases = Callable[[Generator], Iterator[Case]]

_NAMES = {
    "values": "a hidden case",
    "edges": "a hidden edge case",
    "shapes": "a hidden case of another shape",
}


def hidden(group: str, *args: Any) -> Case:
    """A call the judge alone knows; verdicts do not quote its numbers."""
    return Case(_NAMES[group], group, args, hidden=True)
