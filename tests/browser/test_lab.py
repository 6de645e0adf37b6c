"""The first notebook in the JupyterLab of the checkout (`make lab`), and in that of a plain install."""

import subprocess
import sys
from pathlib import Path

import pytest

from graders.sample_class import ASSIGNMENT
from graders.student_version import ROOT
from tests.test_wheel import empty, wheel  # noqa: F401 - fixtures

from .conftest import open_notebook, run_all, running_lab

pytestmark = pytest.mark.browser

NOTEBOOK = f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb"


def the_first_picture_is_drawn(page, lab):
    open_notebook(page, lab, NOTEBOOK)
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    run_all(page)
    picture = page.locator(".jp-OutputArea img[src^='data:image/svg+xml']").first
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    assert page.errors == []


def test_make_lab_opens_the_instructors_notebooks(page, tmp_path):
    source = ROOT / "notebooks" / NOTEBOOK
    before = source.read_bytes()
    # Below `make test`, make would name its folder too.
    dry_run = ["make", "--no-print-directory", "-n", "lab"]
    made = subprocess.run(dry_run, cwd=ROOT, capture_output=True, text=True, check=True)
    program, *words = made.stdout.splitlines()[-1].split()
    assert words == ["lab", "notebooks"]
    command = [str(Path(sys.executable).with_name(Path(program).name)), *words]
    with running_lab(ROOT, tmp_path, command) as lab:
        the_first_picture_is_drawn(page, lab)
    assert source.read_bytes() == before


def test_a_plain_install_opens_the_students_notebooks(page, empty, tmp_path):  # noqa: F811
    mine = tmp_path / "mine"
    start = [str(empty / "bin" / "backprop-lab"), "start", str(mine), "--no-lab"]
    subprocess.run(start, check=True, capture_output=True)
    with running_lab(tmp_path, tmp_path / "home", [str(empty / "bin" / "jupyter"), "lab", "mine"]) as lab:
        the_first_picture_is_drawn(page, lab)
