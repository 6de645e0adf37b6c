"""Notebook 05, Momentum: its metadata, its two versions in a real kernel, and every number in its prose."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import ClassVar

import numpy as np
import pytest

from backprop_lab import SGD, Graph, Momentum, Nesterov, Variable, examples, grad, ops
from backprop_lab.exercises import find, of_assignment
from tests.notebook_form import NotebookForm
from tests.notebook_tools import kind, released, run, text_of

EXERCISES = of_assignment("05-momentum")


def test_the_measured_rates_are_the_predicted_ones():
    rate = find("convergence_rate").reference
    pairs = [(r, b) for r in (0.004, 0.012, 2 / 101, 0.033) for b in (0.7, 0.8, 0.9, 0.97)]
    for r, b in pairs:
        assert measured_rate(Momentum(r, b)) == pytest.approx(rate(EIGENVALUES, r, b), abs=0.002)
    best = Momentum(*find("best_momentum").reference(EIGENVALUES))
    assert measured_rate(best) == pytest.approx(9 / 11, abs=0.002)
    plain = SGD(find("best_learning_rate").reference(EIGENVALUES))
    assert measured_rate(plain) == pytest.approx(99 / 101, abs=0.002)


# ---------------------------------------------------------------- what the notebook says in words


def numbers_in(text: str) -> list[float]:
    return [float(token) for token in re.findall(r"-?\d+\.\d+", text)]


def test_no_test_from_rest_kills_the_velocity_of_the_other_sign():
    uphill = find("momentum_step").wrong[0]
    assert uphill.misconception == "velocity-sign"
    theta, m = uphill.function(1.0, 0.0, 2.0, 0.1, 0.9)
    theta, m = uphill.function(theta, m, -1.0, 0.3, 0.9)
    ball = Momentum(0.1, 0.9)
    right = ball.step(1.0, 2.0)
    ball.learning_rate = 0.3
    assert theta == pytest.approx(ball.step(right, -1.0))


# ---------------------------------------------------------------- the numbers in the prose

EIGENVALUES = np.arange(1.0, 101.0)
START = np.array([-2.0, 1.0])


def bowl(theta):
    return 0.5 * (theta[0] ** 2 + 20 * theta[1] ** 2)


def valley(theta):
    return 0.5 * ops.sum(EIGENVALUES * theta**2)


def walk(optimizer, loss, theta, steps):
    slope = grad(loss)
    move = lambda p, _: optimizer.step(p, slope if isinstance(optimizer, Nesterov) else slope(p))
    return np.array(list(accumulate(range(steps), move, initial=np.array(theta, float))))


def away(optimizer, steps):
    """The distance from the bottom of the bowl after some steps."""
    return np.linalg.norm(walk(optimizer, bowl, START, steps)[-1])


def measured_rate(optimizer, steps=600):
    distance = np.linalg.norm(walk(optimizer, valley, np.ones(100), steps), axis=1)
    half = steps // 2
    return (distance[-50:].max() / distance[half - 50 : half].max()) ** (1 / (steps - half))


def killed(velocity, gradients, rates, beta=0.9):
    def end(rule):
        t, v = 1.0, velocity
        for g, rate in zip(gradients, rates, strict=True):
            t, v = rule(t, v, g, rate, beta)
        return t

    exercise = find("momentum_step")
    return sum(not np.isclose(end(w.function), end(exercise.reference)) for w in exercise.wrong)


def header() -> dict[str, list[float]]:
    points = sum(exercise.points for exercise in EXERCISES)
    return {"title": [1, 2, 70, points + 6, points, len(EXERCISES), 2, 3]}


def bowls() -> dict[str, list[float]]:
    x, y = Variable(-2.0), Variable(1.0)
    Graph(0.5 * (x**2 + 20 * y**2)).backward()
    net = examples.get("two-layer-tanh")
    net.backward()
    after = {
        rate: examples.get("two-layer-tanh").forward(
            **{name: net[name].value + rate * net[name].grad for name in ("W0", "W1")}
        )
        for rate in (-0.2, 0.2)
    }
    return {
        "bowl": [20, *START],
        "bowl-ask": [0, 0, *np.abs(START)],
        "bowl-explained": [x.grad, y.grad, -x.grad, y.grad, 2, 1],
        "sign-slip": [-0.2, 0.2, net.output.value, -0.2, 0.2],
        "sign-slip-explained": [after[-0.2], after[0.2]],
    }


def plain() -> dict[str, list[float]]:
    slow, good, wild = 0.02, 0.09, 0.105
    assert away(SGD(wild), 30) > away(SGD(wild), 29) > np.linalg.norm(START)
    low, high = EIGENVALUES.min(), EIGENVALUES.max()
    best = 1 - find("best_learning_rate").reference(EIGENVALUES) * low
    assert best == pytest.approx((high - low) / (high + low))
    steps = np.log(1 / 1000) / np.log(best)
    tenfold = np.log(1 / 1000) / np.log(999 / 1001)
    assert tenfold / steps == pytest.approx(10, rel=0.01)
    return {
        "rates-ask": [30, slow, good, wild],
        "rates-explained": [slow, 30, away(SGD(slow), 30), good, away(SGD(good), 30), wild, 1, 20, 1, 1],
        "factors-ask": [low, high],
        "best-rate-task": [0, 1],
        "plain-limit": [low, high, high - low, high + low, best],
        "plain-limit-explained": [round(steps), high / low],
    }


def memory() -> dict[str, list[float]]:
    g1, g2, g3 = (Variable(1.0, name) for name in ("g1", "g2", "g3"))
    v1 = -0.1 * g1
    v2 = 0.5 * v1 - 0.1 * g2
    v3 = 0.5 * v2 - 0.1 * g3
    graph = Graph(v1 + v2 + v3)
    graph.backward()
    products = sorted(path.product for path in graph.paths("g1"))
    assert len(graph.paths("g2")) == 2
    assert len(graph.paths("g3")) == 1
    return {
        "memory-ask": [0.1, 0.5],
        "memory-explained": [*products, g1.grad, g2.grad, g3.grad],
        "memory-sum": [1, 1, 1, 0.9, 1 / (1 - 0.9), 0.99],
    }


def slide() -> dict[str, list[float]]:
    plain = ball = literal = 1.0
    velocity = displacement = 0.0
    table = [0.0, plain, ball, literal]
    rows = [table]
    for step in range(1, 5):
        plain -= 0.1 * plain
        velocity = 0.9 * velocity - 0.1 * ball
        ball += velocity
        displacement = -0.1 * literal - 0.9 * displacement
        literal += displacement
        rows.append([step, plain, ball, literal])
    assert rows[2][3] == pytest.approx(rows[1][3])  # it stands still
    return {
        "slide-slip": [1, 0.1, 0.9, *np.ravel(rows)],
        "slide-slip-explained": [2],
    }


def several() -> dict[str, list[float]]:
    far = {b: away(Momentum(0.02, b), 60) for b in (0, 0.5, 0.75, 0.99)}
    assert far[0.99] > far[0]
    ball, u, moves = Momentum(0.1, beta=0.5), 0.0, []
    for rate in (0.1, 0.1, 0.1, 0.01):
        ball.learning_rate = rate
        ball.step(0.0, 1.0)
        u = 0.5 * u + 1.0
        moves.append((ball.velocity, -rate * u))
    assert all(ours == pytest.approx(other) for ours, other in moves[:3])
    return {
        "several-ask": [0.02, 60, 60, 0],
        "several-explained": [far[0], 0.5, far[0.5], 0.75, far[0.75], 0.99, far[0.99]],
        "forms": [1, 0.5, 0.1, 0.01],
        "forms-explained": [*moves[3], 1, 1, 1],
        "killers-explained": [
            killed(0.0, [2.0], [0.1]),
            19,
            0.1,
            0.2,
            0.05,
            killed(0.5, [2.0, 1.0], [0.1, 0.2]),
        ],
    }


def column(theta, velocity):
    ball = Momentum(0.1, 0.5)
    ball.velocity = velocity
    return ball.step(theta, 2 * theta), ball.velocity


def theory() -> dict[str, list[float]]:
    first, second = column(1.0, 0.0), column(0.0, 1.0)
    roots = np.linalg.eigvals(np.transpose([first, second]))
    assert np.iscomplex(roots).all()
    rate = find("convergence_rate").reference
    ends = [float(rate(EIGENVALUES, 2 / 101, b)) for b in (0.74, 0.99)]
    betas = np.linspace(0, 0.99, 991)
    dip = betas[np.argmin([rate(EIGENVALUES[[0, -1]], 2 / 101, b) for b in betas])]
    assert dip == pytest.approx(0.74, abs=0.005)
    best, beta = find("best_momentum").reference(EIGENVALUES)
    assert rate(EIGENVALUES, best, beta) == pytest.approx(np.sqrt(beta), abs=1e-6)
    assert (best, beta) == (pytest.approx((2 / 11) ** 2), pytest.approx((9 / 11) ** 2))
    assert 1 - np.sqrt(best * 1) == pytest.approx(np.sqrt(beta))  # at the flat end
    steps, plainly = np.log(1000) / np.log(11 / 9), np.log(1000) / np.log(101 / 99)
    ball = np.linalg.norm(walk(Momentum(best, beta), valley, np.ones(100), 60), axis=1)
    needed = int(np.argmax(ball < ball[0] / 1000))
    assert (
        rate(EIGENVALUES, 0.99 * 2 * (1 + 0.7) / 100, 0.7) < 1 < rate(EIGENVALUES, 1.01 * 2 * 1.7 / 100, 0.7)
    )
    heavy = np.linalg.norm(walk(Momentum(best, 0.99), valley, np.ones(100), 150), axis=1)
    assert heavy[100:].min() > 0.1 * heavy[0]
    return {
        "theory": [2, 2, 1, 0, 0, 1, 2, 0.1, 0.5],
        "radius": [*first, *second],
        "rate-task": [abs(roots[0]), 0.5, 0, 1],
        "best-momentum-task": [1, 1, 100, 2, 11, 9, 11],
        "measure": [1, 2, 100, 300, 600],
        "measure-ask": [2, 101, 0, 0.99, 99 / 101],
        "measure-explained": [ends[0], dip, 0.99, ends[1]],
        "race-ask": [1, 100, 0.99, 99, 101, 99 / 101, 9, 11, 9 / 11, 99 / 101, round(plainly)],
        "race-explained": [9 / 11, round(steps), 100, np.sqrt(100), needed, 0.99, 150, np.sqrt(0.99)],
        "landscape-explained": [0.9, 0, 2, 2, 2],
    }


def written() -> dict[str, list[float]]:
    swing, slow = np.sqrt(0.99), 99 / 101
    ratio = np.log(slow) / np.log(swing)
    assert ratio == pytest.approx(4, rel=0.02)
    first = [1, 0.99, swing, 2, slow, np.log(swing), np.log(slow), 4]
    third = [3, 9, 11, (9 / 11) ** 2, 2, 11, (2 / 11) ** 2, 9 / 11, 0.9, 0.9, np.sqrt(0.9)]
    return {
        "written-momentum-prompt": [0.99, 1, 100],
        "written-momentum": [*first, *third, 1, 1, 2, 3, 5, 3],
        "written-forms-prompt": [10],
        "written-forms": [1, 2, 10, 10, 1, 1, 3, 10, 1, 1, 2, 3, 10],
    }


def nesterov() -> dict[str, list[float]]:
    slope = lambda theta: 2 * theta
    heavy, ahead = Momentum(0.1, 0.8), Nesterov(0.1, 0.8)
    heavy.velocity = ahead.velocity = -0.5
    far = [away(method(0.02, 0.95), 60) for method in (Nesterov, Momentum)]
    there = 1 - 0.8 * 0.5
    return {
        "nesterov-ask": [2, 1, -0.5, 0.1, 0.8],
        "nesterov-task": [
            there,
            slope(there),
            slope(1.0),
            ahead.step(1.0, slope),
            heavy.step(1.0, slope(1.0)),
        ],
        "nesterov-race": [0.95],
        "nesterov-explained": [60, *far],
    }


def hard() -> dict[str, list[float]]:
    valleys = lambda t: t**4 / 4 - t**2 + 0.3 * t
    plateau = lambda t: 1 - ops.exp(-(t**2) / 2)
    cliff = lambda t: 0.05 * t**2 + ops.sigmoid(-30 * (t + 1))
    ends = [walk(optimizer, valleys, 2.0, 100)[-1] for optimizer in (SGD(0.2), Momentum(0.2, 0.9))]
    assert walk(Momentum(0.05, 0.9), valleys, 2.0, 100)[-1] > 1  # with a smaller rate it stays
    thrown = walk(Momentum(1.0, 0.9), cliff, 3.0, 100)
    assert walk(SGD(1.0), cliff, 3.0, 100).min() > -1  # plain descent never meets the wall
    assert abs(walk(Momentum(1.0, 0.9), plateau, 4.0, 100)[-1]) < 0.1
    return {
        "hard": [0, 0, 0, 1, 0],
        "kinks-measure": [0, 0.00001],
        "kinks-explained": [-1, 1, 0, 1, 0, 0, 0],
        "hard-ask": [
            4,
            grad(plateau)(4.0),
            -1,
            abs(grad(cliff)(-1.0)) / grad(cliff)(1.0),
            1,
            0.9,
            100,
            2,
            4,
            3,
        ],
        "hard-explained": [*ends, 4, walk(SGD(1.0), plateau, 4.0, 100)[-1], 100, thrown.max()],
    }


def noise() -> dict[str, list[float]]:
    missed = (1 - 1 / 200) ** 200
    return {
        "noise": [200],
        "noise-ask": [4],
        "noise-scatter-explained": [1, 80, 1, 10, 200],
        "noise-explained": [10, 1, 1, 1, 1, 1, 0.9],
        "epochs": [200, 200, 1, 10, round(100 * missed)],
        "minibatches-task": [200, 1, 1, 200, missed, 0, 1],
        "recap": [1, 1, 4],  # 1 - eta lambda; notebooks 01 to 04
    }


PARTS = [header, bowls, plain, memory, slide, several, theory, written, nesterov, hard, noise]


class TestNotebook(NotebookForm):
    ASSIGNMENT = "05-momentum"
    MINUTES = 70
    NUMBERS: ClassVar = {cell_id: values for part in PARTS for cell_id, values in part().items()}

    def test_the_header_says_what_the_points_are_for(self, cells, exercises, points):
        assert f"{points}: {points - 6} for {len(exercises)} functions, 2 written" in cells["title"].source

    def test_there_are_two_predictions(self, notebook):
        assert sum("= predict(" in cell.source for cell in kind(notebook, "code")) == 2

    def test_a_column_is_asked_for_before_the_numbers_are_shown(self, untouched):
        assert "Commit to a column first" in text_of(untouched["slide-slip-reveal"])

    def test_with_predictions_filled_in_every_reveal_shows_its_score(self, notebook, tmp_path):
        filled = released(notebook)
        for cell in kind(filled, "code"):
            if "= predict(" in cell.source or cell.id == "slide-slip-commit":
                cell.source = cell.source.replace("...", "-0.1")
        ran = {cell.id: text_of(cell) for cell in kind(run(filled, tmp_path, allow_errors=True), "code")}
        assert "0 of 2 right" in ran["bowl-reveal"]
        assert "1 of 3 right" in ran["memory-reveal"]
        assert ran["slide-slip-reveal"].split() == ["0.9", "0.9", "0.81", "0.81"]

    def test_four_times_the_batch_is_half_the_scatter(self, done):
        scatter = [float(line.split()[-1]) for line in text_of(done["noise-scatter"]).splitlines() if line]
        assert len(scatter) == 4
        for wide, narrow in pairwise(scatter):
            assert narrow / wide == pytest.approx(0.5, abs=0.08)

    def test_the_students_own_functions_walk_like_the_engine(self, done):
        assert float(text_of(done["own-ball"]).split()[-1]) < 1e-12

    def test_the_ball_with_a_tenth_of_the_rate_jitters_like_plain_descent(self, done):
        lines = text_of(done["noise-momentum"]).splitlines()
        plain, ball, fast = (numbers_in(line)[-1] for line in lines if line)
        assert ball == pytest.approx(plain, rel=0.3)
        assert fast / plain == pytest.approx(8, abs=0.5)  # about eight times

    def test_more_than_a_third_of_the_set_is_missed_with_replacement(self, done):
        assert "0.37" in text_of(done["epochs-run"])

    def test_the_test_from_rest_and_the_better_tests_kill_as_many_rules_as_is_said(self, done):
        assert "killed 9 of 19" in text_of(done["killers-test"])
        assert killed(0.0, [2.0, 1.0, -1.0], [0.1, 0.2, 0.05]) == 18
        assert killed(0.5, [2.0, 1.0], [0.1, 0.2]) == 19
