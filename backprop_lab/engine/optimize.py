"""Gradient descent three ways, in the course's form: a velocity is the previous displacement.

Parameters are a list, tuple or dict of arrays (or one array). A step returns new
ones and changes nothing it was given; the velocity lives in the optimiser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .calculus import Tree, tree_map
from .errors import ShapeError
from .node import plain


class SGD:
    """``theta <- theta - learning_rate * gradient``.

    >>> SGD(learning_rate=0.1).step({"w": 1.0}, {"w": 2.0})
    {'w': 0.8}
    """

    def __init__(self, learning_rate: float):
        self.learning_rate = learning_rate

    def step(self, theta: Tree, gradient: Tree) -> Tree:
        """The next parameters.

        Args:
            gradient: of the structure and shapes of ``theta``.

        Raises:
            ShapeError: it is not.
        """
        return tree_map(lambda x, g: x - self.learning_rate * _of_shape(g, x), theta, gradient)


class Momentum:
    """The heavy ball: ``v <- beta v - learning_rate * gradient; theta <- theta + v``.

    Source: Polyak (1964), in the form of Sutskever et al. (2013), equations 1 and 2.

    >>> ball = Momentum(learning_rate=0.1, beta=0.5)
    >>> theta = ball.step(1.0, 2.0)
    >>> theta, round(ball.step(theta, 2.0), 9)
    (0.8, 0.5)
    """

    def __init__(self, learning_rate: float, beta: float = 0.9):
        self.learning_rate = learning_rate
        self.beta = beta
        self.velocity: Tree | None = None  # zero, until there is a shape to have it in

    def step(self, theta: Tree, gradient: Tree) -> Tree:
        """The next parameters; see `SGD.step`."""
        if self.velocity is None:
            self.velocity = tree_map(lambda x: plain(np.zeros_like(x)[()]), theta)
        self.velocity = tree_map(
            lambda v, g, x: self.beta * v - self.learning_rate * _of_shape(g, x),
            self.velocity,
            gradient,
            theta,
        )
        return tree_map(lambda x, v: x + v, theta, self.velocity)


class Nesterov(Momentum):
    """Momentum with the gradient taken where the velocity is about to carry the parameters.

    ``v <- beta v - learning_rate * gradient_fn(theta + beta v); theta <- theta + v``.
    Source: Sutskever et al. (2013), equations 3 and 4.

    >>> ball = Nesterov(learning_rate=0.1, beta=0.5)
    >>> theta = ball.step(1.0, lambda x: 2 * x)
    >>> theta, round(ball.step(theta, lambda x: 2 * x), 9)
    (0.8, 0.56)
    """

    def step(self, theta: Tree, gradient: Callable[[Tree], Tree]) -> Tree:
        """The next parameters.

        Args:
            gradient: a function of parameters, such as ``grad(loss)``: it is asked at the point ahead.
        """
        if not callable(gradient):
            raise TypeError("Nesterov looks ahead: give step() the gradient function, not a gradient")
        ahead = theta
        if self.velocity is not None:
            ahead = tree_map(lambda x, v: x + self.beta * v, theta, self.velocity)
        return super().step(theta, gradient(ahead))


def _of_shape(gradient: Any, x: Any) -> Any:
    if np.shape(gradient) != np.shape(x):
        raise ShapeError(
            f"a gradient of shape {np.shape(gradient)} for a parameter of shape {np.shape(x)}; "
            "a gradient has the shape of what it is the gradient of"
        )
    return gradient
