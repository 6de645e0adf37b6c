"""Notebook 07, Differentiating inputs: its form, both versions in a kernel, and every number in its prose."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from backprop_lab import Graph, Variable, ops
from backprop_lab.data import WORDS, digit_classifier, digits, letters, text_to_image
from backprop_lab.exercises import find
from tests.notebook_form import NotebookForm
from tests.notebook_tools import kind, released, run, text_of

X, LABELS = digits().X_test, digits().labels_test
PARAMS, MODELS = digit_classifier(), text_to_image()
AVERAGE = np.mean([letters(word) for word in WORDS], axis=0)


def answer(name: str, *args):
    """The right answer of an exercise."""
    return find(name).reference(*args)


def scores(x):
    h = ops.relu(ops.affine(x, PARAMS["W1"], PARAMS["b1"]))
    return ops.affine(h, PARAMS["W2"], PARAMS["b2"])


def read(images) -> np.ndarray:
    return np.argmax(scores(np.asarray(images)), axis=-1)


def share(images) -> float:
    return float(100 * np.mean(read(images) == LABELS))


def loss(x, label: int) -> float:
    return float(ops.cross_entropy(scores(x), np.asarray(label)))


def picture(code):
    return ops.sigmoid(ops.affine(code, MODELS["G"], MODELS["bG"]))


def vector(image):
    return ops.tanh(ops.affine(image, MODELS["I"], MODELS["bI"]))


def found(text) -> np.ndarray:
    """The image of a search of 20 steps."""
    return picture(answer("match_text", MODELS, text, np.zeros(8), 20, 0.05))


def tiny() -> tuple[float, float, float]:
    x, w1, b, w2 = Variable(3.0), Variable(2.0), Variable(-1.0), Variable(-4.0)
    z = w1 * x + b
    Graph(w2 * ops.relu(z)).backward()
    return w1.grad, x.grad, z.grad


def planted() -> list[list[float]]:
    """The four attacks of the table: A without a clip, B without a sign, C right, D downhill."""
    exercise, x, label = find("fgsm"), X[0], int(LABELS[0])
    wrong = {}
    for w in exercise.wrong:
        wrong.setdefault(w.misconception, w.function)
    attacks = [wrong["leaves-range"], wrong["no-sign"], exercise.reference, wrong["step-direction"]]
    moved = [attack(PARAMS, x, label, 0.15) for attack in attacks]
    return [[np.abs(new - x).max(), new.min(), new.max(), loss(new, label), int(read(new))] for new in moved]


def numbers() -> dict[str, list[float]]:
    grey, clean = np.full(64, 0.5), scores(X).max(axis=0)
    dream = [scores(answer("visualize_unit", PARAMS, 9, 100, grey, 0.05, penalty))[9] for penalty in (0, 1)]
    g, epsilon = np.array([3, -0.1, 0.5]), 0.1
    coins = np.random.default_rng(0).choice([-1, 1], X.shape)
    attacked = np.array([answer("fgsm", PARAMS, x, int(y), 0.15) for x, y in zip(X, LABELS, strict=True)])
    texts = np.array([letters(word) for word in WORDS])
    eight = vector(found(letters("eight"))) @ (texts @ MODELS["T"]).T
    by_weight, by_pixel, upstream = tiny()
    words_right = 100 * np.mean(np.argmax(vector(X) @ (texts @ MODELS["T"]).T, axis=1) == LABELS)
    table = [value for row in planted() for value in row]
    label = int(LABELS[0])
    seen = {word: int(read(found(letters(word) - AVERAGE))) for word in ("seventeen", "noon", "won")}
    return {
        "title": [60, 32, 2, 5, 2, 6, 1, 4, 2, 3],
        "tiny-explained": [by_weight, by_pixel, upstream, upstream, upstream],
        "the-network": [64, 32, 10, 64, 32, 32, 32, 10, 10],
        "nudge-intro": [share(X), len(X), label, label],
        "cache-diet": [64],
        "gradient-task": [0, 0],
        "gradient-look": [label, 8],
        "gradient-explained": [8, label, 3, 5],
        "unit-task": [0, 1, 9],
        "unit-explained": [9, dream[0], len(X), clean[9], 0, 5, 9, dream[1]],
        "sign-intro": [*g, epsilon, -epsilon, epsilon],
        "sign-explained": [g @ (epsilon * np.sign(g)), g @ (epsilon * g / np.abs(g).max()), 64, 64],
        "fgsm-curve-explained": [0.15, round(share(np.clip(X + 0.15 * coins, 0, 1))), round(share(attacked))],
        "planted-bug": [label, 0.15, loss(X[0], label), *table],
        "planted-bug-explained": [0, 1],
        "pgd-intro": [0, 1, 2018, 20],
        "pgd-task": [20],
        "pgd-explained": [label, 0.25, 8, 8],
        "text-models": [26, 8],
        "text-task": [words_right, 26],
        "film-intro": [1, 0, 2, 5, 10, 20],
        "ten-words-explained": [int(read(found(letters("eight")))), eight[8], eight[3]],
        "free-play-explained": list(seen.values()),
        "written-same-graph": [1, 2, 3, 1, 1, 2, 3],
        "written-dream-prompt": [9, np.floor(share(X)), 20],
        "written-dream": [1, 2, 3, 8, 64, 1, 1, 2, 3],
        "read-on": [2017, 2021],
    }


class TestNotebook07(NotebookForm):
    ASSIGNMENT = "07-differentiating-inputs"
    MINUTES = 60
    NUMBERS: ClassVar = numbers()
    SHOWN: ClassVar = {"moved = x"}

    def test_what_waits_for_an_answer_says_so(self, notebook, tmp_path):
        done = {cell.id: text_of(cell) for cell in kind(run(released(notebook), tmp_path, True), "code")}
        for cell_id in (
            "gradient-show",
            "unit-show",
            "fgsm-show",
            "fgsm-curve",
            "pgd-show",
            "film",
            "ten-words",
        ):
            assert re.match(r"First get \w+ to pass its check", done[cell_id])

    def test_the_attack_changes_labels_and_shows_them(self, done):
        shown = text_of(done["fgsm-show"])
        assert len(re.findall(r"read \d", shown)) == 10
        before, now = (re.findall(rf"{word} (\d)", shown) for word in ("read", "now"))
        assert len(now) == 10
        assert sum(a != b for a, b in zip(before, now, strict=True)) == 6  # six of the ten

    def test_every_target_is_reached_within_the_budget(self, done):
        said = text_of(done["pgd-show"])
        assert re.findall(r"(\d) → (\d)", said) == [(str(k), str(k)) for k in range(10)]
        assert "largest change: 0.25" in said

    def test_the_words_are_read_as_the_notebook_says(self, done):
        plain, mended = (
            [int(a) for a in re.findall(r"→ (\d)", text_of(done[k]))]
            for k in ("ten-words", "ten-words-contrast")
        )
        assert plain == [0, 1, 2, 3, 4, 5, 6, 7, 3, 9]
        assert mended == list(range(10))

    def test_the_dream_scores_higher_than_every_image(self):
        for k in range(10):
            dream = answer("visualize_unit", PARAMS, k, 100, np.full(64, 0.5), 0.05, 0)
            assert scores(dream)[k] > scores(X)[:, k].max()

    def test_with_other_starts_at_most_two_words_fail(self):
        from backprop_lab.data import train_text_to_image

        failed = []
        for seed in (0, 1):
            models = train_text_to_image(seed=seed)
            codes = [answer("match_text", models, letters(word), np.zeros(8), 20, 0.05) for word in WORDS]
            seen = read(ops.sigmoid(ops.affine(np.array(codes), models["G"], models["bG"])))
            failed.append(int(np.sum(seen != np.arange(10))))
        assert max(failed) == 2
