"""The gallery is the one that the code makes; `backprop-lab draw` makes its pictures."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backprop_lab import examples
from backprop_lab.cli import app

GALLERY = Path(__file__).parents[2] / "docs" / "gallery.py"


def test_the_gallery_is_current(tmp_path):
    """To make it anew: python docs/gallery.py"""
    gallery = runpy.run_path(str(GALLERY))
    made = gallery["build"](tmp_path)
    kept = gallery["HERE"]
    assert {path.name for path in made} == {path.name for path in kept.iterdir()}
    for path in made:
        # The last digit of a number may differ between machines, and with it the width of a card.
        now, then = (_words(p.read_text(encoding="utf-8")) for p in (path, kept / path.name))
        assert now == then, path.name


def _words(source):
    painted = re.findall(r">([^<>]+)<", source) if source.startswith("<svg") else [source]
    return [re.sub(r"[−-]?[\d.]+(e[−-]\d+)?", "#", text) for text in painted]


def test_every_example_is_in_the_gallery_drawn_and_stepped():
    page = (GALLERY.parent / "gallery" / "README.md").read_text(encoding="utf-8")
    for name in examples.names():
        assert f"]({name}.svg)" in page
        assert f"]({name}-steps.svg)" in page


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["draw", *arguments])


def test_a_graph_is_drawn_by_name(run, tmp_path):
    assert run("two-paths").exit_code == 0
    assert "∇ 5" in (tmp_path / "two-paths.svg").read_text(encoding="utf-8")
    assert run("gates", "--step").exit_code == 0
    assert "bl-stepper" in (tmp_path / "gates.html").read_text(encoding="utf-8")
    assert run("gates", "--out", "g.html", "--theme", "dark").exit_code == 0
    assert (tmp_path / "g.html").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["two-path"], "There is no example 'two-path'; the closest are two-paths"),
        (["gates", "--out", "g.gif"], "can be saved as .svg, .png, .pdf or .html, not .gif"),
        (["gates", "--out", "nowhere/g.svg"], "cannot be written: No such file or directory"),
        (["gates", "--step", "--out", "g.png"], "steps are saved as .html"),
        (["gates", "--theme", "sepia"], "Theme is 'light', 'dark' or 'auto'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(run, arguments, sentence):
    result = run(*arguments)
    assert result.exit_code == 1
    assert sentence in " ".join(result.output.split())
    assert "Traceback" not in result.output
