"""The book as files: every chapter is there, nothing is given away, nothing is fetched."""

import html.parser
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest

from .book import ROOT, built, pages

sys.path.insert(0, str(ROOT / "docs" / "_ext"))
import chapters

SOURCES = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


def test_every_notebook_is_a_chapter(tmp_path):
    written = chapters.write_all(tmp_path)
    assert [path.name for path in written] == [path.name for path in SOURCES]
    before = [path.stat().st_mtime_ns for path in written]
    assert [path.stat().st_mtime_ns for path in chapters.write_all(tmp_path)] == before


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_without_solutions_the_book_gives_nothing_away(source, tmp_path):
    chapters.write_all(tmp_path, solutions=False)
    instructor = nbformat.read(source, as_version=4)
    book = nbformat.read(tmp_path / source.name, as_version=4)
    seen = [cell for cell in book.cells if "remove-cell" not in cell.metadata.get("tags", [])]
    text = "\n".join(cell.source for cell in seen)
    for cell in instructor.cells:
        for solution in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.DOTALL):
            assert solution.strip() not in text
            assert "BEGIN SOLUTION" not in text


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_chapter_shows_the_exercise_and_folds_the_solution(source, tmp_path):
    chapters.write_all(tmp_path)
    book = nbformat.read(tmp_path / source.name, as_version=4)
    exercises = [
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.read(source, as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    ]
    folded = [cell for cell in book.cells if "hide-input" in cell.metadata.get("tags", [])]
    assert len(folded) == len(exercises)
    for name, cell in zip(exercises, folded, strict=True):
        assert f"def {name}(" in cell.source
        assert "raise NotImplementedError" not in cell.source
        given = book.cells[book.cells.index(cell) - 1].source
        assert f"def {name}(" in given
        assert "raise NotImplementedError()" in given


class Page(html.parser.HTMLParser):
    """What a page links to, what it loads, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("id"):
            self.places.add(found["id"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif tag in ("script", "img", "iframe", "source", "video") and found.get("src"):
            self.loads.append(found["src"])
        elif tag == "link" and found.get("rel") not in ("canonical", "author") and found.get("href"):
            self.loads.append(found["href"])


@pytest.fixture(scope="module")
def read():
    return {path: Page(path.read_text(encoding="utf-8")) for path in pages()}


@pytest.mark.slow
def test_the_book_has_its_parts(read):
    there = {path.relative_to(built()).as_posix() for path in read}
    assert {f"chapters/{source.stem}.html" for source in SOURCES} <= there
    guides = (ROOT / "docs" / "guides").glob("*.md")
    assert {f"guides/{path.stem}.html" for path in guides} <= there
    assert {"index.html", "search.html", "genindex.html", "reference/engine.html"} <= there


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(read):
    for path, page in read.items():
        away = [address for address in page.loads if re.match(r"(https?:)?//", address)]
        assert not away, f"{path.name} loads {away}"
        missing = [
            address
            for address in page.loads
            if not address.startswith(("data:", "#")) and not _target(path, address).is_file()
        ]
        assert not missing, f"{path.name} loads {missing}"


@pytest.mark.slow
def test_no_internal_link_is_broken(read):
    for path, page in read.items():
        for address in page.links:
            if re.match(r"\w+:", address):
                continue
            to, place = urldefrag(address)
            target = _target(path, to) if to else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{path.name} links to {address}"
            if place and target in read:
                assert unquote(place) in read[target].places, f"{path.name} links to {address}"


def _target(path: Path, address: str) -> Path:
    return (path.parent / unquote(address.split("?")[0].split("#")[0])).resolve()


@pytest.mark.slow
def test_every_check_in_the_book_passed(read):
    """The instructor's answers were run: a chapter that shows a failed check shows a broken solution."""
    for source in SOURCES:
        text = (built() / "chapters" / f"{source.stem}.html").read_text(encoding="utf-8")
        assert "CheckFailed" not in text
        assert text.count(": passed, ") >= sum(
            cell.source.startswith("check(") for cell in nbformat.read(source, as_version=4).cells
        )


@pytest.mark.slow
def test_a_copy_of_the_book_is_the_book(tmp_path):
    """Nothing in it depends on where it was built."""
    copy = shutil.copytree(built(), tmp_path / "book", ignore=shutil.ignore_patterns(".doctrees", "*.png"))
    for path in copy.rglob("*.html"):
        assert str(ROOT) not in path.read_text(encoding="utf-8"), path
