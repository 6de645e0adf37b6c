"""One card: how large it is, and its SVG. The two must agree, so they are told together.

From top to bottom: the gate and the name, the value, and below a dashed line ∇ and
the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from xml.sax.saxutils import escape

from .diagram import Box, Link, Numbers
from .fonts import shorten, text_width

PAD = 9  # left and right of the widest row
HEAD = 24
LINE = 16  # a row of numbers
BLOCK = 6  # above and below the rows together
CHIP = 17
NABLA = 14
GAP = 9  # between the columns of a matrix
BRACKET = 7
NAME_LIMIT = 170

# What a stepper adds: attributes of ("value", box key), ("gradient", box key), ("local", link number),
# such as ' data-from="3"'; for ("ring", box key), SVG to put on top of the card.
Stamp = Callable[[str, int], str]


def size(box: Box) -> tuple[float, float]:
    """Width and height of a card in pixels."""
    wide = max(
        _head_width(box), _numbers_width(box.value), _numbers_width(box.gradient) + NABLA * bool(box.gradient)
    )
    height = (HEAD if _has_head(box) else 4) + _block(box.value) + _block(box.gradient)
    return max(round(wide) + 2 * PAD, 30), max(height, HEAD + 2)


def _has_head(box: Box) -> bool:
    return bool(box.gate or box.name)


def _block(numbers: Numbers | None) -> int:
    return len(numbers.rows) * LINE + BLOCK if numbers else 0


def _chip_width(box: Box) -> float:
    return max(CHIP + 3, text_width(_gate(box), 12, bold=True) + 10) if box.gate else 0


def _head_width(box: Box) -> float:
    return _chip_width(box) + (5 if box.gate and box.name else 0) + text_width(_name(box), 13, bold=True)


def _gate(box: Box) -> str:
    return shorten(box.gate, NAME_LIMIT, 12, bold=True)


def _name(box: Box) -> str:
    return shorten(box.name, NAME_LIMIT, 13, bold=True)


def _columns(numbers: Numbers) -> list[float]:
    return [max(text_width(row[k], 12) for row in numbers.rows) for k in range(len(numbers.rows[0]))]


def _numbers_width(numbers: Numbers | None) -> float:
    if numbers is None:
        return 0
    columns = _columns(numbers)
    return sum(columns) + GAP * (len(columns) - 1) + 2 * BRACKET * numbers.brackets


def paint(box: Box, centre: tuple[float, float], size: tuple[float, float], stamp: Stamp) -> str:
    """The SVG of a card of a `size`, at a place."""
    (x, y), (width, height) = centre, size
    left, top = round(x - width / 2, 1), round(y - height / 2, 1)
    radius = 11 if box.kind in ("variable", "constant") else 5
    shape = f'x="0" y="0" width="{n(width)}" height="{n(height)}" rx="{radius}"'
    out = f'<g transform="translate({n(left)} {n(top)})">'
    out += f"<title>{escape(clean(box.title))}</title>"
    if box.kind == "group":  # a second card behind: there is more inside
        out += f'<rect class="group" x="4" y="-4" width="{n(width)}" height="{n(height)}" rx="{radius}"/>'
    out += f'<rect class="{box.kind}{" out" if box.output else ""}" {shape}/>'
    row = 0.0
    if _has_head(box):
        out += _paint_head(box, width)
        row = HEAD
    else:
        row = (height - _block(box.value) - _block(box.gradient)) / 2
    if box.value:
        out += f'<g class="v"{stamp("value", box.key)}>{_paint_numbers(box.value, width / 2, row)}</g>'
        row += _block(box.value)
    if box.gradient:
        out += f'<g class="g"{stamp("gradient", box.key)}>{_paint_strip(width, row, height, radius)}'
        if box.gradient.brackets:
            left = (width - _numbers_width(box.gradient) - NABLA) / 2
            middle = row + _block(box.gradient) / 2
            out += f'<text x="{n(left + 5)}" y="{n(middle + 4.5)}">∇</text>'
            out += f"{_paint_numbers(box.gradient, (width + NABLA) / 2, row)}</g>"
        else:
            baseline = n(row + BLOCK / 2 + 12)
            out += f'<text x="{n(width / 2)}" y="{baseline}">∇ {escape(box.gradient.rows[0][0])}</text></g>'
    return out + f"{stamp('ring', box.key)}</g>"


def _paint_head(box: Box, width: float) -> str:
    chip = _chip_width(box)
    left = (width - _head_width(box)) / 2
    out = ""
    if box.gate:
        colour = "fold" if box.kind == "group" else "chip"
        out += (
            f'<rect class="{colour}" x="{n(left)}" y="4" width="{n(chip)}" height="{CHIP}" rx="{CHIP / 2}"/>'
        )
        out += f'<text class="on" x="{n(left + chip / 2)}" y="16.5">{escape(clean(_gate(box)))}</text>'
    if box.name:
        rest = left + chip + (5 if box.gate else 0)
        middle = (rest + left + _head_width(box)) / 2
        style = "name" if box.named else "auto"
        out += f'<text class="{style}" x="{n(middle)}" y="17">{escape(clean(_name(box)))}</text>'
    return out


@lru_cache(maxsize=256)
def _paint_strip(width: float, top: float, height: float, radius: int) -> str:
    """The tinted foot of a card, inside its rounded corners, with its dashed line."""
    w, h, r = n(width - 1.4), n(height - 0.7), radius - 0.7
    left, right = n(0.7 + r), n(width - 0.7 - r)
    tinted = (
        f'<path class="strip" d="M.7 {n(top)}H{w}V{n(height - 0.7 - r)}A{n(r)} {n(r)} 0 0 1 {right} {h}'
        f'H{left}A{n(r)} {n(r)} 0 0 1 .7 {n(height - 0.7 - r)}z"/>'
    ).replace(f"H{w}V", f"H{n(width - 0.7)}V")
    return tinted + f'<path class="rule" d="M.7 {n(top)}H{n(width - 0.7)}"/>'


def _paint_numbers(numbers: Numbers, middle: float, top: float) -> str:
    columns = _columns(numbers)
    start = middle - _numbers_width(numbers) / 2 + BRACKET * numbers.brackets
    rights, x = [], start
    for column in columns:
        rights.append(x + column)
        x += column + GAP
    out = ""
    for k, row in enumerate(numbers.rows):
        baseline = n(top + BLOCK / 2 + k * LINE + 12)
        if len(row) == 1:
            out += f'<text x="{n(middle)}" y="{baseline}">{escape(row[0])}</text>'
        else:
            for text, column, right in zip(row, columns, rights, strict=True):
                out += f'<text x="{n(right - column / 2)}" y="{baseline}">{escape(text)}</text>'
    if numbers.brackets:
        high = len(numbers.rows) * LINE - 2
        left, right = start - BRACKET + 1, rights[-1] + BRACKET - 1
        y = n(top + BLOCK / 2 + 1)
        out += f'<path d="M{n(left + 3)} {y}h-3v{high}h3M{n(right - 3)} {y}h3v{high}h-3"/>'
    return out


def bead_size(link: Link) -> tuple[float, float]:
    """Width and height of the local derivative's label on an edge."""
    wide = max(text_width(link.local, 11), text_width(link.product, 10.5))
    return round(wide) + 10, 31 if link.product else 17


def paint_bead(link: Link, x: float, y: float) -> str:
    """The SVG of the label centred at (x, y)."""
    width, height = bead_size(link)
    out = (
        f'<rect class="bead" x="{n(x - width / 2)}" y="{n(y - height / 2)}" width="{n(width)}" '
        f'height="{n(height)}" rx="8"/>'
    )
    first = y + 4 if not link.product else y - 3
    out += f'<text x="{n(x)}" y="{n(first)}">{escape(link.local)}</text>'
    if link.product:
        out += f'<text class="p" x="{n(x)}" y="{n(y + 10.5)}">{escape(link.product)}</text>'
    return out


@lru_cache(maxsize=8192)  # most coordinates of a picture are inside cards, and repeat
def n(x: float) -> str:
    """A coordinate to a tenth of a pixel, as short as it gets.

    >>> n(12.0), n(0.26), n(-0.01)
    ('12', '0.3', '0')
    """
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def clean(text: str) -> str:
    """The text without the control characters that XML cannot hold.

    >>> clean("a\\x00b")
    'a�b'
    """
    if text.isprintable():
        return text
    return "".join(c if c >= " " or c in "\n\t" else "�" for c in text.encode(errors="replace").decode())
