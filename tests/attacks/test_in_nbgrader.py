"""Hostile and broken submissions through nbgrader itself: autograde, gradebook, feedback."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from backprop_lab.exercises import REGISTRY
from graders import records
from graders.course import Course, copy_course
from graders.sample_class import ASSIGNMENT, PLAIN, answered
from graders.student_version import ROOT
from graders.submission import is_answer

pytestmark = pytest.mark.slow
POINTS = sum(exercise.points for exercise in REGISTRY.values() if exercise.assignment == ASSIGNMENT)
WITHOUT_EXP = POINTS - REGISTRY["exp_backward"].points
NAME = f"{ASSIGNMENT}.ipynb"
SECRET = "the grader's own secret"


def points_of(*names):
    return sum(REGISTRY[name].points for name in names)


@dataclass
class Handed:
    """What is handed in, and what must come of it: the score of its honest part, and a reason."""

    score: float
    data: bytes = b""
    reason: str = ""


def as_bytes(notebook):
    return json.dumps(notebook).encode()


def cell_of(notebook, grade_id):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


SCRIPTS = """
<script>window.pwned = "script"</script><img src=x onerror="window.pwned='onerror'">
<svg onload="window.pwned='svg'"></svg><iframe srcdoc="<script>parent.pwned='frame'</script>"></iframe>
<a id=link href="javascript:window.pwned='link'">link</a> [md](javascript:window.pwned='md')
<details open ontoggle="window.pwned='toggle'"><summary>x</summary></details>
<style>@import url(http://127.0.0.1:1/x)</style><div style="position:fixed;top:0">over the score</div>
<math><mtext></table><mglyph><style><img src=x onerror=window.pwned='mutation'></style></mglyph></mtext>
<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>top.pwned='uri'</script></svg>">
$\\href{javascript:window.pwned='tex'}{x}$ $\\text{<img src=x onerror="window.pwned='mathml'">}$
![$\\text{" onerror="window.pwned='alt'"}$](x) <base href="http://127.0.0.1:1/">
<link rel=stylesheet href="http://127.0.0.1:1/x.css"><form action="http://127.0.0.1:1/"><input name=a></form>
"""
REFRESH = '<meta http-equiv=refresh content="0;url=http://127.0.0.1:1/">'

SHOWS = f"""import os, sys
from IPython.display import HTML, SVG, Javascript, Markdown, display
TEXT = {SCRIPTS + REFRESH!r}
display(HTML(TEXT), Markdown(TEXT), Javascript("window.pwned='js'"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>window.pwned=parent.pwned='svg2'</script>"
            "<rect width='9' height='9' onload=\\"parent.pwned='rect'\\"/></svg>"))
display({{"text/html": TEXT, "text/latex": TEXT, "application/javascript": "window.pwned='raw'"}}, raw=True)
print(TEXT, "\\x1b[31m\\x1b]0;title\\x07<b>bold</b>", sys.prefix, os.path.realpath(sys.executable))
for _ in range(60):
    print("x" * 1_000_000)
print({{"TEXT": TEXT}}, file=sys.stderr)

def exp_backward(delta, x):
    raise ValueError(TEXT + "\\x1b[2J")"""


@pytest.fixture(scope="module")
def handed(released) -> dict[str, Handed]:
    right = answered(released, PLAIN)
    wrong_exp = answered(released, PLAIN | {"exp_backward": "def exp_backward(delta, x):\n    return delta"})

    relabelled = deepcopy(wrong_exp)
    for cell in relabelled.cells:
        cell.metadata["tags"] = ["skip-execution", "remove-cell", "raises-exception"]
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=1000, locked=False, schema_version=99)
            if cell.metadata.nbgrader.grade:
                cell.source = "check = lambda *args: None"
    relabelled.metadata.kernelspec = {"name": "bash", "language": "bash", "display_name": "bash"}
    relabelled.metadata["backprop_lab"] = {"problem": "", "notes": {}, "own_names": [], "digest": "0" * 64}

    renamed = deepcopy(right)  # the id of one answer on another, and answers under the ids of checks
    cell_of(renamed, "exp_backward").metadata.nbgrader.grade_id = "check-exp_backward"
    cell_of(renamed, "log_backward").metadata.nbgrader.grade_id = "exp_backward"

    shuffled = deepcopy(right)
    shuffled.cells.reverse()
    extra = cell_of(released, "exp_backward")
    shuffled.cells[3:3] = [extra, new_code_cell("import os; os._exit(0)"), new_markdown_cell(SCRIPTS)]
    shuffled.cells = [c for c in shuffled.cells if not c.metadata.get("nbgrader", {}).get("grade")]

    shows = answered(released, PLAIN | {"exp_backward": SHOWS})
    for cell in shows.cells:
        if is_answer(cell) and cell.cell_type == "markdown":
            cell.source = SCRIPTS + REFRESH

    swapped = deepcopy(right)
    cell_of(swapped, "exp_backward").cell_type = "markdown"

    exits = "import os\ndef exp_backward(delta, x):\n    os._exit(0)"
    return {
        "honest": Handed(POINTS, as_bytes(right)),
        "honest-too": Handed(POINTS, as_bytes(right)),
        "blank": Handed(0, as_bytes(released)),
        "relabelled": Handed(WITHOUT_EXP, as_bytes(relabelled)),
        "renamed-ids": Handed(POINTS - points_of("exp_backward", "log_backward"), as_bytes(renamed)),
        "shuffled": Handed(POINTS, as_bytes(shuffled)),
        "other-type": Handed(POINTS, as_bytes(swapped)),
        "exits": Handed(
            WITHOUT_EXP,
            as_bytes(answered(released, PLAIN | {"exp_backward": exits})),
            "ended the interpreter",
        ),
        "shows": Handed(WITHOUT_EXP, as_bytes(shows), "tried"),
        "beside": Handed(POINTS, as_bytes(right)),
        "link": Handed(0, reason="it is not JSON"),
        "utf-16": Handed(0, nbformat.writes(right).encode("utf-16"), "it is not UTF-8 text"),
        "latin-1": Handed(0, "d\xe9riv\xe9e".join(["{", "}"]).encode("latin-1"), "it is not UTF-8"),
        "enormous": Handed(0, as_bytes(right) + b" " * 20_000_000, "larger than 20 MB"),
        "deep": Handed(0, b'{"cells": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "it is not JSON"),
        "many-cells": Handed(0, json.dumps({"cells": [{"source": "a = 1"}] * 100_000}).encode()),
    }


@pytest.fixture(scope="module")
def course(handed, tmp_path_factory) -> Course:
    """All of it, graded one by one by nbgrader's own API, as the formgrader's button does."""
    folder = tmp_path_factory.mktemp("attacked")
    copy_course(ROOT, folder)
    course = Course(folder)
    course.release(ASSIGNMENT)
    (folder / "secret.txt").write_text(SECRET)
    for student, what in handed.items():
        place = folder / "submitted" / student / ASSIGNMENT
        place.mkdir(parents=True)
        (place / "timestamp.txt").write_text("2026-01-15 12:00:00 UTC")
        if what.data:
            (place / NAME).write_bytes(what.data)
    hand_in_strange_files(folder / "submitted")
    for student in handed:
        result = course.api.autograde(ASSIGNMENT, student)
        assert result["success"], (student, result)
    for student in ("honest", "shows", "beside", "link", "exits"):
        assert course.api.generate_feedback(ASSIGNMENT, student)["success"]
    return course


def hand_in_strange_files(submitted: Path) -> None:
    (submitted / "link" / ASSIGNMENT / NAME).symlink_to(submitted / "honest" / ASSIGNMENT / NAME)
    beside = submitted / "beside" / ASSIGNMENT
    (beside / "notes.txt").symlink_to(submitted.parent / "secret.txt")
    (beside / "relative.txt").symlink_to("../../../secret.txt")
    (beside / "folder").symlink_to(submitted / "honest")
    (beside / "sub").mkdir()
    (beside / "sub" / "passwords").symlink_to("/etc/passwd")
    (beside / "dangling").symlink_to("/nowhere")
    os.mkfifo(beside / "pipe")
    (beside / "data.csv").write_text("1,2\n")
    (beside / "extra.ipynb").write_text("{}")
    (beside / "01-chain-rule-copy.ipynb").write_bytes((submitted / "honest" / ASSIGNMENT / NAME).read_bytes())
    (beside / f"{ASSIGNMENT}.html").write_text("<h1>Score: 39 / 39</h1><script>window.pwned='page'</script>")


STUDENTS = [
    *(
        "honest",
        "honest-too",
        "blank",
        "relabelled",
        "renamed-ids",
        "shuffled",
        "other-type",
        "exits",
        "shows",
    ),
    *("beside", "link", "utf-16", "latin-1", "enormous", "deep", "many-cells"),
]


@pytest.mark.parametrize("student", STUDENTS)
def test_the_score_is_that_of_the_honest_part(course, handed, student):
    what = handed[student]
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, student)
        assert submission.code_score == pytest.approx(what.score)
        assert submission.max_score == 45
        [record] = records.attempts(gradebook.db, submission.notebooks[0].id)
    assert (
        what.reason in record.problem
        or any(what.reason in str(v) for v in record.verdicts.values())
        or (what.reason == "tried" and record.flags)
    )


def test_nothing_from_outside_a_submission_comes_back(course):
    for step in ("autograded", "feedback"):
        folder = course.root / step / "beside" / ASSIGNMENT
        assert (folder / "data.csv").read_text() == "1,2\n"
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert all(not path.is_symlink() for path in folder.rglob("*"))
        assert not [path for path in files if SECRET in path.read_text() or "root:" in path.read_text()]
    names = {path.name for path in (course.root / "autograded" / "beside" / ASSIGNMENT).iterdir()}
    assert "extra.ipynb" not in names
    assert "01-chain-rule-copy.ipynb" not in names
    assert "was not followed" in (course.root / "autograded/beside" / ASSIGNMENT / "notes.txt").read_text()
    assert (course.root / "secret.txt").read_text() == SECRET


def test_a_page_handed_in_is_not_the_page_handed_back(course):
    page = course.feedback_page("beside", ASSIGNMENT).read_text()
    assert "window.pwned='page'" not in page
    assert "39 of 45" in page


def test_the_graded_notebook_is_ours_but_for_the_answers(course, released):
    for student in ("relabelled", "renamed-ids", "shuffled", "many-cells"):
        graded = nbformat.read(course.root / "autograded" / student / ASSIGNMENT / NAME, as_version=4)
        for ours, theirs in zip(released.cells, graded.cells, strict=True):
            assert {**theirs.metadata.get("nbgrader", {}), "checksum": ""} == {
                **ours.metadata.get("nbgrader", {}),
                "checksum": "",
            }
            assert theirs.metadata.get("tags") == ours.metadata.get("tags")
            if not is_answer(ours):
                assert theirs.source == ours.source
        assert graded.metadata.kernelspec == released.metadata.kernelspec


def test_feedback_has_the_verdict_and_no_bulk(course):
    path = course.feedback_page("shows", ASSIGNMENT)
    page = path.read_text()
    assert len(page) < 1_000_000
    assert (course.root / "autograded/shows" / ASSIGNMENT / NAME).stat().st_size < 5_000_000
    assert "border-left:5px solid" in page.replace(": ", ":")  # the judge's card, with its colours
    assert "passed, 28 calls right" in page or "calls right" in page
    assert "The rest" in page


def test_feedback_names_no_folder_of_the_machine_no_other_student_and_no_hidden_number(course, handed):
    for student in ("honest", "shows", "exits"):
        page = course.feedback_page(student, ASSIGNMENT).read_text()
        for place in (course.root, ROOT, Path.home(), "/root/", os.path.realpath(os.sys.executable)):
            assert str(place) not in page
        for other in set(handed) - {student, "blank", "link", "deep", "honest", "shows", "exits", "beside"}:
            assert other not in page
        assert "a hidden case" not in page or "expected" not in page.split("a hidden case")[1][:200]


class Tags(HTMLParser):
    """What a page has in it besides text, apart from the head."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page[page.index("<body") :])

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_feedback_holds_nothing_that_acts(course):
    tags = Tags(course.feedback_page("shows", ASSIGNMENT).read_text()).found
    assert not {tag for tag, _ in tags} & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "link",
        "meta",
    }
    for tag, attributes in tags:
        assert not [name for name in attributes if name.startswith("on") or name == "srcdoc"], (
            tag,
            attributes,
        )
        href = attributes.get("href") or ""
        assert ":" not in href or href.startswith(("http:", "https:", "mailto:"))
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        assert "position" not in (attributes.get("style") or "")


def opened(browser, url):
    """A page on which every link was followed and every form sent; what left it, and what it said.

    What its policy refuses is said, and does not leave.
    """
    page, asked, said = browser.new_page(), [], []
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request))
    page.goto(url, wait_until="load")
    for link in page.query_selector_all('a:not([href^="#"]):not([href^="http"])'):
        link.evaluate("link => link.click()")
    for form in page.query_selector_all("form"):
        form.evaluate("form => form.submit()")
    page.wait_for_timeout(500)
    left = [one.url for one in asked if one.failure != "csp" and not one.url.startswith("data:")]
    return page, left, said


@pytest.mark.browser
@pytest.mark.parametrize("student", ["shows", "beside"])
def test_in_a_browser_nothing_of_theirs_runs_and_nothing_is_asked_for(course, student, chromium):
    url = course.feedback_page(student, ASSIGNMENT).as_uri()
    page, asked, said = opened(chromium, url)
    assert page.evaluate("window.pwned") is None
    assert asked == [url]
    assert said == []
    card = page.locator('div[role="status"]', has_text="exp_backward").first
    assert card.evaluate("card => getComputedStyle(card).borderLeftWidth") == "5px"
    page.close()


@pytest.mark.browser
def test_what_slipped_through_the_cleaner_would_meet_the_page_s_policy(course, tmp_path, chromium):
    written = course.feedback_page("honest", ASSIGNMENT).read_text()
    slipped = tmp_path / "page.html"
    slipped.write_text(written.replace("</main>", SCRIPTS + "</main>"))
    page, asked, said = opened(chromium, slipped.as_uri())
    assert page.locator("form").count() == 1
    assert page.evaluate("window.pwned") is None
    assert asked == [slipped.as_uri()]
    assert said
    assert all("Content Security Policy" in text for text in said)
    page.close()
