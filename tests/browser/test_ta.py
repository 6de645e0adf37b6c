"""A teaching assistant in the formgrader: autograde by the button, grade by hand, release feedback."""

import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, MISTAKES, PLAIN, answered
from graders.student_version import ROOT
from graders.submission import load_released

from .conftest import Lab, running_lab
from .test_student import images  # noqa: F401 - a fixture
from .test_student_flow import choose, front

pytestmark = pytest.mark.browser

STUDENT = "ada"
WORDS = "A small nudge of w does not move the output now. Past w = 2 it wins: then w gets 2 and z gets 0."


@dataclass(frozen=True)
class Office:
    """A course folder with one submission, and the JupyterLab of its teaching assistant."""

    course: Course
    exchange: Path
    lab: Lab


@pytest.fixture
def office(tmp_path):
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    root = tmp_path / "course"
    copy_course(ROOT, root)
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + f'\nc.Exchange.root = "{exchange}"\n')
    course = Course(root)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    handed_in = root / "submitted" / STUDENT / ASSIGNMENT / released.name
    handed_in.parent.mkdir(parents=True)
    notebook = answered(load_released(str(released)), PLAIN | {"multiply_backward": MISTAKES["swapped"]})
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "written-local":
            cell.source = WORDS
    nbformat.write(notebook, handed_in)
    # What `nbgrader submit` and `nbgrader collect` leave beside the notebook.
    (handed_in.parent / "timestamp.txt").write_text("2026-01-30 20:30:10 UTC\n")
    (handed_in.parent / "submission_secret.txt").write_text(secrets.token_hex(16))
    nbgrader = Path(sys.executable).with_name("nbgrader")
    subprocess.run([nbgrader, "release_assignment", ASSIGNMENT], cwd=root, check=True, capture_output=True)
    with running_lab(root, tmp_path / "home") as lab:
        yield Office(course, exchange, lab)


def _by_hand(course):
    """The points given by hand, and whether the comment is there."""
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("written-local", ASSIGNMENT, ASSIGNMENT, STUDENT)
        notebook = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, STUDENT)
        comments = [one.manual_comment or "" for one in notebook.comments]
        return grade.manual_score, any("the tie itself" in text for text in comments)


def saved(holds, seconds=20):
    """The formgrader saves in the background: wait for it."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.2)
    return holds()


def read_and_close(grader, words):
    """The formgrader's dialog with its log."""
    dialog = grader.locator(".modal-dialog", has_text=words)
    dialog.wait_for()
    dialog.locator(".modal-footer button").click()
    dialog.wait_for(state="hidden")


def test_autograde_grade_by_hand_and_release_feedback(page, office, images):  # noqa: F811
    page.set_viewport_size({"width": 1250, "height": 800})
    page.set_default_timeout(45_000)
    page.goto(front(office.lab), wait_until="load")
    page.locator("#jp-main-dock-panel").wait_for()
    choose(page, "Nbgrader", "Formgrader")
    grader = page.frame_locator("#formgrader-iframe iframe")

    # Autograde: the button of one submission.
    row = grader.locator("tr", has_text=ASSIGNMENT).first
    row.locator(".num-submissions a").click()
    submission = grader.locator("tr", has_text=STUDENT).first
    submission.locator(".autograde a").click()
    read_and_close(grader, "Successfully autograded")
    submission.get_by_text("needs manual grading").wait_for()
    submission.scroll_into_view_if_needed()
    page.locator("#formgrader-iframe").screenshot(path=images / "assistant-autograded.png")
    row = office.course.rows(ASSIGNMENT)[0]
    assert (row.code, row.max_code) == (36, 39)
    assert row.verdicts["multiply_backward"].misconception == "swapped"

    # By hand: points and a comment for an answer in words.
    grader.locator("a", has_text="Manual Grading").first.click()
    grader.locator("a", has_text=ASSIGNMENT).first.click()
    grader.locator("a", has_text=ASSIGNMENT).last.click()
    grader.locator("a", has_text="Submission").first.click()
    points = grader.locator("input#written-local.score")
    # The points of the judge are there once the page has loaded its grades.
    grader.locator("input#check-add_backward.score[placeholder='3']").wait_for()
    points.fill("2")
    points.press("Tab")
    comment = grader.locator("textarea#written-local-comment")
    comment.fill("Parts 1 and 2 are right. And at the tie itself?")
    comment.press("Tab")
    assert saved(lambda: _by_hand(office.course) == (2, True))
    page.wait_for_timeout(1500)  # the formgrader glides to the next field
    points.evaluate("e => { document.activeElement.blur(); e.scrollIntoView({block: 'center'}) }")
    page.wait_for_timeout(300)
    page.locator("#formgrader-iframe").screenshot(path=images / "assistant-hand-grading.png")

    # Feedback: generated, then released through the exchange.
    page.goto(front(office.lab), wait_until="load")
    choose(page, "Nbgrader", "Formgrader")
    row = grader.locator("tr", has_text=ASSIGNMENT).first
    row.locator(".generate-feedback a").click()
    read_and_close(grader, "Successfully generated feedback")
    written = office.course.feedback_page(STUDENT, ASSIGNMENT).read_text(encoding="utf-8")
    assert "the gradients of the inputs are swapped" in written
    assert "the tie itself" in written
    row.locator(".release-feedback a").click()
    read_and_close(grader, "Successfully released feedback")
    assert len(list((office.exchange / "backprop-lab" / "feedback").glob("*.html"))) == 1
