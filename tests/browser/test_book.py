"""Every page of the book in a browser: no error, nothing fetched from elsewhere, readable by everybody."""

import os

import pytest

from tests.docs.book import ROOT, built, pages

from .conftest import served

pytestmark = pytest.mark.browser

axe_package = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python"
)

#: The rules that count: WCAG 2.1, levels A and AA.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site():
    """The address of the built book."""
    with served(built()) as address:
        yield address


@pytest.fixture
def reader(page, site):
    """Opens pages of the book, and remembers what they asked for and what went wrong."""
    page.set_default_timeout(30_000)
    page.asked, page.failed = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("requestfailed", lambda request: page.failed.append(request.url))
    page.on("response", lambda answer: page.failed.append(answer.url) if answer.status >= 400 else None)
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)

    def open_page(name, theme="light"):
        page.add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        page.goto(site + name, wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        page.wait_for_timeout(150)
        return page

    page.open = open_page
    return page


def names():
    return [path.relative_to(built()).as_posix() for path in pages()]


def violations(page):
    """What axe finds, one line for each rule, with the first element it is about."""
    found = axe_package.Axe().run(page, options=RULES).response["violations"]
    return [
        f"{one['id']} ({len(one['nodes'])} times): {one['help']}: {one['nodes'][0]['html'][:200]}"
        f" {one['nodes'][0].get('failureSummary', '')[:300]}"
        for one in found
    ]


def test_every_page_opens_without_an_error_or_a_request_to_elsewhere(reader, site):
    for name in names():
        reader.open(name)
        assert not reader.errors, f"{name}: {reader.errors}"
        assert not reader.failed, f"{name}: {reader.failed}"
        away = [url for url in reader.asked if not url.startswith((site, "data:", "blob:"))]
        assert not away, f"{name}: {away}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible(reader, theme):
    wrong = {}
    for name in names():
        reader.open(name, theme)
        found = violations(reader)
        if found:
            wrong[name] = found
    assert not wrong, "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)


def test_no_page_is_wider_than_a_phone(reader):
    reader.set_viewport_size(PHONE)
    wide = []
    for name in names():
        reader.open(name)
        width = reader.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append((name, width))
    assert not wide


def test_formulas_are_set(reader):
    reader.open("chapters/01-chain-rule.html")
    reader.locator("mjx-container").first.wait_for()
    assert reader.locator("mjx-container").count() > 50
    assert reader.locator("mjx-merror").count() == 0
    assert "$" not in reader.locator("article").first.inner_text().replace("$PATH", "")


def test_the_stepper_steps(reader):
    reader.open("index.html")
    stepper = reader.locator(".bl-stepper[data-ready]").first
    assert stepper.locator(".bl-count").inner_text().startswith("1 /")
    stepper.locator("button[aria-label='next step']").click()
    assert stepper.locator(".bl-count").inner_text().startswith("2 /")
    stepper.press("ArrowRight")
    assert stepper.locator(".bl-count").inner_text().startswith("3 /")
    assert "Forward" in stepper.locator(".bl-said").inner_text()


def test_a_solution_is_folded_until_it_is_asked_for(reader):
    reader.open("chapters/01-chain-rule.html")
    # The theme's own page says what is folded with <details>, which needs no script and no mouse.
    solution = reader.locator("details", has_text="Show one solution").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").focus()
    reader.keyboard.press("Enter")
    assert solution.locator("pre").first.is_visible()
    assert "return delta, delta" in solution.inner_text()


def test_a_prediction_is_folded_until_it_is_asked_for(reader):
    reader.open("chapters/01-chain-rule.html")
    answer = reader.locator("details", has_text="Reveal the gradients").first
    assert not answer.locator("img").first.is_visible()
    answer.locator("summary").click()
    assert answer.locator("img").first.is_visible()


def test_search_finds_a_chapter(reader):
    reader.open("search.html?q=residual")
    reader.locator("#search-results li a, ul.search li a").first.wait_for()
    assert reader.locator("ul.search li a", has_text="Multiple paths").count() >= 1


@pytest.fixture
def rows():
    """A right submission, one with a mistake, and one that cannot be read."""
    from backprop_lab.check import verdict_on
    from graders.course import Row
    from graders.sample_class import MISTAKES, PLAIN

    def verdicts(answers):
        found = {}
        for name, text in answers.items():
            namespace = {}
            exec("import numpy as np\n" + text, namespace)
            found[name] = verdict_on(namespace[name])
        return found

    return [
        Row("ada", 39, 39, None, 6, verdicts(PLAIN)),
        Row("grace", 36, 39, 5, 6, verdicts(PLAIN | {"multiply_backward": MISTAKES["swapped"]})),
        Row("late", None, 39, None, 6, {}, "the file is not a notebook"),
    ]


@pytest.mark.parametrize("about", ["an assignment", "the course"])
def test_a_report_is_accessible(page, tmp_path, rows, about):
    from graders import report
    from graders.sample_class import ASSIGNMENT

    if about == "the course":
        text = report.course_html({ASSIGNMENT: rows, "02-multiple-paths": rows[:2], "05-momentum": []})
    else:
        text = report.html(ASSIGNMENT, rows)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto((tmp_path / "report.html").as_uri())
        assert violations(page) == []
    assert not page.errors


IMAGES = os.environ.get("BACKPROP_LAB_IMAGES")


@pytest.mark.skipif(not IMAGES, reason="makes the picture of the book for the README")
def test_a_picture_of_the_book(reader):
    reader.open("chapters/01-chain-rule.html")
    reader.locator("details", has_text="Reveal the gradients").first.scroll_into_view_if_needed()
    reader.screenshot(path=ROOT / IMAGES / "book.png")
