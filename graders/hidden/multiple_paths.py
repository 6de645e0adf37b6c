"""Hidden cases of 02-multiple-paths."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
