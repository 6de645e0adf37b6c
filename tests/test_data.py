"""The digits and the shipped models: what they hold, and that they can be made again."""

import numpy as np
import pytest

from backprop_lab.data import (
    ATTRIBUTION,
    LICENCE,
    WORDS,
    digit_classifier,
    digits,
    letters,
    text_to_image,
    train_digit_classifier,
    train_text_to_image,
)


def test_there_are_1797_different_images_of_ten_classes():
    X_train, labels_train, X_test, labels_test = digits()
    X = np.concatenate([X_train, X_test])
    assert X.shape == (1797, 64)
    assert len(np.unique(X, axis=0)) == 1797
    assert (X.min(), X.max()) == (0.0, 1.0)
    assert set(labels_train) == set(range(10))
    assert np.bincount(labels_test).tolist() == [36] * 10


def test_the_source_and_the_licence_are_named():
    assert "Alpaydin" in ATTRIBUTION
    assert "CC BY 4.0" in LICENCE


@pytest.mark.parametrize(
    ("shipped", "train"), [(digit_classifier, train_digit_classifier), (text_to_image, train_text_to_image)]
)
def test_the_shipped_models_are_what_training_gives(shipped, train):
    made, kept = train(), shipped()
    assert made.keys() == kept.keys()
    for name in made:
        np.testing.assert_allclose(made[name], kept[name], rtol=1e-3, atol=1e-3)


def test_the_encoders_choose_the_right_word():
    data, models = digits(), text_to_image()
    words = np.array([letters(word) for word in WORDS]) @ models["T"]
    seen = np.tanh(data.X_test @ models["I"] + models["bI"])
    assert np.mean(np.argmax(seen @ words.T, axis=1) == data.labels_test) > 0.95
