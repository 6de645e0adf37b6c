"""Hidden cases of 07-differentiating-inputs."""

from __future__ import annotations

from .cases import HiddenCases

CASES: dict[str, HiddenCases] = {}
