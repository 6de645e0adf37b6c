"""A student's folder: updates bring what is new and never touch work done; progress over all of it."""

import io
import json
import os
import shutil

import nbformat
import pytest
from rich.console import Console

from backprop_lab import cli, workspace
from backprop_lab.cli import ASSIGNMENTS
from backprop_lab.workspace import RECORD, hand_out, notebooks, progress_of, read_record
from graders.sample_class import ASSIGNMENT, PLAIN, answered
from graders.submission import load_released

from .test_cli import everything_below, run


@pytest.fixture
def course(tmp_path):
    """A course with two released notebooks, and a way to release them anew."""
    folder = tmp_path / "released"
    folder.mkdir()

    def release(**texts):
        for name, text in texts.items():
            (folder / f"{name}.ipynb").write_text(text)
        return sorted(folder.glob("*.ipynb"))

    release(one="one, first version", two="two, first version")
    return release


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine"


def what(done):
    return {one.path.stem: one.what for one in done}


def test_the_first_time_everything_is_written(course, mine):
    assert what(hand_out(course(), mine)) == {"one": "written", "two": "written"}
    assert (mine / "one" / "one.ipynb").read_text() == "one, first version"


def test_the_second_time_nothing_changes(course, mine):
    hand_out(course(), mine)
    before = (mine / "one" / "one.ipynb").stat().st_mtime_ns
    assert what(hand_out(course(), mine)) == {"one": "current", "two": "current"}
    assert (mine / "one" / "one.ipynb").stat().st_mtime_ns == before


def test_work_is_kept_and_an_untouched_notebook_is_updated(course, mine):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    done = hand_out(course(one="one, second version", two="two, second version"), mine)
    assert what(done) == {"one": "beside", "two": "updated"}
    assert (mine / "one" / "one.ipynb").read_text() == "my work"
    assert done[0].beside == mine / "one" / "one-new.ipynb"
    assert done[0].beside.read_text() == "one, second version"
    assert "a new version of the course is beside it: one-new.ipynb" in done[0].sentence
    assert (mine / "two" / "two.ipynb").read_text() == "two, second version"


def test_a_new_version_is_put_beside_once(course, mine):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    hand_out(course(one="one, second version"), mine)
    (mine / "one" / "one-new.ipynb").unlink()
    assert what(hand_out(course(), mine))["one"] == "kept"
    assert not (mine / "one" / "one-new.ipynb").exists()


def test_work_in_the_new_version_is_kept_too(course, mine):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    hand_out(course(one="one, second version"), mine)
    (mine / "one" / "one-new.ipynb").write_text("my work goes on here")
    done = hand_out(course(one="one, third version"), mine)
    assert done[0].beside == mine / "one" / "one-new-2.ipynb"
    assert (mine / "one" / "one-new.ipynb").read_text() == "my work goes on here"


def test_an_untouched_new_version_is_replaced_by_a_newer_one(course, mine):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    hand_out(course(one="one, second version"), mine)
    hand_out(course(one="one, third version"), mine)
    assert (mine / "one" / "one-new.ipynb").read_text() == "one, third version"
    assert not (mine / "one" / "one-new-2.ipynb").exists()


def test_a_notebook_that_was_deleted_comes_back(course, mine):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").unlink()
    assert what(hand_out(course(), mine))["one"] == "written"


@pytest.mark.parametrize("record", ["", "not json", "[]", '{"handed out": 3}', None])
def test_without_a_record_work_is_kept_all_the_same(course, mine, record):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    if record is None:
        (mine / RECORD).unlink()
    else:
        (mine / RECORD).write_text(record)
    assert read_record(mine) == {}
    assert what(hand_out(course(), mine)) == {"one": "beside", "two": "current"}
    assert (mine / "one" / "one.ipynb").read_text() == "my work"


def test_a_folder_in_the_place_of_a_notebook_is_left_alone(course, mine):
    (mine / "one" / "one.ipynb").mkdir(parents=True)
    hand_out(course(), mine)
    assert (mine / "one" / "one.ipynb").is_dir()


def test_nothing_half_written_is_left(course, mine):
    hand_out(course(), mine)
    assert {p.name for p in mine.rglob("*") if p.is_file()} == {"one.ipynb", "two.ipynb", RECORD}
    assert set(json.loads((mine / RECORD).read_text())["handed out"]) == {
        "one/one.ipynb",
        "two/two.ipynb",
    }


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path):
    tmp_path.chmod(0o500)
    code, said, complained = run("start", tmp_path / "mine", "--no-lab")
    assert code == 1
    assert "cannot be written" in said
    assert "could be written" in complained


def test_an_update_that_failed_part_way_is_finished_the_next_time(course, mine, monkeypatch):
    hand_out(course(), mine)
    new = course(one="one, second version", two="two, second version")
    write = workspace._write

    def full(path, data):
        if path.name == "one.ipynb":
            raise PermissionError(13, "Permission denied")
        write(path, data)

    monkeypatch.setattr(workspace, "_write", full)
    done = hand_out(new, mine)
    assert what(done) == {"one": "failed", "two": "updated"}
    assert done[0].sentence == "cannot be written: Permission denied"
    monkeypatch.setattr(workspace, "_write", write)
    assert what(hand_out(new, mine)) == {"one": "updated", "two": "current"}
    assert (mine / "one" / "one.ipynb").read_text() == "one, second version"


def test_a_new_version_that_could_not_be_put_beside_is_put_there_the_next_time(course, mine, monkeypatch):
    hand_out(course(), mine)
    (mine / "one" / "one.ipynb").write_text("my work")
    new = course(one="one, second version")
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "_write", lambda path, data: (_ for _ in ()).throw(OSError(28, "No space")))
        assert what(hand_out(new, mine)) == {"one": "failed", "two": "current", ".backprop-lab": "failed"}
    assert what(hand_out(new, mine))["one"] == "beside"


def test_start_names_what_it_wrote_and_what_it_could_not_write(mine):
    mine.mkdir()
    (mine / "02-multiple-paths").write_text("a file where a folder should be")
    code, said, complained = run("start", mine, "--no-lab")
    assert code == 1
    assert f"written  {mine / '01-chain-rule' / '01-chain-rule.ipynb'}" in said
    assert f"failed   {mine / '02-multiple-paths' / '02-multiple-paths.ipynb'} (cannot be written:" in said
    assert "run start again" in complained


# ------------------------------------------------------------------ progress


@pytest.fixture
def worked_in(mine):
    """A workspace in which all of 01 but one function is done, and one question is answered."""
    run("start", mine, "--no-lab")
    path = mine / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    answers = {name: text for name, text in PLAIN.items() if name != "exp_backward"}
    notebook = answered(load_released(str(ASSIGNMENTS / path.name)), answers)
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and grader.get("solution"):
            cell.source = "YOUR ANSWER HERE"
    words = next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "written-local"
    )
    words.source = "A node knows its own inputs, and no more."
    nbformat.write(notebook, path)
    return mine


def test_progress_counts_functions_points_and_words(worked_in):
    found = progress_of(
        ASSIGNMENT, notebooks(worked_in, [ASSIGNMENT])[ASSIGNMENT], ASSIGNMENTS / f"{ASSIGNMENT}.ipynb"
    )
    assert (found.right, found.functions) == (10, 11)
    assert (found.points, found.max_points) == (36, 39)
    assert (found.answered, found.questions) == (1, 2)


def test_progress_is_a_table_of_the_workspace(worked_in):
    before = everything_below(worked_in)
    code, said, _ = run("progress", worked_in)
    assert code == 0
    line = next(line for line in said.splitlines() if ASSIGNMENT in line)
    for words in ("10 of 11", "36 of 39", "1 of 2"):
        assert words in line
    assert "together" in said
    assert everything_below(worked_in) == before


@pytest.mark.parametrize("columns", [80, 40])
def test_progress_cuts_nothing_in_a_narrow_terminal(worked_in, monkeypatch, columns):
    (worked_in / "07-differentiating-inputs" / "07-differentiating-inputs.ipynb").write_text("hello")
    monkeypatch.setattr(cli, "console", Console(width=columns, record=True, file=io.StringIO()))
    cli.progress(worked_in)
    said = cli.console.export_text()
    assert "…" not in said
    assert "07-differentiating-inputs: the file is not a notebook: it is not JSON\n" in said
    if columns == 80:
        for words in ("│ 07-differentiating-inputs │", "functions ┃", "10 of 11 │", "36 of 39 │"):
            assert words in said


def test_progress_says_what_cannot_be_read(worked_in):
    (worked_in / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").write_text("hello")
    code, said, _ = run("progress", worked_in)
    assert code == 0
    assert "the file is not a notebook" in said


def test_progress_without_a_workspace_gets_a_sentence(tmp_path):
    code, _, complained = run("progress", tmp_path)
    assert code == 1
    assert "There is no notebook of the course in" in complained


def test_notebooks_fetched_through_an_exchange_are_found_too(worked_in, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(worked_in / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", flat)
    assert notebooks(flat, [ASSIGNMENT])[ASSIGNMENT] == flat / f"{ASSIGNMENT}.ipynb"
