"""Calling the student's function here, in this process, for `check`."""

from __future__ import annotations

import copy
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..exercises import Case, Exercise
from .assess import Answer
from .limit import OutOfTime, time_limit


def call_all(
    exercise: Exercise, function: Callable[..., Any], cases: Sequence[Case], limited: bool = False
) -> list[Answer]:
    """One answer per case; errors are answers too.

    Args:
        limited: end a call that takes longer than the exercise allows, and make no other after it.
    """
    answers: list[Answer] = []
    for case in cases:
        late = answers and answers[-1].status == "timeout"
        answers.append(answers[-1] if late else _call(exercise, function, case, limited))
    return answers


def _call(exercise: Exercise, function: Callable[..., Any], case: Case, limited: bool) -> Answer:
    args = copy.deepcopy(case.args)
    limit = exercise.seconds if limited else None
    try:
        with time_limit(limit), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = _snapshot(exercise.answer(function, args))
    except KeyboardInterrupt:  # the user's own, and meant for all of it
        raise
    except OutOfTime as error:
        return Answer("timeout", error=f"the call {error}")
    except BaseException as error:  # exit() in a function is an answer too, and a wrong one
        return Answer("raised", error=described(error), line=_line(function, error))
    changed = any(not _equal(a, b) for a, b in zip(args, case.args, strict=True))
    return Answer("returned", value, changed=changed)


def described(error: BaseException) -> str:
    r"""Type and message of an error, whatever its message is.

    >>> described(ValueError("\ud800"))
    'ValueError: \\ud800'
    """
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    name = type(error).__name__
    return (f"{name}: {message}" if message else name).encode("utf-8", "backslashreplace").decode()


def _snapshot(value: Any) -> Any:
    """The returned arrays as they are now: a later call may write into them."""
    if type(value) in (tuple, list):
        return type(value)(_snapshot(part) for part in value)
    if type(value) is dict:
        return {key: _snapshot(part) for key, part in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def _line(function: Callable[..., Any], error: BaseException) -> int | None:
    """The line of the function's own cell or file in which the error came up."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray) and a.dtype.kind in "fc":
        return np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b)
