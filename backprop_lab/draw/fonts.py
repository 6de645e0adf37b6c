"""How wide a text is, without asking the machine for its fonts.

Advance widths of DejaVu Sans, the widest font of the stack below: with a narrower
one (Helvetica, Arial, Liberation Sans) the boxes only have a little more air.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

STACK = "Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"

# Hundredths of an em, for the characters from space to tilde.
_ASCII = bytes.fromhex(
    "20282e54405f4e1b272732542024202240404040404040404040222254545435644445464d3f3a4d4b1d1d4238564b4f3c4f"
    "453f3d494463453d452722275432323d3f373f3e233f3f1c1c3a1c613f3d3f3f2934273f3b523b3b3440224054"
)
_OTHER = {
    char: width
    for width, chars in {
        18: "ᵢⱼ", 23: "′", 25: "⁽⁾", 32: "·", 40: "ⁿₙᵀ", 41: "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", 53: "∂⁺⁻ẑεζ",
        60: "νξχκγλŷπτ", 66: "δθβημρσΣ√αφψ", 67: "∇", 79: "ΔΛΩΘΦ", 100: "…",
    }.items()
    for char in chars
}  # fmt: skip
_BOLD = 1.12  # DejaVu Sans Bold against the regular, on average


@lru_cache(maxsize=4096)  # a picture measures each text several times
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text in pixels, at a font size in pixels.

    >>> text_width("0.73", 10), text_width("日", 10)
    (22.4, 11.0)
    """
    return round(sum(map(_advance, text)) * size * (_BOLD if bold else 1.0) / 100, 2)


def _advance(char: str) -> int:
    code = ord(char) - 32
    if 0 <= code < len(_ASCII):
        return _ASCII[code]
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn"):
        return 0
    if char in _OTHER:
        return _OTHER[char]
    # Wide characters and emoji take more than an em; other signs and letters at most this.
    return 110 if unicodedata.east_asian_width(char) in "WF" else 84


def shorten(text: str, limit: float, size: float, bold: bool = False) -> str:
    """The text, or its two ends around an ellipsis, in at most ``limit`` pixels.

    >>> shorten("activation", 200, 13), shorten("a" * 200, 60, 10)
    ('activation', 'aaaa…aaaa')
    """
    if text_width(text, size, bold) <= limit:
        return text
    for kept in range(min(len(text) - 1, 60), 1, -1):
        short = text[: (kept + 1) // 2] + "…" + text[len(text) - kept // 2 :]
        if text_width(short, size, bold) <= limit:
            return short
    return "…"
