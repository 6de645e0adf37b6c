"""Plots say what they show: shapes, zero structure, dead and saturated zones, rates."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from backprop_lab import jacobian
from backprop_lab.draw import plots


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")


def words(figure):
    """Every text of a figure."""
    import matplotlib.text

    figure.canvas.draw()
    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_diagonal_jacobian_is_called_one(theme):
    figure = plots.jacobian(np.diag([1.0, 0.0, 2.5]), name="∂z/∂x", theme=theme)
    assert "∂z/∂x: 3 × 3, diagonal, 7 of 9 entries are 0" in words(figure)
    assert "2.5" in words(figure)


def test_the_jacobian_of_a_product_with_respect_to_its_weights_is_half_zeros():
    X, W = np.array([[1.0, 2.0], [-1.0, 1.0], [0.5, -2.0]]), np.ones((2, 2))
    J = jacobian(lambda W: W.__rmatmul__(X))(W)
    said = words(plots.jacobian(J, name="∂Z/∂W", out_shape=(3, 2), in_shape=(2, 2)))
    assert "∂Z/∂W: 6 × 4, 12 of 24 entries are 0" in said
    assert {"input, 2 × 2", "output, 3 × 2"} <= set(said)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="has 12 entries"):
        plots.jacobian(np.ones((2, 3)), out_shape=(3,), in_shape=(4,))


def test_relu_has_a_dead_zone_and_sigmoid_saturates():
    relu, sigmoid = words(plots.activation("relu")), words(plots.activation("sigmoid", points=[1.0]))
    assert any("dead" in t for t in relu)
    assert not any("saturated" in t for t in relu)
    assert any("saturated" in t for t in sigmoid)
    assert not any("dead" in t for t in sigmoid)


def test_descents_are_drawn_on_their_loss():
    path = np.array([[3.0, 1.0], [1.0, -0.5], [0.1, 0.1]])
    figure = plots.contours(lambda t: float(t @ t), {"plain": path, "momentum": path / 2}, minimum=(0, 0))
    assert {"plain", "momentum"} <= set(words(figure))


def test_a_predicted_rate_stands_beside_its_curve():
    figure = plots.convergence({"plain": 0.5 ** np.arange(10.0)}, rates={"plain": 0.5})
    assert "× 0.5 a step" in words(figure)


def test_digits_show_what_was_added():
    images = np.linspace(0, 1, 128).reshape(2, 64)
    said = words(plots.digits(images, np.clip(images + 0.1, 0, 1), captions=["3 read as 8", "1"]))
    assert {"image", "added", "sum", "3 read as 8"} <= set(said)
    with pytest.raises(ValueError, match="square pictures"):
        plots.digits(np.ones((1, 60)), np.ones((1, 60)))


def test_a_theme_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="'light' or 'dark'"):
        plots.activation("relu", theme="sepia")


def test_no_plot_stays_open_and_the_style_of_the_notebook_is_left_alone():
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    before = mpl.rcParams["font.size"]
    plots.activation("tanh", theme="dark")
    assert plt.get_fignums() == []
    assert mpl.rcParams["font.size"] == before


def test_matplotlib_is_imported_when_a_plot_is_drawn():
    code = "import sys; import backprop_lab.draw.plots; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
