"""The chapters of the book, made from the notebooks of the course.

Instructor versions become pages that can be read without a kernel: an exercise shows
what students are given, with one solution folded below it; a prediction shows its
picture only when it is unfolded; model answers are folded too. What is executed is
what is shown. With ``-D chapters_solutions=0`` the solutions are left out, for a
course that does not want them in its book.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

HERE = Path(__file__).parents[1]
NOTEBOOKS = HERE.parent / "notebooks"

_SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION\n?", re.DOTALL | re.MULTILINE
)
_PREDICTS = re.compile(r"^(\w+) = predict\((\w+),", re.MULTILINE)
_REVEALS = re.compile(r"(\w+)\.reveal\(\)")

_BADGE = (
    "*Chapter {number} of {count}. To do the exercises and not only read them: {{doc}}`/guides/student`.*"
)


def stub(source: str) -> str:
    """What students are given: the solution replaced by a refusal.

    >>> stub("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n    ### END SOLUTION")
    'def f(x):\\n    raise NotImplementedError()'
    """
    return _SOLUTION.sub(r"\1raise NotImplementedError()\n", source + "\n").rstrip()


def solved(source: str) -> str:
    """The instructor's cell without its markers.

    >>> solved("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n    ### END SOLUTION")
    'def f(x):\\n    return x'
    """
    return _SOLUTION.sub(r"\2", source + "\n").rstrip()


def page(notebook: NotebookNode, number: int, count: int, solutions: bool = True) -> NotebookNode:
    """A chapter of the book from an instructor notebook."""
    graphs: dict[str, str] = {}  # of each prediction, the variable its graph is in
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        for name, graph in _PREDICTS.findall(cell.source):
            graphs[name] = graph
        cells += _shown(cell, graphs, solutions)
    cells.insert(1, _markdown(_BADGE.format(number=number, count=count)))
    for k, cell in enumerate(cells):
        cell["id"] = f"cell-{k}"
    out = nbformat.v4.new_notebook(cells=cells)
    out.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return out


def _shown(cell: NotebookNode, graphs: dict[str, str], solutions: bool) -> list[NotebookNode]:
    """The cells of the book that one cell of the course becomes."""
    source = cell.source
    grader = cell.metadata.get("nbgrader", {})
    if cell.cell_type != "code":
        if "### BEGIN SOLUTION" not in source:
            return [_markdown(source)]
        return [_markdown(_folded("Show a model answer", solved(source)))] if solutions else []
    if "### BEGIN SOLUTION" in source:
        given = _markdown(f"```python\n{stub(source)}\n```")
        if solutions:
            return [
                given,
                _code(solved(source), "hide-input", show="Show one solution", hide="Hide the solution"),
            ]
        return [given, _code(solved(source), "remove-cell")]  # executed: what follows may need it
    if grader.get("grade") and not solutions:
        return [_markdown(f"```python\n{source}\n```")]
    reveals = _REVEALS.fullmatch(source.strip())
    if reveals and reveals[1] in graphs:
        graph = graphs[reveals[1]]
        return [
            _markdown(f"```python\n{source}\n```"),
            _code(f"{graph}.backward()\n{graph}", "remove-input", "hide-output", show="Reveal the gradients"),
        ]
    if _PREDICTS.search(source) and "..." in source:
        shown = _code(source)
        # The picture of a prediction that nobody made is one sentence about missing numbers.
        shown.metadata["tags"] = ["remove-output"]
        return [shown]
    otherwise = _after_commitment(source)
    if otherwise:
        return [
            _markdown(f"```python\n{source}\n```"),
            _code(otherwise, "remove-input", "hide-output", show="Reveal"),
        ]
    return [_code(source, *cell.metadata.get("tags", []))]


def _after_commitment(source: str) -> str:
    """Of a cell that waits for a guess (`if guess is ...`), what it does once there is one."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ""
    if len(body) != 1 or not isinstance(body[0], ast.If) or not body[0].orelse:
        return ""
    test = body[0].test
    waits = (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and isinstance(test.ops[0], ast.Is)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is ...
    )
    if not waits:
        return ""
    guess = test.left.id  # type: ignore[attr-defined]
    after = body[0].orelse
    if any(isinstance(node, ast.Name) and node.id == guess for part in after for node in ast.walk(part)):
        return ""  # it needs the guess itself
    return "\n".join(ast.unparse(part) for part in after)


def _markdown(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _code(source: str, *tags: str, show: str = "", hide: str = "") -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    if tags:
        cell.metadata["tags"] = list(tags)
    if show:
        cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide or "Hide it"}
    return cell


def _folded(title: str, text: str) -> str:
    return f":::::{{dropdown}} {title}\n{text}\n:::::"


def write_all(folder: Path, solutions: bool = True) -> list[Path]:
    """Write every chapter into a folder; what is as it was stays untouched, so that its run is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(path for path in NOTEBOOKS.glob("*/*.ipynb") if path.stem == path.parent.name)
    written = []
    for number, source in enumerate(sources, start=1):
        notebook = nbformat.read(source, as_version=4)
        text = nbformat.writes(page(notebook, number, len(sources), solutions))
        target = folder / source.name
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
        written.append(target)
    for stale in set(folder.glob("*.ipynb")) - set(written):
        stale.unlink()
    return written


def _write(app: Sphinx, config: Any) -> None:
    write_all(HERE / "chapters", solutions=bool(int(config.chapters_solutions)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook."""
    app.add_config_value("chapters_solutions", 1, "env")
    app.connect("config-inited", _write)
    return {"parallel_read_safe": True}
