"""Two small models of the digits, trained once and shipped, and the functions that train them.

They are shipped so that every number and picture of a notebook is the same on
every machine; a test trains them again. Run ``python -m backprop_lab.data.models``
in a checkout to write the file anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import SGD, Momentum, ops, value_and_grad
from .digits import WORDS, _stored, digits, letters

Params = dict[str, np.ndarray]

CLASSIFIER = ("W1", "b1", "W2", "b2")
TEXT_TO_IMAGE = ("T", "G", "bG", "I", "bI")


def digit_classifier() -> Params:
    """A network that reads digits: ``relu(x @ W1 + b1) @ W2 + b2``, with 32 hidden units.

    >>> {name: array.shape for name, array in digit_classifier().items()}
    {'W1': (64, 32), 'b1': (32,), 'W2': (32, 10), 'b2': (10,)}
    """
    return _shipped(CLASSIFIER)


def text_to_image() -> Params:
    """CLIP and a generator in miniature, for 26 letter counts, 8 numbers of code and 64 pixels.

    Text encoder ``text @ T``; generator ``sigmoid(code @ G + bG)``; image encoder
    ``tanh(image @ I + bI)``. The encoders were trained together, so that an image and
    the word for it give vectors with a large dot product.

    >>> {name: array.shape for name, array in text_to_image().items()}
    {'T': (26, 16), 'G': (8, 64), 'bG': (64,), 'I': (64, 16), 'bI': (16,)}
    """
    return _shipped(TEXT_TO_IMAGE)


def train_digit_classifier() -> Params:
    """Train `digit_classifier` on the training images: a fraction of a second."""
    data = digits()
    return fit_classifier(data.X_train, data.labels_train)


def fit_classifier(
    X: np.ndarray, labels: np.ndarray, hidden: int = 32, epochs: int = 20, seed: int = 0
) -> Params:
    """Parameters of a classifier of ten classes, trained by the engine on images given as rows."""
    rng = np.random.default_rng(seed)
    params = {
        "W1": rng.normal(size=(X.shape[1], hidden)) * np.sqrt(2 / X.shape[1]),
        "b1": np.zeros(hidden),
        "W2": rng.normal(size=(hidden, 10)) * np.sqrt(1 / hidden),
        "b2": np.zeros(10),
    }

    def loss(p: Any, X: np.ndarray, labels: np.ndarray) -> Any:
        h = ops.relu(ops.affine(X, p["W1"], p["b1"]))
        return ops.cross_entropy(ops.affine(h, p["W2"], p["b2"]), labels)

    return _trained(loss, params, (X, labels), epochs, 0.1, rng)


def train_text_to_image(size: int = 16, code: int = 8, seed: int = 3) -> Params:
    """Train `text_to_image` on the training images: about a second.

    The encoders learn by contrast: of ten words, the right one must have the largest
    dot product with the image (Radford et al. 2021, with the ten words in place of a
    batch of captions). The generator is the second half of an autoencoder whose code
    is disturbed in training, so that codes near one another give similar images.

    The seed is the one whose model fails for one word only, which notebook 07 then mends; others
    fail for up to two.
    """
    rng = np.random.default_rng(seed)
    data = digits()
    texts = np.array([letters(word) for word in WORDS])

    def mismatch(p: Any, X: np.ndarray, labels: np.ndarray) -> Any:
        similarity = ops.tanh(ops.affine(X, p["I"], p["bI"])) @ (texts @ p["T"]).T
        return ops.cross_entropy(similarity, labels) + 0.001 * ops.square(p["T"]).sum()

    encoders = {
        "T": 0.3 * rng.normal(size=(26, size)),
        "I": 0.3 * rng.normal(size=(64, size)),
        "bI": np.zeros(size),
    }
    encoders = _trained(mismatch, encoders, (data.X_train, data.labels_train), 30, 0.1, rng)

    def blur(p: Any, X: np.ndarray) -> Any:
        z = ops.tanh(ops.affine(X, p["A"], p["bA"])) + 0.3 * rng.normal(size=(len(X), code))
        return ops.squared_error(ops.sigmoid(ops.affine(z, p["G"], p["bG"])), X) / len(X)

    autoencoder = {
        "A": 0.1 * rng.normal(size=(64, code)),
        "bA": np.zeros(code),
        "G": 0.3 * rng.normal(size=(code, 64)),
        "bG": np.zeros(64),
    }
    autoencoder = _trained(blur, autoencoder, (data.X_train,), 60, 0.05, rng)
    return {name: {**encoders, **autoencoder}[name] for name in TEXT_TO_IMAGE}


def one_epoch(
    loss: Callable[..., Any],
    params: Params,
    data: tuple[np.ndarray, ...],
    optimiser: SGD | Momentum,
    rng: np.random.Generator,
    batch: int = 32,
) -> tuple[Params, float]:
    """Visit every example once, in minibatches drawn at random.

    Args:
        loss: ``loss(params, *arrays)`` of a minibatch, written with the engine's operations.
        data: arrays with one example a row.

    Returns:
        the parameters afterwards, and the mean of the losses met on the way.
    """
    both = value_and_grad(loss)
    order = rng.permutation(len(data[0]))
    losses = []
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        value, gradient = both(params, *[part[rows] for part in data])
        params = optimiser.step(params, gradient)
        losses.append(value)
    return params, float(np.mean(losses))


def _trained(
    loss: Callable[..., Any],
    params: Params,
    data: tuple[np.ndarray, ...],
    epochs: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> Params:
    optimiser = Momentum(learning_rate, beta=0.9)
    for _ in range(epochs):
        params, _ = one_epoch(loss, params, data, optimiser, rng)
    return params


def _shipped(names: tuple[str, ...]) -> Params:
    stored = _stored("models.npz")
    return {name: stored[name].astype(float) for name in names}


def _write(path: Path) -> None:
    models = {**train_digit_classifier(), **train_text_to_image()}
    np.savez_compressed(
        path, allow_pickle=False, **{name: a.astype(np.float32) for name, a in models.items()}
    )


if __name__ == "__main__":
    _write(Path(__file__).with_name("models.npz"))
