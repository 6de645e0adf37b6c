"""Hidden cases of 06-training-a-network."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
