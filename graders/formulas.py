"""Formulas as MathML, which a browser sets by itself: a page of them needs no script and no font."""

from __future__ import annotations

import re
from contextlib import suppress
from html import escape, unescape
from typing import Any

from latex2mathml.converter import convert_to_element

MAX_FORMULA = 2_000  # characters
# Neither links nor styles; and no length that would carry a formula out of its place.
_ATTRIBUTES = re.compile(
    "accent(under)?|display(style)?|fence|form|linethickness|mathvariant|m(ax|in)size|movablelimits|"
    "scriptlevel|separator|stretchy|width"
)
_VALUE = re.compile(r"[a-z]+|[0-3]?(?:\.\d{1,4})?(?:em)?")
# A few definitions of one another are enough for a formula of a billion signs.
_DEFINES = re.compile(r"\\(?:\w*newcommand|newenvironment|def|DeclareMathOperator)")


def mathml(tex: str, display: str = "inline") -> str:
    r"""A formula of TeX as MathML, or its source where it is none.

    There are no quotation marks in it, so that it ends no attribute wherever it is put.

    >>> mathml(r"\sqrt{2}")
    '<math display=inline><mrow><msqrt><mrow><mn>2</mn></mrow></msqrt></mrow></math>'
    >>> mathml(r"\left(")
    '<code>\\left(</code>'
    >>> mathml(r"\href{javascript:x()}{x<y}")
    '<math display=inline><mrow><mrow><mrow><mi>x</mi><mo>&lt;</mo><mi>y</mi></mrow></mrow></mrow></math>'
    """
    if len(tex) <= MAX_FORMULA and not _DEFINES.search(tex):
        with suppress(Exception):  # of many kinds: whatever a student took for a formula
            return _written(convert_to_element(tex, display=display))
    return f"<code>{escape(tex)}</code>"


def _written(element: Any) -> str:
    """An element with the attributes that are allowed; the converter's own writer escapes nothing."""
    inside = escape(unescape(element.text or "")) + "".join(map(_written, element))
    attributes = "".join(
        f" {name}={value}"
        for name, value in element.attrib.items()
        if _ATTRIBUTES.fullmatch(name) and value and _VALUE.fullmatch(value)
    )
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"
