"""SVG text to the bytes of a file."""

from __future__ import annotations

import tempfile
from html import escape
from pathlib import Path


def encode(svg: str, suffix: str, scale: float) -> bytes:
    """The picture in the format of a file ending: .svg, .png or .pdf."""
    if suffix == ".svg":
        return svg.encode()
    if suffix == ".png":
        return to_png(svg, scale)
    if suffix == ".pdf":
        return to_pdf(svg)
    raise ValueError(
        f"a picture can be saved as .svg, .png, .pdf or .html, not {suffix or 'without an ending'}"
    )


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """The picture as PNG, with the font that comes with matplotlib, so it is the same on every machine."""
    try:
        import resvg_py
    except ImportError:
        raise RuntimeError(
            "Saving as PNG needs the package resvg-py: `pip install resvg-py`. Saving as .svg needs nothing."
        ) from None
    fonts = [str(path) for path in _fonts().glob("DejaVuSans*.ttf") if "Mono" not in path.name]
    family = "DejaVu Sans"
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=scale,
            skip_system_fonts=True,
            font_files=fonts,
            font_family=family,
            sans_serif_family=family,
        )
    )


def _fonts() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def to_pdf(svg: str) -> bytes:
    """The picture as PDF, all vectors, by the SVG reader of typst (resvg's own)."""
    try:
        import typst
    except ImportError:
        raise RuntimeError(
            "Saving as PDF needs the package typst: `pip install typst`. "
            "Or save as .svg and print it to PDF from a browser."
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "picture.svg").write_text(svg, encoding="utf-8")
        page = Path(folder, "page.typ")
        page.write_text('#set page(width: auto, height: auto, margin: 0pt)\n#image("picture.svg")')
        return bytes(typst.compile(str(page), format="pdf", font_paths=[str(_fonts())]))


def to_page(body: str, title: str) -> bytes:
    """A page of its own around the HTML of a picture."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'.encode()
