"""The page a student gets back: readable by everybody, in either light, and quick to tell what went wrong."""

import pytest

from backprop_lab.exercises import CATALOGUE
from graders.sample_class import ASSIGNMENT

from .test_book import PHONE, violations

pytestmark = pytest.mark.browser
STUDENTS = ["mistake-tie", "right-and-noisy", "hostile", "broken-file"]


@pytest.fixture(scope="module")
def address(graded_class):
    """The address of a student's page."""
    course = graded_class.course
    assert not course.feedback(ASSIGNMENT, STUDENTS, lambda student: None)
    return lambda student: course.feedback_page(student, ASSIGNMENT).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("student", STUDENTS)
def test_the_page_is_accessible(page, address, student, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(address(student))
    assert violations(page) == []


def test_score_mistake_and_next_step_are_seen_without_scrolling(page, address):
    page.goto(address("mistake-tie"))
    row = page.locator("tr", has_text="max_backward").first
    tie = CATALOGUE["tie"]
    for words in ("38.4 of 45", "10 of 11", tie.title, tie.hint):
        box = page.get_by_text(words).first.bounding_box()
        assert box["y"] + box["height"] < page.viewport_size["height"]
    assert "2.4 of 3" in row.inner_text()
    row.locator("a").click()
    check = page.locator('div[role="status"]', has_text="max_backward").first
    assert 0 < check.bounding_box()["y"] < page.viewport_size["height"]


def test_formulas_are_set_without_a_script(page, address):
    page.goto(address("right-and-noisy"))
    assert page.locator("script").count() == 0
    assert page.locator("math").count() > 50
    assert page.locator("mfrac").first.bounding_box()["height"] > 10
    assert "$" not in page.locator("main").inner_text()


def test_the_page_is_no_wider_than_a_phone(page, address):
    page.set_viewport_size(PHONE)
    page.goto(address("hostile"))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
