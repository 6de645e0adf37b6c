"""Two hundred random graphs, in float64, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backprop_lab import Graph, Variable, grad, ops

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

N, D = 3, 4

# Each entry: how many operands, ours, PyTorch's. All keep the shape (N, D) or reduce and broadcast back.
STEPS: list[tuple[int, Any, Any]] = [
    (2, lambda a, b: a + b, lambda a, b: a + b),
    (2, lambda a, b: a - b, lambda a, b: a - b),
    (2, lambda a, b: a * b, lambda a, b: a * b),
    (2, lambda a, b: a / (b * b + 1), lambda a, b: a / (b * b + 1)),
    (1, ops.tanh, torch.tanh),
    (1, ops.sigmoid, torch.sigmoid),
    (1, ops.relu, torch.relu),
    (1, ops.sin, torch.sin),
    (1, ops.cos, torch.cos),
    (1, lambda a: ops.exp(-(a * a)), lambda a: torch.exp(-(a * a))),
    (1, lambda a: ops.log(a * a + 1), lambda a: torch.log(a * a + 1)),
    (1, lambda a: ops.sqrt(a * a + 1), lambda a: torch.sqrt(a * a + 1)),
    (1, lambda a: ops.reciprocal(a * a + 2), lambda a: torch.reciprocal(a * a + 2)),
    (1, lambda a: (a * a + 1) ** 1.5, lambda a: (a * a + 1) ** 1.5),
    (2, ops.maximum, torch.maximum),
    (2, ops.minimum, torch.minimum),
    (2, lambda a, b: ops.where(a > b, a, 2 * b), lambda a, b: torch.where(a > b, a, 2 * b)),
    (2, lambda a, b: ops.tanh(a @ b.T) @ b, lambda a, b: torch.tanh(a @ b.T) @ b),
    (1, ops.softmax, lambda a: torch.softmax(a, -1)),
    (1, lambda a: ops.log_softmax(a, axis=0), lambda a: torch.log_softmax(a, 0)),
    (
        1,
        lambda a: a - ops.logsumexp(a, axis=1, keepdims=True),
        lambda a: a - torch.logsumexp(a, 1, keepdim=True),
    ),
    (1, lambda a: a * a.sum(axis=0), lambda a: a * a.sum(0)),
    (1, lambda a: a - a.mean(axis=1, keepdims=True), lambda a: a - a.mean(1, keepdim=True)),
    (1, lambda a: a + ops.max(a, axis=1, keepdims=True), lambda a: a + a.max(1, keepdim=True).values),
    (2, lambda a, b: ops.concatenate([a[:1], b[1:]]), lambda a, b: torch.cat([a[:1], b[1:]])),
    (2, lambda a, b: ops.stack([a, b], axis=1).sum(axis=1), lambda a, b: torch.stack([a, b], 1).sum(1)),
    (1, lambda a: a.reshape(D, N).T, lambda a: a.reshape(D, N).T),
    (1, lambda a: a[[0, 2, 0]], lambda a: a[[0, 2, 0]]),
]


def program(seed: int, leaves: list[Any], ours: bool) -> Any:
    rng = np.random.default_rng(seed)
    pool = list(leaves)
    for _ in range(rng.integers(5, 25)):
        count, mine, theirs = STEPS[rng.integers(len(STEPS))]
        operands = [pool[k] for k in rng.integers(0, len(pool), count)]
        x = (mine if ours else theirs)(*operands)
        pool.append(x * 0.5)
    labels = rng.integers(0, D, N)
    logits = pool[-1] + pool[-2]
    if ours:
        return ops.cross_entropy(logits, labels) + (pool[-3] * pool[-1]).mean()
    return torch.nn.functional.cross_entropy(logits, torch.tensor(labels)) + (pool[-3] * pool[-1]).mean()


@pytest.mark.parametrize("seed", range(200))
def test_gradients_equal_pytorchs(seed: int):
    rng = np.random.default_rng(seed + 1000)
    values = [rng.standard_normal((N, D)) for _ in range(3)]
    mine = [Variable(x) for x in values]
    theirs = [torch.tensor(x, requires_grad=True) for x in values]
    graph = Graph(program(seed, mine, ours=True))
    graph.backward()
    loss = program(seed, theirs, ours=False)
    loss.backward()
    assert graph.output.value == pytest.approx(loss.item(), rel=1e-9)
    for x, y in zip(mine, theirs, strict=True):
        if y.grad is None:
            assert x.grad is None
            continue
        size = max(1e-3, float(np.abs(y.grad.numpy()).max()))
        assert np.abs(x.grad - y.grad.numpy()).max() <= 1e-9 * size


@pytest.mark.parametrize("seed", range(20))
def test_second_derivatives_equal_pytorchs(seed: int):
    rng = np.random.default_rng(seed + 2000)
    x, v = rng.standard_normal((N, D)), rng.standard_normal((N, D))
    f = lambda leaves, ours: program(seed, leaves, ours)
    mine = grad(lambda x: (grad(lambda x: f([x, x * 2.0, x + 1.0], True))(x) * v).sum())(x)
    t = torch.tensor(x, requires_grad=True)
    (first,) = torch.autograd.grad(f([t, t * 2.0, t + 1.0], False), t, create_graph=True)
    (theirs,) = torch.autograd.grad((first * torch.tensor(v)).sum(), t)
    assert np.allclose(mine, theirs.numpy(), rtol=1e-8, atol=1e-10)
