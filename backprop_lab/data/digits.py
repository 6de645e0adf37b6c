"""The UCI handwritten digits, as arrays."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np

ATTRIBUTION = (
    "Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten Digits. "
    "UCI Machine Learning Repository. https://doi.org/10.24432/C50P49"
)
LICENCE = (
    "Creative Commons Attribution 4.0 International (CC BY 4.0), https://creativecommons.org/licenses/by/4.0/"
)

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Digits(NamedTuple):
    """Images as rows of 64 pixels from 0 (paper) to 1 (ink); labels 0 to 9."""

    X_train: np.ndarray
    labels_train: np.ndarray
    X_test: np.ndarray
    labels_test: np.ndarray


def digits() -> Digits:
    """1,437 images to train on and 360 to test with, 36 of every class among the latter.

    >>> X_train, labels_train, X_test, labels_test = digits()
    >>> X_train.shape, X_test.shape, X_train.min(), X_train.max()
    ((1437, 64), (360, 64), np.float64(0.0), np.float64(1.0))
    """
    stored = _stored("digits.npz")
    images, labels = stored["images"] / 16.0, stored["labels"].astype(int)
    test = np.zeros(len(labels), bool)
    test[stored["test"]] = True
    return Digits(images[~test], labels[~test], images[test], labels[test])


def letters(text: str) -> np.ndarray:
    """How often each letter a to z occurs in a text: 26 numbers.

    >>> letters("eel")[:12]
    array([0., 0., 0., 0., 2., 0., 0., 0., 0., 0., 0., 1.])
    """
    counts = np.zeros(26)
    for letter in text.lower():
        if "a" <= letter <= "z":
            counts[ord(letter) - ord("a")] += 1
    return counts


@cache
def _stored(name: str) -> dict[str, np.ndarray]:
    with as_file(files(__package__) / name) as path, np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
