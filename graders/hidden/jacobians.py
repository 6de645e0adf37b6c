"""Hidden cases of 03-jacobians."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
