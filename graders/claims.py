"""What the sandbox claims, checked and rebuilt: nothing of it is kept but plain data of known form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["returned", "raised", "missing", "timeout", "died"]

_KEPT_TYPES = ("text/plain", "text/html", "image/png", "image/svg+xml")


@dataclass(frozen=True)
class CellResult:
    """What came of a cell: ``ran`` (``ok`` says whether without an error), ``timeout`` or ``died``."""

    ok: bool
    status: Literal["ran", "timeout", "died"]
    outputs: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """The error that a student's function raised, as text."""

    type: str
    message: str
    line: int | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came of one case. The value is a claim: check its type, shape and dtype before using it."""

    status: Status
    value: Any = None
    error: Problem | None = None
    changed: bool = False  # an input was not the same after the call
    warnings: int = 0
    seconds: float = 0.0  # by the host's clock
    reason: str = ""  # of "timeout" and "died"


def answer(reply: dict[str, Any], at: int) -> Answer | None:
    """The reply to the case of that number, or None where it is no such thing."""
    status = reply.get("status")
    if reply.get("case") != at or status not in ("returned", "raised", "missing"):
        return None
    warned = reply.get("warnings")
    return Answer(
        status=status,
        value=reply.get("value") if status == "returned" else None,
        error=_problem(reply.get("error")) if status != "returned" else None,
        changed=reply.get("changed") is not False,
        warnings=warned if type(warned) is int and 0 <= warned < 2**63 else 0,
    )


def _problem(claim: Any) -> Problem:
    claim = claim if isinstance(claim, dict) else {}
    line = claim.get("line")
    return Problem(
        type=_text(claim.get("type"), 200) or "Exception",
        message=_text(claim.get("message"), 2000),
        line=line if type(line) is int and 0 < line < 10**6 else None,
        cell=_text(claim.get("cell"), 200) or None,
    )


def _text(claim: Any, size: int) -> str:
    # Lone surrogates cannot be written to a file or a page.
    return claim[:size].encode("utf-8", "replace").decode() if isinstance(claim, str) else ""


def outputs(claim: Any, budget: int) -> Iterator[dict[str, Any]]:
    """Outputs rebuilt in nbformat's form from what the sandbox claims; nothing else of it is kept."""
    for output in claim if isinstance(claim, list) else []:
        if not isinstance(output, dict) or budget <= 0:
            continue
        kind = output.get("output_type")
        kept: dict[str, Any]
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            kept = {"name": name, "text": _text(output.get("text"), budget)}
            budget -= len(kept["text"])
        elif kind == "error":
            lines = output.get("traceback")
            kept = {
                "ename": _text(output.get("ename"), 200),
                "evalue": _text(output.get("evalue"), 2000),
                "traceback": [_text(part, 2000) for part in lines[:20]] if isinstance(lines, list) else [],
            }
            budget -= sum(map(len, kept["traceback"]))
        elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            bodies = {mime: _text(output["data"].get(mime), budget) for mime in _KEPT_TYPES}
            kept = {"data": {mime: body for mime, body in bodies.items() if body}, "metadata": {}}
            budget -= sum(map(len, kept["data"].values()))
            if kind == "execute_result":
                kept["execution_count"] = None
        else:
            continue
        yield {"output_type": kind, **kept}
