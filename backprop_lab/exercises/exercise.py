"""What an exercise is: one object that the notebook, `check` and the judge all read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..engine import Graph, Variable

Answer = Any  # what a function returns: an array, a number, a tuple or a dict of them

#: What each group of cases looks at, in the words of the verdict.
GROUPS = {
    "values": "the formula",
    "edges": "ties, zeros and large numbers",
    "shapes": "scalars, single rows and empty arrays",
    "manners": "inputs left alone, same answer when called again",
}


@dataclass(frozen=True, eq=False)  # compared and remembered by identity
class Case:
    """One call of the student's function.

    Attributes:
        name: what is special about it, in words a student may read.
        group: the key of `GROUPS` it counts for.
        args: the arguments.
        hidden: known to the judge alone; its numbers are not shown.
    """

    name: str
    group: str
    args: tuple[Any, ...]
    hidden: bool = False


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong function and the key of the misconception behind it."""

    misconception: str
    function: Callable[..., Answer]


class Refusal(str):
    """A sentence of `Exercise.accept` that tells the misconception behind the answer as well.

    >>> Refusal("The loss has grown.", "step-direction").misconception
    'step-direction'
    """

    misconception: str

    def __new__(cls, sentence: str, misconception: str) -> Refusal:
        named = super().__new__(cls, sentence)
        named.misconception = misconception
        return named


@dataclass(frozen=True, eq=False)
class Exercise:
    """One graded function.

    Attributes:
        name: the function's name, unique across the course.
        assignment: the assignment it belongs to.
        arguments: names of its arguments, in order.
        returns: names of what it returns, in order; one name means a bare array, or a dict.
        reference: the analytic answer.
        cases: a seeded generator of calls, edge cases included.
        wrong: wrong answers to recognise, the most specific first; with ``accept``, those it must name.
        hints: in increasing strength.
        points: what it is worth.
        weights: share of the credit of each group of cases.
        adapter: where an argument is no data (a graph, a function, a generator), a public
            module-level function called as ``adapter(function, *args)`` that builds it.
        accept: where there are many right answers, a sentence on what is wrong with one, a `Refusal` if
            that tells the misconception, or None.
        tolerance: relative, of the entry.
        seconds: for one call.
    """

    name: str
    assignment: str
    arguments: tuple[str, ...]
    returns: tuple[str, ...]
    reference: Callable[..., Answer]
    cases: Callable[[np.random.Generator], Iterator[Case]]
    wrong: tuple[WrongAnswer, ...]
    hints: tuple[str, ...]
    points: float
    weights: Mapping[str, float] = field(
        default_factory=lambda: {"values": 0.6, "edges": 0.2, "shapes": 0.1, "manners": 0.1}
    )
    adapter: Callable[..., Answer] | None = None
    accept: Callable[[Case, Any], str | None] | None = None
    tolerance: float = 1e-6
    seconds: float = 2.0

    @property
    def signature(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"

    def battery(self, seed: int) -> list[Case]:
        """All calls for one seed, ending with the first one made again."""
        cases = list(self.cases(np.random.default_rng(seed)))
        again = replace(cases[0], name="the first call made again", group="manners")
        return [*cases, again]

    def answer(self, function: Callable[..., Answer], args: tuple[Any, ...]) -> Answer:
        """What a function, the student's or another, answers to a case's arguments."""
        return self.adapter(function, *args) if self.adapter else function(*args)

    def expected(self, case: Case) -> Answer:
        """The right answer."""
        return self.answer(self.reference, case.args)


def backward_of(forward: Callable[..., Any]) -> Callable[..., Answer]:
    """The reference for ``op_backward(delta, *inputs)``: the engine's vjp of ``forward``.

    >>> from backprop_lab import ops
    >>> backward_of(ops.multiply)(10.0, 2.0, 3.0)
    (30.0, 20.0)
    """

    def reference(delta: Any, *inputs: Any) -> Answer:
        leaves = [Variable(x) for x in inputs]
        Graph(forward(*leaves)).backward(seed=delta)
        return _bare(tuple(leaf.grad for leaf in leaves))

    return reference


def gradient_of(loss: Callable[..., Any], count: int) -> Callable[..., Answer]:
    """The reference for ``*_gradients``: gradients of a scalar loss by its first ``count`` arguments.

    >>> gradient_of(lambda w, x: (w * x) ** 2, count=1)(3.0, 2.0)
    24.0
    """

    def reference(*args: Any) -> Answer:
        leaves = [Variable(x) for x in args[:count]]
        Graph(loss(*leaves, *args[count:])).backward()
        return _bare(tuple(leaf.grad for leaf in leaves))

    return reference


def _bare(gradients: tuple[Any, ...]) -> Answer:
    return gradients[0] if len(gradients) == 1 else gradients


class UnknownExerciseError(LookupError):
    """A name that is no exercise of the course."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the sentence alone."""
        return [str(self)]


REGISTRY: dict[str, Exercise] = {}


def register(*exercises: Exercise) -> None:
    """Add exercises to the course; a name can be used once."""
    for exercise in exercises:
        if exercise.name in REGISTRY:
            raise ValueError(f"there are two exercises called '{exercise.name}'")
        REGISTRY[exercise.name] = exercise


def find(name: str) -> Exercise:
    """The exercise of that name.

    Raises:
        UnknownExerciseError: with the closest names.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    close = get_close_matches(name, REGISTRY, n=2)
    guess = f"Did you mean {' or '.join(close)}?" if close else "Its name must be the one in the notebook."
    raise UnknownExerciseError(f"No exercise of the course is called '{name}'. {guess}")


def of_assignment(assignment: str) -> list[Exercise]:
    """The exercises of one assignment, in order."""
    return [exercise for exercise in REGISTRY.values() if exercise.assignment == assignment]


def arity_problem(exercise: Exercise, function: Callable[..., Any]) -> str | None:
    """A sentence if the function cannot be called with the exercise's arguments."""
    try:
        signature = inspect.signature(function)
        signature.bind(*exercise.arguments)
    except TypeError:
        return (
            f"{exercise.name} must take {len(exercise.arguments)} arguments, "
            f"{exercise.signature}; yours is {exercise.name}{signature}."
        )
    except ValueError:  # a builtin without a signature: the call itself will tell
        return None
    return None
