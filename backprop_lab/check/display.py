"""A verdict as a card in the notebook, readable on light and dark pages."""

from __future__ import annotations

from html import escape

from ..exercises import GROUPS
from .verdict import Verdict

_LOOK = {  # mark, accent, background: each with 4.5:1 contrast to the text on it
    "passed": ("✓", "#1a7f37", "#eefaf1"),
    "partial": ("◐", "#9a6700", "#fff8e6"),
    "failed": ("✗", "#b3261e", "#fdf0ef"),
    "no answer": ("✗", "#b3261e", "#fdf0ef"),
    "not written": ("○", "#57606a", "#f4f6f8"),
}


def card(verdict: Verdict, hint: str = "") -> str:
    """HTML for one verdict; colours are its own, so the page's theme does not matter.

    >>> "not written yet" in card(Verdict("add_backward", "not written", 0.0))
    True
    """
    mark, accent, background = _LOOK[verdict.status]
    rows = [
        f'<div style="font-weight:600;color:{accent};font-size:1.05em">'
        f'<span aria-hidden="true">{mark}</span> {escape(verdict.headline)}</div>'
    ]
    if verdict.status == "not written":
        rows.append(_line("Write your answer in the cell above, run it, then run this check again."))
        ask = f'<code>hint("{escape(verdict.exercise)}")</code>'
        rows.append(_line(f"Stuck? {ask} gives a hint; ask again for a stronger one."))
    if verdict.mistake:
        rows.append(_line(escape(verdict.mistake.explanation)))
    for finding in verdict.findings:
        details = "".join(f"<div>{escape(detail)}</div>" for detail in finding.details)
        rows.append(
            _line(f"{escape(finding.problem)} <span style='color:#57606a'>({escape(finding.case)})</span>")
            + (
                "<div style='font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;"
                f"margin:.25em 0 0 1em;overflow-x:auto'>{details}</div>"
                if details
                else ""
            )
        )
    passed = [GROUPS[group] for group, fine in verdict.groups.items() if fine]
    if passed and not verdict.passed:
        rows.append(_line(f"Right already: {escape('; '.join(passed))}."))
    if verdict.mistake:
        rows.append(_line(f"<b>Next:</b> {escape(verdict.mistake.hint)}"))
    if hint:
        rows.append(_line(f"<b>Hint:</b> {escape(hint)}"))
    return (
        f'<div role="status" style="border-left:5px solid {accent};background:{background};color:#1f2328;'
        "padding:.6em .9em;margin:.3em 0;border-radius:4px;max-width:52em;line-height:1.45;"
        'font-family:system-ui,sans-serif">' + "".join(rows) + "</div>"
    )


def _line(content: str) -> str:
    return f'<div style="margin-top:.35em">{content}</div>'
