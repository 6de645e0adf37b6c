"""Notebook 05, Momentum: its metadata, its two versions in a real kernel, and every number in its prose."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import accumulate, pairwise
from statistics import median

import numpy as np
import pytest

from backprop_lab import SGD, Graph, Momentum, Nesterov, Variable, examples, grad, ops
from backprop_lab.exercises import find, of_assignment
from tests.notebook_tools import (
    CHECK,
    assert_numbers,
    code_lines,
    errors_of,
    function_cells,
    kind,
    nbgrader_cells,
    path_of,
    prose_numbers,
    read,
    released,
    run,
    solution_of,
    text_of,
)

ASSIGNMENT = "05-momentum"
EXERCISES = of_assignment(ASSIGNMENT)


@pytest.fixture(scope="module")
def notebook():
    return read(ASSIGNMENT)


@pytest.fixture(scope="module")
def cells(notebook):
    return {cell.id: cell for cell in notebook.cells}


# ---------------------------------------------------------------- metadata


def test_every_exercise_has_an_answer_cell_and_a_check_cell_right_after_it(notebook):
    assert list(function_cells(notebook)) == [exercise.name for exercise in EXERCISES]
    order = [cell.id for cell in notebook.cells]
    for name in function_cells(notebook):
        assert order[order.index(name) + 1] == CHECK + name


def test_points_are_those_of_the_exercises(notebook):
    cells = nbgrader_cells(notebook)
    for exercise in EXERCISES:
        assert cells[CHECK + exercise.name].metadata.nbgrader.points == exercise.points


def test_cells_are_of_the_kinds_nbgrader_grades(notebook):
    for grade_id, cell in nbgrader_cells(notebook).items():
        meta = cell.metadata.nbgrader
        kind_of_cell = (cell.cell_type, meta.grade, meta.solution, meta.locked, "points" in meta)
        assert meta.schema_version == 3
        assert not meta.task
        if grade_id == "setup":
            assert kind_of_cell == ("code", False, False, True, False)
            assert cell.metadata.tags == ["setup"]
        elif grade_id.startswith(CHECK):
            assert kind_of_cell == ("code", True, False, True, True)
            assert cell.source == f"check({grade_id.removeprefix(CHECK)})"
        elif grade_id.startswith("written-"):
            assert kind_of_cell == ("markdown", True, True, False, True)
            assert meta.points == 3
        else:
            assert kind_of_cell == ("code", False, True, False, False)


def test_ids_are_readable_and_unique_and_agree_with_the_grade_ids(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", cell_id) for cell_id in ids)
    assert all(cell.id == grade_id for grade_id, cell in nbgrader_cells(notebook).items())


def test_the_file_is_nbformat_4_5_without_outputs(notebook):
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in kind(notebook, "code"))


def test_the_header_says_the_points_that_the_cells_give(cells, notebook):
    points = [cell.metadata.nbgrader.get("points", 0) for cell in nbgrader_cells(notebook).values()]
    assert sum(points) == sum(exercise.points for exercise in EXERCISES) + 2 * 3
    assert (
        f"{sum(points)}: {sum(points) - 6} for {len(EXERCISES)} functions, 2 written" in cells["title"].source
    )
    assert "70 minutes" in cells["title"].source


def test_written_questions_follow_their_prompt_and_carry_a_rubric(notebook):
    order = [cell.id for cell in notebook.cells]
    written = [
        cell for cell in notebook.cells if cell.id.startswith("written-") and "nbgrader" in cell.metadata
    ]
    assert len(written) == 2
    for cell in written:
        prompt = notebook.cells[order.index(cell.id) - 1]
        assert prompt.id == f"{cell.id}-prompt"
        assert f"({cell.metadata.nbgrader.points} points)" in prompt.source
        assert "**Rubric.**" in solution_of(cell)


# ---------------------------------------------------------------- form


def test_cells_are_small_and_half_of_them_are_prose(notebook):
    code, prose = kind(notebook, "code"), kind(notebook, "markdown")
    lengths = [code_lines(cell) for cell in code]
    assert median(lengths) <= 5
    assert max(lengths) <= 30
    assert len(prose) >= len(code)
    assert code_lines(next(cell for cell in code if cell.id == "setup")) <= 5


def test_answer_cells_need_nothing_but_the_setup_cell(notebook):
    setup = nbgrader_cells(notebook)["setup"].source
    for name, cell in function_cells(notebook).items():
        alone: dict = {}
        exec(setup, alone)
        exec(cell.source, alone)
        alone["check"](alone[name])


def test_signatures_are_those_of_the_exercises(notebook):
    for name, cell in function_cells(notebook).items():
        assert cell.source.startswith(f"def {find(name).signature}:")


def test_no_solution_is_left_in_the_released_version(notebook):
    given = released(notebook)
    text = "\n".join(cell.source for cell in given.cells)
    assert "SOLUTION" not in text
    assert "Rubric" not in text
    assert "Model answer" not in text
    for name, cell in function_cells(notebook).items():
        stub = nbgrader_cells(given)[name].source
        assert stub.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
        for line in solution_of(cell).splitlines():
            assert line.strip() not in text


def test_predictions_are_left_open_and_the_reveal_follows(notebook):
    order = [cell for cell in notebook.cells if cell.cell_type == "code"]
    openings = [k for k, cell in enumerate(order) if "= predict(" in cell.source]
    assert len(openings) == 2
    for k in openings:
        name = re.search(r"^(\w+) = predict\(", order[k].source, re.MULTILINE)[1]
        assert re.search(r"predict\(\w+(, \w+=\.\.\.)+\)", order[k].source)
        assert order[k + 1].source == f"{name}.reveal()"


# ---------------------------------------------------------------- in a kernel


@pytest.fixture(scope="module")
def done(notebook, tmp_path_factory):
    """The instructor version after a run, by cell id."""
    ran = run(notebook, tmp_path_factory.mktemp("instructor"))
    return {cell.id: text_of(cell) for cell in kind(ran, "code")}


def test_the_instructor_version_passes_every_check(done):
    for exercise in EXERCISES:
        assert f"{exercise.name}: passed" in done[CHECK + exercise.name]


def test_the_released_version_untouched_runs_to_the_end_with_nothing_written_yet(notebook, tmp_path):
    ran = run(released(notebook), tmp_path, allow_errors=True)
    checks = {CHECK + exercise.name for exercise in EXERCISES}
    for cell in kind(ran, "code"):
        assert errors_of(cell) == (["CheckFailed"] if cell.id in checks else []), text_of(cell)
        if cell.id in checks:
            assert "not written yet" in text_of(cell)
        if cell.id.endswith("-reveal"):
            assert re.search("Not predicted yet|Commit to a column first", text_of(cell))
        assert "Warning" not in text_of(cell)


def test_with_predictions_filled_in_every_reveal_shows_its_score(notebook, tmp_path):
    filled = released(notebook)
    for cell in kind(filled, "code"):
        if "= predict(" in cell.source or cell.id == "slide-slip-commit":
            cell.source = cell.source.replace("...", "-0.1")
    ran = {cell.id: text_of(cell) for cell in kind(run(filled, tmp_path, allow_errors=True), "code")}
    assert "0 of 2 right" in ran["bowl-reveal"]
    assert "1 of 3 right" in ran["memory-reveal"]
    assert ran["slide-slip-reveal"].split() == ["0.9", "0.9", "0.81", "0.81"]


def test_the_measured_rates_are_the_predicted_ones():
    rate = find("convergence_rate").reference
    pairs = [(r, b) for r in (0.004, 0.012, 2 / 101, 0.033) for b in (0.7, 0.8, 0.9, 0.97)]
    for r, b in pairs:
        assert measured_rate(Momentum(r, b)) == pytest.approx(rate(EIGENVALUES, r, b), abs=0.002)
    best = Momentum(*find("best_momentum").reference(EIGENVALUES))
    assert measured_rate(best) == pytest.approx(9 / 11, abs=0.002)
    plain = SGD(find("best_learning_rate").reference(EIGENVALUES))
    assert measured_rate(plain) == pytest.approx(99 / 101, abs=0.002)


@pytest.mark.slow
def test_nbgrader_validate_accepts_the_instructor_version(tmp_path):
    command = [sys.executable, "-m", "nbgrader", "validate", str(path_of(ASSIGNMENT))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "Success! Your notebook passes all the tests." in done.stdout, done.stdout + done.stderr


# ---------------------------------------------------------------- what the notebook says in words


def numbers_in(text: str) -> list[float]:
    return [float(token) for token in re.findall(r"-?\d+\.\d+", text)]


def test_four_times_the_batch_is_half_the_scatter(done):
    scatter = [float(line.split()[-1]) for line in done["noise-scatter"].splitlines() if line]
    assert len(scatter) == 4
    for wide, narrow in pairwise(scatter):
        assert narrow / wide == pytest.approx(0.5, abs=0.08)


def test_the_students_own_functions_walk_like_the_engine(done):
    assert float(done["own-ball"].split()[-1]) < 1e-12


def test_the_ball_with_a_tenth_of_the_rate_jitters_like_plain_descent(done):
    plain, ball, fast = (numbers_in(line)[-1] for line in done["noise-momentum"].splitlines() if line)
    assert ball == pytest.approx(plain, rel=0.3)
    assert fast > 3 * plain


def test_more_than_a_third_of_the_set_is_missed_with_replacement(done):
    assert "0.37" in done["epochs-run"]


def test_the_test_from_rest_and_the_better_tests_kill_as_many_rules_as_is_said(done):
    assert "killed 9 of 19" in done["killers-test"]
    assert killed(0.0, [2.0, 1.0, -1.0], [0.1, 0.2, 0.05]) == 18
    assert killed(0.5, [2.0, 1.0], [0.1, 0.2]) == 19


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
    return {"title": [70, points + 6, points, len(EXERCISES), 2, 3]}


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


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_numbers_in_prose_are_right(part, cells):
    for cell_id, values in part().items():
        assert_numbers(cells[cell_id], values)


def test_no_number_in_prose_goes_unchecked(notebook):
    checked = {cell_id for part in PARTS for cell_id in part()}
    unchecked = [
        cell.id
        for cell in kind(notebook, "markdown")
        if prose_numbers(cell.source) and cell.id not in checked
    ]
    assert not unchecked
