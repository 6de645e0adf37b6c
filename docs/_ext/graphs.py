"""The gallery of the book: a page for each lecture, with the stepper of each of its graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from backprop_lab import examples

HERE = Path(__file__).parents[1]
LECTURES = {
    "N": ("northeastern", "Northeastern, DS 4440: first graphs"),
    "L": ("lazebnik", "UIUC, Lazebnik: gates, blocks, layers"),
    "Y": ("yale", "Yale, LING 380/780: from nodes to objectives"),
    "M": ("mit", "MIT, lecture 8: modules, inputs, programs"),
    "G": ("goodfellow", "Goodfellow, Bengio and Courville, section 6.5: graphs and their gradient graphs"),
}


def page(lecture: str) -> str:
    """The text of a lecture's page."""
    parts = [
        "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n",
        f"# {LECTURES[lecture][1]}\n",
        "```{code-cell} python3\n:tags: [remove-cell]\nfrom backprop_lab import examples\n```\n",
    ]
    for name in examples.names(lecture):
        about = examples.describe(name)
        parts.append(f"## {name}\n\n{about.title}: {_plain(about.formula)}\n")
        parts.append(f'```{{code-cell}} python3\nexamples.get("{name}").step()\n```\n')
    return "\n".join(parts)


def _plain(formula: str) -> str:
    """A formula in plain text, none of whose signs mean anything to Markdown."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>()#+-.!|$~^" else sign for sign in formula)


def _write(app: Sphinx, config: Any) -> None:
    folder = HERE / "graphs"
    folder.mkdir(exist_ok=True)
    for number, (lecture, (name, _)) in enumerate(LECTURES.items(), start=1):
        path, text = folder / f"{number}-{name}.md", page(lecture)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook."""
    app.connect("config-inited", _write)
    return {"parallel_read_safe": True}
