"""Instant checks: does this function do what the exercise asks, and if not, why not?"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from ..exercises import UnknownExerciseError, find
from ..exercises.exercise import arity_problem
from .assess import Answer, assess
from .display import card
from .output import Held
from .predict import Prediction, predict
from .run import call_all
from .verdict import CheckFailed, Finding, Verdict

__all__ = [
    "Answer",
    "CheckFailed",
    "Finding",
    "Prediction",
    "Verdict",
    "assess",
    "check",
    "hint",
    "predict",
    "verdict_on",
]

SEEDS = (1, 2)  # of the public battery; the judge draws its own

PRINTED = 2000  # characters of what a function prints that a check shows: it makes some twenty calls

_failed: Counter[str] = Counter()  # failed checks of this session, to choose the hint
_asked: Counter[str] = Counter()  # hints asked for in this session


def verdict_on(function: Callable[..., Any], name: str = "", limited: bool = False) -> Verdict:
    """Run the public battery on a function.

    Args:
        name: of the exercise it answers; its own name if not given.
        limited: end a call that takes longer than the exercise allows.

    Raises:
        UnknownExerciseError: that name is no exercise of the course.
    """
    if not callable(function):
        raise UnknownExerciseError(
            f"check takes the function itself, as in check(add_backward); got {type(function).__name__}."
        )
    exercise = find(name or getattr(function, "__name__", type(function).__name__))
    problem = arity_problem(exercise, function)
    if problem:
        finding = Finding("values", exercise.signature, problem)
        return Verdict(exercise.name, "failed", 0.0, {"values": False}, (finding,))
    verdict = None
    for seed in SEEDS:
        cases = exercise.battery(seed)
        verdict = assess(exercise, cases, call_all(exercise, function, cases, limited))
        if not verdict.passed:
            break
    assert verdict is not None
    return verdict


def check(function: Callable[..., Any]) -> None:
    """Show the verdict on a function of the course.

    Raises:
        CheckFailed: it did not pass; the message is the verdict.
        UnknownExerciseError: its name is no exercise of the course.

    >>> def square_backward(delta, x):
    ...     return delta * 2 * x
    >>> check(square_backward)
    ✓ square_backward: passed, 9 calls right
    >>> def exp_backward(delta, x):
    ...     return delta * x
    >>> check(exp_backward)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    backprop_lab.check.verdict.CheckFailed: ✗ exp_backward: the derivative of exp is not exp(x)
      The exponential is its own derivative, evaluated at the input x.
      ...
    """
    screen = Held(PRINTED, sys.stdout)
    with redirect_stdout(screen):
        verdict = verdict_on(function)
    if screen.held:
        print(f"\n… and {screen.held:,} more characters that your function printed are not shown.")
    name = verdict.exercise
    clue = ""
    if verdict.status == "failed" and not verdict.mistake:
        clue = _nth_hint(name, _failed[name])
    if verdict.status in ("failed", "partial"):
        _failed[name] += 1
    if _in_notebook():
        from IPython.display import display

        display({"text/html": card(verdict, clue), "text/plain": str(verdict)}, raw=True)
    elif verdict.passed:
        print(verdict)
    if not verdict.passed:
        raise CheckFailed(verdict)


def hint(function: Callable[..., Any] | str) -> None:
    """Print the next hint for an exercise; ask again for a stronger one.

    >>> hint("square_backward")
    Hint 1 of 3: Use the power rule on x to the power 2.
    """
    exercise = find(function if isinstance(function, str) else getattr(function, "__name__", ""))
    k = min(_asked[exercise.name], len(exercise.hints) - 1)
    _asked[exercise.name] += 1
    print(f"Hint {k + 1} of {len(exercise.hints)}: {exercise.hints[k]}")


def _nth_hint(name: str, k: int) -> str:
    hints = find(name).hints
    return hints[min(k, len(hints) - 1)] if hints else ""


def _in_notebook() -> bool:
    """Whether an IPython shell is running (and so already imported)."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
