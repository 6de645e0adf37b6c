"""Notebook 06, Training a network: its form, both versions in a kernel, and every number in its prose."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
import pytest

from backprop_lab import Momentum, examples, grad, ops
from backprop_lab.check import assess, verdict_on
from backprop_lab.check.run import call_all
from backprop_lab.data import digits, one_epoch
from backprop_lab.exercises import find
from backprop_lab.exercises.training import training
from tests.notebook_form import NotebookForm
from tests.notebook_tools import CHECK, function_cells, released, run, text_of

TOOLS = ["relu_backward", "linear_backward"]  # answered again in this notebook, without points


def start() -> dict[str, np.ndarray]:
    """The starting weights of the notebook."""
    rng = np.random.default_rng(0)
    W1, W2 = rng.normal(size=(64, 32)) / 8, rng.normal(size=(32, 10)) / 32**0.5
    return {"W1": W1, "b1": np.zeros(32), "W2": W2, "b2": np.zeros(10)}


def score(params, X):
    return ops.affine(ops.relu(ops.affine(X, params["W1"], params["b1"])), params["W2"], params["b2"])


def read_right(params, X, labels) -> float:
    return float(np.mean(np.argmax(score(params, X), axis=1) == labels))


def trained(epochs: int, **rules) -> dict[str, np.ndarray]:
    """The notebook's network after some epochs, with the engine's rules or others."""
    data = digits()
    params, ball, rng = start(), Momentum(0.1, beta=0.9), np.random.default_rng(0)
    loss = lambda params, X, labels: ops.cross_entropy(score(params, X), labels)
    with ops.using(**rules):
        for _ in range(epochs):
            params, _ = one_epoch(loss, params, (data.X_train, data.labels_train), ball, rng)
    return params


def percent(value: float) -> int:
    return int(np.floor(100 * value + 1e-9))


Z = np.array([[2.0, 1.0, 0.1]])
P = ops.softmax(Z)[0]
GRADIENT = grad(lambda z: ops.cross_entropy(z, np.array([0])))(Z)[0]
DATA = digits()
DIALS = sum(array.size for array in start().values())
LOG10 = float(ops.cross_entropy(np.zeros((1, 10)), np.array([3])))


def planted() -> list[float]:
    """For b2, W2, b1, W1: the largest entry, and the error where the ReLU mask is missing."""
    exercise = find("mlp_backward")
    (bug,) = [w.function for w in exercise.wrong if w.misconception == "link-missing"]
    args = start(), DATA.X_train[:8], DATA.labels_train[:8]
    right, wrong = exercise.reference(*args), bug(*args)
    return [
        x
        for name in ("b2", "W2", "b1", "W1")
        for x in (np.abs(right[name]).max(), np.abs(right[name] - wrong[name]).max())
    ]


def numbers() -> dict[str, list[float]]:
    thousands = [DIALS // 1000, DIALS % 1000]
    rows = len(DATA.X_train)
    first, last = (read_right(trained(n), DATA.X_test, DATA.labels_test) for n in (1, 20))
    steps = -(-rows // 32)
    return {
        "title": [3, 5, 70, 35, 2, 5, 2, 6, 1, 4, 1, 3, 2, 3],
        "digits-explained": [
            8,
            8,
            64,
            0,
            1,
            0,
            9,
            rows // 1000,
            rows % 1000,
            len(DATA.X_test),
            4.0,
            64,
            32,
            10,
        ],
        "count-explained": thousands * 3,
        "softmax-intro": [1],
        "softmax-explained": [*Z[0], *P, 100, 1, 0],
        "softmax-task": [0, 1],
        "blind-predict": [*Z[0]],
        "blind-explained": [0, P.sum(), 1, 1],
        "loss-intro": [P[0], 0, 0],
        "loss-explained": [0.99, -np.log(0.99), P[0], -np.log(P[0]), 0.01, -np.log(0.01), 1, 0],
        "loss-task": [10, LOG10, LOG10, 0, 0],
        "gradient-predict": [0],
        "gradient-explained": [*GRADIENT, P[0], 1, GRADIENT.sum(), 1, 0, -1, 1],
        "kill-test-explained": [2],
        "network-params": [64, 32, 32, 32, 10, 10, 5],
        "backward-task": [0, 0],
        "planted-bug": [8, *planted()],
        "training-intro": [1, 32, steps],
        "curves-explained": [round(100 * first), percent(last)],
        "wrong-rules": [90],
        "wrong-rules-explained": [90],
        "sgd-recipe": [2, 2, 64, 0, 9, 64, 94, find("train_network").seconds],
        "written-zero-start-prompt": [0, 0, 0.1],
        "written-zero-start": [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 1, 1, 2, 3],
        "written-wrong-rule-prompt": [percent(last)],
        "written-wrong-rule": [1, 90, 2, 3, 1, 1, 2, 3],
        "shuffle-explained": [LOG10],
        "recap": [LOG10],
    }


class TestNotebook06(NotebookForm):
    ASSIGNMENT = "06-training-a-network"
    MINUTES = 70
    NUMBERS: ClassVar = numbers()
    SHOWN: ClassVar = {"}"}

    def test_every_exercise_has_an_answer_cell_and_a_check_cell_right_after_it(self, notebook, exercises):
        names = [name for name in function_cells(notebook) if name not in TOOLS]
        assert names == [exercise.name for exercise in exercises]
        order = [cell.id for cell in notebook.cells]
        for name in names:
            assert order[order.index(name) + 1] == CHECK + name

    def test_the_tools_of_notebook_03_are_brought_along_and_give_no_points(self, notebook):
        order = [cell.id for cell in notebook.cells]
        for name in TOOLS:
            after = notebook.cells[order.index(name) + 1]
            assert after.source == f"check({name})"
            assert "nbgrader" not in after.metadata

    def test_the_training_waits_for_the_students_rules(self, untouched):
        assert "First get" in text_of(untouched["train-mine"])

    def test_the_training_runs_on_the_students_rules(self, notebook, tmp_path):
        """With the cross-entropy's rule turned round, nothing is learnt: no rule of the engine helps."""
        spoilt = released(notebook)
        answers = {cell.id: cell.source for cell in notebook.cells}
        for cell in spoilt.cells:
            if cell.id in [*TOOLS, "cross_entropy_backward"]:
                cell.source = answers[cell.id]
            if cell.id == "my-rules":
                cell.source = cell.source.replace("return delta *", "return -delta *")
        done = {cell.id: cell for cell in run(spoilt, tmp_path, allow_errors=True).cells}
        share = float(re.findall(r"test ([\d.]+)%", text_of(done["train-mine"]))[-1])
        assert share < 30

    def test_the_bar_and_the_curves_are_shown(self, done):
        assert "20 of 20" in text_of(done["train-mine"])
        assert any("image/png" in output.get("data", {}) for output in done["curves"].outputs)

    def test_the_training_takes_less_than_thirty_seconds(self, done):
        ran = done["train-mine"].metadata.execution
        begun, ended = (
            np.datetime64(ran[key].rstrip("Z")) for key in ("iopub.execute_input", "shell.execute_reply")
        )
        assert (ended - begun) / np.timedelta64(1, "s") < 30

    def test_what_is_said_of_the_spoilt_rules_is_so(self, done):
        said = dict(
            re.findall(r"^([\w ]+?)  .*test ([\d.]+)%", text_of(done["wrong-rules-run"]), re.MULTILINE)
        )
        share = {name: float(value) for name, value in said.items()}
        assert len(share) == 4
        assert share.pop("mask from delta") < 15
        assert min(share.values()) > 90

    def test_images_and_labels_shuffled_apart_teach_nothing(self):
        params, ball, rng = start(), Momentum(0.1, beta=0.9), np.random.default_rng(0)
        loss = lambda params, X, labels: ops.cross_entropy(score(params, X), labels)
        for _ in range(20):
            labels = rng.permutation(DATA.labels_train)
            params, said = one_epoch(loss, params, (DATA.X_train, labels), ball, rng)
        assert np.mean(said) == pytest.approx(LOG10, abs=0.1)
        assert read_right(params, DATA.X_test, DATA.labels_test) < 0.2

    def test_w1_has_two_paths_in_the_graph_of_two_images(self):
        assert len(list(examples.get("minibatch-objective").paths("W1"))) == 2


# ---------------------------------------------------------------- train_network is judged by what it reads


def judged(train):
    train.__name__ = "train_network"
    return verdict_on(train)


def guess(X, labels, seed):
    return {"W1": np.zeros((64, 4)), "b1": np.zeros(4), "W2": np.zeros((4, 10)), "b2": np.eye(10)[3]}


def equal_start(X, labels, seed):
    params = guess(X, labels, seed)
    params["W1"] = np.tile(X.mean(axis=0)[:, None], 4) - 0.3
    params["W2"] = np.random.default_rng(0).normal(size=(4, 10))
    return params


def barely(X, labels, seed):
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(size=(64, 4)),
        "b1": np.zeros(4),
        "W2": rng.normal(size=(4, 10)),
        "b2": np.zeros(10),
    }


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (lambda X, labels, seed: None, "must return a dict"),
        (lambda X, labels, seed: {"W1": X}, "must have the keys"),
        (lambda X, labels, seed: {**guess(X, labels, seed), "W1": np.zeros((4, 64))}, "the shapes must be"),
        (lambda X, labels, seed: {**guess(X, labels, seed), "W1": "no"}, "W1 must be an array of numbers"),
        (lambda X, labels, seed: {**guess(X, labels, seed), "b2": np.full(10, np.nan)}, "not finite"),
        (
            lambda X, labels, seed: {k: v[..., :0] for k, v in guess(X, labels, seed).items()},
            "the shapes must be",
        ),
        (equal_start, "All hidden units are the same"),
        (barely, "as at the start"),
        (training(rate=0.001), "little better than guessing"),
        (training(epochs=1), "It is on its way"),
    ],
)
def test_a_network_that_cannot_read_gets_a_sentence(train, said):
    verdict = judged(train)
    assert not verdict.passed
    assert said in str(verdict)


def apart(rng, rows):
    """A minibatch whose labels belong to others of its images."""
    return rows, rng.permutation(rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("train", "named"),
    [
        (training(rate=-0.01, epochs=30), "step-direction"),
        (training(rate=-1.0, epochs=10), "step-direction"),
        (training(rate=-0.3, epochs=30, batch=32), "blows-up"),
        (training(rate=3.0, epochs=20), "steps-too-large"),
        (training(rate=100.0), "steps-too-large"),
        (training(trained="W2 b2", epochs=40), "layer-forgotten"),
        (training(trained="W2 b2", epochs=1, batch=16), "layer-forgotten"),
        (
            training(rows=apart, rate=0.03, epochs=30),
            "labels-apart",
        ),
        (training(rows=apart, batch=32, epochs=20), "labels-apart"),
        (training(rows=lambda rng, rows: (np.arange(128), np.arange(128)), epochs=40), "one-minibatch"),
        # Right, but slow, short, or in one batch: nothing but patience is missing.
        (training(rate=0.01, epochs=10), None),
        (training(rate=0.001, epochs=10), None),
        (training(rate=0.1, epochs=2), None),
        (training(rate=0.1, epochs=30, batch=1344), None),
        (training(rate=0.03, epochs=5, trained="W1 W2 b2"), None),
    ],
)
def test_a_mistake_in_training_is_named_however_long_it_trains(train, named):
    exercise = find("train_network")
    for seed in range(5):
        cases = exercise.battery(seed)
        verdict = assess(exercise, cases, call_all(exercise, train, cases))
        assert not verdict.passed
        assert verdict.misconception == named


def test_a_network_learnt_elsewhere_is_of_no_use():
    learnt = trained(20)
    assert read_right(learnt, DATA.X_test, DATA.labels_test) > 0.95
    assert not judged(lambda X, labels, seed: learnt).passed


def test_the_images_to_be_judged_by_are_not_handed_over():
    (case, again) = find("train_network").battery(0)
    handed = {row.tobytes() for row in case.args[0]}
    assert len(handed) == len(case.args[0])
    assert not handed & {row.tobytes() for row in case.held_out[0]}
    assert (len(case.args[0]), len(case.held_out[0])) == (1344, 450)
    assert again.held_out[0] is case.held_out[0]


def test_an_enemys_answer_is_only_read():
    class Loud(dict):
        def values(self):
            raise AssertionError("never called")

        items = __iter__ = values

    exercise = find("train_network")
    cases = exercise.battery(0)
    for value in (object(), 7, [1], "W1", {"W1": object(), "b1": 0, "W2": 0, "b2": 0}, {1: 2}):
        verdict = assess(exercise, cases, call_all(exercise, lambda X, labels, seed, v=value: v, cases))
        assert verdict.credit == 0
