"""The stepper: every step in one picture, played by CSS, turned over by hand where scripts run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from test_pictures import SVG, gates, mlp, sigmoid_circuit, two_paths

from backprop_lab import Graph, Variable, ops
from backprop_lab.draw.diagram import typeset

CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
}


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


def test_the_picture_plays_without_scripts_and_rests_for_those_who_want_no_motion():
    svg = two_paths().step().svg
    assert "@keyframes" in svg
    assert "prefers-reduced-motion" in svg
    assert "<script" not in svg


def test_no_css_reaches_beyond_the_picture():
    css = re.search(r"<style>(.*?)</style>", sigmoid_circuit().step().svg)[1]
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


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(**CHROMIUM)
        yield browser
        browser.close()


@pytest.mark.browser
def test_slider_buttons_and_arrow_keys_move_the_steps(browser, tmp_path):
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    html = two_paths().step().to_html() + gates().step(theme="dark").to_html()
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    box = page.locator(".bl-stepper").first
    sentence = box.locator("[aria-live]")
    assert sentence.inner_text() == "Inputs: a = 2, b = 1"
    box.get_by_label("next step").click()
    assert sentence.inner_text() == "Forward: c = a + b = 2 + 1 = 3"
    visible = "e => getComputedStyle(e).opacity"
    value = box.locator('g.v[data-from="2"]')
    assert value.evaluate(visible) == "1"
    box.focus()
    page.keyboard.press("ArrowLeft")
    assert value.evaluate(visible) == "0"
    box.locator("input").focus()
    page.keyboard.press("End")
    assert sentence.inner_text().startswith("Backward: de/da")
    box.locator("input").fill("3")
    assert sentence.inner_text().startswith("Forward: d")
    assert page.locator(".bl-stepper").nth(1).locator("[aria-live]").inner_text().startswith("Inputs: x = 3")
    assert said == []
    page.close()


@pytest.mark.browser
def test_an_image_without_scripts_shows_one_sentence_at_a_time(browser):
    page = browser.new_page(java_script_enabled=False)
    page.set_content(two_paths().step().svg)
    page.wait_for_timeout(300)
    assert page.locator(".said").count() == 9
    page.close()


def test_a_stepper_saves_as_a_page(tmp_path):
    path = two_paths().step().save(tmp_path / "step.html")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "bl-stepper" in page
