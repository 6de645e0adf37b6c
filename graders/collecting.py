"""Submissions from the zip file that Canvas or Moodle gives, by nbgrader's zip_collect and two plug-ins.

A zip file is written by strangers: only notebooks are taken out of it, under names that we make, and no
more of each than a submission may have.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
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
# lovelaceada_LATE_4711_99001_01-chain-rule-2.ipynb: login name, Canvas's ids, the student's file name
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<user>\d+)_(?P<attempt>\d+)_.+\.ipynb")
# Ada Lovelace_4711_assignsubmission_file_/01-chain-rule.ipynb, with or without the folder
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_file_.*\.ipynb")
PATTERNS = {"canvas": _CANVAS, "moodle": _MOODLE}


@dataclass(frozen=True)
class Found:
    """A notebook in the zip file, and whose it is."""

    member: str
    student: str
    attempt: int


def sort_out(names: list[str], source: str, roster: list[dict[str, str]]) -> tuple[list[Found], list[str]]:
    """The latest notebook of each student, and the members that are nobody's.

    Args:
        source: "canvas" or "moodle".
        roster: students with ``id``, and ``name`` and ``lms_user_id`` where they are known.
    """
    by_lms = {s["lms_user_id"]: s["id"] for s in roster if s.get("lms_user_id")}
    by_name = {_plain(s["name"]): s["id"] for s in roster if s.get("name")}
    latest: dict[str, Found] = {}
    strange = []
    for member in names:
        match = PATTERNS[source].fullmatch(member if source == "moodle" else PurePosixPath(member).name)
        if match is None:
            strange.append(member)
            continue
        name, user = match["name"], match["user"]
        student = (by_lms.get(user) if source == "canvas" else None) or by_name.get(_plain(name))
        student = student or (name if source == "canvas" else _plain(name) or user)
        if not is_student_id(student):
            strange.append(member)
            continue
        attempt = int(match["attempt"]) if source == "canvas" else 0
        if student not in latest or attempt >= latest[student].attempt:
            latest[student] = Found(member, student, attempt)
    return sorted(latest.values(), key=lambda found: found.student), strange


def _plain(name: str) -> str:
    """A name as an id: no accents, no spaces.

    >>> _plain("Émilie du Châtelet")
    'emilie-du-chatelet'
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


class SafeExtractor(ExtractorPlugin):
    """Takes the chosen notebooks out of the zip file, each as STUDENT.ipynb."""

    archive = Unicode()
    chosen = Dict(help="Students by member of the archive.")

    def extract(self, archive_path: str, extracted_path: str) -> None:
        with zipfile.ZipFile(self.archive) as archive:
            for member, student in self.chosen.items():
                with archive.open(member) as file:
                    data = file.read(MAX_BYTES + 1)  # whatever its header says
                Path(extracted_path, f"{student}.ipynb").write_bytes(data)


class StudentCollector(FileNameCollectorPlugin):
    """Knows the student by the name that `SafeExtractor` gave the file."""

    notebook = Unicode()

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        return {"student_id": Path(submitted_file).stem, "file_id": self.notebook}


def collect(
    api: Any, assignment: str, notebook: str, archive: Path, source: str
) -> tuple[list[str], list[str]]:
    """Put the submissions of a zip file where nbgrader looks for them.

    Returns:
        The students, and the members of the archive that were left out.

    Raises:
        CourseError: it is no zip file, or an impossible one.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [info.filename for info in opened.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise CourseError(f"{archive} cannot be read as a zip file: {error}.") from None
    if len(names) > MAX_FILES:
        raise CourseError(f"{archive} has {len(names):,} files; at most {MAX_FILES:,} are looked at.")
    with api.gradebook as gradebook:
        roster = [
            {
                "id": student.id,
                "name": " ".join(part for part in (student.first_name, student.last_name) if part),
                "lms_user_id": student.lms_user_id or "",
            }
            for student in gradebook.students
        ]
    found, strange = sort_out(names, source, roster)
    if not found:
        raise CourseError(f"{archive} has no notebook under a name that {source.capitalize()} gives.")
    app = ZipCollectApp(parent=None, config=api.config)
    app.coursedir = api.coursedir
    before, api.coursedir.assignment_id = api.coursedir.assignment_id, assignment
    app.force = True
    app.extractor_plugin_inst = SafeExtractor(
        archive=str(archive), chosen={one.member: one.student for one in found}
    )
    app.collector_plugin_inst = StudentCollector(notebook=notebook)
    Path(app._format_collect_path(app.archive_directory)).mkdir(parents=True, exist_ok=True)
    try:
        app.extract_archive_files()
        app.process_extracted_files()
    finally:
        api.coursedir.assignment_id = before
    return [one.student for one in found], strange
