"""Hidden cases of 05-momentum."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
