"""Make docs/gallery: every graph of the lectures, drawn and in steps.

    python docs/gallery.py [FOLDER]

Bytes depend on nothing but the code: run it after a change to the pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from backprop_lab import Graph, examples

HERE = Path(__file__).parent / "gallery"
LECTURES = {
    "Y": "Yale, LING 380",
    "N": "Northeastern, DS 4440",
    "M": "MIT, lecture 8",
    "G": "Goodfellow, Bengio and Courville, section 6.5",
    "L": "UIUC, Lazebnik",
}
INTRODUCTION = """\
# Gallery

Every graph of the lectures, as `backprop-lab draw NAME` makes it. Follow a picture's name to see it in
steps: forward, then backward, one node at a time. In a notebook, `examples.get("two-paths").step()` is the
same with a slider.
"""


def worked(name: str) -> Graph:
    """The example with its gradients."""
    graph = examples.get(name)
    graph.trace()  # runs backward where it can
    return graph


def drawn(name: str) -> dict[str, str]:
    """The files of one example."""
    graph = worked(name)
    files = {f"{name}.svg": graph.draw(theme="auto").svg, f"{name}-steps.svg": graph.step(theme="auto").svg}
    for extra, picture in EXTRAS.get(name, {}).items():
        files[f"{name}-{extra}.svg"] = picture(worked(name)).svg
    return files


#: More ways to look at some of them.
EXTRAS = {
    "two-paths": {
        "paths": lambda graph: graph.draw_paths("b", theme="auto"),
        "beside": lambda graph: graph.draw(beside="gradient", theme="auto"),
    },
    "mlp-modules": {"modules": lambda graph: graph.draw_modules(theme="auto")},
    "chain": {"modules": lambda graph: graph.draw_modules(theme="auto")},
    "sigmoid-circuit": {"collapsed": lambda graph: graph.draw(collapse="sigmoid", theme="auto")},
}
TITLES = {
    "paths": "every path from b, and their sum",
    "beside": "with the graph of its gradients",
    "modules": "as modules, forward and backward",
    "collapsed": "with its gates collapsed to one",
}


def page() -> str:
    """The Markdown page."""
    lines = [INTRODUCTION]
    for letter, lecture in LECTURES.items():
        lines.append(f"## {lecture}\n")
        for name in examples.names(letter):
            example = examples.describe(name)
            lines.append(f"### [{name}]({name}-steps.svg)\n\n{example.title}: {example.formula}\n")
            lines.append(f"![{example.title}]({name}.svg)\n")
            for extra in EXTRAS.get(name, ()):
                lines.append(f"{name}, {TITLES[extra]}:\n\n![{TITLES[extra]}]({name}-{extra}.svg)\n")
    return "\n".join(lines)


def build(folder: Path = HERE) -> list[Path]:
    """Write the page and its pictures; what they no longer need is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"README.md": page()}
    for name in examples.names():
        files |= drawn(name)
    for old in folder.glob("*.svg"):
        if old.name not in files:
            old.unlink()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


if __name__ == "__main__":
    made = build(*map(Path, sys.argv[1:2]))
    size = sum(path.stat().st_size for path in made)
    print(f"{len(made)} files, {size / 1e6:.1f} MB, in {made[0].parent}")
