"""Notebook 03, Jacobians: its form, every number in its prose, and what it says of its examples."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_lab import Graph, Variable, examples, jacobian, ops, value_and_grad, vjp
from backprop_lab.check import check, verdict_on
from backprop_lab.exercises import find
from tests.notebook_form import NotebookForm
from tests.notebook_tools import text_of


def slope(f, x: float) -> float:
    """By the engine."""
    return float(jacobian(f)(np.array([float(x)]))[0, 0])


def desk(x):
    return ops.stack([x[0] * x[1], x[1] + 2 * x[2]])


def dead_unit(b: float) -> tuple[list[float], dict[str, float]]:
    """Losses and last gradients of the unit that learns a line, as in the notebook."""
    points, p, losses = np.linspace(-1, 1, 9), {"w": 1.0, "b": b}, []

    def loss(p):
        return ops.mean(ops.square(ops.relu(p["w"] * points + p["b"]) - (0.5 * points + 0.6)))

    for _ in range(60):
        value, gradient = value_and_grad(loss)(p)
        p = {name: p[name] - 0.3 * gradient[name] for name in p}
        losses.append(value)
    return losses, gradient


def groups(number: int) -> list[float]:
    """A number printed with commas is read as one number for each group of digits."""
    return [int(group) for group in f"{number:,}".split(",")]


def numbers() -> dict[str, list[float]]:
    relu, sigmoid = np.array([1.0, -2.0, 0.0, 3.0]), np.array([-10.0, -1.0, 0.0, 10.0])
    dead, gradient = dead_unit(-2.0)
    X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    full = jacobian(lambda W: ops.matmul(X, W))(np.ones((3, 2)))
    n, d, k = 64, 784, 128
    layer = examples.get("matrix-vector")
    unit, vector_unit = examples.get("logistic-scalar"), examples.get("logistic-vector")
    return {
        "title": [1, 2, 75, 62, 8, 3, 4, 4, 2, 5, 1, 6, 2, 3],
        "desk-predict": [0.01],
        "diagonal": [0],
        "diagonal-predict": [*relu],
        "relu-jacobian-task": [np.diag(jacobian(ops.relu)(relu)).max(), 0, slope(ops.relu, 0), 0],
        "kill-explained": [1, 1],
        "dead": [0.5, -2],
        "dead-predict": [-2, 1],
        "dead-explained": [gradient["w"], gradient["b"], dead[-1]],
        "sigmoid": [*sigmoid],
        "sigmoid-jacobian-task": [-1000],
        "saturation-predict": [slope(ops.tanh, 0)],
        "saturation": [
            *[-8, 8, slope(ops.sigmoid, 0), 0, 5, slope(ops.sigmoid, 5), 10, slope(ops.sigmoid, 10), 0],
            slope(ops.tanh, 0),
        ],
        "tanh-task": [1],
        "jacobian-from-vjp-task": [round(float(np.sum(relu - relu.mean())), 9)],
        "linear-x-task": layer["W"].value.shape,
        "full": [*X.shape, full.shape[1]],
        "bytes-task": [full.size, n, d, k, 6, 60, 600, 6],
        "bytes-explained": [*groups(n * k), *groups(d * k), 8 * n * k * d * k / 1e9, *groups(d * k)],
        "square-trap": [3],
        "broadcast": [1],
        "broadcast-task": [1],
        "logistic-look": [x for name in ("w", "x", "b") for x in np.ravel(vector_unit[name].value)],
        "logistic": [
            *[unit[name].value for name in ("w", "x", "b", "z")],
            slope(ops.sigmoid, unit["z"].value),
        ],
        "written-square": [1, 2, 3, 1, 1, 2, 3],
        "written-flat": [1, 0, 2, 3, 1, 1, 2, 3],
    }


class TestNotebook(NotebookForm):
    ASSIGNMENT = "03-jacobians"
    MINUTES = 75
    NUMBERS = numbers()
    CAPITALS = "W"

    # ------------------------------------------------------------ what the prose says in words

    def test_the_middle_slider_moves_both_needles_three_to_one(self, done):
        assert jacobian(desk)(np.array([3.0, -1.0, 2.0]))[:, 1].tolist() == [3.0, 1.0]
        assert "[3., 1.]" in text_of(done["desk-nudge"])

    def test_the_relu_example_has_sixteen_entries_and_twelve_zeros_off_the_diagonal(self):
        J = jacobian(ops.relu)(np.array([1.0, -2.0, 0.0, 3.0]))
        assert (J.size, J.size - len(J)) == (16, 12)

    def test_one_rule_is_caught_at_first_and_the_suggested_test_catches_all(self, done, cells):
        assert text_of(done["kill-test"]).count("survives") == 3
        space = {"np": np}
        exec(cells["rules"].source, space)
        assert "`x = [-2, 0, 2]` with `delta = [3, -5, 4]`" in cells["kill-explained"].source
        delta, x = np.array([3.0, -5.0, 4.0]), np.array([-2.0, 0.0, 2.0])
        right = vjp(ops.relu, x)[1](delta)[0]
        assert not any(np.allclose(rule(delta, x), right) for rule in space["rules"].values())
        # A needs a zero, C a negative entry, D a positive one: no two entries can do it.
        for pair in ((-2.0, 0.0), (-2.0, 2.0), (0.0, 2.0)):
            x = np.array(pair)
            right = vjp(ops.relu, x)[1](np.ones(2))[0]
            assert any(np.allclose(rule(np.ones(2), x), right) for rule in space["rules"].values())

    def test_the_dead_unit_stands_still_and_the_other_learns(self):
        dead, alive = dead_unit(-2.0)[0], dead_unit(0.5)[0]
        assert len(set(dead)) == 1
        assert alive[-1] < 1e-10

    def test_ten_sigmoids_pass_on_less_than_a_millionth(self):
        assert slope(ops.sigmoid, 0) ** 10 < 1e-6
        assert slope(ops.sigmoid, 0) == 1 / 4

    def test_pulling_ones_back_is_blind_to_what_cancels(self, done):
        x = np.array([1.0, 4.0, 2.0, -3.0])
        assert not vjp(lambda x: x - ops.mean(x), x)[1](np.ones(4))[0].any()
        assert jacobian(lambda x: x - ops.mean(x))(x).all()
        assert not np.round(vjp(ops.softmax, x)[1](np.ones(4))[0], 15).any()

    def test_the_two_products_agree(self, done):
        assert text_of(done["three-views-run"]).count("= 7.0") == 2

    def test_half_of_the_full_table_is_zero(self):
        X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
        full = jacobian(lambda W: ops.matmul(X, W))(np.ones((3, 2)))
        assert np.count_nonzero(full) == full.size / 2 == 2 * X.size

    def test_the_engine_counts_six_and_a_half_gigabytes(self, done):
        cost = Graph(np.ones((64, 784)) @ Variable(np.ones((784, 128)), "W")).cost()
        assert cost.jacobian_bytes == find("jacobian_bytes").reference(64, 784, 128)[0]
        assert "table: 6,576,668,672 bytes    dW: 802,816 bytes" in text_of(done["bytes-engine"])

    def test_the_measured_entry_agrees_with_candidate_two_alone(self, done):
        measured, one, two = (
            line.split()[-1] for line in text_of(done["square-trap-measure"]).split("\n")[:3]
        )
        assert measured == two != one
        assert "gradients agree" in text_of(done["measure-all"])

    def test_the_row_and_the_column_hold_the_same_numbers(self, done):
        assert text_of(done["column-slip-run"]).count("1.5  4.  -5. ") == 2

    def test_each_number_of_b_gets_three_contributions(self, done):
        assert text_of(done["broadcast-run"]).count("3.") == 4


# ---------------------------------------------------------------- mistakes without a wrong function


TRANSPOSED = """
def linear_backward(delta, x, W, b):
    return delta @ W.T, delta.T @ x, delta.sum(axis=0)
"""

TRANSPOSED_COLUMN = """
def linear_backward_column(delta, x, W):
    return W.T @ delta, np.outer(x, delta), delta
"""

IN_PLACE = """
def relu_backward(delta, x):
    delta = np.asarray(delta)
    delta *= x > 0
    return delta
"""

NOT_PUT_BACK_EXACTLY = """
def numerical_jacobian(f, x):
    columns = []
    for i in range(x.size):
        x[i] += 1e-5
        above = f(x)
        x[i] -= 2e-5
        columns.append((above - f(x)) / 2e-5)
        x[i] += 1e-5
    return np.array(columns).T
"""


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (TRANSPOSED, "transposed"),
        (TRANSPOSED_COLUMN, "transposed"),
        (IN_PLACE, "edits-inputs"),
        (NOT_PUT_BACK_EXACTLY, "edits-inputs"),
    ],
    ids=["dW", "dW-column", "in-place", "not-put-back-exactly"],
)
def test_these_mistakes_are_named_as_well(source, named):
    space = {"np": np}
    exec(source, space)
    verdict = verdict_on(space[source[5 : source.index("(")]])
    assert verdict.misconception == named


def test_check_takes_a_student_s_own_numerical_jacobian():
    def numerical_jacobian(f, x):
        return np.stack([(f(x + h) - f(x - h)) / 2e-5 for h in 1e-5 * np.eye(len(x))], axis=1)

    check(numerical_jacobian)
