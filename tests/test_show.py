"""Rows of images and bars: what a notebook shows of them."""

import numpy as np
import pytest

from backprop_lab.show import images, progress


def test_a_picture_is_an_img_with_its_caption_escaped():
    html = images(np.eye(4), ["<b>", "two"])._repr_html_()
    assert html.count("<img") == 4
    assert html.count("data:image/svg+xml;base64,") == 4
    assert "&lt;b&gt;" in html


def test_what_is_no_square_and_too_many_captions_get_a_sentence():
    with pytest.raises(ValueError, match="square number of pixels a row; got 5"):
        images(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="1 images and 2 captions"):
        images(np.zeros(4), "ab")


def test_signed_images_tell_the_signs_apart():
    html = images([[1.0, -1.0, 0.0, np.nan]], signed=True)
    assert html._repr_html_() != images([[-1.0, 1.0, 0.0, np.nan]], signed=True)._repr_html_()


def test_a_bar_ends_full_with_its_note(capsys):
    bar = progress(range(3), "steps")
    for k in bar:
        bar.note = f"at {k}"
    assert capsys.readouterr().out.strip().endswith("3 of 3  at 2")
    assert 'value="3" max="3"' in bar._repr_html_()
