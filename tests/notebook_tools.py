"""What the notebook tests share: reading, releasing and running notebooks, and the numbers in their prose."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions

ROOT = Path(__file__).parent.parent
CHECK = "check-"  # grade ids of test cells: check-<function>


def path_of(assignment: str) -> Path:
    """The instructor version of an assignment."""
    return ROOT / "notebooks" / assignment / f"{assignment}.ipynb"


def read(assignment: str) -> NotebookNode:
    """The instructor version, as stored."""
    return nbformat.read(path_of(assignment), as_version=nbformat.NO_CONVERT)


def released(notebook: NotebookNode) -> NotebookNode:
    """What students get: nbgrader's own preprocessor takes the solutions out of a copy."""
    return ClearSolutions().preprocess(copy.deepcopy(notebook), {})[0]


def run(notebook: NotebookNode, folder: Path, allow_errors: bool = False) -> NotebookNode:
    """A copy executed top to bottom in a kernel of its own."""
    done = copy.deepcopy(notebook)
    where = {"metadata": {"path": folder}}
    client = NotebookClient(
        done, timeout=120, kernel_name="python3", allow_errors=allow_errors, resources=where
    )
    client.execute()
    return done


def kind(notebook: NotebookNode, cell_type: str) -> list[NotebookNode]:
    """Its "code" or "markdown" cells."""
    return [cell for cell in notebook.cells if cell.cell_type == cell_type]


def nbgrader_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells nbgrader knows, by grade id."""
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


def function_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The answer cells that hold a graded function, by its name."""
    return {
        name: cell
        for name, cell in nbgrader_cells(notebook).items()
        if cell.cell_type == "code" and cell.metadata.nbgrader.solution
    }


def code_lines(cell: NotebookNode) -> int:
    """Lines of code, blank ones not counted."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def solution_of(cell: NotebookNode) -> str:
    """The text between the solution markers."""
    found = re.search(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", cell.source, re.DOTALL)
    assert found, f"no solution in cell {cell.id}"
    return found[1]


def text_of(cell: NotebookNode) -> str:
    """All a code cell printed or displayed, as plain text, errors included."""
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(f"{output.ename}: {output.evalue}")
        else:
            parts.append(output.data.get("text/plain", ""))
    return "\n".join(parts)


def errors_of(cell: NotebookNode) -> list[str]:
    """Names of the exceptions that ended a code cell."""
    return [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]


# ---------------------------------------------------------------- numbers in prose

_NOT_NUMBERS = [
    (r"\$\$.*?\$\$", re.DOTALL),  # displayed formulas; what they mean is said in words, with numbers
    (r"`[^`\n]*`", 0),
    (
        r"\((?:[^()]|\([^()]*\))*(?:LING|DS 4440|UIUC|CS231n|MIT|Goodfellow|Goh|Polyak|Sutskever|Griewank)"
        r"(?:[^()]|\([^()]*\))*\)",
        0,
    ),  # citations
    (r"^#+ .*$", re.MULTILINE),
    (r"^\d+\. ", re.MULTILINE),
    (r"^- (?:Lazebnik|Yale|DS 4440|Goodfellow|Karpathy|MIT|Goh|Polyak|Sutskever|Griewank).*$", re.MULTILINE),
    (r"(?:notebook|section|algorithms?|equation|figure) [\d.]+(?: and [\d.]+)?", re.IGNORECASE),
    (r"[_^](?:\{[^{}]*\}|\w)", 0),  # indices and exponents
]


def prose_numbers(source: str) -> list[str]:
    """The numbers a reader meets in a prose cell, in order.

    Left out are those of displayed formulas, code, headings, citations, indices and exponents.

    >>> prose_numbers("With $x_1 = -2$ the sum is 0.20 (DS 4440, page 3), not `7`.")
    ['-2', '0.20']
    """
    for pattern, flags in _NOT_NUMBERS:
        source = re.sub(pattern, " ", source, flags=flags)
    return [token.replace("−", "-") for token in re.findall(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?!\w)", source)]


def agrees(printed: str, value: Any) -> bool:
    """Whether a printed number is the value, rounded to the digits that are printed.

    >>> agrees("-0.53", -0.5345), agrees("0.40", 0.3932)
    (True, False)
    """
    digits = len(printed.partition(".")[2])
    slack = 0.5 * 10**-digits if digits else 0  # a whole number is printed only where it is exact
    return abs(float(printed) - float(value)) <= slack + 1e-9


def assert_numbers(cell: NotebookNode, values: Iterable[Any]) -> None:
    """Every number in a prose cell is the expected value, in order, and there is no other number."""
    printed, expected = prose_numbers(cell.source), list(values)
    shown = f"cell {cell.id} prints {printed}; expected {expected}"
    assert len(printed) == len(expected), shown
    for token, value in zip(printed, expected, strict=True):
        assert agrees(token, value), f"{token} should be {value}; {shown}"
