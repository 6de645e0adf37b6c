"""A class of made submissions for the demo and the tests: right, blank, mistaken, broken, hostile.

Student ids say what each one did. Nothing here is random.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell

from .submission import is_answer, load_released

ASSIGNMENT = "01-chain-rule"

PLAIN = {
    "add_backward": "def add_backward(delta, a, b):\n    return delta, delta",
    "multiply_backward": "def multiply_backward(delta, a, b):\n    return delta * b, delta * a",
    "max_backward": "def max_backward(delta, a, b):\n    return delta * (a >= b), delta * (a < b)",
    "exp_backward": "def exp_backward(delta, x):\n    return delta * np.exp(x)",
    "log_backward": "def log_backward(delta, x):\n    return delta / x",
    "reciprocal_backward": "def reciprocal_backward(delta, x):\n    return -delta / x**2",
    "square_backward": "def square_backward(delta, x):\n    return 2 * x * delta",
    "sigmoid_backward": """def sigmoid_backward(delta, x):
    s = 1 / (1 + np.exp(-x))
    return delta * s * (1 - s)""",
    "squared_error_gradients": """def squared_error_gradients(w, b, x, y):
    error = w * x + b - y
    return 2 * error * x, 2 * error""",
    "logistic_loss_gradients": """def logistic_loss_gradients(w, x):
    dz = 1 / (1 + np.exp(-(w @ x))) - 1
    return dz * x, dz * w""",
    "hidden_chain_gradients": """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    h = w1 * x + b1
    dp = 2 * (w2 * h + b2 - y)
    return dp * w2 * x, dp * w2, dp * h, dp""",
}

#: The same functions entry by entry, with math and loops.
LOOPS = {
    "add_backward": """def add_backward(delta, a, b):
    return np.array(delta, dtype=float), np.array(delta, dtype=float)""",
    "multiply_backward": """def multiply_backward(delta, a, b):
    da, db = np.empty(np.shape(a)), np.empty(np.shape(b))
    for i in np.ndindex(np.shape(a)):
        da[i] = np.asarray(delta)[i] * np.asarray(b)[i]
        db[i] = np.asarray(delta)[i] * np.asarray(a)[i]
    return da, db""",
    "max_backward": """def max_backward(delta, a, b):
    da, db = np.zeros(np.shape(a)), np.zeros(np.shape(b))
    for i in np.ndindex(np.shape(a)):
        if np.asarray(a)[i] >= np.asarray(b)[i]:
            da[i] = np.asarray(delta)[i]
        else:
            db[i] = np.asarray(delta)[i]
    return da, db""",
    "exp_backward": """import math

def exp_backward(delta, x):
    if np.ndim(x) == 0:
        return delta * math.exp(x)
    return np.array([exp_backward(d, v) for d, v in zip(delta, x)]).reshape(np.shape(x))""",
    "log_backward": """def log_backward(delta, x):
    return np.divide(delta, x)""",
    "reciprocal_backward": """def reciprocal_backward(delta, x):
    y = np.reciprocal(np.asarray(x, dtype=float))
    return -y * y * delta""",
    "square_backward": """def square_backward(delta, x):
    return delta * x + x * delta""",
    "sigmoid_backward": """def sigmoid_backward(delta, x):
    slope = 0.25 * (1 - np.tanh(np.asarray(x) / 2) ** 2)
    slope *= delta
    return slope""",
    "squared_error_gradients": """def squared_error_gradients(w, b, x, y):
    residual = y - (w * x + b)
    db = 2 * residual * -1
    return [db * x, db]""",
    "logistic_loss_gradients": """def logistic_loss_gradients(w, x):
    z = sum(wi * xi for wi, xi in zip(w, x))
    dz = -0.5 * (1 - np.tanh(z / 2))
    return np.array([dz * xi for xi in x]), np.array([dz * wi for wi in w])""",
    "hidden_chain_gradients": """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    J = np.array([w2 * x, w2, w1 * x + b1, 1.0])
    return J * (2 * (w2 * (w1 * x + b1) + b2 - y))""",
}

#: One wrong function for each misconception of the assignment.
MISTAKES = {
    "upstream-ignored": "def multiply_backward(delta, a, b):\n    return b, a",
    "mask-from-delta": "def max_backward(delta, a, b):\n    return delta * (delta > 0), delta * (delta <= 0)",
    "tie": "def max_backward(delta, a, b):\n    return delta * (a > b), delta * (b >= a)",
    "forward-again": "def square_backward(delta, x):\n    return delta * x**2",
    "sigmoid-slip": "def sigmoid_backward(delta, x):\n    return delta * x * (1 - x)",
    "exp-slip": "def exp_backward(delta, x):\n    return delta * x",
    "log-or-reciprocal-slip": "def reciprocal_backward(delta, x):\n    return delta / x**2",
    "off-by-factor": "def square_backward(delta, x):\n    return delta * x",
    "sign-flipped": """def squared_error_gradients(w, b, x, y):
    error = y - (w * x + b)
    return 2 * error * x, 2 * error""",
    "swapped": "def multiply_backward(delta, a, b):\n    return delta * a, delta * b",
    "wrong-gate": "def add_backward(delta, a, b):\n    return delta * b, delta * a",
    "accumulates": """kept = {}

def add_backward(delta, a, b):
    key = np.asarray(delta).tobytes()
    kept[key] = kept.get(key, 0.0) + delta
    return kept[key], kept[key]""",
    "edits-inputs": """def exp_backward(delta, x):
    x = np.asarray(x)
    delta *= np.exp(x)
    return delta""",
    "unstable": """def sigmoid_backward(delta, x):
    return delta * np.exp(-x) / (1 + np.exp(-x)) ** 2""",
    "link-missing": """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    dp = 2 * (w2 * (w1 * x + b1) + b2 - y)
    return dp * x, dp, dp * (w1 * x + b1), dp""",
    "wrong-path": """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    dp = 2 * (w2 * (w1 * x + b1) + b2 - y)
    return dp * w2 * x, dp * w2, x * dp * w2, dp""",
    "likelihood": """def logistic_loss_gradients(w, x):
    s = 1 / (1 + np.exp(-(w @ x)))
    return (1 - s) * x, (1 - s) * w""",
}
WRITTEN = "Upstream says how the loss feels the output, local how the output feels the input; multiply them."

NOISY = """import sys
import warnings

def exp_backward(delta, x):
    warnings.warn("just saying")
    print("exp_backward was called with", np.shape(x))
    print("and this goes to stderr", file=sys.stderr)
    return delta * np.exp(x)"""

HANGS = "def log_backward(delta, x):\n    while True:\n        pass"

HOSTILE = '''import os, sys

class Equal(np.ndarray):
    """Claims to be equal and close to everything."""
    def __eq__(self, other): return np.True_
    def __sub__(self, other): return np.zeros(self.shape)
    __hash__ = None

np.testing.assert_allclose = lambda *args, **kwargs: None
np.allclose = lambda *args, **kwargs: True

def _look_around():
    for path in ("/", os.getcwd(), os.path.expanduser("~")):
        for folder, _, files in os.walk(path):
            if "gradebook.db" in files:
                open(os.path.join(folder, "gradebook.db"), "wb").write(b"")
        break

def add_backward(delta, a, b):
    _look_around()
    return np.zeros(np.shape(a)).view(Equal), np.zeros(np.shape(b)).view(Equal)

multiply_backward = add_backward

def hidden_chain_gradients(*args):
    try:
        os.kill(os.getppid(), 9)
    finally:
        os._exit(0)'''


@dataclass(frozen=True)
class Sample:
    """A made submission.

    Attributes:
        student: an id that says what it did.
        data: the bytes of the notebook file.
        misconception: what the judge should name, if anything.
        wrong: the exercises that should not get full credit.
    """

    student: str
    data: bytes
    misconception: str | None = None
    wrong: frozenset[str] = frozenset()


def function_in(source: str) -> str:
    """The name of the graded function a source defines."""
    return next(name for name in PLAIN if f"def {name}(" in source)


def answered(released: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """The released notebook with functions, and something for each written question, in its cells."""
    notebook = deepcopy(released)
    for cell in notebook.cells:
        if is_answer(cell) and cell.cell_type == "code":
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
        elif is_answer(cell):
            cell.source = WRITTEN
    return notebook


def samples(released: NotebookNode) -> list[Sample]:
    """The class: every kind of submission, for one released notebook."""

    def made(
        student: str, answers: Mapping[str, str], misconception: str | None = None, *wrong: str
    ) -> Sample:
        data = nbformat.writes(answered(released, answers)).encode()
        return Sample(student, data, misconception, frozenset(wrong))

    everything = frozenset(PLAIN)
    members = [
        made("right-plain", PLAIN),
        made("right-loops", LOOPS),
        made("right-and-noisy", PLAIN | {"exp_backward": NOISY}),
        Sample("right-with-own-cells", _with_own_cells(released)),
        Sample("blank", nbformat.writes(released).encode(), None, everything),
    ]
    for misconception, source in MISTAKES.items():
        name = function_in(source)
        members.append(made(f"mistake-{misconception}", PLAIN | {name: source}, misconception, name))
    tampered = deepcopy(released)
    for cell in tampered.cells:
        cell.metadata.setdefault("tags", []).append("skip-execution")
    return [
        *members,
        made("hangs", PLAIN | {"log_backward": HANGS}, None, "log_backward"),
        made("hostile", {"hidden_chain_gradients": HOSTILE}, None, *everything),
        Sample("hostile-tags", nbformat.writes(tampered).encode(), None, everything),
        Sample("broken-file", b'{"cells": [{"cell_type": "code", "source": "def add_ba', None, everything),
        Sample("not-a-notebook", bytes(range(256)) * 4, None, everything),
    ]


def _with_own_cells(released: NotebookNode) -> bytes:
    """Right answers, with scratch cells around them, one of which fails."""
    notebook = answered(released, PLAIN)
    notebook.cells.insert(0, new_code_cell("print('my own notes')"))
    notebook.cells.append(new_code_cell("1 / 0"))
    return nbformat.writes(notebook).encode()


def write_class(released: Path, submitted: Path) -> list[Sample]:
    """Write the class below nbgrader's folder of submissions."""
    members = samples(load_released(str(released)))
    for member in members:
        folder = submitted / member.student / ASSIGNMENT
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_bytes(member.data)
        (folder / "timestamp.txt").write_text("2026-01-15 12:00:00 UTC")
    return members
