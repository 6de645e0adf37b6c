"""The stepper: every step in one picture, played by CSS, turned over by hand where scripts run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from test_pictures import SVG, gates, mlp, sigmoid_circuit, two_paths

from backprop_lab import Graph, Variable, ops
from backprop_lab.draw.diagram import typeset


@pytest.mark.parametrize("make", [two_paths, sigmoid_circuit, gates, mlp])
def test_every_operation_has_a_forward_step_and_every_gradient_a_backward_step(make):
    g = make()
    steps = g.step().steps
    trace = g.trace()
    computed = [t for t in trace if t.phase == "backward" or t.node.operation]
    assert steps[0].startswith("Inputs:")
    assert steps[1:] == [f"{t.phase.capitalize()}: {typeset(t.sentence)}" for t in computed]


def test_values_are_seen_from_their_step_on_and_sentences_in_theirs_alone():
    root = ET.fromstring(two_paths().step().svg)
    first_seen = [int(g.get("data-from")) for g in root.iter(f"{SVG}g") if g.get("class") == "v"]
    assert sorted(first_seen) == [1, 1, 1, 2, 3, 4]
    said = [g for g in root.iter(f"{SVG}g") if g.get("class") == "said"]
    assert [int(g.get("data-at")) for g in said] == list(range(1, len(said) + 1))


def test_sentences_stand_above_the_picture():
    root = ET.fromstring(sigmoid_circuit().step().svg)
    _, top, _, height = map(float, root.get("viewBox").split())
    baselines = [float(t.get("y")) for g in root.iter(f"{SVG}g") if g.get("class") == "said" for t in g]
    assert top + 10 < min(baselines)
    assert max(baselines) < 0  # where the picture itself begins
    assert float(root.get("data-height")) == top + height


def test_the_picture_plays_without_scripts_and_rests_for_those_who_want_no_motion():
    svg = two_paths().step().svg
    assert "@keyframes" in svg
    assert "prefers-reduced-motion" in svg
    assert "<script" not in svg


def test_no_css_reaches_beyond_the_picture():
    css = re.search(r"<style>(.*?)</style>", sigmoid_circuit().step(theme="light").svg)[1]
    css = re.sub(r"@keyframes \w+\{([^{}]*\{[^{}]*\})*\}", "", css).replace(
        "@media (prefers-reduced-motion:reduce){", ""
    )
    selectors = [s for rule in re.findall(r"([^{}]+)\{", css) for s in rule.split(",")]
    assert selectors
    assert all(".bl-light " in s for s in selectors)


def test_twenty_nodes_stay_under_100_kilobytes():
    x = [Variable(0.1 * k, f"x{k}") for k in range(5)]
    y = ops.tanh(x[0] * x[1] + x[2] * x[3]) * ops.sigmoid(x[4] + x[0]) + ops.exp(x[1] * x[2])
    g = Graph(ops.log(y * y + x[3] * 2))
    assert len(g) >= 19
    assert len(g.step().to_html()) < 100_000


def test_a_stepper_saves_as_a_page(tmp_path):
    path = two_paths().step().save(tmp_path / "step.html")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "bl-stepper" in page
