"""How long a picture takes, and how large it is: ours against spawning ``dot -Tsvg`` on the same DOT text.

    python benchmarks/drawing.py

Times are the best of several runs in this process, in milliseconds; the first picture
is timed in fresh processes, with the compiled Graphviz on disk and without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from backprop_lab import Graph, Variable, ops
from backprop_lab.draw.diagram import diagram
from backprop_lab.draw.layout import dot_source, place, solve
from backprop_lab.draw.svg import paint

SIZES = (5, 20, 50, 150, 500, 1000)


def network(nodes: int) -> Graph:
    """Units tanh(w a + v b) on top of each other: a scalar network of about that many nodes."""
    a, b = Variable(0.5, "a"), Variable(-0.3, "b")
    made = 2
    while made + 4 <= nodes:
        w, v = Variable(0.7, f"w{made}"), Variable(0.2, f"v{made}")
        a, b = b, ops.tanh(w * a + v * b)
        made += 6
    return Graph(b if b.operation else a * b)


def best(run: Callable[[], object], seconds: float = 0.4) -> float:
    """The shortest time of a call in milliseconds."""
    shortest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or shortest == float("inf"):
        start = time.perf_counter()
        run()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest * 1e3


def spawned(source: str) -> Callable[[], object]:
    return lambda: subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True)


def first_picture(cache: str | None) -> float:
    """Seconds from starting Python to the first picture, less those of importing the package."""
    code = "from backprop_lab import Graph, Variable; g = Graph(Variable(1.0, 'a') * Variable(2.0, 'b'))"
    environment = dict(os.environ) | ({"XDG_CACHE_HOME": cache} if cache else {})

    def run(source: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", source], check=True, env=environment)
        return time.perf_counter() - start

    return run(code + "; g.draw()") - run(code)


def measure(size: int) -> str:
    """One row of the table."""
    graph = network(size)
    graph.backward()
    shown = diagram(graph, local=True)
    layout = place(shown)

    def draw(again: bool) -> None:
        if not again:
            solve.cache_clear()
        graph.draw(collapse=False)  # type: ignore[attr-defined]  # not folded, however large

    painting, first, again = (
        best(lambda: paint(shown, layout)),
        best(lambda: draw(False)),
        best(lambda: draw(True)),
    )
    boxes, text = float("nan"), float("nan")
    if shutil.which("dot"):
        boxes = best(spawned(dot_source(shown)[0]))
        text = best(spawned(graph.to_dot().source))  # type: ignore[attr-defined]
    kilobytes = len(paint(shown, layout).encode()) / 1000
    return (
        f"{len(graph):6}{painting:9.2f}{first:9.2f}{again:9.2f}{boxes:12.1f}{text:14.1f}"
        f"{first / text:9.2f}{again / text:9.2f}{kilobytes:8.1f}"
    )


def main() -> None:
    print("milliseconds. 'again': the same picture with another highlight or theme, laid out before.")
    print("dot, boxes: dot -Tsvg on our own DOT, which has no text; dot, picture: on graph.to_dot().")
    print(
        f"{'nodes':>6}{'paint':>9}{'first':>9}{'again':>9}{'dot, boxes':>12}{'dot, picture':>14}"
        f"{'ratio':>9}{'again':>9}{'SVG kB':>8}"
    )
    for size in SIZES:
        print(measure(size), flush=True)
    with tempfile.TemporaryDirectory() as empty:
        cold = first_picture(empty)
        warm = min(first_picture(empty) for _ in range(3))
    print(f"first picture in a new process: {warm:.2f} s, and {cold:.2f} s once on a new machine")


if __name__ == "__main__":
    main()
