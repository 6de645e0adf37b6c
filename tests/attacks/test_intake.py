"""Archives that students hand in, through nbgrader's own zip_collect."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from graders import intake
from graders.course import copy_course
from graders.sample_class import ASSIGNMENT
from graders.student_version import ROOT

NAME = f"{ASSIGNMENT}.ipynb"
COLLECT = r"""
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/]+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>[^/]+)$"
)
"""


@pytest.mark.slow
def test_an_archive_writes_for_its_own_student_only_and_nowhere_else(tmp_path):
    course = tmp_path / "course"
    copy_course(ROOT, course)
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(COLLECT)
    archives = course / "downloaded" / ASSIGNMENT / "archive"
    archives.mkdir(parents=True)
    (archives / f"victim_attempt_2026-01-01-10-00-00_{NAME}").write_text("the victim's work")
    with zipfile.ZipFile(archives / "mallory_attempt_2026-01-02-10-00-00.zip", "w") as archive:
        archive.writestr(f"mallory_attempt_2026-01-02-10-00-00_{NAME}", "mallory's own work")
        archive.writestr(f"victim_attempt_2026-09-09-10-00-00_{NAME}", "forged")
        archive.writestr("../../../../escaped.ipynb", "escaped")
        archive.writestr(f"{tmp_path}/absolute.ipynb", "escaped")
        archive.writestr(f"sub/.._attempt_2026-01-02-10-00-00_{NAME}", "escaped")
    with tarfile.open(archives / "trudy_attempt_2026-01-02-10-00-00.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo(f"trudy_attempt_2026-01-02-10-00-00_{NAME}")
        link.type, link.linkname = tarfile.SYMTYPE, str(ROOT / "nbgrader_config.py")
        archive.addfile(link)
        out = tarfile.TarInfo("../../../../escaped.ipynb")
        archive.addfile(out, io.BytesIO())
    nbgrader = Path(sys.executable).with_name("nbgrader")
    done = subprocess.run(
        [nbgrader, "zip_collect", ASSIGNMENT], cwd=course, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    handed = {p.parts[-3]: p.read_text() for p in (course / "submitted").rglob(NAME)}
    assert handed == {"victim": "the victim's work", "mallory": "mallory's own work"}
    assert not list(tmp_path.rglob("escaped*"))
    assert not (tmp_path / "absolute.ipynb").exists()
    assert "which is not victim's" in done.stderr


def test_links_and_pipes_become_remarks_and_files_stay(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "submitted"
    folder.mkdir()
    (folder / "data.csv").write_text("1")
    (folder / "link").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere").symlink_to("/nowhere")
    intake.only_plain_files(notebooks=[str(folder / NAME)])
    assert (folder / "data.csv").read_text() == "1"
    assert all("was not followed" in (folder / name).read_text() for name in ("link", "loop", "nowhere"))
    assert not list(intake.strange_files(folder))
    assert secret.read_text() == "secret"
