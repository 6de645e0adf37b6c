"""What many tests share, made once: a course with a graded class, and a browser."""

from dataclasses import dataclass

import pytest

from graders.course import Course, Row, copy_course
from graders.sample_class import ASSIGNMENT, Sample, write_class
from graders.student_version import ROOT
from graders.submission import load_released
from tests.machine import browser as find_browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def released_course(tmp_path_factory):
    """A course folder in which 01 is released. Not for tests that change it."""
    folder = tmp_path_factory.mktemp("course")
    copy_course(ROOT, folder)
    course = Course(folder)
    course.release(ASSIGNMENT)
    return course


@pytest.fixture(scope="session")
def released(released_course):
    """The released notebook of 01."""
    return load_released(str(released_course.root / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"))


@dataclass(frozen=True)
class GradedClass:
    course: Course
    samples: dict[str, Sample]
    rows: dict[str, Row]


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory):
    """The whole sample class, graded by nbgrader with the judge."""
    folder = tmp_path_factory.mktemp("class")
    copy_course(ROOT, folder)
    course = Course(folder)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    samples = write_class(released, folder / "submitted")
    outcome = course.grade(ASSIGNMENT, course.submitted(ASSIGNMENT))
    rows = course.rows(ASSIGNMENT, outcome.failed)
    return GradedClass(course, {s.student: s for s in samples}, {row.student: row for row in rows})


@pytest.fixture(scope="session")
def chromium():
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter):
    """For `pytest tests/attacks`: what each attack tried, and what came of it."""
    reports = [
        (dict(report.user_properties), outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if report.when == "call"
    ]
    attacks = [(about, outcome) for about, outcome in reports if "attack" in about]
    if not attacks or len(attacks) < len(reports) / 2:  # a run of everything has other things to say
        return
    terminalreporter.section("attacks on the judge")
    for about, outcome in sorted(attacks, key=lambda one: one[0]["attack"]):
        gained = f"gained {about['gained']:g}" if outcome == "passed" else "SUCCEEDED"
        terminalreporter.line(f"{about['attack']:36} {about['level']:7} {gained:9}  {about['tries']}")
