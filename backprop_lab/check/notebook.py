"""A notebook file on disk: its cells, and how far along its answers are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..exercises import REGISTRY
from . import verdict_on
from .limit import OutOfTime, time_limit
from .run import described
from .verdict import Verdict

MAX_BYTES = 20_000_000
CELL_SECONDS = 30.0  # an answer's cell defines a function; the set-up imports


def read_cells(data: bytes) -> tuple[list[dict[str, Any]], str]:
    """The cells of a file that may be anything at all, and what is wrong with it.

    >>> read_cells(b"not a notebook")
    ([], 'the file is not a notebook: it is not JSON')
    """
    if len(data) > MAX_BYTES:
        return [], f"the file is larger than {MAX_BYTES // 1_000_000} MB"
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return [], "the file is not a notebook: it is not UTF-8 text"
    except (ValueError, RecursionError):
        return [], "the file is not a notebook: it is not JSON"
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return [], "the file is not a notebook: it has no cells"
    return [cell for cell in document["cells"] if isinstance(cell, dict)], ""


def source_of(cell: dict[str, Any]) -> str:
    """A cell's source, which the format allows to be text or a list of lines."""
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def grade_id_of(cell: dict[str, Any]) -> str:
    """The cell's nbgrader id, or ""."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def scoreboard(cells: list[dict[str, Any]]) -> Iterator[Verdict]:
    """Run the set-up and answer cells here and check each function, in the order of the notebook.

    The code is the user's own and runs in this process, as it would in the notebook.

    Raises:
        KeyboardInterrupt: the user's own; its message is what was running.
    """
    from .shell import make_shell, quiet

    with quiet():
        shell = make_shell()
    raised: dict[str, str] = {}
    names = []
    for cell in cells:
        grade_id = grade_id_of(cell)
        if cell.get("cell_type") != "code" or not (grade_id in REGISTRY or grade_id == "setup"):
            continue
        if grade_id in REGISTRY:
            names.append(grade_id)
        try:
            with quiet(), time_limit(CELL_SECONDS):
                error = shell.run(source_of(cell))
        except OutOfTime as late:
            error = late
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"the cell of {grade_id}")
        if isinstance(error, OutOfTime):
            raised[grade_id] = f"Its cell {error}: is there a loop in it that never ends?"
        elif error is not None:
            raised[grade_id] = f"Its cell raised {described(error)}"
    for name in dict.fromkeys(names):
        function = shell.user_ns.get(name)
        if callable(function):
            yield _verdict_here(function, name)
        else:
            note = raised.get(name, f"No function called {name} was found.")
            yield Verdict(name, "no answer", 0.0, note=note)


def _verdict_here(function: Any, name: str) -> Verdict:
    from .shell import quiet

    try:
        with quiet():
            return verdict_on(function, name, limited=True)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(name) from None
    except BaseException as error:  # whatever a strange object does to its judge, the others are judged
        return Verdict(name, "no answer", 0.0, note=f"It could not be judged: {described(error)}")
