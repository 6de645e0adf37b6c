"""The handwritten digits of the course, and two small models trained on them.

The images are the test set of *Optical Recognition of Handwritten Digits*
(E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49), taken from the copy that scikit-learn ships:
1,797 images of 8 x 8 pixels. Changed by us: pixels 0..16 are handed out as 0..1,
and one image in five, drawn once for every class alike, is set aside as test data.
"""

from __future__ import annotations

from .digits import ATTRIBUTION, LICENCE, WORDS, Digits, digits, letters
from .models import digit_classifier, one_epoch, text_to_image, train_digit_classifier, train_text_to_image

__all__ = [
    "ATTRIBUTION",
    "LICENCE",
    "WORDS",
    "Digits",
    "digit_classifier",
    "digits",
    "letters",
    "one_epoch",
    "text_to_image",
    "train_digit_classifier",
    "train_text_to_image",
]
