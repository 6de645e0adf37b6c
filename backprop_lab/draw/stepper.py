"""Forward and backward, one step at a time, in a picture that needs no kernel.

One SVG holds every step; a step changes what is seen of it, never where it is. Parts
with ``data-from="5"`` are seen from step 5 on, parts with ``data-at="5"`` in step 5
alone. As an ``<img>`` the SVG plays by CSS, which is what an untrusted notebook
shows; where scripts run, `stepper.js` makes it a ◀ slider ▶.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import quoteattr

from ..engine.graph import Graph
from . import card
from .api import prepare
from .diagram import Diagram, typeset
from .fonts import text_width
from .picture import Picture, Words
from .places import Layout
from .svg import edge, paint, ring
from .theme import DARK, themed

SECONDS = 1.8  # that a step lasts in the animation
LISTED = 8  # inputs named in the first sentence
LINE = 18


class Stepper(Picture):
    """The picture of a graph in steps. Save it as .html to publish it, or as .svg for the animation."""

    def __init__(self, svg: str, description: str, sentence: str, steps: list[str], theme: str):
        super().__init__(svg, description, sentence)
        self.steps = steps
        self._theme = theme

    def __repr__(self) -> str:
        return f"Stepper of {len(self.steps)} steps: {self._sentence}"

    def to_html(self) -> str:
        """The animated picture, and the script that makes it a stepper where scripts run."""
        # Lumino's attribute keeps JupyterLab from taking the arrow keys for itself.
        return (
            f'<div class="bl-stepper on-{self._theme}" role="group" '
            f'aria-label="Backpropagation step by step" data-lm-suppress-shortcuts="true">'
            f"{super().to_html()}</div>"
            f"<style>{_CONTROLS}{themed(self._theme, _box_style)}</style><script>{_script()}</script>"
        )


def _box_style(theme: str, colours: dict[str, str]) -> str:
    """The frame of picture and controls. An untrusted notebook drops it; the animated image has its own."""
    return (
        f".on-{theme}.bl-stepper[data-ready]{{background:{colours['page']};color:{colours['ink']};"
        f"border:1px solid {colours['rim']};color-scheme:{'dark' if colours is DARK else 'light'}}}"
    )


_CONTROLS = (
    ".bl-stepper[data-ready]{border-radius:8px;padding:0 0 8px;font-family:sans-serif;"
    "width:fit-content;min-width:min(340px,100%);max-width:100%;box-sizing:border-box}"
    ".bl-view{overflow:auto;max-height:max(360px,70vh)}"
    ".bl-bar{display:flex;gap:8px;align-items:center;padding:6px 12px 0}"
    ".bl-bar input{flex:1;min-width:120px;max-width:480px}"
    ".bl-bar button{font-size:14px;padding:2px 12px;cursor:pointer}"
    ".bl-count{font:12px sans-serif;min-width:4em}"
    ".bl-stepper .bl-said{margin:4px 12px 0;font-size:15px;min-height:1.5em;color:inherit}"
)


def _script() -> str:
    source = files(__package__).joinpath("stepper.js").read_text(encoding="utf-8")
    return "\n".join(line.strip() for line in source.splitlines() if not line.lstrip().startswith("//"))


def step(
    graph: Graph,
    *,
    local: bool = True,
    collapse: bool | str | Iterable[str] | None = None,
    direction: str = "auto",
    theme: str = "auto",
) -> Stepper | Words:
    """The stepper of a graph: inputs, forward one operation at a time, then backward.

    Args:
        local: show local derivatives on edges as the backward pass uses them.
        collapse, direction, theme: as for `draw`.

    >>> from backprop_lab import Graph, Variable
    >>> stepper = Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c")).step()
    >>> for sentence in stepper.steps:
    ...     print(sentence)
    Inputs: a = 2, b = 3
    Forward: c = a · b = 2 · 3 = 6
    Backward: dc/dc = 1
    Backward: dc/db = dc/dc · dc/db = 1 · 2 = 2
    Backward: dc/da = dc/dc · dc/da = 1 · 3 = 3
    """
    trace = graph.trace()  # first: it runs backward if that has not been done
    laid = prepare(
        graph,
        collapse=collapse,
        direction=direction,
        local=local,
        values=True,
        gradients=True,
        upstream=False,
    )
    if isinstance(laid, Words):
        return laid
    picture, layout = laid
    film = _Film(picture, layout, trace)
    head, captions = _captions(film.sentences, layout)
    svg = paint(
        picture,
        layout,
        theme=theme,
        stamp=film.stamp,
        under=film.moving_edges(),
        extra=captions,
        head=head,
        style=_animation(len(film.sentences), theme),
    ).replace('class="bl-', f'data-height="{card.n(layout.height)}" class="play bl-', 1)
    return Stepper(svg, picture.description, repr(graph), film.sentences, theme)


class _Film:
    """Which part of a picture is seen in which step; steps count from 1."""

    def __init__(self, picture: Diagram, layout: Layout, trace: list[Any]):
        self._picture, self._layout = picture, layout
        self.sentences = [_inputs(trace)]
        self._forward: dict[int, int] = {}
        self._backward: dict[int, int] = {}
        key = {box.nodes[-1]: box.key for box in picture.boxes}  # of a folded gate, its output speaks
        for turn in trace:
            if turn.node not in key:
                continue
            if turn.phase == "forward" and turn.node.operation is None:
                self._forward[key[turn.node]] = 1
                continue
            self.sentences.append(f"{turn.phase.capitalize()}: {typeset(turn.sentence)}")
            seen = self._forward if turn.phase == "forward" else self._backward
            seen[key[turn.node]] = len(self.sentences)

    def stamp(self, part: str, key: int) -> str:
        """See `card.Stamp`."""
        forward, backward = self._forward.get(key), self._backward.get(key)
        if part == "value" and forward:
            return f' data-from="{forward}"'
        if part == "gradient" and backward:
            return f' data-from="{backward}"'
        if part == "local" and (seen := self._backward.get(self._picture.links[key].tail)):
            return f' data-from="{seen}"'
        if part == "ring":
            return "".join(
                ring(self._layout.sizes[key], style, f' data-at="{at}"')
                for style, at in (("ring fw", forward), ("ring bw", backward))
                if at and at > 1
            )
        return ""

    def moving_edges(self) -> str:
        """The edges again: forward where a value is read, backward where a gradient flows."""
        out = []
        for number, link in enumerate(self._picture.links):
            forward, backward = self._forward.get(link.head), self._backward.get(link.tail)
            if forward:
                out.append(f'<g class="fw" data-at="{forward}">{edge(self._layout, number)}</g>')
            if backward and link.needs_grad:
                drawn = edge(self._layout, number, backward=True)
                out.append(f'<g class="bw" data-at="{backward}">{drawn}</g>')
        return "".join(out)


def _inputs(trace: list[Any]) -> str:
    leaves = [turn for turn in trace if turn.phase == "forward" and turn.node.operation is None]
    named = [turn.sentence for turn in leaves if turn.node.name]
    if not named:
        return "The numbers in the expression are known."
    rest = f", and {len(named) - LISTED} more" if len(named) > LISTED else ""
    return typeset(f"Inputs: {', '.join(named[:LISTED])}{rest}")


def _captions(sentences: list[str], layout: Layout) -> tuple[float, str]:
    """The sentences above the picture, where no one has to scroll to them, and the height they take."""
    broken = [_wrap(sentence, layout.width - 2 * 14) for sentence in sentences]
    head = max(map(len, broken)) * LINE + 8
    out = []
    for number, lines in enumerate(broken, start=1):
        spans = "".join(
            f'<text class="note" x="14" y="{card.n(20 + k * LINE - head)}">{escape(card.clean(line))}</text>'
            for k, line in enumerate(lines)
        )
        label = quoteattr(card.clean(sentences[number - 1]))
        out.append(f'<g class="said" data-at="{number}" aria-label={label}>{spans}</g>')
    return head, "".join(out)


def _wrap(sentence: str, width: float) -> list[str]:
    lines = [""]
    for word in sentence.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, 13) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _animation(steps: int, theme: str) -> str:
    """The CSS that plays the steps over and over, where no script takes control."""
    svg = f".bl-{theme} "  # in a page with scripts the SVG is inline: no rule may reach beyond it
    play = f".play.bl-{theme} "
    out = [f"{svg}[data-at]{{opacity:0}}{svg}.said text{{font-size:13px}}", themed(theme, _moving_style)]
    out.append(f"{play}[data-from],{play}[data-at]{{animation:{steps * SECONDS:g}s step-end infinite}}")
    for number in range(1, steps + 1):
        begin, end = f"{(number - 1) / steps:.2%}", f"{number / steps:.2%}"
        hidden = "" if number == 1 else "0%{opacity:0}"
        out.append(f"@keyframes f{number}{{{hidden}{begin}{{opacity:1}}to{{opacity:1}}}}")
        out.append(f"@keyframes a{number}{{{hidden}{begin}{{opacity:1}}{end}{{opacity:0}}}}")
        out.append(f'{play}[data-from="{number}"]{{animation-name:f{number}}}')
        out.append(f'{play}[data-at="{number}"]{{animation-name:a{number}}}')
    still = f"{play}[data-from],{play}[data-at]{{animation:none}}"
    out.append(f"@media (prefers-reduced-motion:reduce){{{still}}}")
    return "".join(out)


def _moving_style(theme: str, colours: dict[str, str]) -> str:
    """Edges and outlines of the step that is on: blue forward, vermilion backward."""
    svg, out = f".bl-{theme} ", ""
    for kind, colour in (("fw", colours["forward"]), ("bw", colours["backward"])):
        out += f"{svg}.{kind} path,{svg}.ring.{kind}{{stroke:{colour};stroke-width:2.4}}"
        out += f"{svg}.{kind} .tip{{fill:{colour};stroke:none}}"
    return out
