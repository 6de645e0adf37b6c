"""Every command of the README and the guides runs, in the order in which a reader would type it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, MISTAKES, PLAIN, answered
from graders.submission import load_released

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(GUIDES.glob("*.md"))]

FENCE = re.compile(r"(`{3,}|:{3,})(.*)")
#: Fences that hold commands. A fence that names no language is not one, so that it cannot be forgotten.
SHELL = {"shell", "console", "bash", "sh"}

#: What a command is that cannot be run here, and where it is tested instead.
NOT_RUN = {
    "make ": "make sets up .venv and takes minutes; `make demo` is tests/test_cli.py, the rest is CI itself",
    "python3 -m venv": "tests/test_wheel.py makes an empty environment",
    "source ": "goes with the environment above",
    "pip install": "tests/test_wheel.py installs the wheel in an empty environment",
    ".venv/bin/pip install": "tests/test_wheel.py installs the wheel in an empty environment",
    "pip wheel": "tests/test_wheel.py builds the wheel",
    "conda ": "there is no conda here; tests/docs/test_environment.py compares its file with pyproject.toml",
    "jupyter-repo2docker": "needs Docker; tests/docs/test_environment.py looks at what it reads",
    "dask ": "tests/graders/test_cluster.py starts schedulers and workers",
    "backprop-lab grade 01-chain-rule --scheduler": "tests/graders/test_cluster.py grades on a cluster",
    "jupyter lab": "the browser tests run JupyterLab",
    "python -m http.server": "tests/browser/test_lite.py serves the same folder",
    "sphinx-build": "tests/docs/test_book.py builds the book",
    "pytest ": "this is the test suite",
    "BACKPROP_LAB_IMAGES=": "this is the test suite",
}


@dataclass
class Page:
    """The commands of a page, and the folder a reader would be in."""

    path: Path
    commands: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Page":
        found = [body for language, body in blocks(path) if language in SHELL]
        lines = [
            line.split("  #")[0].strip().removeprefix("$ ") for body in found for line in body.splitlines()
        ]
        return cls(path, [line for line in lines if line and not line.startswith("#")])


def blocks(path: Path) -> list[tuple[str, str]]:
    """The code blocks of a page, with their language; directives such as tabs are looked into."""
    found, around, code = [], [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        fence = FENCE.fullmatch(line.strip())
        if code is not None:  # inside a block: only its own fence ends it
            if fence and fence[1] == code[0] and not fence[2]:
                found.append((code[1], "\n".join(code[2])))
                code = None
            else:
                code[2].append(line)
        elif fence and around and fence[1] == around[-1] and not fence[2]:
            around.pop()
        elif fence and fence[2].startswith("{"):
            around.append(fence[1])
        elif fence and fence[1].startswith("`"):
            code = (fence[1], fence[2].strip(), [])
    assert code is None, f"{path} has a fence that is never closed"
    assert not around, f"{path} has a fence that is never closed"
    return found


def why_not(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


# ------------------------------------------------------------------ where a reader is


def student(folder: Path) -> Path:
    return folder


def assistant(folder: Path) -> Path:
    """A checkout with two submissions, one of them in an exchange and one in an archive."""
    checkout = folder / "checkout"
    copy_course(ROOT, checkout)
    config = checkout / "nbgrader_config.py"
    exchange = folder / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    config.write_text(config.read_text() + f'\nc.Exchange.root = "{exchange}"\n')
    scratch = folder / "elsewhere"
    copy_course(ROOT, scratch)
    released = load_released(str(Course(scratch).release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"))
    for where in (checkout, folder / "spring"):
        handed_in = where / "submitted" / "ada" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        handed_in.parent.mkdir(parents=True)
        nbformat.write(answered(released, PLAIN | {"add_backward": MISTAKES["wrong-gate"]}), handed_in)
        (handed_in.parent / "timestamp.txt").write_text("2026-01-30 20:30:10 UTC\n")  # as `collect` does
        (handed_in.parent / "submission_secret.txt").write_text("a long and random text")  # as `submit` does
    spring = folder / "spring"
    (spring / "class.csv").write_text("id,first_name,last_name\nada,Ada,Example\ngrace,Grace,Example\n")
    with zipfile.ZipFile(spring / "submissions.zip", "w") as archive:  # as Canvas makes it
        notebook = nbformat.writes(answered(released, PLAIN))
        archive.writestr(f"examplegrace_4711_99001_{ASSIGNMENT}.ipynb", notebook)
    shutil.copytree(ROOT / "graders", checkout / "graders", ignore=shutil.ignore_patterns("__pycache__"))
    return checkout


WHERE: dict[str, Callable[[Path], Path]] = {"assistant.md": assistant, "README.md": assistant}


# ------------------------------------------------------------------ the tests


def test_pages_have_commands():
    assert len([page for page in map(Page.read, PAGES) if page.commands]) >= 5


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_fence_says_what_it_is(path):
    unnamed = [body for language, body in blocks(path) if not language and "backprop-lab " in body]
    assert not unnamed, f"mark these as shell: {unnamed}"


def test_every_excuse_is_needed():
    commands = [command for path in PAGES for command in Page.read(path).commands]
    assert [start for start in NOT_RUN if not any(command.startswith(start) for command in commands)] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in PAGES if Page.read(p).commands], ids=lambda path: path.name)
def test_the_commands_of_a_page_run(path, tmp_path):
    folder = WHERE.get(path.name, student)(tmp_path)
    environment = os.environ | {
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "NO_COLOR": "1",
    }
    for command in Page.read(path).commands:
        if why_not(command):
            continue
        words = shlex.split(command.replace(".venv/bin/", ""))
        if words[0] == "cd":
            folder = (folder / words[1]).resolve()
            continue
        if words[:2] == ["backprop-lab", "start"] and "--no-lab" not in words:
            words.append("--no-lab")  # the browser tests open JupyterLab
        if words[0] == "mkdir":
            words.insert(1, "-p")
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_in_a_page_is_python(path):
    """Blocks that are whole programs run; the others at least parse."""
    for language, body in blocks(path):
        if language == "python":
            compile(body, str(path), "exec")
            if body.startswith("from backprop_lab"):
                subprocess.run([sys.executable, "-c", body], check=True, cwd="/tmp", capture_output=True)
