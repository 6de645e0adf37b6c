"""A submission as bytes, rebuilt from the released notebook.

From the student come the sources of the answer cells, found by grade id, and
nothing else: no tags, no metadata, no extra cells, no test cells.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from backprop_lab.check.notebook import grade_id_of, read_cells, source_of

MAX_SOURCE = 100_000  # characters in one answer; the longest answer of the course has under 2,000
MAX_OTHERS = 1_000_000  # characters of cells that are not answers, as far as they are looked at
MAX_NAMES = 500  # defined in them
METADATA_KEY = "backprop_lab"  # of the rebuilt notebook, for what the judge must know


_FUNCTION = re.compile(r"^def (\w{1,100})\s*\(", re.MULTILINE)
_DEFINED = re.compile(r"^(?:def\s+|class\s+)?([A-Za-z_]\w{0,100})\s*(?:\(|=(?!=)|:)", re.MULTILINE)


@dataclass
class Rebuilt:
    """A released notebook with a student's answers in it.

    Attributes:
        notebook: the released notebook, answers in place, no outputs.
        problem: why nothing could be taken from the submission, or "".
        notes: by grade id, a remark the student should read.
        own_names: names defined in cells that are not answers, which the judge does not run.
    """

    notebook: NotebookNode
    problem: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    own_names: list[str] = field(default_factory=list)


def rebuild(released: NotebookNode, data: bytes) -> Rebuilt:
    """The released notebook with the answers of a submission."""
    cells, problem = read_cells(data)
    notebook = deepcopy(released)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    rebuilt = Rebuilt(notebook, problem)
    if problem:
        return rebuilt
    found, others = _by_grade_id(cells)
    others = _first(others, MAX_OTHERS)
    functions = _by_function(others)
    for cell in notebook.cells:
        if not is_answer(cell):
            continue
        grade_id = cell.metadata.nbgrader.grade_id
        sources = found.get(grade_id, [])
        if not sources and cell.cell_type == "code":
            sources = functions.get(grade_id, [])
            if sources:
                rebuilt.notes[grade_id] = (
                    "This cell had lost its id and was found by the name of its function."
                )
        changed = [source for source in sources if source.strip() != cell.source.strip()]
        if not sources:
            rebuilt.notes[grade_id] = "This cell was missing from the submission."
        elif len(set(changed)) > 1:
            rebuilt.notes[grade_id] = (
                f"There were {len(sources)} copies of this cell; the last one was graded."
            )
        if changed:
            if len(changed[-1]) > MAX_SOURCE:
                rebuilt.notes[grade_id] = (
                    f"The answer is longer than {MAX_SOURCE:,} characters and was not read."
                )
            else:
                cell.source = _clean(changed[-1])
    defined = (match[1] for source in others for match in _DEFINED.finditer(source))
    rebuilt.own_names = sorted(islice(dict.fromkeys(defined), MAX_NAMES))
    return rebuilt


def _clean(source: str) -> str:
    """Without half characters, which cannot be written to a file."""
    return source.encode("utf-8", "replace").decode()


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write in this cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def remember(rebuilt: Rebuilt) -> NotebookNode:
    """The rebuilt notebook, with what the judge must know in its metadata."""
    rebuilt.notebook.metadata[METADATA_KEY] = {
        "problem": rebuilt.problem,
        "notes": rebuilt.notes,
        "own_names": rebuilt.own_names,
    }
    return rebuilt.notebook


def recall(notebook: NotebookNode) -> Rebuilt:
    """What `remember` wrote."""
    known = notebook.metadata.get(METADATA_KEY, {})
    return Rebuilt(
        notebook, known.get("problem", ""), dict(known.get("notes", {})), list(known.get("own_names", []))
    )


def load_released(path: str) -> NotebookNode:
    """The released notebook, which is ours and trusted."""
    return nbformat.read(path, as_version=4)


def _by_function(sources: list[str]) -> dict[str, list[str]]:
    """Sources by the functions that they define."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for name in dict.fromkeys(_FUNCTION.findall(source)):
            found.setdefault(name, []).append(source)
    return found


def _first(sources: list[str], budget: int) -> list[str]:
    """As many of the sources as fit into so many characters."""
    kept = []
    for source in sources:
        budget -= len(source) + 1
        if budget < 0:
            break
        kept.append(source)
    return kept


def _by_grade_id(cells: list[dict[str, Any]]) -> tuple[dict[str, list[str]], list[str]]:
    """Sources by grade id, in order, and the sources of code cells without one."""
    found: dict[str, list[str]] = {}
    others: list[str] = []
    for cell in cells:
        grade_id = grade_id_of(cell)
        if grade_id:
            found.setdefault(grade_id, []).append(source_of(cell))
        elif cell.get("cell_type") == "code":
            others.append(source_of(cell))
    return found, others
