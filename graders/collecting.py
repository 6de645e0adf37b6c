"""Submissions from the zip file that Canvas or Moodle gives, by nbgrader's zip_collect and two plug-ins.

A zip file is written by strangers: only notebooks are taken out of it, under names that we make, and no
more of each than a submission may have.
"""

from __future__ import annotations

import logging
import lzma
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins.zipcollect import ExtractorPlugin, FileNameCollectorPlugin
from traitlets import Dict, Unicode

from backprop_lab.check.notebook import MAX_BYTES

from .errors import CourseError
from .roster import is_student_id

MAX_FILES = 20_000
# lovelaceada_LATE_4711_99001_01-chain-rule-2.ipynb: family and given name, Canvas's ids, the student's file
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<user>\d+)_(?P<attempt>\d+)_(?P<file>.+\.ipynb)")
# Ada Lovelace_4711_assignsubmission_file_/01-chain-rule.ipynb, with or without the folder, or in folders.
# The outermost name counts: what is further inside the student has chosen.
_MOODLE = re.compile(
    r"(?:[^/]*/)*?(?P<name>[^/]+?)_(?P<user>\d+)_assignsubmission_file_(?:.*/)?(?P<file>[^/]*\.ipynb)"
)
# What zipfile raises for what is damaged, encrypted or packed in a way that it does not know.
_UNREADABLE = (
    *(OSError, RuntimeError, ValueError, EOFError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
PATTERNS = {"canvas": _CANVAS, "moodle": _MOODLE}


@dataclass(frozen=True)
class Found:
    """A notebook in the zip file, and whose it is.

    Attributes:
        user: the number that Canvas or Moodle gives this person.
        file: what the student called it.
    """

    member: str
    student: str
    user: str
    file: str
    attempt: int


@dataclass(frozen=True)
class LeftOut:
    """A member of the zip file that was not taken."""

    member: str
    why: str


def sort_out(
    names: list[str], source: str, roster: list[dict[str, str]], notebook: str
) -> tuple[list[Found], list[LeftOut]]:
    """The notebook of each student, and what is left out.

    Args:
        source: "canvas" or "moodle".
        roster: students with ``id``, and ``first_name``, ``last_name``, ``lms_user_id`` where they are known.
        notebook: what it should be called, without ``.ipynb``.
    """
    roster_of = _Roster(source, roster)
    theirs: dict[str, list[Found]] = {}
    left = []
    for member in names:
        match = PATTERNS[source].fullmatch(member if source == "moodle" else PurePosixPath(member).name)
        if match is None:
            why = f"it is no notebook under a name that {source.capitalize()} gives"
            left.append(LeftOut(member, why))
            continue
        student, why = roster_of.find(match["name"], match["user"])
        if why:
            left.append(LeftOut(member, why))
            continue
        attempt = int(match["attempt"]) if source == "canvas" else 0
        found = Found(member, student, match["user"], match["file"], attempt)
        theirs.setdefault(student, []).append(found)
    taken = []
    for student in sorted(theirs):
        one, why = _choose(theirs[student], source, notebook)
        taken += [one] if one else []
        left += [LeftOut(found.member, why) for found in theirs[student] if found is not one]
    return taken, left


class _Roster:
    """Who is meant by a name: never by guessing."""

    def __init__(self, source: str, roster: list[dict[str, str]]):
        self._source = source
        self._by_lms = {s["lms_user_id"]: s["id"] for s in roster if s.get("lms_user_id")}
        self._by_name: dict[str, list[str]] = {}
        self._by_id: dict[str, list[str]] = {}  # grading adds students, with an id and no name
        self._has_names = bool(self._by_lms)
        for student in roster:
            first, last = _words(student.get("first_name", "")), _words(student.get("last_name", ""))
            self._has_names = self._has_names or bool(first or last)
            if source == "canvas" and student.get("lms_user_id"):
                continue
            orders = {"".join(last + first)} | ({"".join(first + last)} if source == "moodle" else set())
            for key in orders - {""}:
                self._by_name.setdefault(key, []).append(student["id"])
            if not first and not last:
                self._by_id.setdefault("".join(_words(student["id"])), []).append(student["id"])

    def find(self, name: str, user: str) -> tuple[str, str]:
        """The student's id, or "" and why there is none."""
        if self._source == "canvas" and user in self._by_lms:
            return self._by_lms[user], ""
        if not self._has_names:
            made = name if self._source == "canvas" else "-".join(_words(name))
            made = made if self._source == "canvas" or is_student_id(made) else user
            return (made, "") if is_student_id(made) else ("", f"'{made}' cannot be a student's id")
        key = "".join(_words(name))
        students = (self._by_name.get(key) or self._by_id.get(key) or []) if key else []
        if not students:
            return "", f"the roster has no {name}"
        if len(students) > 1:
            return "", f"it can be of {' or '.join(students)}, who have one name in the roster"
        return students[0], ""


def _choose(found: list[Found], source: str, notebook: str) -> tuple[Found | None, str]:
    """The notebook of a student that is taken, and why the others are not."""
    student, users = found[0].student, sorted({one.user for one in found})
    if len(users) > 1:
        return None, f"{' and '.join(users)} have one name, so it cannot be told which is {student}"
    best = max((_likeness(one.file, source, notebook), one.attempt) for one in found)
    likely = [one for one in found if (_likeness(one.file, source, notebook), one.attempt) == best]
    if best[0] == 0 and len(found) > 1:
        return None, f"{student} has {len(found)} notebooks, and none is called {notebook}.ipynb"
    if len(likely) > 1:
        return None, f"{student} has {len(likely)} notebooks that are called {likely[0].file}"
    return likely[0], f"of {student}, {likely[0].file} was taken"


def _likeness(file: str, source: str, notebook: str) -> int:
    """How far a student's file has the notebook's name; Canvas puts -1 after it when it is sent again."""
    if file == f"{notebook}.ipynb":
        return 2
    if source != "canvas" or not file.startswith(notebook):
        return 0
    return 2 if re.fullmatch(r"-\d+\.ipynb", file.removeprefix(notebook)) else 1


def _words(name: str) -> list[str]:
    """The words of a name in any script, without case and accents.

    >>> _words("Émilie du Châtelet"), _words("王伟"), _words("()")
    (['emilie', 'du', 'chatelet'], ['王伟'], [])
    """
    letters = unicodedata.normalize("NFKD", name).casefold()
    # The vowels of Indian scripts are marks too, but not combining ones: they stay.
    kept = (
        c if c.isalnum() or unicodedata.category(c)[0] == "M" else " "
        for c in letters
        if not unicodedata.combining(c)
    )
    return unicodedata.normalize("NFC", "".join(kept)).split()


class SafeExtractor(ExtractorPlugin):
    """Takes the chosen notebooks out of the zip file, each as STUDENT.ipynb."""

    archive = Unicode()
    chosen = Dict(help="Students by member of the archive.")
    unreadable = Dict(help="For members that cannot be read, why.")

    def extract(self, archive_path: str, extracted_path: str) -> None:
        with zipfile.ZipFile(self.archive) as archive:
            for member, student in self.chosen.items():
                try:
                    with archive.open(member) as file:
                        data = file.read(MAX_BYTES + 1)  # whatever its header says
                except _UNREADABLE as error:
                    self.unreadable[member] = f"it cannot be read from the zip file ({error})"
                    continue
                Path(extracted_path, f"{student}.ipynb").write_bytes(data)


class StudentCollector(FileNameCollectorPlugin):
    """Knows the student by the name that `SafeExtractor` gave the file."""

    notebook = Unicode()

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        return {"student_id": Path(submitted_file).stem, "file_id": self.notebook}


def collect(
    api: Any, assignment: str, notebook: str, archive: Path, source: str
) -> tuple[list[str], list[LeftOut]]:
    """Put the submissions of a zip file where nbgrader looks for them.

    Returns:
        The students, and what was left out.

    Raises:
        CourseError: it is no zip file, or an impossible one.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [info.filename for info in opened.infolist() if not info.is_dir()]
    except _UNREADABLE as error:
        raise CourseError(f"{archive} cannot be read as a zip file: {error}.") from None
    if len(names) > MAX_FILES:
        raise CourseError(f"{archive} has {len(names):,} files; at most {MAX_FILES:,} are looked at.")
    with api.gradebook as gradebook:
        roster = [
            {
                "id": student.id,
                "first_name": student.first_name or "",
                "last_name": student.last_name or "",
                "lms_user_id": student.lms_user_id or "",
            }
            for student in gradebook.students
        ]
    names = [name for name in names if not name.startswith("__MACOSX/")]  # what macOS adds to every file
    found, left = sort_out(names, source, roster, notebook)
    if not found:
        raise CourseError(_nothing(archive, left))
    app = ZipCollectApp(parent=None, config=api.config)
    app.log.setLevel(logging.ERROR)
    app.coursedir = api.coursedir
    before, api.coursedir.assignment_id = api.coursedir.assignment_id, assignment
    app.force = True
    extractor = SafeExtractor(archive=str(archive), chosen={one.member: one.student for one in found})
    app.extractor_plugin_inst = extractor
    app.collector_plugin_inst = StudentCollector(notebook=notebook)
    try:
        Path(app._format_collect_path(app.archive_directory)).mkdir(parents=True, exist_ok=True)
        app.extract_archive_files()
        app.process_extracted_files()
    except OSError as error:
        # nbgrader makes a folder anew that is there and cannot be written: "File exists" would mislead.
        why = "" if isinstance(error, FileExistsError) else f": {error.strerror or error}"
        raise CourseError(
            f"{error.filename or api.coursedir.root} cannot be written{why}. It must be a folder "
            "in which you may write; mend this, and run the same command again."
        ) from None
    finally:
        api.coursedir.assignment_id = before
    left += [LeftOut(member, why) for member, why in extractor.unreadable.items()]
    students = [one.student for one in found if one.member not in extractor.unreadable]
    if not students:
        raise CourseError(_nothing(archive, left))
    return students, left


def _nothing(archive: Path, left: list[LeftOut]) -> str:
    reasons = "".join(f"\n{one.member}: {one.why}." for one in left[:10])
    more = f"\nAnd {len(left) - 10} more." if len(left) > 10 else ""
    return f"{archive} has no notebook that can be taken.{reasons}{more}"
