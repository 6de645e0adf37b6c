"""How long a picture takes, and how large it is: ours against spawning ``dot -Tsvg``.

    python benchmarks/drawing.py

Ours is everything from a graph that was never drawn to the text of its SVG: what to
show, DOT, layout, edges, paint. Each run draws a graph with new numbers, so that no
answer of Graphviz is remembered; the WebAssembly module is warm. ``dot`` is spawned
twice: on the same graph as `Graph.to_dot` writes it, with the text of every card,
which is the same picture (the ratio); and on the bare boxes that our own layout asks
for, without any text. All are run in turn, so that a busy machine slows each alike.
Medians, in milliseconds of this machine's clock; "cpu" compares processor time.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

from backprop_lab import Graph, Variable, ops
from backprop_lab.draw import layout, route
from backprop_lab.draw.card import size
from backprop_lab.draw.diagram import diagram
from backprop_lab.draw.svg import paint

SIZES = (5, 20, 50, 150, 500, 1000)


def network(nodes: int, seed: int = 0) -> Graph:
    """Units tanh(w a + v b) on top of each other: a scalar network of about that many nodes."""
    draw = random.Random(seed).uniform
    a, b = Variable(draw(-1, 1), "a"), Variable(draw(-1, 1), "b")
    made = 2
    while made + 4 <= nodes:
        w, v = Variable(draw(-1, 1), f"w{made}"), Variable(draw(-1, 1), f"v{made}")
        a, b = b, ops.tanh(w * a + v * b)
        made += 6
    return Graph(b if b.operation else a * b)


def clocked(run: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of a call, by the clock and by the processor (of this process and its children)."""

    def processor() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    start, used = time.perf_counter(), processor()
    run()
    return (time.perf_counter() - start) * 1e3, (processor() - used) * 1e3


def spawned(source: str) -> Callable[[], object]:
    return lambda: subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True)


def measure(nodes: int, runs: int) -> str:
    """One row of the table."""
    times: dict[str, list[tuple[float, float]]] = {}

    def take(what: str, run: Callable[[], object]) -> None:
        times.setdefault(what, []).append(clocked(run))

    kilobytes = 0.0
    for seed in range(runs + 1):
        graph = network(nodes, seed)
        graph.backward()
        layout.solve.cache_clear()
        draw = lambda: graph.draw(collapse=False)  # noqa: B023 - not folded, however large
        take("first", draw)
        take("again", draw)
        shown = diagram(graph, local=True)
        placed = layout.place(shown)
        take("paint", lambda: paint(shown, placed))  # noqa: B023
        kilobytes = len(paint(shown, placed).encode()) / 1000
        if shutil.which("dot"):
            sizes = {box.key: size(box) for box in shown.boxes}
            boxes = layout.dot_source(shown, route.entrances(shown, sizes, upright=False))[0]
            take("text", spawned(graph.to_dot().source))
            take("boxes", spawned(boxes))
    nothing = [(float("nan"), float("nan"))] * 2
    clock, cpu = (
        {what: median(run[kind] for run in times.get(what, nothing)[1:]) for what in COLUMNS}
        for kind in (0, 1)
    )
    return (
        f"{len(graph):6}"
        + "".join(f"{clock[what]:9.2f}" for what in COLUMNS)
        + f"{clock['first'] / clock['text']:8.2f}{clock['first'] / clock['boxes']:12.2f}"
        + f"{cpu['first'] / cpu['text']:11.2f}{kilobytes:9.1f}"
    )


COLUMNS = ("paint", "again", "first", "text", "boxes")


def first_picture(cache: str | None) -> float:
    """Seconds from starting Python to the first picture, less those of importing the package."""
    code = "from backprop_lab import Graph, Variable; g = Graph(Variable(1.0, 'a') * Variable(2.0, 'b'))"
    environment = dict(os.environ) | ({"XDG_CACHE_HOME": cache} if cache else {})

    def run(source: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", source], check=True, env=environment)
        return time.perf_counter() - start

    return run(code + "; g.draw()") - run(code)


def main() -> None:
    print(
        "first: a picture of a graph with new numbers; again: the same once more (another highlight or theme)"
    )
    print(
        "dot: spawning dot -Tsvg on the same picture (its text in the DOT), and on bare boxes of its sizes"
    )
    print(
        f"{'nodes':>6}{'paint':>9}{'again':>9}{'first':>9}{'dot':>9}{'dot, bare':>9}"
        f"{'ratio':>8}{'ratio, bare':>12}{'cpu ratio':>11}{'SVG kB':>9}"
    )
    for nodes in SIZES:
        print(measure(nodes, runs=41 if nodes <= 50 else 9 if nodes <= 150 else 3), flush=True)
    with tempfile.TemporaryDirectory() as empty:
        cold = first_picture(empty)
        warm = min(first_picture(empty) for _ in range(3))
    print(f"first picture in a new process: {warm:.2f} s, and {cold:.2f} s once on a new machine")


if __name__ == "__main__":
    main()
