"""Other systems: the class list in, submissions out of a zip file, grades out."""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer
from nbgrader.plugins import CsvExportPlugin
from typer.testing import CliRunner

from graders import report, roster
from graders.collecting import collect, sort_out
from graders.commands import register
from graders.course import CourseError
from graders.exports import EXPORTERS, waiting_for_a_person, write
from graders.sample_class import ASSIGNMENT
from tests.graders.test_classroom import NOTEBOOK, course  # noqa: F401 - a fixture

COMMAND = Path(sys.executable).with_name("backprop-lab")


def exported(course, to, folder, **options):  # noqa: F811
    kind, name = EXPORTERS[to]
    with course.gradebook() as gradebook:
        kind(to=str(folder / name), **options).export(gradebook)
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


# ---------------------------------------------------------------------------------- grades out


@pytest.mark.parametrize("to", EXPORTERS)
def test_every_export_holds_the_scores_of_the_gradebook(graded_class, tmp_path, to):
    header, *lines = exported(graded_class.course, to, tmp_path, assignment=[ASSIGNMENT])
    key = {"nbgrader": "student_id", "canvas": "SIS Login ID", "moodle": "Username"}[to]
    score = {"nbgrader": "score"}.get(to, ASSIGNMENT)
    found = {line[header.index(key)]: line[header.index(score)] for line in lines}
    if to == "canvas":
        assert float(found.pop("")) == graded_class.rows["blank"].max_code + 6  # what can be had
    assert {s: float(text) for s, text in found.items()} == {
        s: row.score for s, row in graded_class.rows.items()
    }


def test_a_student_who_handed_in_nothing_has_no_entry(graded_class, tmp_path):
    with graded_class.course.gradebook() as gradebook:
        gradebook.add_student("absent", first_name="=cmd()", last_name="Ünal")
    try:
        _, _, *canvas = exported(graded_class.course, "canvas", tmp_path)
        _, *moodle = exported(graded_class.course, "moodle", tmp_path)
    finally:
        with graded_class.course.gradebook() as gradebook:
            gradebook.remove_student("absent")
    assert next(line for line in canvas if line[3] == "absent")[5] == ""
    assert next(line for line in moodle if line[0] == "absent")[2:] == ["'=cmd()", "Ünal", "", "-"]


def test_an_export_that_fails_leaves_the_old_table(graded_class, tmp_path):
    class Failing(CsvExportPlugin):
        def export(self, gradebook):
            Path(self.to).write_text("half of")
            raise OSError(28, "No space left on device")

    (tmp_path / "grades.csv").write_text("old")
    with (
        graded_class.course.gradebook() as gradebook,
        pytest.raises(CourseError, match=r"grades.csv cannot be written: No space left on device"),
    ):
        write(Failing(), gradebook, tmp_path / "grades.csv")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_an_export_does_not_make_a_gradebook(course):  # noqa: F811
    (course.root / "gradebook.db").unlink()
    (course.root / "grades.csv").write_text("old")
    assert "There is no gradebook" in answer(1, "export", "--course", str(course.root))
    assert not (course.root / "gradebook.db").exists()
    assert (course.root / "grades.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--student", "nobody"], "The gradebook has no student 'nobody', so nothing was exported."),
        (["--assignment", "02-multiple-paths"], "The gradebook has no assignment '02-multiple-paths'"),
    ],
)
def test_an_export_of_nothing_is_refused(graded_class, tmp_path, words, said):
    to = ["--course", str(graded_class.course.root), "--out", str(tmp_path / "grades.csv")]
    assert said in answer(1, "export", *words, *to)
    assert not list(tmp_path.iterdir())
    assert "grades written to" in answer(0, "export", "--student", "blank", *to)
    assert (tmp_path / "grades.csv").read_text().count("blank") == 1


def test_answers_that_wait_are_counted_for_the_chosen_students(graded_class):
    students = [s for s, row in graded_class.rows.items() if row.written is None]
    with graded_class.course.gradebook() as gradebook:
        assert waiting_for_a_person(gradebook, [], []) == len(students)
        assert waiting_for_a_person(gradebook, [ASSIGNMENT], students[:1]) == 1
        assert waiting_for_a_person(gradebook, [], ["blank"]) == ("blank" in students)
        assert waiting_for_a_person(gradebook, ["02-multiple-paths"], []) == 0


# ----------------------------------------------------------------------------- the class list in


CANVAS_LIST = """Student,ID,SIS User ID,SIS Login ID,Section
    Points Possible,,,,
"Lovelace, Ada",4711,,ada,1
"""
CANVAS_GRADES = """Student,ID,SIS User ID,SIS Login ID,Section,01-chain-rule
,,,,,Manual Posting
    Points Possible,,,,,10
"Lovelace, Ada",4711,,ada,1,
"""
MOODLE_LIST = "First name,Surname,Username,Email address\nAda,Lovelace,ada,ada@example.org\n"


@pytest.mark.parametrize(
    "text",
    [
        CANVAS_LIST,
        CANVAS_GRADES,
        MOODLE_LIST,
        "id,first_name,last_name\nada,Ada,Lovelace\n",
        "id,last_name,first_name,section\nada,Lovelace,Ada,1\n\nada,Lovelace,Ada,2,more,more\n",
    ],
)
def test_class_lists_of_three_kinds_are_read(tmp_path, text):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8-sig")
    [student] = roster.read(tmp_path / "list.csv")
    assert (student["id"], student["first_name"], student["last_name"]) == ("ada", "Ada", "Lovelace")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name\nada\n", "has no column of student ids"),
        ("id\n../../etc\n", r"Line 2 of .* has the id '\.\./\.\./etc'"),
        ("", "has no column of student ids"),
        ("id\n", "has a header and nobody in it"),
        ("id\n" + "a" * 129, "Line 2 of .* has an id that is too long: 129 characters, and 128 are possible"),
        (
            "id,first_name\nada,Ada\n\nbo,Bo\nada,Adam\n",
            "Lines 2 and 5 of .* both have the id 'ada', for Ada and for Adam",
        ),
        ('id,last_name\nada,"Lovelace\nbo,Peep\ncy,Young\n', "from line 2 on: .* mark that is not closed"),
        ('id,last_name\nada,"Lovelace\nbo,Peep"\n', "from line 2 on: a field goes on in the next line"),
        ('id,"last_name\nada,Lovelace"\n', "from line 1 on: a field goes on in the next line"),
        ('id,last_name\nada,Lovelace\nbo,"Peep\ncy,"Young"\n', "from line 3 on"),
        ("id,last_name\njul,Müller\n".encode("latin-1"), "is not written in UTF-8: save it as UTF-8"),
        ("id\njul\n".encode("utf-16"), "is not written in UTF-8: save it as UTF-8"),
        ("id\njul\n".encode("utf-16-le"), "is not written in UTF-8: save it as UTF-8"),
    ],
)
def test_a_class_list_that_cannot_be_used_is_told(tmp_path, text, sentence):
    (tmp_path / "list.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CourseError, match=sentence):
        roster.read(tmp_path / "list.csv")


def test_entering_a_list_twice_changes_nothing_the_second_time(course):  # noqa: F811
    students = [{"id": "ada", "first_name": "Ada"}, {"id": "bo"}]
    with course.gradebook() as gradebook:
        assert roster.enter(gradebook, students) == (2, 0)
        assert roster.enter(gradebook, students) == (0, 2)
        assert gradebook.find_student("ada").first_name == "Ada"


# --------------------------------------------------------------------- submissions from a zip file


ADA = {"id": "ada", "first_name": "Ada", "last_name": "Lovelace"}


def sorted_out(source, roster, *names):
    """Members by student, and what is said of the others."""
    found, left = sort_out(list(names), source, roster, ASSIGNMENT)
    return {one.student: one.member for one in found}, {one.member: one.why for one in left}


def moodle(name, user, file=NOTEBOOK):
    return f"{name}_{user}_assignsubmission_file_/{file}"


def test_canvas_names_are_sorted_out_and_the_latest_attempt_wins():
    names = [
        f"lovelaceada_4711_100_{NOTEBOOK}",
        "lovelaceada_LATE_4711_200_01-chain-rule-1.ipynb",
        f"unknown_5000_101_{NOTEBOOK}",
        "readme.txt",
    ]
    found, left = sorted_out("canvas", [{"id": "ada", "lms_user_id": "4711"}], *names)
    assert found == {"ada": names[1]}
    assert left == {
        names[0]: "of ada, 01-chain-rule-1.ipynb was taken",
        names[2]: "the roster has no unknown",
        names[3]: "it is no notebook under a name that Canvas gives",
    }


def test_canvas_names_are_matched_with_names_where_the_roster_has_no_number():
    names = [f"lovelaceada_4711_1_{NOTEBOOK}", f"obrienconan_4712_2_{NOTEBOOK}"]
    conan = {"id": "conan", "first_name": "Conan", "last_name": "O'Brien", "lms_user_id": "99"}
    found, left = sorted_out("canvas", [ADA, conan], *names)
    assert found == {"ada": names[0]}
    assert list(left) == names[1:]  # his number is known, and it is another


def test_moodle_names_are_found_by_the_name_of_the_student():
    names = [moodle("Émilie du Châtelet", 12), f"Bo Peep_13_assignsubmission_file_{NOTEBOOK}"]
    emilie = {"id": "emilie", "first_name": "Emilie", "last_name": "du Chatelet"}
    assert sorted_out("moodle", [emilie, {"id": "bo-peep"}], *names) == (
        {"emilie": names[0], "bo-peep": names[1]},  # bo-peep has no name: grading has added this student
        {},
    )


def test_names_in_any_script_are_told_apart():
    roster = [
        {"id": "wei1", "first_name": "伟", "last_name": "王"},
        {"id": "na2", "first_name": "娜", "last_name": "李"},
        {"id": "ram", "first_name": "राम", "last_name": ""},
    ]
    names = [moodle("王伟", 4711), moodle("李娜", 4712), moodle("रमा", 4713), moodle("()", 4714)]
    found, left = sorted_out("moodle", roster, *names)
    assert found == {"wei1": names[0], "na2": names[1]}
    assert left == {names[2]: "the roster has no रमा", names[3]: "the roster has no ()"}


def test_without_a_roster_every_name_is_a_student():
    names = [moodle("Ada Lovelace", 1), moodle("王伟", 2), moodle("()", 3)]
    expected = {"ada-lovelace": names[0], "王伟": names[1], "3": names[2]}
    assert sorted_out("moodle", [], *names) == (expected, {})
    assert sorted_out("moodle", [{"id": "ada-lovelace"}], *names) == (expected, {})


def test_two_people_of_one_name_are_left_out_and_named():
    twin = ADA | {"id": "ada2"}
    name = moodle("Ada Lovelace", 1)
    _, left = sorted_out("moodle", [ADA, twin], name)
    assert left == {name: "it can be of ada or ada2, who have one name in the roster"}
    for known in ([ADA], []):
        found, left = sorted_out("moodle", known, name, moodle("Ada Lovelace", 2))
        assert not found
        assert all(why.startswith("1 and 2 have one name") for why in left.values())
        assert len(left) == 2


def test_nobody_known_is_left_out_and_named():
    name = moodle("Nobody Known", 4799)
    assert sorted_out("moodle", [ADA], name) == ({}, {name: "the roster has no Nobody Known"})


def test_folders_around_the_names_change_nothing_and_folders_inside_are_not_believed():
    outer = f"Sub/{moodle('Ada Lovelace', 4711)}"
    assert sorted_out("moodle", [ADA], outer)[0] == {"ada": outer}
    pretended = moodle("Ada Lovelace", 4711, moodle("Bo Peep", 13))
    bo = {"id": "bo", "first_name": "Bo", "last_name": "Peep"}
    assert sorted_out("moodle", [ADA, bo], pretended)[0] == {"ada": pretended}


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        (["zz.ipynb", NOTEBOOK], 1),
        ([NOTEBOOK, "zz.ipynb"], 0),
        (["mine.ipynb"], 0),
        (["mine.ipynb", "zz.ipynb"], None),
        ([NOTEBOOK, f"again/{NOTEBOOK}"], None),
    ],
)
def test_of_two_notebooks_the_one_with_the_right_name_is_taken(files, taken):
    names = [moodle("Ada Lovelace", 4711, file) for file in files]
    found, left = sorted_out("moodle", [ADA], *names)
    assert list(found.values()) == ([] if taken is None else [names[taken]])
    assert {*found.values(), *left} == set(names)


def test_of_two_notebooks_in_canvas_the_one_with_the_right_name_is_taken():
    files = ["01-chain-rule-old.ipynb", "01-chain-rule-1.ipynb", "zz.ipynb"]
    names = [f"lovelaceada_4711_{at}_{file}" for at, file in enumerate(files)]
    assert sorted_out("canvas", [ADA], *names)[0] == {"ada": names[1]}
    assert sorted_out("canvas", [ADA], names[0], names[2])[0] == {"ada": names[0]}


def test_a_zip_file_is_collected_and_leads_nowhere_else(course, tmp_path):  # noqa: F811
    data = course.submitted_notebooks(ASSIGNMENT, "right-plain")[0].read_bytes()
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(f"lovelaceada_4711_100_{NOTEBOOK}", data)
        archive.writestr("../../../.._1_1_x.ipynb", b"out")
        archive.writestr("/etc/evil_2_2_x.ipynb", b"inside, under its own name")
    students, left = collect(course.api, ASSIGNMENT, ASSIGNMENT, tmp_path / "all.zip", "canvas")
    assert students == ["evil", "lovelaceada"]
    assert [one.member for one in left] == ["../../../.._1_1_x.ipynb"]
    assert course.submitted_notebooks(ASSIGNMENT, "lovelaceada")[0].read_bytes() == data
    assert not list(tmp_path.parent.glob("*_x.ipynb"))


def test_what_is_no_zip_file_is_told(course, tmp_path):  # noqa: F811
    (tmp_path / "all.zip").write_bytes(b"no")
    with pytest.raises(CourseError, match="cannot be read as a zip file"):
        collect(course.api, ASSIGNMENT, ASSIGNMENT, tmp_path / "all.zip", "canvas")


def zip_of(path, **data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in data.items():
            archive.writestr(f"{name}_{len(name)}_1_{NOTEBOOK}", text)
    return path


@pytest.mark.parametrize("damage", ["data", "encrypted", "method"])
def test_a_member_that_cannot_be_read_is_left_out_and_the_others_are_not(course, tmp_path, capfd, damage):  # noqa: F811
    zip_of(tmp_path / "all.zip", ada=b"1" * 5000, hopper=b"2" * 5000)
    data = bytearray((tmp_path / "all.zip").read_bytes())
    first, entry = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    if damage == "data":
        at = first + 30 + len(f"ada_3_1_{NOTEBOOK}")
        data[at : at + 6] = b"\xff" * 6
    elif damage == "encrypted":
        data[first + 6] |= 1
        data[entry + 8] |= 1
    else:
        data[first + 8] = data[entry + 10] = 77
    (tmp_path / "all.zip").write_bytes(data)
    students, [left] = collect(course.api, ASSIGNMENT, ASSIGNMENT, tmp_path / "all.zip", "canvas")
    assert students == ["hopper"]
    assert left.member.startswith("ada_")
    assert "cannot be read from the zip file" in left.why
    assert "ZipCollectApp" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("place", ["downloaded", "submitted/ada"])
def test_a_folder_that_cannot_be_written_is_told(course, tmp_path, place):  # noqa: F811
    (course.root / place).write_text("a file")
    archive = zip_of(tmp_path / "all.zip", ada=b"{}")
    with pytest.raises(CourseError, match=rf"{place}\S* cannot be written.* a folder in which you may write"):
        collect(course.api, ASSIGNMENT, ASSIGNMENT, archive, "canvas")


def test_where_nothing_can_be_taken_the_reasons_are_told(course, tmp_path):  # noqa: F811
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(CourseError, match=r"no notebook that can be taken.\nreadme.txt: it is no notebook"):
        collect(course.api, ASSIGNMENT, ASSIGNMENT, tmp_path / "all.zip", "canvas")


# -------------------------------------------------------------------------------- the report


def test_the_json_report_holds_what_the_page_shows(graded_class):
    rows = list(graded_class.rows.values())
    data = json.loads(report.as_json(ASSIGNMENT, rows))
    assert {row["student"]: row["score"] for row in data["rows"]} == {r.student: r.score for r in rows}
    assert data["mean"] == sum(row.score for row in rows) / len(rows)
    tie = next(row for row in data["rows"] if row["student"] == "mistake-tie")
    assert tie["exercises"]["max_backward"]["misconception"] == "tie"
    assert len(tie["attempts"]) == 1
    assert tie["seconds"] > 0


def test_an_anonymous_report_has_no_names_and_the_same_numbers(graded_class):
    rows = list(graded_class.rows.values())
    hidden = report.anonymous({ASSIGNMENT: rows, "again": rows[:3]})
    page = report.html(ASSIGNMENT, hidden[ASSIGNMENT])
    assert not [row.student for row in rows if row.student in page.replace("mistake</", "")]
    assert sorted(r.score for r in hidden[ASSIGNMENT]) == sorted(r.score for r in rows)
    assert {r.student for r in hidden["again"]} < {r.student for r in hidden[ASSIGNMENT]}


def test_progress_is_counted_between_the_first_attempt_and_the_last(graded_class):
    from dataclasses import replace

    row = graded_class.rows["right-plain"]
    rows = [replace(row, attempts=(0.25, 0.1, 0.75)), replace(row, attempts=(0.5, 0.5)), row]
    assert report.progress(rows) == report.Progress(2, 1, 0.375, 0.625)
    assert "2 handed in more than once, 1 of them" in report.html(ASSIGNMENT, rows)


def test_the_course_report_adds_up_its_assignments(graded_class):
    rows = list(graded_class.rows.values())
    summary = report.summarize_course({ASSIGNMENT: rows, "02-multiple-paths": rows[:2]})
    assert [line["submissions"] for line in summary["assignments"]] == [len(rows), 2]
    assert summary["students"] == len(rows)
    assert "<script" not in report.course_html({ASSIGNMENT: rows})


# ---------------------------------------------------------------------------------- the commands


def answer(code, *words):
    """What the command says, in one line."""
    app = typer.Typer()
    register(app, [])
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_a_release_without_a_notebook_is_told(course):  # noqa: F811
    (course.root / "release" / ASSIGNMENT / NOTEBOOK).unlink()
    said = answer(1, "collect", ASSIGNMENT, "all.zip", "--course", str(course.root))
    assert said.startswith(f"✗ The release of '{ASSIGNMENT}' has no notebook: run backprop-lab release")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["export", "--to", "canvas"], 1, "The gradebook has no student yet"),
        (["export", "--to", "excel"], 1, "--to takes nbgrader, canvas, moodle; got 'excel'."),
        (["report", "--json", "--anonymous"], 0, "course.json"),
        (["collect", ASSIGNMENT, "none.zip"], 1, "none.zip cannot be read as a zip file"),
        (["roster", "none.csv"], 1, "none.csv cannot be read as a CSV file"),
    ],
)
def test_the_commands_say_what_they_did_or_why_not(course, words, code, said):  # noqa: F811
    done = subprocess.run([COMMAND, *words], cwd=course.root, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert said in " ".join((done.stdout + done.stderr).split())
