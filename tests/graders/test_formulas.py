"""Formulas on feedback pages: those of the course are set, those of a student can only be formulas."""

import re
from html.parser import HTMLParser

import nbformat
import pytest

from graders.feedback import safe_markdown
from graders.formulas import MAX_FORMULA, mathml
from graders.student_version import ROOT

FORMULAS = sorted(
    {
        (found[1] or found[2]).strip()
        for path in ROOT.glob("notebooks/*/*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for found in re.finditer(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", cell.source, re.DOTALL)
    }
)
BOMB = "".join(rf"\newcommand{{\{b}}}{{\{a}\{a}}}" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
HOSTILE = [
    r"\href{javascript:x()}{x}",
    r"\text{<script>x()</script>}",
    r"\text{&lt;img src=x onerror=x()&gt;}",
    r'\class{" onload="x()}{x}',
    r"\style{position:fixed;top:0}{x}",
    r"\color{red;background:url(x)}{x}",
    r"\hspace{-9999em}x",
    r"\rule{9999em}{9999em}",
]


def tags(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(html)
    return found


def test_every_formula_of_the_course_is_set():
    assert len(FORMULAS) > 400
    assert not [tex for tex in FORMULAS if not mathml(tex).startswith("<math")]


@pytest.mark.parametrize("tex", HOSTILE)
def test_a_formula_links_runs_covers_and_loads_nothing(tex):
    html = mathml(tex)
    assert '"' not in html
    for tag, attributes in tags(html):
        assert re.fullmatch("m[a-z]+", tag)
        assert not set(attributes) & {"href", "style", "class", "id", "mathcolor", "mathbackground", "height"}
        assert not attributes.get("width")


@pytest.mark.parametrize("tex", [BOMB + r"\i", "x" * (MAX_FORMULA + 1), r"\frac{" * 300, r"\left(" * 300])
def test_what_is_too_much_or_no_formula_stays_text(tex):
    assert mathml(tex).startswith("<code>")


def test_formulas_stand_where_the_student_wrote_them():
    html = safe_markdown({}, "so $a < b$ and\n\n$$\\frac{1}{2}$$\n\n`$c$` ![$d$](x) <script>$e$</script>")
    kinds = [tag for tag, _ in tags(html)]
    assert kinds.count("math") == 3  # a, the fraction, e: the name of the picture is no place for one
    assert "mfrac" in kinds
    assert "script" not in kinds
    assert "<mo>&lt;</mo>" in html
    assert "$c$" in html
    assert "formula" not in html
