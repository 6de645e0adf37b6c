"""The class report: its numbers are those of the gradebook."""

from html.parser import HTMLParser

from graders import report
from graders.course import Row
from graders.sample_class import ASSIGNMENT, MISTAKES


def test_the_numbers_are_those_of_the_gradebook(graded_class):
    rows = list(graded_class.rows.values())
    summary = report.summarize(ASSIGNMENT, rows)
    with graded_class.course.gradebook() as gradebook:
        scores = [s.score for s in gradebook.assignment_submissions(ASSIGNMENT)]
    assert summary["submissions"] == summary["graded"] == len(scores)
    assert summary["mean"] == sum(scores) / len(scores)
    assert sum(summary["histogram"]) == len(scores)
    assert {line.title for line in summary["mistakes"]} >= {
        row.verdicts[name].mistake.title
        for row in rows
        for name in row.verdicts
        if row.verdicts[name].mistake
    }
    assert len(summary["mistakes"]) >= len(MISTAKES)
    line = next(line for line in summary["exercises"] if line.name == "max_backward")
    passed = sum(row.verdicts["max_backward"].passed for row in rows)
    assert (line.passed, line.total) == (passed, len(rows))
    assert {row.student for row in summary["look_at"]} == {
        "hangs",
        "hostile",
        "broken-file",
        "not-a-notebook",
    }


def test_the_page_is_self_contained_and_escapes_names(graded_class):
    rows = [*graded_class.rows.values(), Row("<script>x</script>", None, 39, None, 6, {}, "not graded yet")]
    page = report.html(ASSIGNMENT, rows)
    assert "<script" not in page
    assert "://" not in page
    HTMLParser().feed(page)


def test_a_class_of_one_ungraded_submission_has_a_report():
    page = report.html(ASSIGNMENT, [Row("someone", None, 39.0, None, 6.0, {}, "not graded yet")])
    assert "1 submissions, 0 graded" in page
