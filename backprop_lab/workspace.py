"""A student's folder of notebooks: what was handed out, what became of it, and what is new.

A small record in the folder remembers the hash of every notebook as it was handed
out. From it follows what an update may do: an untouched notebook is replaced, one
that somebody worked in is kept, and a new version of that one is put beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

RECORD = ".backprop-lab.json"
_ABOUT = "Written by `backprop-lab start`: the notebooks as they were handed out. Safe to delete."

What = Literal["written", "updated", "current", "kept", "beside", "failed"]


@dataclass(frozen=True)
class HandedOut:
    """What `hand_out` did about one notebook.

    Attributes:
        path: the student's notebook.
        what: "written" for the first time; "updated", since nobody had worked in it; "current" already;
            "kept" as the student's own; or kept, and the new version put "beside" it; or "failed".
        beside: where the new version is.
        problem: why it failed.
    """

    path: Path
    what: What
    beside: Path | None = None
    problem: str = ""

    @property
    def sentence(self) -> str:
        """For the student, after the path."""
        if self.what == "beside":
            assert self.beside is not None
            return f"yours; a new version of the course is beside it: {self.beside.name}"
        return {
            "written": "",
            "updated": "you had not worked in it: it is the new version now",
            "current": "as handed out",
            "kept": "yours",
            "failed": self.problem,
        }[self.what]


def hand_out(sources: Iterable[Path], folder: Path) -> list[HandedOut]:
    """Put released notebooks into a folder, each as ``folder/NAME/NAME.ipynb``; no work is overwritten.

    One that cannot be written does not keep the others back, and is tried again the next time.
    """
    record = read_record(folder)
    out = []
    for source in sources:
        try:
            out.append(_hand_out(source, folder, record))
        except OSError as error:
            out.append(_failed(folder / source.stem / source.name, error))
    if any(one.what != "failed" for one in out):
        try:
            _write_record(folder, record)
        except OSError as error:
            out.append(_failed(folder / RECORD, error))
    return out


def _failed(path: Path, error: OSError) -> HandedOut:
    return HandedOut(path, "failed", problem=f"cannot be written: {error.strerror or error}")


def _hand_out(source: Path, folder: Path, record: dict[str, str]) -> HandedOut:
    """Hand one notebook out, and put it in the record once that is done."""
    released = source.read_bytes()
    target = folder / source.stem / source.name
    name = target.relative_to(folder).as_posix()
    done = _placed(released, target, folder, record)
    record[name] = digest(released)
    return done


def _placed(released: bytes, target: Path, folder: Path, record: dict[str, str]) -> HandedOut:
    before = record.get(target.relative_to(folder).as_posix())
    if not os.path.lexists(target):
        _write(target, released)
        return HandedOut(target, "written")
    found = digest(target.read_bytes()) if target.is_file() else ""
    if found == digest(released):
        return HandedOut(target, "current")
    if found == before:
        _write(target, released)
        return HandedOut(target, "updated")
    if before == digest(released):
        return HandedOut(target, "kept")
    beside = _name_beside(target, record, folder, digest(released))
    _write(beside, released)
    record[beside.relative_to(folder).as_posix()] = digest(released)
    return HandedOut(target, "beside", beside)


def _name_beside(target: Path, record: dict[str, str], folder: Path, released: str) -> Path:
    """The first of NAME-new.ipynb, NAME-new-2.ipynb, … that is free, or that nobody has worked in."""
    number = 1
    while True:
        path = target.with_name(f"{target.stem}-new{'' if number == 1 else f'-{number}'}.ipynb")
        if not os.path.lexists(path):
            return path
        if path.is_file():
            found = digest(path.read_bytes())
            if found in (released, record.get(path.relative_to(folder).as_posix())):
                return path
        number += 1


def digest(data: bytes) -> str:
    """What tells one version of a notebook from another.

    >>> digest(b"") == digest(b" ")
    False
    """
    return hashlib.sha256(data).hexdigest()


def read_record(folder: Path) -> dict[str, str]:
    """Hashes of the notebooks as handed out, by path; empty where there is no record that can be read."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))["handed out"]
        return {str(name): str(value) for name, value in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_record(folder: Path, record: dict[str, str]) -> None:
    text = json.dumps({"about": _ABOUT, "handed out": record}, indent=1, sort_keys=True)
    _write(folder / RECORD, (text + "\n").encode())


def _write(path: Path, data: bytes) -> None:
    """The whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(data)
    os.replace(partial, path)


# ------------------------------------------------------------------ how far along


@dataclass(frozen=True)
class Progress:
    """How far along one notebook of a workspace is.

    Attributes:
        assignment: its name.
        right: functions that pass.
        functions: functions there are.
        points: what the functions are worth so far, by the public check.
        max_points: what they can be worth.
        answered: written questions with an answer.
        questions: written questions there are.
        problem: why nothing could be said.
    """

    assignment: str
    right: int = 0
    functions: int = 0
    points: float = 0.0
    max_points: float = 0.0
    answered: int = 0
    questions: int = 0
    problem: str = ""


def notebooks(folder: Path, names: Iterable[str]) -> dict[str, Path | None]:
    """Where the notebook of each assignment is: in a folder of its name, or in ``folder`` itself."""
    return {
        name: next(
            (p for p in (folder / name / f"{name}.ipynb", folder / f"{name}.ipynb") if p.is_file()), None
        )
        for name in names
    }


def progress_of(assignment: str, path: Path, released: Path | None = None) -> Progress:
    """Check every function of a notebook, and count the written answers.

    The code of the notebook runs in this process, as it does for `backprop-lab check`.

    Args:
        released: the notebook as handed out; a written answer that differs from it counts.
    """
    from .check.notebook import read_cells, scoreboard
    from .exercises import find, of_assignment

    cells, problem = read_cells(path.read_bytes())
    if problem:
        return Progress(assignment, problem=problem)
    verdicts = list(scoreboard(cells))
    blank = _written(read_cells(released.read_bytes())[0]) if released else {}
    written = _written(cells)
    return Progress(
        assignment,
        right=sum(verdict.passed for verdict in verdicts),
        functions=max(len(verdicts), len(of_assignment(assignment))),
        points=sum(find(verdict.exercise).points * verdict.credit for verdict in verdicts),
        max_points=sum(exercise.points for exercise in of_assignment(assignment)),
        answered=sum(bool(text.strip()) and text != blank.get(name) for name, text in written.items()),
        questions=max(len(written), len(blank)),
    )


def _written(cells: list[dict[str, Any]]) -> dict[str, str]:
    """The text of the answers that a person reads, by grade id."""
    from .check.notebook import grade_id_of, source_of

    return {
        grade_id_of(cell): source_of(cell).strip()
        for cell in cells
        if cell.get("cell_type") == "markdown" and grade_id_of(cell)
    }
