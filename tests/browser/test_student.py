"""What a student sees in JupyterLab: pictures, and verdicts that name the mistake."""

import os
from pathlib import Path

import nbformat
import pytest

from backprop_lab.cli import ASSIGNMENTS
from graders.sample_class import ASSIGNMENT, MISTAKES, PLAIN, answered
from graders.submission import load_released

from .conftest import open_notebook, run_all

pytestmark = pytest.mark.browser

#: Where screenshots go: docs/images when they are made anew for the README, else a temporary folder.
IMAGES = os.environ.get("BACKPROP_LAB_IMAGES")


@pytest.fixture
def images(tmp_path):
    return Path(IMAGES) if IMAGES else tmp_path


@pytest.fixture
def first_notebook(lab):
    """01 with right answers and two mistakes, in the lab's folder."""
    released = load_released(str(ASSIGNMENTS / f"{ASSIGNMENT}.ipynb"))
    answers = PLAIN | {"multiply_backward": MISTAKES["swapped"], "max_backward": MISTAKES["tie"]}
    nbformat.write(answered(released, answers), lab.folder / "01.ipynb")
    return "01.ipynb"


def test_graphs_are_drawn_and_a_mistake_is_named(page, lab, first_notebook, images):
    open_notebook(page, lab, first_notebook)
    run_all(page)
    card = page.locator("[role=status]", has_text="the gradients of the inputs are swapped").first
    card.wait_for()
    page.locator("[role=status]", has_text="hidden_chain_gradients: passed").wait_for()
    pictures = page.locator(".jp-OutputArea img[src^='data:image/svg+xml']")
    picture = pictures.nth(1)  # the first one with gradients
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    assert picture.get_attribute("alt")
    for target, name in [(picture, "notebook-with-a-graph.png"), (card, "a-mistake-named.png")]:
        target.scroll_into_view_if_needed()
        target.evaluate("e => e.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)
        page.locator(".jp-NotebookPanel").first.screenshot(path=images / name)
    # One line for a failed check, no wall of traceback.
    errors = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    assert all(len(text.strip().splitlines()) == 1 for text in errors.all_inner_texts())
    assert errors.count() == 2
    assert not page.errors
