"""The command line as users meet it: what works, and the sentence for what does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from backprop_lab.cli import ASSIGNMENTS
from graders.sample_class import ASSIGNMENT, PLAIN, answered
from graders.submission import load_released

COMMAND = Path(sys.executable).with_name("backprop-lab")


def run(*words, cwd=None):
    """Exit code, what was said, and what went to stderr, of the real command."""
    done = subprocess.run(
        [COMMAND, *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout, done.stderr


def everything_below(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def notebook(tmp_path):
    """A student's notebook with right answers."""
    path = tmp_path / "01-chain-rule.ipynb"
    released = load_released(str(ASSIGNMENTS / f"{ASSIGNMENT}.ipynb"))
    nbformat.write(answered(released, PLAIN), path)
    return path


def test_start_writes_the_notebooks_and_never_overwrites(tmp_path):
    code, said, _ = run("start", tmp_path / "mine", "--no-lab")
    first = tmp_path / "mine" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    assert code == 0
    assert str(first) in said
    assert first.read_bytes() == (ASSIGNMENTS / first.name).read_bytes()
    first.write_text("my work")
    code, said, _ = run("start", tmp_path / "mine", "--no-lab")
    assert code == 0
    assert "kept" in said
    assert first.read_text() == "my work"


def test_check_shows_a_scoreboard(notebook):
    code, said, _ = run("check", notebook)
    assert code == 0
    assert "11 of 11 functions right" in said


def test_check_says_what_is_not_written_and_what_is_wrong(tmp_path):
    path = tmp_path / "a.ipynb"
    released = load_released(str(ASSIGNMENTS / f"{ASSIGNMENT}.ipynb"))
    wrong = {"exp_backward": "def exp_backward(delta, x):\n    return delta * x", "log_backward": "1 / 0"}
    nbformat.write(answered(released, wrong), path)
    code, said, _ = run("check", path)
    assert code == 0
    assert "✗ exp_backward: the derivative of exp is not exp(x)" in said
    assert "○ add_backward: not written yet" in said
    assert "Its cell raised ZeroDivisionError" in said
    assert "0 of 11 functions right" in said


def test_doctor_says_how_code_would_be_isolated():
    code, said, _ = run("doctor")
    assert code == 0
    assert "isolated" in said
    assert "Python" in said


@pytest.fixture
def odd(tmp_path):
    """Files that are not what a command wants."""
    (tmp_path / "text.ipynb").write_text("hello")
    (tmp_path / "empty.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4}))
    (tmp_path / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()
    (tmp_path / "half-a-course").mkdir()
    (tmp_path / "half-a-course" / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "bad-course").mkdir()
    (tmp_path / "bad-course" / "nbgrader_config.py").write_text("this is no python")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "nothing.ipynb"], "There is no file nothing.ipynb."),
        (["check", "folder"], "folder is not a file."),
        (["check", "text.ipynb"], "text.ipynb: the file is not a notebook: it is not JSON."),
        (["check", "binary.ipynb"], "binary.ipynb: the file is not a notebook: it is not UTF-8 text."),
        (["check", "empty.ipynb"], "empty.ipynb has no exercise of the course in it."),
        (["start", "text.ipynb", "--no-lab"], "text.ipynb is a file; start needs a folder"),
        (["grade", ASSIGNMENT], "is not a course folder: it has no nbgrader_config.py."),
        (["release", ASSIGNMENT, "--course", "half-a-course"], "it has no folder 'source'"),
        (["release", ASSIGNMENT, "--course", "bad-course"], "cannot be read: SyntaxError"),
        (["report", ASSIGNMENT, "--course", "nowhere"], "nowhere is not a course folder"),
        (["feedback", ASSIGNMENT], "is not a course folder"),
        (["demo", "folder"], "is not a course folder"),
    ],
)
def test_bad_input_gets_a_sentence_exit_code_1_and_nothing_written(odd, words, sentence):
    before = everything_below(odd)
    code, said, complained = run(*words, cwd=odd)
    assert code == 1
    assert sentence in complained
    assert "Traceback" not in complained + said
    assert everything_below(odd) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["release", "09-nothing"], "There is no assignment '09-nothing'"),
        (["grade", "09-nothing"], "There is no assignment '09-nothing'"),
        (["grade", ASSIGNMENT], "is not released yet: run backprop-lab release"),
        (["feedback", ASSIGNMENT], "is not released yet"),
        (["report", ASSIGNMENT], "is not released yet"),
    ],
)
def test_a_course_without_that_gets_a_sentence(tmp_path, words, sentence):
    from graders.course import copy_course
    from graders.student_version import ROOT

    copy_course(ROOT, tmp_path)
    code, _, complained = run(*words, "--course", tmp_path)
    assert code == 1
    assert sentence in complained
    assert "Traceback" not in complained


def test_a_released_course_without_submissions_gets_a_sentence(released_course):
    for words, sentence in [
        (["grade", ASSIGNMENT], "There is no submission of '01-chain-rule'"),
        (["feedback", ASSIGNMENT], "No submission of '01-chain-rule' is graded yet"),
        (["report", ASSIGNMENT], "There is no submission of '01-chain-rule' to report on."),
        (["grade", ASSIGNMENT, "--isolation", "perhaps"], "--isolation takes auto, strict or none"),
    ]:
        code, _, complained = run(*words, "--course", released_course.root)
        assert (code, "Traceback" in complained) == (1, False), complained
        assert sentence in complained


def test_demo_does_not_delete_a_folder_it_did_not_make(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    code, _, complained = run("demo", tmp_path / "mine", cwd=Path(__file__).parents[1])
    assert code == 1
    assert "is no demonstration course" in complained
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_usage_errors_have_exit_code_2():
    assert run("grade")[0] == 2
    assert run("frobnicate")[0] == 2


def test_without_the_checkout_the_course_commands_say_where_they_are(monkeypatch):
    from typer.testing import CliRunner

    import backprop_lab.cli as cli

    class Nothing:
        def load(self):
            raise ImportError

    app = cli.typer.Typer()
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(cli.metadata, "entry_points", lambda group: [Nothing()])
    cli._add_course_commands()
    done = CliRunner().invoke(app, ["grade", "01-chain-rule", "--jobs", "2"])
    assert done.exit_code == 1
    assert "needs the course checkout" in done.output


@pytest.mark.slow
def test_the_whole_demo(tmp_path):
    code, said, complained = run("demo", tmp_path / "demo", cwd=Path(__file__).parents[1])
    assert code == 0, complained
    assert "39 / 39" in said
    for page in ("feedback/mistake-swapped/01-chain-rule/01-chain-rule.html", "reports/01-chain-rule.html"):
        assert str(tmp_path / "demo" / page) in said
        assert (tmp_path / "demo" / page).is_file()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("words", [["doctor"], ["check", "01-chain-rule.ipynb"]])
def test_an_encoding_without_the_marks_is_no_end(notebook, monkeypatch, encoding, words):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    code, said, complained = run(*words, cwd=notebook.parent)
    assert (code, complained) == (0, "")
    assert "? " in said


def test_a_file_that_may_not_be_read_gets_a_sentence(notebook, monkeypatch):
    from typer.testing import CliRunner

    import backprop_lab.cli as cli

    def refused(self):
        raise PermissionError(13, "Permission denied")

    for method in ("read_bytes", "is_file"):  # the file, or the folder it is in
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, refused)
            done = CliRunner().invoke(cli.app, ["check", str(notebook)])
        assert done.exit_code == 1
        assert "cannot be read: Permission denied." in done.output


def test_a_folder_of_two_words_is_quoted(tmp_path):
    _, said, _ = run("start", "my notebooks", "--no-lab", cwd=tmp_path)
    assert f"jupyter lab 'my notebooks/{ASSIGNMENT}/{ASSIGNMENT}.ipynb'" in said
    _, _, complained = run("progress", "other notebooks", cwd=tmp_path)
    assert "backprop-lab start 'other notebooks' puts them there" in complained


def test_a_graph_that_is_not_there_gets_the_names_of_those_that_are(tmp_path):
    code, _, complained = run("draw", "two-path", cwd=tmp_path)
    assert code == 1
    assert "no example 'two-path'; the closest are two-paths, " in complained
    _, _, complained = run("draw", "nix", cwd=tmp_path)
    assert "There is no example 'nix'; there are linear-scalar, " in complained
    assert "matrix-vector." in complained
    assert not list(tmp_path.iterdir())
