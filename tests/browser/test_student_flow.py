"""A student's whole way in JupyterLab: fetch, type an answer, see the verdict, validate, submit."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, PLAIN, answered
from graders.student_version import ROOT
from graders.submission import load_released

from .conftest import Lab, open_notebook, running_lab
from .test_student import images  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

FIRST = "add_backward"


@dataclass(frozen=True)
class Place:
    """A course with an exchange, and the JupyterLab of one student."""

    course: Course
    exchange: Path
    lab: Lab


@pytest.fixture
def place(tmp_path):
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    settings = (
        f'\nc = get_config()\nc.CourseDirectory.course_id = "backprop-lab"\nc.Exchange.root = "{exchange}"\n'
    )
    copy_course(ROOT, tmp_path / "course")
    config = tmp_path / "course" / "nbgrader_config.py"
    config.write_text(config.read_text() + settings)
    course = Course(tmp_path / "course")
    course.release(ASSIGNMENT)
    nbgrader = Path(sys.executable).with_name("nbgrader")
    subprocess.run(
        [nbgrader, "release_assignment", ASSIGNMENT],
        cwd=course.root,
        check=True,
        capture_output=True,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / "nbgrader_config.py").write_text(settings)
    (tmp_path / "student").mkdir()
    with running_lab(tmp_path / "student", home) as lab:
        yield Place(course, exchange, lab)


def front(lab):
    """The address of JupyterLab with no file open."""
    return lab.url("").replace("/lab/tree/?", "/lab?")


def choose(page, *labels):
    """Choose from the menu bar of JupyterLab."""
    page.locator(".lm-MenuBar-itemLabel", has_text=labels[0]).click()
    for label in labels[1:]:
        page.locator(".lm-Menu-itemLabel", has_text=label).first.click()


def work_on_all_but(name, path):
    """What the student did on other days."""
    done = answered(load_released(str(path)), {k: text for k, text in PLAIN.items() if k != name})
    nbformat.write(done, path)


def test_fetch_answer_validate_and_submit(page, place, images):  # noqa: F811
    page.set_viewport_size({"width": 1200, "height": 760})
    page.set_default_timeout(45_000)
    page.goto(front(place.lab), wait_until="load")
    page.locator("#jp-main-dock-panel").wait_for()

    choose(page, "Nbgrader", "Assignment List")
    released = page.locator("#released_assignments_list")
    released.get_by_text(ASSIGNMENT).wait_for()
    released.get_by_role("button", name="Fetch").click()
    fetched = page.locator("#fetched_assignments_list")
    fetched.get_by_text(ASSIGNMENT).first.wait_for()
    mine = place.lab.folder / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    assert mine.is_file()

    work_on_all_but(FIRST, mine)
    open_notebook(page, place.lab, f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb")
    page.locator(".jp-CodeCell", has_text="from backprop_lab.check import").first.locator(
        ".cm-content"
    ).click()
    page.keyboard.press("Shift+Enter")
    answer = page.locator(".jp-CodeCell", has_text=f"def {FIRST}").first
    answer.locator(".cm-line", has_text="raise NotImplementedError()").click(click_count=3)
    page.keyboard.type("    return delta, delta")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    verdict = page.locator("[role=status]", has_text=f"{FIRST}: passed").first
    verdict.wait_for()
    verdict.evaluate("e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(400)
    page.screenshot(path=images / "student-verdict.png")

    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_text("passes all the tests").wait_for()
    dialog.get_by_role("button").last.click()

    choose(page, "Nbgrader", "Assignment List")
    fetched.get_by_text(ASSIGNMENT).first.wait_for()
    fetched.get_by_role("button", name="Submit").click()
    submitted = page.locator("#submitted_assignments_list")
    submitted.get_by_text(ASSIGNMENT).first.wait_for()
    page.wait_for_timeout(300)
    page.screenshot(path=images / "student-submit.png")

    inbound = list((place.exchange / "backprop-lab" / "inbound").glob("*/*.ipynb"))
    assert len(inbound) == 1
    assert "return delta, delta" in inbound[0].read_text(encoding="utf-8")
    assert not page.errors


def test_validate_says_which_check_fails(page, place):
    mine = place.lab.folder / f"{ASSIGNMENT}.ipynb"
    released = place.course.root / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    wrong = PLAIN | {FIRST: "def add_backward(delta, a, b):\n    return delta * b, delta * a"}
    nbformat.write(answered(load_released(str(released)), wrong), mine)
    open_notebook(page, place.lab, mine.name)
    page.get_by_role("button", name="Validate").first.click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_text("check(add_backward)").wait_for()
    said = dialog.inner_text()
    assert "The following cell failed" in said
    assert "the pattern of another gate" in said
    assert said.count("CheckFailed") == 1
