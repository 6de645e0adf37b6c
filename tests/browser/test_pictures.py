"""Pictures and steppers where students meet them: JupyterLab, trusted or not, and exported pages."""

import io
import re

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

from backprop_lab import examples
from backprop_lab.draw.theme import DARK, LIGHT

from .conftest import open_notebook, run_all

pytestmark = pytest.mark.browser

CELLS = (
    "from backprop_lab import examples\ngraph = examples.get('sigmoid-circuit')\ngraph.backward()\ngraph",
    "examples.get('two-paths').step()",
    "examples.get('gates').step(theme='dark')",
)
PICTURE = "img[src^='data:image/svg+xml']"


@pytest.fixture
def fresh():
    """A notebook that was never run."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return book


@pytest.fixture
def executed(fresh):
    """The notebook with its outputs, from a kernel that is no more."""
    from nbclient import NotebookClient

    return NotebookClient(fresh, timeout=60).execute()


def opened(page, lab, book, name):
    """Open the notebook in the lab; everything its console complains of from now on is in page.errors."""
    nbformat.write(book, lab.folder / name)
    open_notebook(page, lab, name)
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)


def is_seen(picture):
    picture.scroll_into_view_if_needed()
    return picture.evaluate("image => image.complete && image.naturalWidth > 100 && image.clientHeight > 50")


def moves(box, page):
    """Whether buttons, slider and keys each turn to another sentence."""
    said = box.locator("[aria-live]")
    told = [said.inner_text()]
    box.get_by_label("next step").click()
    told.append(said.inner_text())
    box.locator("input[type=range]").fill("4")
    told.append(said.inner_text())
    box.locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    told.append(said.inner_text())
    box.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    told.append(said.inner_text())
    box.focus()
    page.keyboard.press("End")
    told.append(said.inner_text())
    return told


TWO_PATHS = [
    "Inputs: a = 2, b = 1",
    "Forward: c = a + b = 2 + 1 = 3",
    "Forward: e = c · d = 3 · 2 = 6",
    "Backward: de/de = 1",
    "Forward: d = b + 1 = 1 + 1 = 2",
    "Backward: de/da = de/dc · dc/da = 2 · 1 = 2",
]


def test_a_notebook_that_was_run_here_shows_graphs_and_steppers(page, lab, fresh):
    opened(page, lab, fresh, "trusted.ipynb")
    run_all(page)
    page.locator(".bl-stepper[data-ready]").nth(1).wait_for()
    assert is_seen(page.locator(f".jp-OutputArea {PICTURE}").first)
    box = page.locator(".bl-stepper").first
    assert moves(box, page) == TWO_PATHS
    assert page.locator(".bl-stepper").nth(1).locator("[aria-live]").inner_text().startswith("Inputs: x = 3")
    # The keys turned the picture and nothing else: no cell was selected, added or deleted.
    assert page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)
    assert page.errors == []


def test_a_notebook_that_is_not_trusted_shows_the_graph_and_plays_the_steps(page, lab, executed):
    opened(page, lab, executed, "untrusted.ipynb")
    pictures = page.locator(f".jp-OutputArea {PICTURE}")
    assert pictures.count() == 3
    assert all(is_seen(picture) for picture in pictures.all())
    assert page.locator(".bl-stepper[data-ready]").count() == 0
    frames = set()
    for _ in range(6):
        frames.add(pictures.nth(1).screenshot())
        page.wait_for_timeout(700)
    assert len(frames) > 1
    assert page.errors == []


def page_colour(picture):
    """The background of a picture, as it is on the screen."""
    shot = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    return "#{:02x}{:02x}{:02x}".format(*shot.getpixel((shot.width // 2, 8)))


@pytest.mark.parametrize("system", ["light", "dark"])
def test_pictures_follow_the_theme_of_the_lab_and_not_the_system(page, lab, fresh, system):
    page.emulate_media(color_scheme=system)
    opened(page, lab, fresh, f"themes-{system}.ipynb")
    run_all(page)
    page.locator(".bl-stepper[data-ready]").nth(1).wait_for()
    for name, colours in (("JupyterLab Dark", DARK), ("JupyterLab Light", LIGHT)):
        page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
        page.locator(".lm-Menu-itemLabel", has_text="Theme").first.click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).click()
        expect(page.locator(".bl-stepper").first).to_have_css("background-color", rgb(colours["page"]))
        expect(page.locator(".bl-stepper .page").first).to_have_css("fill", rgb(colours["page"]))
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)  # it lies over all while it fades
        assert page_colour(page.locator(f".jp-OutputArea {PICTURE}").first) == colours["page"]
    assert page.errors == []


@pytest.mark.parametrize("system", ["light", "dark"])
def test_pictures_follow_a_page_that_says_what_it_is_and_else_the_system(page, system):
    page.emulate_media(color_scheme=system)
    graph = examples.get("two-paths")
    for theme, colours in (("light", LIGHT), ("dark", DARK), (None, {"light": LIGHT, "dark": DARK}[system])):
        says = f'data-theme="{theme}" style="color-scheme:{theme}"' if theme else ""
        body = graph.draw().to_html() + graph.step().to_html()
        page.set_content(f"<!doctype html><html {says}>{body}</html>")
        expect(page.locator(".bl-stepper .page")).to_have_css("fill", rgb(colours["page"]))
        assert page_colour(page.locator(PICTURE)) == colours["page"]


def rgb(colour):
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_an_exported_page_needs_no_kernel(page, executed, tmp_path):
    from nbconvert import HTMLExporter

    page.route("http*://**", lambda route: route.abort())  # a reader without a network
    path = tmp_path / "page.html"
    path.write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    page.locator(".bl-stepper[data-ready]").nth(1).wait_for()
    assert is_seen(page.locator(PICTURE).first)
    assert moves(page.locator(".bl-stepper").first, page) == TWO_PATHS
    assert not [error for error in page.errors if "require" not in error and "MathJax" not in error]


def test_wide_and_tall_steppers_follow_the_gate_whose_turn_it_is(page, tmp_path):
    path = examples.get("sigmoid-circuit").step().save(tmp_path / "steps.html")
    page.set_viewport_size({"width": 700, "height": 620})
    page.goto(path.as_uri())
    slider, view = page.locator(".bl-bar input"), page.locator(".bl-view")
    for step in range(2, int(slider.get_attribute("max")) + 1):
        slider.fill(str(step))
        gate = page.locator(f".ring[data-at='{step}']").bounding_box()
        seen = view.bounding_box()
        assert seen["y"] - 1 <= gate["y"]
        assert gate["y"] + gate["height"] <= seen["y"] + seen["height"] + 1
    assert page.locator(".bl-said").is_visible()
    assert page.errors == []


def test_several_steppers_on_a_page_move_one_by_one_and_show_what_is_known(page, tmp_path):
    steppers = [examples.get("two-paths").step(), examples.get("gates").step(theme="dark")]
    html = "".join(stepper.to_html() for stepper in steppers)
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    box, other = page.locator(".bl-stepper").all()
    value = box.locator('g.v[data-from="2"]')
    opacity = "part => getComputedStyle(part).opacity"
    assert value.evaluate(opacity) == "0"
    assert moves(box, page) == TWO_PATHS
    assert value.evaluate(opacity) == "1"
    assert other.locator("[aria-live]").inner_text().startswith("Inputs: x = 3")
    assert page.errors == []


def test_without_scripts_one_sentence_is_seen_at_a_time(chromium):
    page = chromium.new_page(java_script_enabled=False)
    page.set_content(examples.get("two-paths").step().svg)
    page.wait_for_timeout(300)
    assert page.locator(".said").count() == 9
    seen = [
        said
        for said in page.locator(".said").all()
        if said.evaluate("s => getComputedStyle(s).opacity") == "1"
    ]
    assert len(seen) == 1
    page.close()
