"""Predict, then reveal: a guess for every gradient, fixed before the picture shows them."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ..engine import Graph
from ..engine.text import number

CLOSE = 0.02  # relative: a prediction rounded to two digits counts as right


class Prediction:
    """Sealed guesses for the gradients of a graph; see `predict`."""

    def __init__(self, graph: Graph, guesses: dict[str, Any]):
        self._graph = graph
        self._guesses = guesses

    @property
    def missing(self) -> list[str]:
        """The names not guessed yet."""
        return [name for name, guess in self._guesses.items() if guess is ... or guess is None]

    def __repr__(self) -> str:
        if self.missing:
            names = ", ".join(self.missing)
            return f"Not predicted yet: {names}. Put a number in place of each ... and run again."
        return f"Sealed: {len(self._guesses)} predictions. Now reveal."

    def score(self) -> list[tuple[str, float, float, bool, bool]]:
        """For each name: the guess, the gradient, whether the sign and the size are right."""
        self._graph.backward()
        rows = []
        for name, guess in self._guesses.items():
            gradient = float(self._graph[name].grad or 0.0)
            gradient = 0.0 if abs(gradient) < 1e-12 else gradient  # rounding: its sign means nothing
            sign = bool(np.sign(guess) == np.sign(gradient))
            size = bool(np.isclose(abs(guess), abs(gradient), rtol=CLOSE, atol=1e-9))
            rows.append((name, float(guess), gradient, sign, size))
        return rows

    def reveal(self) -> Any:
        """The score and the picture with its gradients; nothing while a guess is missing."""
        if self.missing:
            print(self)
            return None
        return _Revealed(self.score(), self._graph)


def predict(graph: Graph, **guesses: Any) -> Prediction:
    """Seal one guess per named node of a scalar graph; ``...`` means not guessed yet.

    Raises:
        UnknownNameError: a name that no node has.

    >>> from backprop_lab import Graph, Variable
    >>> g = Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c"))
    >>> predict(g, a=..., b=2)
    Not predicted yet: a. Put a number in place of each ... and run again.
    >>> predict(g, a=3, b=-2).score()
    [('a', 3.0, 3.0, True, True), ('b', -2.0, 2.0, False, True)]
    """
    for name, guess in guesses.items():
        graph[name]
        if guess is not ... and guess is not None and not isinstance(guess, (int, float)):
            raise TypeError(f"predict takes a number for {name}; got {type(guess).__name__}")
    return Prediction(graph, dict(guesses))


class _Revealed:
    """The score beside the picture."""

    def __init__(self, rows: list[tuple[str, float, float, bool, bool]], graph: Graph):
        self._rows = rows
        self._graph = graph

    def __repr__(self) -> str:
        lines = [
            f"{name}: you said {number(guess)}, it is {number(gradient)}"
            f" (sign {'right' if sign else 'wrong'}, size {'right' if size else 'wrong'})"
            for name, guess, gradient, sign, size in self._rows
        ]
        return "\n".join([*lines, self._summary()])

    def _summary(self) -> str:
        right = sum(sign and size for *_, sign, size in self._rows)
        return f"All {right} right." if right == len(self._rows) else f"{right} of {len(self._rows)} right."

    def _repr_html_(self) -> str:
        def mark(sign: bool, size: bool) -> str:
            if sign and size:
                return "✓"
            return "✗ " + " and ".join(["wrong sign"] * (not sign) + ["wrong size"] * (not size))

        cells = "".join(
            f"<tr><td><b>{escape(name)}</b></td><td>{number(guess)}</td><td>{number(gradient)}</td>"
            f"<td style='text-align:left'>{mark(sign, size)}</td></tr>"
            for name, guess, gradient, sign, size in self._rows
        )
        head = "<tr><th>node</th><th>you said</th><th>gradient</th><th></th></tr>"
        picture = self._graph.draw()._repr_mimebundle_()["text/html"]
        return f"<table>{head}{cells}</table><p>{self._summary()}</p>{picture}"
