"""Pages that show a student's work, to them and to teachers: safe, bounded, without the machine's paths.

A page holds what a student wrote, printed and displayed. It is opened where somebody is logged in: the
formgrader shows it on the Jupyter server itself. So markdown and HTML go through a list of what is
allowed, as filters of nbconvert's exporter (for feedback and formgrader alike), and formulas become
MathML. The feedback page has preprocessors and a template of its own (`graders.feedback_page`).
"""

from __future__ import annotations

import functools
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from .formulas import mathml

MAX_CELL = 20_000  # characters of text that a cell has printed
MAX_PICTURE = 1_000_000  # characters of one picture, as written in the page
MAX_HTML = 200_000  # of one table
MAX_PAGE = 5_000_000  # of all outputs of a page
MAX_SOURCE = 20_000  # characters of one answer, shown

Resources = dict[str, Any]
_CUT = "\n[The rest is not shown.]\n"

# ------------------------------------------------------------------------------- what HTML may be


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup "
    "table tbody td tfoot th thead tr u ul var"
)
_ATTRIBUTES = {
    "*": ["class", "title", "role", "aria-hidden", "aria-label", "style", "lang", "dir"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan", "align"],
    "th": ["colspan", "rowspan", "align", "scope"],
    "h1": ["id"],
    "h2": ["id"],
    "h3": ["id"],
    "details": ["open"],
    "ol": ["start"],
}
# Nothing that leaves its place: an output cannot cover the score above it.
_STYLES = _words(
    "background background-color border border-bottom border-collapse border-color border-left "
    "border-radius border-right border-spacing border-style border-top border-width color display "
    "font-family font-size font-style font-variant font-weight line-height list-style-type margin "
    "margin-bottom margin-left margin-right margin-top max-width min-width overflow-x padding "
    "padding-bottom padding-left padding-right padding-top text-align text-decoration vertical-align "
    "white-space width"
)
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|svg\+xml|webp)[;,]")
# MathJax makes links and pages' styles of these, by rules of its own.
_TEX = re.compile(r"\\(?=(?:href|require|cssId|class|style|unicode|texttip|mmlToken|data|includegraphics)\b)")


def _attribute(tag: str, name: str, value: str) -> bool:
    if name not in _ATTRIBUTES["*"] and name not in _ATTRIBUTES.get(tag, ()):
        return False
    if tag == "img" and name == "src":
        return bool(_PICTURE.match(value))  # in an <img>, a script in an SVG does not run
    if name == "style":
        return "url(" not in value.lower() and "\\" not in value
    return True


def clean(html: Any) -> str:
    """HTML with nothing in it that acts, loads or covers.

    >>> clean('<b onclick="x()">bold</b><script>x()</script><a href="javascript:x()">link</a>')
    '<b>bold</b>x()<a>link</a>'
    """
    text = html.decode("utf-8", "replace") if isinstance(html, bytes) else str(html)
    cleaned: str = _cleaner().clean(text)
    return _TEX.sub("", cleaned)


def _cleaner() -> bleach.Cleaner:
    return bleach.Cleaner(
        tags=_TAGS,
        attributes=_attribute,
        protocols=["http", "https", "mailto", "data"],  # data is for pictures alone, see _attribute
        strip=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES, allowed_svg_properties=[]),
    )


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """Markdown as HTML, cleaned; in place of nbconvert's filter ``markdown2html``."""
    if isinstance(source, str) and source[:1] in _MARKS:
        return f"<pre>{clean(_escaped(source))}</pre>"  # the judge's comment: its lines and signs are text
    renderer = _Renderer(context.get("cell", {}).get("attachments", {}))
    return renderer.with_formulas(clean(MarkdownWithMath(renderer=renderer).render(source or "")))


class _Renderer(IPythonRenderer):
    """Keeps the formulas aside while the text is cleaned: they are ours and need no cleaning."""

    def __init__(self, attachments: Any):
        super().__init__(
            escape=False,
            attachments=attachments,
            embed_images=False,
            path="",
            anchor_link_text="",
            exclude_anchor_links=True,
        )
        self._formulas: list[str] = []
        self._token = f"formula{secrets.token_hex(8)}n"  # no student can write it

    def inline_math(self, body: str) -> str:
        return self._kept(mathml(body))

    def block_math(self, body: str) -> str:
        return self._kept(mathml(body, "block"))

    def latex_environment(self, name: str, body: str) -> str:
        return self._kept(mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block"))

    def _kept(self, formula: str) -> str:
        self._formulas.append(formula)
        return f"{self._token}{len(self._formulas) - 1};"

    def with_formulas(self, html: str) -> str:
        return re.sub(rf"{self._token}(\d+);", lambda at: self._formulas[int(at[1])], html)


_MARKS = tuple("✓◐✗○")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# -------------------------------------------------------------------------------- how much, and what of


class Bound(NbGraderPreprocessor):
    """No output, answer or page longer than a person would read; a stored 60 MB print makes a small page."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        left = MAX_PAGE
        for cell in nb.cells:
            cell.source = _cut(cell.source, MAX_SOURCE)
            if cell.cell_type != "code":
                continue
            kept = []
            room = MAX_CELL
            for output in cell.outputs:
                shown = _bounded(output, min(room, left), min(MAX_PICTURE, left))
                if shown is None:
                    continue
                text, pictures = _sizes(shown)
                room, left = room - text, left - text - pictures
                kept.append(shown)
            cell.outputs = kept
        return nb, resources


def _bounded(output: NotebookNode, text: int, picture: int) -> NotebookNode | None:
    if text <= 0 and output.output_type in ("stream", "error"):
        return None
    if output.output_type == "stream":
        return new_output("stream", name=output.name, text=_cut(output.text, text))
    if output.output_type == "error":
        lines = [_cut(line, text) for line in output.traceback[:30]]
        return new_output("error", ename=output.ename[:200], evalue=output.evalue[:2000], traceback=lines)
    data = {
        mime: _cut(body, max(text, 200)) if mime == "text/plain" else body
        for mime, body in output.get("data", {}).items()
        if mime == "text/plain" or len(body) <= (min(picture, MAX_HTML) if mime == "text/html" else picture)
    }
    return new_output(output.output_type, data) if data else None


def _sizes(output: NotebookNode) -> tuple[int, int]:
    """Characters of text and of pictures."""
    if output.output_type == "stream":
        return len(output.text), 0
    if output.output_type == "error":
        return sum(map(len, output.traceback)), 0
    bodies = output.data.items()
    return len(output.data.get("text/plain", "")), sum(len(b) for m, b in bodies if m != "text/plain")


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(size, 0)] + _CUT


class Mask(NbGraderPreprocessor):
    """Names of folders and of the machine that graded are nobody's business."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        mask = masker(resources.get("nbgrader", {}).get("db_url", ""))
        for cell in nb.cells:
            known = cell.metadata.get("nbgrader", {})
            if known.get("comment"):
                known["comment"] = mask(known["comment"])
            for output in cell.get("outputs", []):
                if "text" in output:
                    output.text = mask(output.text)
                if "traceback" in output:
                    output.traceback = [mask(line) for line in output.traceback]
                    output.evalue = mask(output.evalue)
                for mime in ("text/plain", "text/html", "image/svg+xml"):
                    if mime in output.get("data", {}):
                        output.data[mime] = mask(output.data[mime])
        resources["metadata"] = {**resources.get("metadata", {}), "path": ""}
        return nb, resources


def masker(db_url: str = "") -> Callable[[str], str]:
    """A function that takes this machine's names out of a text.

    >>> masker()(f"in {Path.home()}/course/x.py")
    'in .../course/x.py'
    """
    places = {str(path) for path in _places()}
    if db_url.startswith("sqlite:///"):
        places.add(str(Path(db_url.removeprefix("sqlite:///")).parent))
    names = sorted((place for place in places if len(place) > 3), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, names)) + r"|backprop-lab-\w{8}\b")
    host = re.compile(rf"\b{re.escape(socket.gethostname())}\b")
    return lambda text: host.sub("host", pattern.sub("...", text)) if isinstance(text, str) else text


@functools.cache
def _places() -> tuple[Path, ...]:
    checkout = Path(__file__).resolve().parents[1]
    here = [checkout, Path.home(), Path.cwd(), Path(sys.prefix), Path(sys.base_prefix)]
    scratch = Path(tempfile.gettempdir())
    return tuple({p for path in here for p in (path, path.resolve())} - {Path("/"), scratch})
