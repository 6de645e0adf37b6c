"""Hidden cases of 04-two-layer-tanh."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
