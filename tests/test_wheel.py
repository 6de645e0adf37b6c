"""The wheel that students install: what is in it, and that it works on a machine that has nothing else."""

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from graders.sample_class import ASSIGNMENT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
MINUTE = 60.0  # from `start` to the first graph

#: Runs the notebook up to the first exercise, and says what its last picture is.
DRAW = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
first = next(k for k, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("solution"))
notebook.cells = notebook.cells[:first]
NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
pages = [o.data.get("text/html", "") for c in notebook.cells for o in c.get("outputs", []) if "data" in o]
print(sum("src=\\"data:image/svg+xml" in page for page in pages))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def files(wheel):
    """Every file of the wheel, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_the_released_notebooks(files):
    inside = {Path(name).stem for name in files if name.endswith(".ipynb")}
    assert inside == {path.stem for path in (ROOT / "backprop_lab" / "assignments").glob("*.ipynb")}


def test_no_solution_cell(files):
    for name, data in files.items():
        assert b"BEGIN SOLUTION" not in data, name
    for name in (name for name in files if name.endswith(".ipynb")):
        for cell in json.loads(files[name])["cells"]:
            grader = cell["metadata"].get("nbgrader", {})
            if grader.get("solution"):
                text = "".join(cell["source"])
                stub = "raise NotImplementedError()" if cell["cell_type"] == "code" else "YOUR ANSWER HERE"
                assert stub in text, f"{name}: {grader['grade_id']}"


def test_nothing_of_the_graders_and_no_hidden_case(files):
    assert all(name.startswith(("backprop_lab/", "backprop_lab-")) for name in files)
    for name, data in files.items():
        assert b"from graders" not in data, name
        assert b"import graders" not in data, name
    hidden = [path.stem for path in (ROOT / "graders" / "hidden").glob("*.py") if path.stem != "__init__"]
    assert hidden
    assert not [name for name in files if "hidden" in name]
    for name, data in files.items():
        assert b"Case(" not in data or b"hidden=True" not in data, name


@pytest.fixture(scope="module")
def empty(wheel, tmp_path_factory):
    """An environment with the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], capture_output=True, text=True, cwd=folder
    )
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip(f"the packages that the wheel asks for cannot be had here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def elsewhere(empty, tmp_path):
    """Runs a command of that environment, with no `dot` and no checkout in sight."""
    environment = {
        "PATH": str(empty / "bin"),
        "HOME": str(tmp_path),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }

    def run(program, *words):
        command = [str(empty / "bin" / program), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)

    return run


def test_from_start_to_the_first_graph_in_a_minute(elsewhere, tmp_path):
    assert elsewhere("python", "-c", "import graders").returncode != 0
    assert elsewhere("python", "-c", "import shutil; assert not shutil.which('dot')").returncode == 0
    began = time.monotonic()
    done = elsewhere("backprop-lab", "start", "mine", "--no-lab")
    assert done.returncode == 0, done.stderr
    notebook = tmp_path / "mine" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    drawn = elsewhere("python", "-c", DRAW, notebook)
    took = time.monotonic() - began
    assert drawn.returncode == 0, drawn.stderr
    assert int(drawn.stdout) > 0
    assert took < MINUTE


def test_the_other_commands_work_there(elsewhere):
    elsewhere("backprop-lab", "start", "mine", "--no-lab")
    progress = elsewhere("backprop-lab", "progress", "mine")
    assert "0 of 11" in progress.stdout
    check = elsewhere("backprop-lab", "check", f"mine/{ASSIGNMENT}/{ASSIGNMENT}.ipynb")
    assert "0 of 11 functions right" in check.stdout
    assert "nothing else is needed" in elsewhere("backprop-lab", "doctor").stdout
    refused = elsewhere("backprop-lab", "grade", ASSIGNMENT)
    assert refused.returncode == 1
    assert "needs the course checkout" in refused.stderr
