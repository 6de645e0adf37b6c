"""How fast is the engine? Side by side with what it is compared to, in one run, as ratios.

    python benchmarks/engine.py

Every round times each contestant in turn, some calls each; a ratio is the median over rounds
of the quotient within a round, so that a busy moment of the machine hits both. A turn is long
enough for caches and BLAS threads to settle, since the contestant before left them otherwise.
Peers that are not installed are left out (pip install "backprop-lab[bench]"; PyTorch is optional).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from backprop_lab import Graph, Variable, checkpoint, ops

Contest = dict[str, Callable[[], Any]]


def seconds(contest: Contest, rounds: int, repeats: int) -> dict[str, list[float]]:
    """Seconds per call of every contestant, one list entry per round."""
    times: dict[str, list[float]] = {name: [] for name in contest}
    for _ in range(rounds):
        for name, run in contest.items():
            run()  # untimed: what the one before left in the caches is not this one's doing
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            times[name].append((time.perf_counter() - start) / repeats)
    return times


def ratio(times: dict[str, list[float]], name: str, reference: str) -> float:
    return statistics.median(a / b for a, b in zip(times[name], times[reference], strict=True))


def verdict(value: float, bar: float, reach: float) -> str:
    return "reach" if value <= reach else "bar" if value <= bar else "MISSED"


def report(
    title: str, times: dict[str, list[float]], reference: str, bar: float, reach: float, scale: float = 1.0
):
    print(f"\n{title}")
    for name, values in times.items():
        line = f"  {name:24}{statistics.median(values) * 1e6 / scale:10.2f} µs"
        if name != reference:
            r = ratio(times, name, reference)
            line += f"   {r:5.2f} x {reference}"
            if name == "backprop-lab":
                line += f"   (bar {bar}, reach {reach}: {verdict(r, bar, reach)})"
        print(line)


# ---------------------------------------------------------------- a two-layer network


def by_hand(X, labels, W1, b1, W2, b2):
    """Loss and gradients as one writes them in NumPy: stable softmax, nothing computed twice."""
    n = len(X)
    rows = np.arange(n)
    z1 = X @ W1 + b1
    h = np.maximum(z1, 0)
    logits = h @ W2 + b2
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
    dlogits = e / total
    dlogits[rows, labels] -= 1
    dlogits /= n
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(axis=0)
    dh = dlogits @ W2.T
    dz1 = dh * (z1 > 0)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    return loss, (dW1, db1, dW2, db2)


def network(batch: int, inputs: int, hidden: int, classes: int) -> Contest:
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((batch, inputs)), rng.integers(0, classes, batch)
    values = [
        rng.standard_normal((inputs, hidden)) * 0.05,
        np.zeros(hidden),
        rng.standard_normal((hidden, classes)) * 0.05,
        np.zeros(classes),
    ]
    variables = [Variable(x) for x in values]

    def engine():
        W1, b1, W2, b2 = variables
        loss = ops.cross_entropy(ops.affine(ops.relu(ops.affine(X, W1, b1)), W2, b2), labels)
        Graph(loss).backward()
        return loss.value, [x.grad for x in variables]

    contest: Contest = {"NumPy by hand": lambda: by_hand(X, labels, *values), "backprop-lab": engine}
    if find_spec("autograd"):
        import autograd
        import autograd.numpy as anp

        def loss(parameters):
            W1, b1, W2, b2 = parameters
            logits = anp.dot(anp.maximum(anp.dot(X, W1) + b1, 0), W2) + b2
            shifted = logits - anp.max(logits, axis=1, keepdims=True)
            return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[anp.arange(batch), labels])

        value_and_grad = autograd.value_and_grad(loss)
        contest["HIPS autograd"] = lambda: value_and_grad(values)
    if find_spec("torch"):
        import torch

        tX, tlabels = torch.tensor(X), torch.tensor(labels)
        leaves = [torch.tensor(x, requires_grad=True) for x in values]

        def pytorch():
            W1, b1, W2, b2 = leaves
            out = torch.nn.functional.cross_entropy(torch.relu(tX @ W1 + b1) @ W2 + b2, tlabels)
            return out.item(), [g.numpy() for g in torch.autograd.grad(out, leaves)]

        contest["PyTorch"] = pytorch
    expected = contest["NumPy by hand"]()
    for name, run in contest.items():  # nobody is fast by being wrong
        value, gradients = run()
        assert np.isclose(value, expected[0]), name
        assert all(np.allclose(a, b) for a, b in zip(gradients, expected[1], strict=True)), name
    return contest


# ---------------------------------------------------------------- a chain of numbers


def chain(variable: Any, relu: Callable[[Any], Any], length: int) -> tuple[Any, Any]:
    """One third multiplications, one third additions, one third relu; the leaf is used in two thirds."""
    x = y = variable
    for _ in range(length // 3):
        y = y * x
        y = y + x
        y = relu(y)
    return x, y


def chains(length: int) -> Contest:
    relu = ops.relu

    def engine():
        x, y = chain(Variable(0.5), relu, length)
        Graph(y).backward()
        return x.grad

    contest: Contest = {}
    if find_spec("micrograd"):
        from micrograd.engine import Value

        def micrograd():
            x, y = chain(Value(0.5), lambda y: y.relu(), length)
            y.backward()
            return x.grad

        contest["micrograd"] = micrograd
    contest["backprop-lab"] = engine
    if find_spec("autograd"):
        import autograd
        import autograd.numpy as anp

        slope = autograd.grad(lambda x: chain(x, lambda y: anp.maximum(y, 0.0), length)[1])
        contest["HIPS autograd"] = lambda: slope(0.5)
    if find_spec("torch"):
        import torch

        def pytorch():
            x, y = chain(torch.tensor(0.5, dtype=torch.float64, requires_grad=True), torch.relu, length)
            y.backward()
            return x.grad.item()

        contest["PyTorch"] = pytorch
    slopes = [float(run()) for run in contest.values()]
    assert np.allclose(slopes, slopes[0])
    return contest


def growth() -> None:
    print("\nCost per node as a chain grows (forward and backward; constant = linear growth)")
    for length in (10**2, 10**3, 10**4, 10**5):
        times = seconds(
            {"engine": lambda n=length: Graph(chain(Variable(0.5), ops.relu, n)[1]).backward()}, 7, 1
        )
        print(f"  {length:>7,} nodes {statistics.median(times['engine']) * 1e6 / length:10.2f} µs a node")


# ---------------------------------------------------------------- memory


def peak_bytes(run: Callable[[], Any]) -> int:
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def memory(layers: int = 64, rows: int = 256, width: int = 64) -> None:
    rng = np.random.default_rng(0)
    x = Variable(rng.standard_normal((rows, width)))
    weights = [Variable(rng.standard_normal((width, width)) / 8) for _ in range(layers)]

    def part(x: Any, *weights: Any) -> Any:
        for W in weights:
            x = ops.tanh(x @ W)
        return x

    def train(parts: int, f: Callable[..., Any]) -> Graph:
        h, size = x, layers // parts
        for k in range(parts):
            h = f(h, *weights[k * size : (k + 1) * size])
        graph = Graph(h.sum())
        graph.backward()
        return graph

    def release() -> None:
        for leaf in (x, *weights):
            leaf._grad = None

    print(f"\nMemory of {layers} layers ({rows} x {width} each), and what recomputing saves")
    again = checkpoint(part)
    for title, parts, f in (("everything stored", 1, part), ("8 checkpointed parts", 8, again)):
        release()
        train(parts, f)
        release()
        peak = peak_bytes(lambda parts=parts, f=f: train(parts, f))
        elapsed = statistics.median(seconds({"": lambda parts=parts, f=f: train(parts, f)}, 7, 1)[""])
        cost = train(parts, f).cost()
        print(
            f"  {title:24}{peak / 1e6:7.1f} MB peak {elapsed * 1e3:7.1f} ms   "
            f"cost(): {cost.stored_bytes / 1e6:.1f} MB stored, "
            f"{cost.recomputed_multiplications / 1e6:.1f} M multiplications again"
        )


# ---------------------------------------------------------------- importing


def imports() -> None:
    contest: Contest = {
        name: lambda name=name: subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
        for name in ("numpy", "backprop_lab")
    }
    times = seconds(contest, 15, 1)
    extra = statistics.median(b - a for a, b in zip(times["numpy"], times["backprop_lab"], strict=True))
    print(
        f"\nimport numpy {statistics.median(times['numpy']):.3f} s, import backprop_lab {extra:+.3f} s more"
        f"   (bar +0.1, reach +0.05: {verdict(extra, 0.1, 0.05)})"
    )


def main() -> None:
    # PyTorch's threads would otherwise go on spinning in the turn of the contestant after it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    title = "Loss and all gradients, MLP batch {}, {}-{}-{}"
    large, small = (64, 784, 128, 10), (4, 3, 4, 2)
    report(title.format(*large), seconds(network(*large), 61, 20), "NumPy by hand", 1.10, 1.05)
    report(title.format(*small), seconds(network(*small), 101, 50), "NumPy by hand", 2.0, 1.5)
    sys.setrecursionlimit(10_000)  # micrograd's sort is recursive
    report(
        "A chain of 600 numbers (200 each of multiply, add, relu), built and differentiated, per node",
        seconds(chains(600), 61, 5),
        "micrograd",
        1.0,
        0.7,
        scale=600,
    )
    growth()
    memory()
    imports()


if __name__ == "__main__":
    main()
