"""Notebook 04, two layers and tanh: its form, the worked example digit by digit, the numbers in its prose."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from backprop_lab import examples, grad, ops, value_and_grad
from backprop_lab.check import verdict_on
from backprop_lab.exercises.two_layer_tanh import LECTURE, gradients, loss
from tests.notebook_form import NotebookForm
from tests.notebook_tools import released, run, text_of

RATE = 0.2


def worked():
    """The lecture's graph after a backward pass."""
    g = examples.get("two-layer-tanh")
    g.backward()
    return g


def network_loss(A, B):
    x0, _, _, y = LECTURE
    return loss(B @ ops.tanh(A @ x0), y)


def train(rate: float, steps: int, ben: bool = False) -> list[float]:
    """The losses of both classmates' loops."""
    x0, A, B, y = LECTURE
    losses = []
    for _ in range(steps):
        value, (dA, dB) = value_and_grad(network_loss, (0, 1))(A, B)
        losses.append(value)
        new_B = B - rate * dB
        if ben:
            error = B @ np.tanh(A @ x0) - y
            dA = grad(lambda A, error=error, B=new_B: (error * (B @ ops.tanh(A @ x0))).sum())(A)
        A, B = A - rate * dA, new_B
    return losses


def numbers() -> dict[str, list[float]]:
    g = worked()
    x0, W0, W1, y = LECTURE
    x1, x2, (x3,), L = (g[name].value for name in ("x1", "x2", "x3", "L"))
    (dx3,), dx2, dx1 = (g[name].grad for name in ("x3", "x2", "x1"))
    dW0, dW1 = (g[name].grad for name in ("W0", "W1"))
    assert dx2.tolist() == [dx3, -dx3]
    new_W0, new_W1 = W0 - RATE * dW0, W1 - RATE * dW1
    squares = np.sum(dW0**2) + np.sum(dW1**2)
    slow = train(RATE, 30)
    wrong_factor = dx1[0] * x2  # the slide's product, with the factor of another block
    return {
        "title": [1, 3, 60, 34, 4, 3, 1, 4, 2, 6, 2, 3],
        "units": [*x0],
        "units-predict": [x3, *y],
        "units-explained": [y[0] - x3, dx3, *W1[0]],
        "blocks": [W0[0, 1]],
        "forward": [*x0],
        "forward-task": [W0[0, 0], x0[0], W0[0, 1], x0[1], x1[0], W0[1, 0], x0[0], W0[1, 1], x0[1], x1[1]],
        "loss": [*x2, x3, L, *x2, x3, L, 2],
        "backward": [dx3],
        "through-W1": [dx3, *W1[0]],
        "through-tanh": [0, 1, *x1],
        "tanh-task": [0, 3],
        "slip-explained": [*wrong_factor, *dW1[0], -0.1186, dx3],
        "digits-explained": [*dW1[0], *dW0[0], *dW0[1]],
        "cache-explained": [1],
        "step": [RATE, -RATE],
        "step-explained": [L, network_loss(W0 + RATE * dW0, W1 + RATE * dW1)],
        "one-step-explained": [
            *[L - RATE * squares, L, slow[1]],
            *[*new_W0[0], *new_W0[1], *new_W1[0]],  # as the lecture rounds them
            *[*new_W0[0], *new_W0[1], *new_W1[0]],
        ],
        "order-of-updates": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
        "order-explained": [0.2, 2],
        "rates": [RATE, 10, 100, 1, 0, 0.05, 1, 3],
        "rates-explained": [RATE, sum(value >= 1e-6 for value in slow), 0.05, 1, RATE, 3],
        "engine-explained": [*slow[:3], 1, 2, 3],
        "written-together": [1, 2, 3, 1, 1, 2, 3],
        "written-saturate-prompt": [10 * x1[0], x1[0]],
        "written-saturate": [1, 7, round(float(np.tanh(7)), 4), 0, 2, 1, 3, 0, 1, 1, 1, 1, 0, 2, 3],
    }


class TestNotebook(NotebookForm):
    ASSIGNMENT = "04-two-layer-tanh"
    MINUTES = 60
    NUMBERS = numbers()
    CAPITALS = "W"
    SHOWN: ClassVar = {"for _ in range(steps):"}

    def test_the_worked_example_is_that_of_the_curriculum(self):
        g = worked()
        expected = {
            "x1": (0.7, 0.3),
            "x2": (0.604368, 0.291313),
            "x3": (0.313055,),
            "L": 0.017474,
        }
        for name, value in expected.items():
            assert np.round(g[name].value, 6).tolist() == pytest.approx(value)
        slopes = {
            "x3": (-0.186945,),
            "x2": (-0.186945, 0.186945),
            "x1": (-0.118661, 0.171080),
            "W1": ((-0.112983, -0.054459),),
            "W0": ((-0.118661, -0.011866), (0.171080, 0.017108)),
        }
        for name, value in slopes.items():
            assert np.allclose(np.round(g[name].grad, 6), value, rtol=0, atol=1e-9)

    def test_the_notebook_prints_these_digits(self, done):
        said = {
            cell_id: re.sub(r"\s+", " ", text_of(cell))
            for cell_id, cell in done.items()
            if cell.cell_type == "code"
        }
        assert "x2 [0.604368 0.291313] x3 [0.313055] L 0.017474" in said["forward-digits"]
        assert "dx3 [-0.186945] dx2 [-0.186945 0.186945]" in said["through-W1-run"]
        assert "dx1 [-0.118661 0.17108 ]" in said["tanh-digits"]
        assert "dW0 [[-0.118661, -0.011866], [0.17108, 0.017108]]" in said["digits-weights"]
        assert "dW1 [[-0.112983, -0.054459]]" in said["digits-weights"]
        assert "1.023732 -2.997627" in said["one-step"]
        assert "0.165784 0.996578" in said["one-step"]
        assert "1.022597 -0.989108" in said["one-step"]
        assert said["one-step"].rstrip().endswith("0.007589")
        assert "promised: 0.005571" in said["promise-run"]
        assert "+0.2: 0.031375 -0.2: 0.007589" in said["step-both"]
        assert "0 0.017474 1 0.007589 2 0.003279" in said["engine-train"]

    def test_the_printed_factor_is_that_of_another_block(self):
        g = worked()
        assert np.round(g["x1"].grad[0], 3) == -0.119  # the slide cuts it to -0.1186
        assert np.allclose(np.round(g["x3"].grad * g["x2"].value, 3), [-0.113, -0.054])

    def test_the_units_and_the_blocks_are_the_same_network(self, notebook, tmp_path):
        filled = released(notebook)
        for cell in filled.cells:
            if cell.id == "units-guess":
                cell.source = cell.source.replace(
                    "out=..., h_a=..., h_b=...", "out=-0.187, h_a=-0.187, h_b=0.187"
                )
        done = {cell.id: cell for cell in run(filled, tmp_path, allow_errors=True).cells}
        assert re.search("(All 3|3 of 3) right", text_of(done["units-reveal"]))

    def test_two_kept_values_are_enough_and_one_is_not(self, cells):
        W1, y = LECTURE[2:]
        for kept, said in (
            ({"x0", "x2"}, "enough: True with 2"),
            ({"x0", "x1"}, "need 'x2'"),
            ({"x2"}, "need 'x0'"),
        ):
            lines: list[str] = []
            space = {"np": np, "g": worked(), "W1": W1, "y": y, "kept": kept}
            space["print"] = lambda *words, lines=lines: lines.append(" ".join(map(str, words)))
            exec(cells["cache-run"].source, space)
            assert said in lines[0]

    def test_ada_and_ben_agree_at_a_small_rate_and_part_at_a_large_one(self):
        assert np.allclose(np.log10(train(0.2, 25)), np.log10(train(0.2, 25, ben=True)), atol=0.2)
        assert train(2.0, 25)[-1] < 1e-15
        assert train(2.0, 25, ben=True)[-1] > 1e15
        assert max(train(2.0, 25)) > train(2.0, 1)[0]  # it jumps before it settles

    def test_the_promise_is_mostly_kept(self):
        x0, W0, W1, y = LECTURE
        first, second = train(RATE, 2)
        promised = first - RATE * sum(np.sum(g**2) for g in gradients(x0, W0, W1, y))
        assert promised < second < first
        assert (first - second) / (first - promised) > 0.8

    def test_rates(self):
        slow, best, one = train(0.05, 60), train(0.2, 60), train(1.0, 60)
        assert sum(v >= 1e-6 for v in slow) > 3 * sum(v >= 1e-6 for v in best)
        assert sum(v >= 1e-6 for v in one) >= sum(v >= 1e-6 for v in best)
        assert train(3.0, 60)[-1] > 1e6
        assert all(0.4 < b / a < 0.5 for a, b in pairwise(best[:20]))

    def test_at_a_rate_of_one_the_output_jumps_over_the_target(self):
        x0, A, B, y = LECTURE
        signs = []
        for _ in range(6):
            signs.append(np.sign(B @ np.tanh(A @ x0) - y)[0])
            dA, dB = gradients(x0, A, B, y)
            A, B = A - dA, B - dB
        assert signs == [-1, 1, -1, 1, -1, 1]


STEP_IN_PLACE = """
def gradient_step(weight, gradient, learning_rate):
    weight -= learning_rate * gradient
    return weight
"""

TRAINING_IN_PLACE = """
def two_layer_train(x0, y, W0, W1, learning_rate, steps):
    losses = []
    for _ in range(steps):
        h = np.tanh(W0 @ x0)
        e = W1 @ h - y
        losses.append(e @ e / 2)
        dW0 = np.outer((W1.T @ e) * (1 - h * h), x0)
        W1 -= learning_rate * np.outer(e, h)
        W0 -= learning_rate * dW0
    return W0, W1, losses
"""

UPDATED_TOO_EARLY = """
def two_layer_train(x0, y, W0, W1, learning_rate, steps):
    losses = []
    for _ in range(steps):
        h = np.tanh(W0 @ x0)
        e = W1 @ h - y
        losses.append(e @ e / 2)
        W1 = W1 - learning_rate * np.outer(e, h)
        W0 = W0 - learning_rate * np.outer((W1.T @ e) * (1 - h * h), x0)
    return W0, W1, losses
"""


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (STEP_IN_PLACE, "edits-inputs"),
        (TRAINING_IN_PLACE, "edits-inputs"),
        (UPDATED_TOO_EARLY, "updated-too-early"),
    ],
    ids=["step-in-place", "training-in-place", "updated-too-early"],
)
def test_these_mistakes_are_named_as_students_write_them(source, named):
    space = {"np": np}
    exec(source, space)
    verdict = verdict_on(space[source[5 : source.index("(")]])
    assert verdict.misconception == named
