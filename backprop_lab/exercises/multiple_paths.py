"""Exercises of 02-multiple-paths: contributions add, nodes wait, and nobody walks every path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..engine import Graph, Node, Variable, ops
from .exercise import Case, Exercise, Refusal, WrongAnswer, backward_of, gradient_of, register
from .given import with_graph, with_unsorted_graph
from .inputs import Rng, signed

ASSIGNMENT = "02-multiple-paths"

_exercise = partial(Exercise, assignment=ASSIGNMENT)
_W = WrongAnswer

Grads = dict[str, float]

# ---------------------------------------------------------------- a list of paths


def _along_and_across(paths: list[list[float]]) -> float:
    """The gradient of a graph that is nothing but these paths, side by side."""
    x = Variable(1.0, "x")
    total = x * 0.0
    for path in paths:
        node: Node = x
        for local in path:
            node = node * local
        total = total + node
    Graph(total).backward()
    return float(x.grad)


def local_derivatives(rng: Rng, lengths: tuple[int, ...]) -> list[list[float]]:
    """One path of each length, as the list of its local derivatives."""
    return [[signed(rng) for _ in range(length)] for length in lengths]


def _path_lists(rng: Rng) -> Iterator[Case]:
    for lengths in ((2, 3, 1), (1, 2), (4, 2, 3, 2)):
        name = f"{len(lengths)} paths of {', '.join(map(str, lengths))} edges"
        yield Case(name, "values", (local_derivatives(rng, lengths),))
    blocked = local_derivatives(rng, (2, 3))
    blocked[0][1] = 0.0
    yield Case("a rate of 0 on one path", "edges", (blocked,))
    yield Case("very large and very small rates", "edges", ([[1e8, signed(rng)], [1e-4, signed(rng), 1e7]],))
    yield Case("a single path", "shapes", (local_derivatives(rng, (3,)),))
    yield Case("no path at all", "shapes", ([],))


def _product(numbers: list[float]) -> float:
    return float(np.prod(numbers))


path_sum_gradient = _exercise(
    name="path_sum_gradient",
    arguments=("paths",),
    returns=("gradient",),
    reference=_along_and_across,
    cases=_path_lists,
    points=3,
    wrong=(
        _W("overwrite", lambda paths: _product(paths[-1]) if paths else 0.0),
        _W("overwrite", lambda paths: _product(paths[0]) if paths else 0.0),
        _W("paths-mixed", lambda paths: _product([sum(path) for path in paths]) if paths else 0.0),
        _W("paths-mixed", lambda paths: _product([sum(path) for path in paths])),
        _W("paths-mixed", lambda paths: float(sum(sum(path) for path in paths))),
        _W("paths-mixed", lambda paths: _product([local for path in paths for local in path])),
        _W("mean-not-sum", lambda paths: sum(map(_product, paths)) / max(len(paths), 1)),
    ),
    hints=(
        "Take [[2.0, 3.0], [5.0]] and do it by hand: what does each of the two paths bring back?",
        "Along a path, rates multiply. Different paths add. Which of the two is the inner loop?",
        "Start a total at 0. For every path: start a product at 1, multiply its rates, add it to the total.",
    ),
)

# ---------------------------------------------------------------- one input, two uses


def _pairs(rng: Rng) -> Iterator[Case]:
    for k in range(4):
        yield Case(f"random numbers, draw {k + 1}", "values", (signed(rng), signed(rng)))
    yield Case("b = 0", "edges", (signed(rng), 0.0))
    yield Case("b = -1, where d = 0", "edges", (signed(rng), -1.0))
    yield Case("large numbers", "edges", (1e8, -1e6))


shared_input_gradients = _exercise(
    name="shared_input_gradients",
    arguments=("a", "b"),
    returns=("da", "db"),
    reference=gradient_of(lambda a, b: (a + b) * (b + 1), count=2),
    cases=_pairs,
    points=3,
    weights={"values": 0.8, "edges": 0.1, "manners": 0.1},
    wrong=(
        _W("misprint", lambda a, b: (b + 1, (b + 2) + (a + b))),
        _W("misprint", lambda a, b: (b + 2, (b + 2) + (a + b))),
        _W("overwrite", lambda a, b: (b + 1, a + b)),
        _W("overwrite", lambda a, b: (b + 1, b + 1)),
        _W("paths-mixed", lambda a, b: (b + 1, (b + 1) * (a + b))),
        _W("swapped", lambda a, b: ((b + 1) + (a + b), b + 1)),
        _W("wrong-path", lambda a, b: (a + b, (b + 1) + (a + b))),
    ),
    hints=(
        "Name the nodes: c = a + b, d = b + 1, e = c·d. Which arrows leave a, and which leave b?",
        "b is used by c and by d. Work out the contribution of each use as if the other did not exist.",
        "Along b → c → e the product is 1 times the value of d. Along b → d → e it is 1 times that of c.",
    ),
)

# ---------------------------------------------------------------- graphs


def _named(graph: Graph, rng: Rng | None = None) -> Graph:
    """The graph, a unique name for every node; names given out at random keep no secret of the order."""
    bare = [node for node in graph.nodes if not node.name]
    numbers = list(range(1, len(bare) + 1))
    if rng is not None:
        rng.shuffle(numbers)
    for node, number in zip(bare, numbers, strict=True):
        node.named(f"v{number:02d}")
    return graph


def reuse_graph(rng: Rng) -> Graph:
    """b = k·a, then e = (n·b)(b + m): a node in the middle is used twice."""
    a, k, m, n = (Variable(signed(rng), name) for name in "akmn")
    b = (k * a).named("b")
    q = (n * b).named("q")
    p = (b + m).named("p")
    return Graph((q * p).named("e"))


def long_and_short_graph(rng: Rng) -> Graph:
    """x reaches the output by one edge and by many; so does a node in the middle."""
    x = Variable(signed(rng), "x")
    z = ops.sin(ops.tanh(x).named("z")).named("w")
    long = ops.cos(ops.sin(-ops.tanh(z).named("h")))
    long = long * z
    return _named(Graph((x + ((z + long).named("s"))).named("a")), rng)


def squares_graph(rng: Rng, times: int = 3) -> Graph:
    """x·x, and the result times itself, and so on: the same input twice at every node."""
    x: Node = Variable(signed(rng, (), 0.8, 1.2), "x")
    for k in range(times):
        x = (x * x).named(f"x{k + 1}")
    return Graph(x)


def diamonds_graph(rng: Rng, count: int) -> Graph:
    """A row of diamonds y ↦ sin y + cos y: 2^count paths along 4·count edges."""
    y: Node = Variable(signed(rng), "x")
    for k in range(count):
        y = (ops.sin(y).named(f"s{k + 1}") + ops.cos(y).named(f"c{k + 1}")).named(f"y{k + 1}")
    return Graph(y)


def chain_graph(rng: Rng, length: int) -> Graph:
    """sin and cos in turn: one path."""
    y: Node = Variable(signed(rng), "x")
    for k in range(length):
        y = (ops.cos if k % 2 else ops.sin)(y)
    return _named(Graph(y), rng)


def random_graph(rng: Rng, leaves: int, size: int) -> Graph:
    """Variables and operations in a random pattern, every node on some path to the output."""
    nodes: list[Node] = [Variable(signed(rng, (), 0.4, 1.6)) for _ in range(leaves)]
    loose = list(nodes)
    while len(nodes) < leaves + size or len(loose) > 1:
        first = loose[rng.integers(len(loose))]
        finishing = len(nodes) >= leaves + size
        if finishing:
            second = next(node for node in loose if node is not first)
            made = first + second
        elif rng.random() < 0.4:
            made = (ops.sin, ops.tanh, ops.cos, ops.negative)[rng.integers(4)](first)
            second = first
        else:
            second = nodes[rng.integers(len(nodes))]
            made = first * second if rng.random() < 0.5 else first + second
        # sums and products of many numbers grow fast; a squashed node keeps them tame
        if not finishing and abs(made.value) > 5:
            nodes.append(made)
            loose = [node for node in loose if node is not first and node is not second] + [made]
            first = second = made
            made = ops.sin(made)
        nodes.append(made)
        loose = [node for node in loose if node is not first and node is not second] + [made]
    return _named(Graph(loose[0]), rng)


def on_graph(name: str, group: str, graph: Graph) -> Case:
    """A call whose argument is a graph, as it goes over the wire."""
    return Case(name, group, (graph.to_json(),))


def _graphs(rng: Rng) -> Iterator[Case]:
    yield on_graph("b = k·a, e = (n·b)(b + m)", "values", reuse_graph(rng))
    yield on_graph("a long way and a short one", "values", long_and_short_graph(rng))
    yield on_graph("x·x, three times", "values", squares_graph(rng))
    yield on_graph("a random graph of 4 variables", "values", random_graph(rng, 4, 8))
    yield on_graph("a random graph of 3 variables", "values", random_graph(rng, 3, 14))
    yield on_graph("12 diamonds in a row", "edges", diamonds_graph(rng, 12))
    yield on_graph("a chain of 100 nodes", "edges", chain_graph(rng, 100))
    yield on_graph("a single operation", "shapes", chain_graph(rng, 1))
    yield on_graph("a graph that is one variable", "shapes", Graph(Variable(signed(rng), "x")))


def _engine_order(graph: Graph) -> list[str]:
    return [str(node.name) for node in Graph(graph.output).nodes]


def _is_an_order(case: Case, value: Any) -> str | None:
    """A sentence on what is wrong with a list of names, or None."""
    nodes = Graph.from_json(case.args[0]).nodes
    names = {str(node.name) for node in nodes}
    if value is None:
        return "Your function returned None instead of a list of names: is the return missing?"
    if not isinstance(value, (list, tuple)):
        return "Your function must return a list of node names."
    if len(value) > 10 * len(nodes) + 10:
        return f"Your list has {len(value):,} entries; the graph has {len(nodes)} nodes."
    if not all(type(name) is str for name in value):
        return "Your list must hold the names of the nodes (node.name), and nothing else."
    unknown = [name for name in value if name not in names]
    if unknown:
        return f"'{unknown[0][:40]}' is not the name of a node of this graph."
    twice = [name for name in value if value.count(name) > 1]
    if twice:
        sentence = f"'{twice[0]}' is listed {value.count(twice[0])} times; every node comes exactly once."
        return Refusal(sentence, "listed-twice")
    missing = sorted(names - set(value))
    if missing:
        return f"{len(missing)} of {len(nodes)} nodes are missing, among them '{missing[0]}'."
    place = {name: k for k, name in enumerate(value)}
    for node in nodes:
        for x in node.inputs:
            if place[str(x.name)] > place[str(node.name)]:
                sentence = f"'{node.name}' stands before '{x.name}', which is one of its inputs."
                return Refusal(sentence, "back-to-front" if value[0] == nodes[-1].name else "no-order")
    return None


def _breadth_first(graph: Graph, reverse: bool) -> list[str]:
    order, seen = [graph.output], {graph.output}
    for node in order:
        for x in node.inputs:
            if x not in seen:
                seen.add(x)
                order.append(x)
    return [str(node.name) for node in (reversed(order) if reverse else order)]


def _depth_first(graph: Graph, once: bool, inputs_first: bool) -> list[str]:
    names: list[str] = []
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        if (once and node in seen) or len(names) > 5000:
            return
        seen.add(node)
        if not inputs_first:
            names.append(str(node.name))
        for x in node.inputs:
            visit(x)
        if inputs_first:
            names.append(str(node.name))

    visit(graph.output)
    return names


topological_order = _exercise(
    name="topological_order",
    arguments=("graph",),
    returns=("names",),
    reference=_engine_order,
    cases=_graphs,
    adapter=with_unsorted_graph,
    accept=_is_an_order,
    points=6,
    wrong=(
        _W("no-order", lambda graph: [node.name for node in graph.nodes]),
        _W("no-order", lambda graph: sorted(node.name for node in graph.nodes)),
        _W("no-order", lambda graph: _breadth_first(graph, reverse=True)),
        _W("no-order", lambda graph: _depth_first(graph, once=True, inputs_first=False)[::-1]),
        _W("back-to-front", lambda graph: _engine_order(graph)[::-1]),
        _W("back-to-front", lambda graph: _depth_first(graph, once=True, inputs_first=True)[::-1]),
        _W("back-to-front", lambda graph: _breadth_first(graph, reverse=False)),
        _W("back-to-front", lambda graph: _depth_first(graph, once=True, inputs_first=False)),
        _W("listed-twice", lambda graph: _depth_first(graph, once=False, inputs_first=True)),
    ),
    hints=(
        "Which nodes could be computed at once, before anything else is known? Which ones after those?",
        "Keep a set of finished nodes. A node may be listed as soon as all of its inputs are in that set.",
        "Go over the nodes again and again. Each time, list those that are not listed yet and whose inputs "
        "all are. Stop when every node is listed.",
    ),
)


def _engine_backward(graph: Graph) -> Grads:
    again = Graph(graph.output)
    again.backward()
    # Output first: a verdict names the first wrong entry, and that is where the mistake happened.
    return {str(node.name): float(node.grad) for node in reversed(again.nodes)}


def _edges_into(node: Node) -> Iterator[tuple[int, Node]]:
    return enumerate(node.inputs)


def _sweep(
    graph: Graph,
    send: Callable[[Grads, Node, Node, float], None],
    nodes: Callable[[list[Node]], Any] = reversed,
    edges: Callable[[Node], Any] = _edges_into,
    start: Callable[[Graph], float] = lambda graph: 1.0,
) -> Grads:
    """The shape that most wrong answers share: one pass over the nodes, something sent along each edge."""
    grads = {str(node.name): 0.0 for node in graph.nodes}
    grads[str(graph.output.name)] = start(graph)
    for node in nodes(graph.nodes):
        for k, x in edges(node):
            send(grads, node, x, graph.local(node, k))
    return grads


def _adds(grads: Grads, node: Node, x: Node, local: float) -> None:
    grads[str(x.name)] += grads[str(node.name)] * local


def _sets(grads: Grads, node: Node, x: Node, local: float) -> None:
    grads[str(x.name)] = grads[str(node.name)] * local


def _recurse(graph: Graph, send: Any, flip: bool) -> Grads:
    """The lecture's backward pass: send to the inputs, then go on from each of them."""
    grads = {str(node.name): 0.0 for node in graph.nodes}
    grads[str(graph.output.name)] = 1.0
    waiting, steps = [graph.output], 0
    while waiting and steps < 20_000:
        steps += 1
        node = waiting.pop()
        edges = list(_edges_into(node))
        for k, x in edges[::-1] if flip else edges:
            send(grads, node, x, graph.local(node, k))
            waiting.append(x)
    return grads


def _first_position(node: Node) -> Iterator[tuple[int, Node]]:
    return iter([(node.inputs.index(x), x) for x in dict.fromkeys(node.inputs)])


def _rates_add(grads: Grads, node: Node, x: Node, local: float) -> None:
    grads[str(x.name)] += grads[str(node.name)] + local


def _counts(grads: Grads, node: Node, x: Node, local: float) -> None:
    grads[str(x.name)] += grads[str(node.name)]


def _contributions_multiply(graph: Graph) -> Grads:
    grads: Grads = {str(graph.output.name): 1.0}
    for node in reversed(graph.nodes):
        for k, x in enumerate(node.inputs):
            sent = grads[str(node.name)] * graph.local(node, k)
            grads[str(x.name)] = grads[str(x.name)] * sent if x.name in grads else sent
    return grads


backward_pass = _exercise(
    name="backward_pass",
    arguments=("graph",),
    returns=("gradients",),
    reference=_engine_backward,
    cases=_graphs,
    adapter=with_graph,
    points=6,
    wrong=(
        _W("overwrite", partial(_sweep, send=_sets)),
        _W("overwrite", partial(_recurse, send=_sets, flip=False)),
        _W("overwrite", partial(_recurse, send=_sets, flip=True)),
        _W("no-order", partial(_recurse, send=_adds, flip=False)),
        _W("no-order", partial(_recurse, send=_adds, flip=True)),
        _W("no-order", partial(_sweep, send=_adds, nodes=iter)),
        _W("used-twice-once", partial(_sweep, send=_adds, edges=_first_position)),
        _W("not-one-at-the-start", partial(_sweep, send=_adds, start=lambda graph: graph.output.value)),
        _W("not-one-at-the-start", partial(_sweep, send=_adds, start=lambda graph: 0.0)),
        _W("paths-mixed", partial(_sweep, send=_rates_add)),
        _W("paths-mixed", partial(_sweep, send=_counts)),
        _W("paths-mixed", _contributions_multiply),
    ),
    hints=(
        "Give every node a running total, 0 at first. Which node's total is known at once, and what is it?",
        "graph.nodes has inputs before users. In which direction must you go through it, so that a node's "
        "total is complete when its turn comes?",
        "At a node's turn: for every position k of its inputs, add (its total) times graph.local(node, k) "
        "to the total of that input. Every node has one turn.",
    ),
)

# ---------------------------------------------------------------- counting


def _engine_count(graph: Graph) -> int:
    again = Graph(graph.output)
    return sum(again.count_paths(x) for x in again.variables)


def _countable(rng: Rng) -> Iterator[Case]:
    yield on_graph("b = k·a, e = (n·b)(b + m)", "values", reuse_graph(rng))
    yield on_graph("3 diamonds in a row", "values", diamonds_graph(rng, 3))
    yield on_graph("x·x, five times", "values", squares_graph(rng, 5))
    yield on_graph("a random graph of 4 variables", "values", random_graph(rng, 4, 10))
    yield on_graph("a random graph of 5 variables", "values", random_graph(rng, 5, 16))
    yield on_graph("40 diamonds in a row", "edges", diamonds_graph(rng, 40))
    yield on_graph("a chain of 9 nodes", "shapes", chain_graph(rng, 9))
    yield on_graph("a graph that is one variable", "shapes", Graph(Variable(signed(rng), "x")))


def _count_up(
    graph: Graph, combine: Callable[[list[int]], int], edges: Callable[[Node], Any] = _edges_into
) -> int:
    counts: dict[Node, int] = {}
    for node in graph.nodes:
        counts[node] = combine([counts[x] for _, x in edges(node)]) if node.inputs else 1
    return counts[graph.output]


count_paths = _exercise(
    name="count_paths",
    arguments=("graph",),
    returns=("count",),
    reference=_engine_count,
    cases=_countable,
    adapter=with_graph,
    points=5,
    weights={
        "values": 0.4,
        "edges": 0.45,
        "shapes": 0.1,
        "manners": 0.05,
    },  # without enumerating is the point
    wrong=(
        _W("used-twice-once", lambda graph: _count_up(graph, sum, _first_position)),
        _W("counts-no-paths", lambda graph: sum(len(node.inputs) for node in graph.nodes)),
        _W("counts-no-paths", lambda graph: len(graph.nodes)),
        _W("counts-no-paths", lambda graph: sum(not node.inputs for node in graph.nodes)),
        _W("paths-mixed", lambda graph: _count_up(graph, lambda counts: int(np.prod(counts)))),
        _W("paths-mixed", lambda graph: _count_up(graph, lambda counts: max(counts) + 1)),
        _W("paths-mixed", lambda graph: _count_up(graph, lambda counts: 1 + sum(counts))),
    ),
    hints=(
        "How many paths lead from a variable to itself? How many arrive at c = a + b, with a, b variables?",
        "If you know how many paths arrive at each input of a node, how many arrive at the node?",
        "One pass forwards: a variable has 1; every other node has the sum over its inputs, position by "
        "position.",
    ),
)

# ---------------------------------------------------------------- paths inside networks


def _decay_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, n: int, d: int) -> Case:
        lam = float(rng.uniform(0.2, 1.5))
        return Case(name, group, (signed(rng, (d,)), signed(rng, (n, d)), signed(rng, (n,)), lam))

    yield call("4 examples, 3 weights", "values", 4, 3)
    yield call("2 examples, 5 weights", "values", 2, 5)
    yield call("3 examples, 3 weights", "values", 3, 3)
    w, x, y, lam = call("", "edges", 4, 3).args
    yield Case("no penalty: lam = 0", "edges", (w, x, y, 0.0))
    yield Case("all weights 0", "edges", (np.zeros(3), x, y, lam))
    exact = np.array([[1.0, 2.0], [0.0, -3.0], [2.0, 2.0]])
    yield Case("a perfect fit", "edges", (np.array([2.0, -1.0]), exact, exact @ np.array([2.0, -1.0]), lam))
    yield call("a single example", "shapes", 1, 4)
    yield call("a single weight", "shapes", 3, 1)


def _residual(w: Any, x: Any, y: Any) -> Any:
    return x @ w - y


weight_decay_gradients = _exercise(
    name="weight_decay_gradients",
    arguments=("w", "x", "y", "lam"),
    returns=("dw",),
    reference=gradient_of(
        lambda w, x, y, lam: ops.sum(ops.square(ops.matmul(x, w) - y)) + lam * ops.sum(ops.square(w)), count=1
    ),
    cases=_decay_cases,
    points=4,
    wrong=(
        _W("overwrite", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y)),
        _W("overwrite", lambda w, x, y, lam: 2 * lam * w),
        _W("paths-mixed", lambda w, x, y, lam: (2 * x.T @ _residual(w, x, y)) * (2 * lam * w)),
        _W("off-by-factor", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y) + lam * w),
        _W("off-by-factor", lambda w, x, y, lam: x.T @ _residual(w, x, y) + 2 * lam * w),
        _W("off-by-factor", lambda w, x, y, lam: x.T @ _residual(w, x, y) + lam * w),
        _W("link-missing", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y) + 2 * w),
        _W("link-missing", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y) + 2 * lam),
        _W("link-missing", lambda w, x, y, lam: 2 * x.T @ (x @ w) + 2 * lam * w),
        _W("sign-flipped", lambda w, x, y, lam: -2 * x.T @ _residual(w, x, y) + 2 * lam * w),
        _W("sign-flipped", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y) - 2 * lam * w),
        _W("mean-not-sum", lambda w, x, y, lam: 2 * x.T @ _residual(w, x, y) / len(y) + 2 * lam * w),
        _W("weight-not-transposed", lambda w, x, y, lam: 2 * x @ _residual(w, x, y) + 2 * lam * w),
    ),
    hints=(
        "w is used twice: in the prediction x @ w, and in the penalty. Find one contribution at a time.",
        "The penalty is lam times a sum of squares: each weight gets lam times the slope of its own square.",
        "Through the data: the gradient at x @ w is 2(x @ w − y), one number per example. Weight j receives "
        "the sum over the examples of that number times x[i, j].",
    ),
)


def _residual_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, n: int, d: int) -> Case:
        return Case(name, group, (signed(rng, (n, d)), signed(rng, (n, d)), signed(rng, (d, d))))

    yield call("4 rows of 3", "values", 4, 3)
    yield call("2 rows of 5", "values", 2, 5)
    yield call("3 rows of 3", "values", 3, 3)
    x = np.array([[1.0, -1.0], [2.0, 1.0], [0.0, 0.0]])
    W = np.array([[2.0, -1.0], [2.0, 3.0]])  # x @ W is exactly 0 in three places
    yield Case("exact zeros at the ReLU", "edges", (signed(rng, (3, 2)), x, W))
    yield Case("every unit dead", "edges", (signed(rng, (2, 2)), np.abs(x[:2]), -np.abs(W)))
    yield Case(
        "large numbers", "edges", (signed(rng, (2, 3)), 1e6 * signed(rng, (2, 3)), signed(rng, (3, 3)))
    )
    yield call("a single row", "shapes", 1, 4)
    yield call("one row of one", "shapes", 1, 1)


def _residual_wrong(dx: Any, dW: Any | None = None, mask: Any = lambda delta, x, u: u > 0) -> Any:
    """A wrong answer from the right parts: delta, the gradient m at x @ W, x, and W."""

    def function(delta: Any, x: Any, W: Any) -> tuple[Any, Any]:
        m = delta * mask(delta, x, x @ W)
        return dx(delta, m, x, W), x.T @ m if dW is None else dW(delta, m, x, W)

    return function


def _both(delta: Any, m: Any, x: Any, W: Any) -> Any:
    return delta + m @ W.T


def _shares_an_array(delta: Any, x: Any, W: Any) -> tuple[Any, Any]:
    dx = dz = np.array(delta)
    dx += (dz * (x @ W > 0)) @ W.T
    return dx, x.T @ (dz * (x @ W > 0))


residual_backward = _exercise(
    name="residual_backward",
    arguments=("delta", "x", "W"),
    returns=("dx", "dW"),
    reference=backward_of(lambda x, W: x + ops.relu(ops.matmul(x, W))),
    cases=_residual_cases,
    points=5,
    wrong=(
        _W("overwrite", _residual_wrong(lambda delta, m, x, W: m @ W.T)),
        _W("overwrite", _residual_wrong(lambda delta, m, x, W: delta)),
        _W("aliased", _shares_an_array),
        _W("weight-not-transposed", _residual_wrong(lambda delta, m, x, W: delta + m @ W)),
        _W("relu-at-zero", _residual_wrong(_both, mask=lambda delta, x, u: u >= 0)),
        _W("mask-from-delta", _residual_wrong(_both, mask=lambda delta, x, u: delta > 0)),
        _W("mask-from-elsewhere", _residual_wrong(_both, mask=lambda delta, x, u: x > 0)),
        _W("mask-from-elsewhere", _residual_wrong(_both, mask=lambda delta, x, u: x + np.maximum(u, 0) > 0)),
        _W("forward-again", _residual_wrong(_both, mask=lambda delta, x, u: np.maximum(u, 0))),
        _W("link-missing", _residual_wrong(_both, mask=lambda delta, x, u: 1.0)),
        _W("link-missing", _residual_wrong(lambda delta, m, x, W: delta + m)),
        _W("transposed", _residual_wrong(_both, lambda delta, m, x, W: m.T @ x)),
        _W("link-missing", _residual_wrong(_both, lambda delta, m, x, W: x.T @ delta)),
        _W("paths-mixed", _residual_wrong(lambda delta, m, x, W: delta * (m @ W.T))),
    ),
    hints=(
        "z = x + h with h = relu(u) and u = x @ W. The add gate hands delta to both of its inputs, x and h.",
        "Down the branch: the gradient m at u is delta where u > 0, and 0 elsewhere. W gets x.T @ m.",
        "x has two uses: the shortcut brings delta, the branch brings m @ W.T. Add them into a new array.",
    ),
)


def _batch_cases(rng: Rng) -> Iterator[Case]:
    def call(name: str, group: str, n: int, d: int) -> Case:
        return Case(name, group, (signed(rng, (d,)), signed(rng), signed(rng, (n, d)), signed(rng, (n,))))

    yield call("5 examples, 3 weights", "values", 5, 3)
    yield call("2 examples, 4 weights", "values", 2, 4)
    yield call("3 examples, 3 weights", "values", 3, 3)
    w, b, X, y = call("", "edges", 3, 2).args
    yield Case("the same example three times", "edges", (w, b, np.tile(X[:1], (3, 1)), np.tile(y[:1], 3)))
    exact = np.array([[1.0, 2.0], [0.0, -3.0], [2.0, 2.0]])
    yield Case("a perfect fit", "edges", (np.array([2.0, -1.0]), 0.5, exact, exact @ [2.0, -1.0] + 0.5))
    yield Case("large numbers", "edges", (1e4 * w, b, 1e3 * X, y))
    yield call("a single example", "shapes", 1, 4)
    yield call("a single weight", "shapes", 4, 1)


def _batch_wrong(change: Any) -> Any:
    """A wrong answer from the right parts: r = 2(prediction − y), X, and w."""

    def function(w: Any, b: Any, X: Any, y: Any) -> Any:
        return change(2 * (X @ w + b - y), X, w)

    return function


minibatch_gradients = _exercise(
    name="minibatch_gradients",
    arguments=("w", "b", "X", "y"),
    returns=("dw", "db"),
    reference=gradient_of(lambda w, b, X, y: ops.sum(ops.square(ops.matmul(X, w) + b - y)), count=2),
    cases=_batch_cases,
    points=4,
    wrong=(
        _W("overwrite", _batch_wrong(lambda r, X, w: (r[-1] * X[-1], r[-1]))),
        _W("overwrite", _batch_wrong(lambda r, X, w: (X.T @ r, r[-1]))),
        _W("mean-not-sum", _batch_wrong(lambda r, X, w: (r[0] * X[0], r[0]))),
        _W("mean-not-sum", _batch_wrong(lambda r, X, w: (X.T @ r, r[0]))),
        _W("mean-not-sum", _batch_wrong(lambda r, X, w: (X.T @ r / len(r), np.mean(r)))),
        _W("mean-not-sum", _batch_wrong(lambda r, X, w: (X.T @ r, np.mean(r)))),
        _W("bias-not-summed", _batch_wrong(lambda r, X, w: (X.T @ r, r))),
        _W("off-by-factor", _batch_wrong(lambda r, X, w: (X.T @ r / 2, np.sum(r) / 2))),
        _W("sign-flipped", _batch_wrong(lambda r, X, w: (-X.T @ r, -np.sum(r)))),
        _W("weight-not-transposed", _batch_wrong(lambda r, X, w: (X @ r, np.sum(r)))),
        _W("link-missing", _batch_wrong(lambda r, X, w: (np.sum(X, 0), float(len(r))))),
        _W("wrong-path", _batch_wrong(lambda r, X, w: (np.sum(r) * w, np.sum(r)))),
        _W("paths-mixed", _batch_wrong(lambda r, X, w: (np.sum(r) * np.sum(X, 0), np.sum(r)))),
    ),
    hints=(
        "Do it for one example first: the two gradients of (w · x + b − y)², by the chain rule.",
        "w and b are shared: each example is one path from the loss back to them. What do paths do?",
        "Let r hold 2(prediction − y), one number per example. b receives the sum of r; weight j receives "
        "the sum of r[i] times X[i, j].",
    ),
)

register(
    shared_input_gradients,
    path_sum_gradient,
    topological_order,
    backward_pass,
    count_paths,
    weight_decay_gradients,
    residual_backward,
    minibatch_gradients,
)
