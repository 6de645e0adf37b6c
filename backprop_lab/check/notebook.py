"""A notebook file on disk: its cells, and how far along its answers are."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from ..exercises import REGISTRY
from . import verdict_on
from .run import described
from .verdict import Verdict

MAX_BYTES = 20_000_000


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
    """
    from IPython.core.inputtransformer2 import TransformerManager

    transform = TransformerManager().transform_cell
    namespace: dict[str, Any] = {"__name__": "__main__"}
    raised: dict[str, str] = {}
    names = []
    for cell in cells:
        grade_id = grade_id_of(cell)
        if cell.get("cell_type") != "code" or not (grade_id in REGISTRY or grade_id == "setup"):
            continue
        if grade_id in REGISTRY:
            names.append(grade_id)
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                exec(compile(transform(source_of(cell)), f"<cell {grade_id}>", "exec"), namespace)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # exit() in a cell does not end the check
            raised[grade_id] = f"Its cell raised {described(error)}"
    for name in dict.fromkeys(names):
        function = namespace.get(name)
        if not callable(function):
            note = raised.get(name, f"No function called {name} was found.")
            yield Verdict(name, "no answer", 0.0, note=note)
            continue
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                verdict = verdict_on(function, name)
        except Exception as error:  # whatever a strange object does to who judges it, the others are judged
            note = f"It could not be judged: {described(error)}"
            verdict = Verdict(name, "no answer", 0.0, note=note)
        yield verdict
