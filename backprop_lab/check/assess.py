"""From answers to a verdict: compare with the analytic rule, then name the mistake.

The same code judges a student's own check and a graded submission; only where
the function runs differs.
"""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ..engine.text import number
from ..exercises import GROUPS, Case, Exercise, Refusal
from .verdict import Finding, Verdict

FLOOR = 1e-9  # of the largest entry of the array, for entries that cancel to almost nothing
TINY = 1e-12  # absolute, for arrays that are all but zero


@dataclass(frozen=True)
class Answer:
    """What came of one call.

    Attributes:
        status: how the call ended.
        value: what was returned.
        error: type and message of what was raised, or why there is no answer.
        line: the line of the student's cell it was raised in.
        changed: an argument had other contents after the call.
    """

    status: Literal["returned", "raised", "timeout", "died", "missing"]
    value: Any = None
    error: str = ""
    line: int | None = None
    changed: bool = False


class _Misfit(Exception):
    """The answer is not of the form asked for; the message says how, to the student."""


def assess(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Answer]) -> Verdict:
    """The verdict on a function, given its answers to the cases."""
    if all(a.status == "missing" for a in answers):
        note = f"No function called {exercise.name} was found."
        return Verdict(exercise.name, "no answer", 0.0, cases=len(cases), note=note)
    if all(a.status == "raised" and a.error.startswith("NotImplementedError") for a in answers):
        return Verdict(exercise.name, "not written", 0.0, cases=len(cases))

    groups = {group: True for group in exercise.weights if any(c.group == group for c in cases)}
    findings: dict[str, Finding] = {}
    right: list[bool] = []
    mistake: str | None = None
    for case, answer in zip(cases, answers, strict=True):
        finding = finding_of(exercise, case, answer)
        right.append(finding is None)
        # The repeated call says nothing new where the first was wrong already.
        repeated = case.group == "manners" and not right[0] and answer.status == "returned"
        if finding is not None and not repeated:
            groups[case.group] = False
            findings.setdefault(case.group, finding)
    if any(a.changed for a in answers):
        groups["manners"] = False
        mistake = "edits-inputs"
        k = next(k for k, a in enumerate(answers) if a.changed)
        findings.setdefault(
            "manners", Finding("manners", cases[k].name, "An argument was changed by the call.")
        )
    if all(groups.values()):
        return Verdict(exercise.name, "passed", 1.0, groups, cases=len(cases))

    if right[0] and not right[-1] and answers[-1].status == "returned":
        mistake = "accumulates"
    elif not all(right):
        mistake = _name_mistake(exercise, cases, answers) or mistake
    credit = 0.0
    if groups["values"]:
        total = sum(exercise.weights[group] for group in groups)
        credit = sum(exercise.weights[group] for group, fine in groups.items() if fine) / total
    return Verdict(
        exercise.name,
        "partial" if credit else "failed",
        round(credit, 4),
        groups,
        _worth_telling(findings),
        mistake,
        len(cases),
    )


def _worth_telling(findings: dict[str, Finding]) -> tuple[Finding, ...]:
    """While the formula is wrong, what else is wrong with the numbers is noise."""
    if "values" in findings:
        return (findings["values"],)
    return tuple(findings[group] for group in sorted(findings, key=list(GROUPS).index))


def _excess(exercise: Exercise, yours: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """By how many tolerances each entry is off, 0 where it is right."""
    if not expected.size:
        return np.zeros(expected.shape)
    if expected.dtype.kind in "biuO" and yours.dtype.kind in "biuO":
        return np.where(yours == expected, 0.0, np.inf)  # whole numbers are exact
    with np.errstate(all="ignore"):
        scale = np.abs(expected)
        tolerance = exercise.tolerance * scale + FLOOR * scale.max() + TINY
        off = np.abs(yours - expected)
        wrong = ~(off <= tolerance)  # a NaN is wrong
        return np.where(wrong, np.nan_to_num(off / tolerance, nan=np.inf), 0.0) if wrong.any() else wrong


# ---------------------------------------------------------------- one answer against one case


def finding_of(exercise: Exercise, case: Case, answer: Answer) -> Finding | None:
    """What is wrong with one answer, or None."""
    if answer.status == "raised":
        where = f" in line {answer.line} of your cell" if answer.line else ""
        return Finding(case.group, case.name, f"Your function raised an error{where}.", (answer.error,))
    if answer.status != "returned":
        return Finding(
            case.group, case.name, f"There was no answer: {answer.error.rstrip('.') or answer.status}."
        )
    if exercise.accept is not None:
        problem = exercise.accept(case, answer.value)
        return Finding(case.group, case.name, problem) if problem else None
    right = _right(exercise, case)
    try:
        yours = _parts(exercise, answer.value, right)
    except _Misfit as misfit:
        return Finding(case.group, case.name, str(misfit))
    for name in right:
        if yours[name].shape != right[name].shape:
            shapes = f"yours: {yours[name].shape}, expected: {right[name].shape}"
            return Finding(case.group, case.name, f"{name} has the wrong shape.", (shapes,))
        off = _excess(exercise, yours[name], right[name])
        if off.any():
            return _wrong_value(exercise, case, name, yours[name], right[name], off)
    return None


def _wrong_value(
    exercise: Exercise, case: Case, name: str, yours: np.ndarray, right: np.ndarray, off: np.ndarray
) -> Finding:
    wrong = int(np.count_nonzero(off))
    problem = f"{name} is wrong in {wrong} of {off.size} entries." if off.size > 1 else f"{name} is wrong."
    if case.hidden:
        return Finding(case.group, case.name, problem)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
    place = f"{name}{list(index)}" if index else name
    details = [f"{place}: yours {number(yours[index], 6)}, expected {number(right[index], 6)}"]
    there = [
        f"{argument} = {number(np.asarray(value)[index], 6)}"
        for argument, value in zip(exercise.arguments, case.args, strict=True)
        if isinstance(value, (np.ndarray, int, float)) and np.shape(value) == right.shape
    ]
    if there:
        details.append(f"there {', '.join(there)}")
    return Finding(case.group, case.name, problem, tuple(details))


_Parts = dict[str, np.ndarray]  # what was returned, as arrays of numbers, by name


@lru_cache(maxsize=1024)
def _right(exercise: Exercise, case: Case) -> _Parts:
    """The expected answer, computed once for comparing and for naming the mistake."""
    return _parts(exercise, exercise.expected(case))


def _parts(exercise: Exercise, value: Any, right: _Parts | None = None) -> _Parts:
    """What was returned as arrays by name; ``right`` is the expected answer in that form.

    Raises:
        _Misfit: the answer has another form.
    """
    names = list(exercise.returns)
    wants_dict = right is not None and list(right) != names
    if isinstance(value, dict) and len(names) == 1 and (right is None or wants_dict):
        return _entries(names[0], value, right)
    wanted = names[0] if len(names) == 1 else f"({', '.join(names)})"
    if value is None:
        raise _Misfit(f"Your function returned None instead of {wanted}: is the return missing?")
    if wants_dict:
        raise _Misfit(f"Your function returned {_kind(value)}; expected a dict {wanted}.")
    if len(names) == 1:
        values = [value[0] if isinstance(value, tuple) and len(value) == 1 else value]
    elif isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim):
        if len(value) != len(names):
            if isinstance(value, np.ndarray):
                raise _Misfit(
                    f"Your function returned one array of shape {value.shape}; "
                    f"expected a tuple of {len(names)}: {wanted}."
                )
            raise _Misfit(f"Your function returned {len(value)} values; expected {len(names)}: {wanted}.")
        values = list(value)
    else:
        raise _Misfit(f"Your function returned {_kind(value)}; expected {len(names)} values: {wanted}.")
    return {name: _numbers(name, part) for name, part in zip(names, values, strict=True)}


def _entries(name: str, value: dict[Any, Any], right: _Parts | None) -> _Parts:
    """The entries of a returned dict as parts."""
    parts = {f"{name}[{key!r}]": part for key, part in value.items()}
    if right is not None and parts.keys() != right.keys():
        missing, extra = sorted(right.keys() - parts.keys()), sorted(parts.keys() - right.keys())
        said = [f"missing: {', '.join(missing)}"] if missing else []
        said += [f"not expected: {', '.join(extra)}"] if extra else []
        raise _Misfit(f"Your function returned other keys than asked for; {'; '.join(said)}.")
    return {key: _numbers(key, part) for key, part in parts.items()}


def _numbers(name: str, part: Any) -> np.ndarray:
    if part is None:
        raise _Misfit(f"{name} is None; expected numbers.")
    if type(part) is int and abs(part) >= 2**63:
        return np.asarray(part, object)
    try:
        array = np.asarray(part)
    except Exception:  # whatever a strange object does when asked for numbers
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise _Misfit(f"{name} is {_kind(part)}; expected a number or an array of numbers.")
    return array


def _kind(value: Any) -> str:
    name = getattr(value, "type_name", None) or type(value).__name__
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# ---------------------------------------------------------------- naming the mistake


_Usable = list[tuple[Case, _Parts, _Parts]]  # a call, what was returned, what is right


def _name_mistake(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Answer]) -> str | None:
    """The catalogue entry whose wrong function gives these answers, or a pattern of the right one."""
    if exercise.accept is not None:
        return _accepted_mistake(exercise, cases, answers)
    usable: _Usable = []
    for case, answer in zip(cases, answers, strict=True):
        if answer.status != "returned":
            continue
        right = _right(exercise, case)
        try:
            usable.append((case, _parts(exercise, answer.value, right), right))
        except _Misfit:
            return None
    if not any(case.group == "values" for case, _, _ in usable):
        return None
    for wrong in exercise.wrong:
        if all(_same(exercise, wrong.function, case, yours, right) for case, yours, right in usable):
            return wrong.misconception
    return next((key for key, pattern in _PATTERNS if pattern(exercise, usable)), None)


def _accepted_mistake(exercise: Exercise, cases: Sequence[Case], answers: Sequence[Answer]) -> str | None:
    """Where many answers are right: the misconception that most of the refused ones tell of."""
    assert exercise.accept is not None
    refused = [
        exercise.accept(case, answer.value)
        for case, answer in zip(cases, answers, strict=True)
        if answer.status == "returned"
    ]
    found = Counter(problem.misconception for problem in refused if isinstance(problem, Refusal))
    return found.most_common(1)[0][0] if found else None


def _same(exercise: Exercise, function: Callable[..., Any], case: Case, yours: _Parts, right: _Parts) -> bool:
    """Whether a wrong function returns what was returned; a NaN is equal to a NaN."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = _parts(exercise, exercise.answer(function, copy.deepcopy(case.args)), right)
    except Exception:  # a wrong function may fail where the student's did not
        return False
    with np.errstate(all="ignore"):
        return all(
            w.shape == yours[name].shape
            and np.allclose(w.astype(float), yours[name].astype(float), rtol=1e-6, atol=TINY, equal_nan=True)
            for name, w in wrong.items()
        )


def _agree(exercise: Exercise, yours: np.ndarray, right: np.ndarray) -> bool:
    return yours.shape == right.shape and not _excess(exercise, yours, right).any()


def _sign_flipped(exercise: Exercise, usable: _Usable) -> bool:
    return _ratio(exercise, usable) == -1.0


def _constant_factor(exercise: Exercise, usable: _Usable) -> bool:
    return _ratio(exercise, usable) is not None


def _ratio(exercise: Exercise, usable: _Usable) -> float | None:
    """The one number by which every wrong part is off, if there is one."""
    ratios = []
    for _, yours, right in usable:
        for name, r in right.items():
            if yours[name].shape != r.shape:
                return None
            if not _agree(exercise, yours[name], r):
                with np.errstate(all="ignore"):
                    ratios.append((yours[name] / r)[r != 0].ravel().astype(float))
    found = np.concatenate(ratios) if ratios else np.zeros(0)
    if not found.size or not np.isfinite(found).all() or not np.allclose(found, found[0], rtol=1e-6, atol=0):
        return None
    return None if found[0] == 0 else round(float(found[0]), 6)


def _swapped(exercise: Exercise, usable: _Usable) -> bool:
    if len(exercise.returns) != 2:
        return False
    first, second = exercise.returns
    return all(
        _agree(exercise, yours[first], right[second]) and _agree(exercise, yours[second], right[first])
        for _, yours, right in usable
    )


def _transposed(exercise: Exercise, usable: _Usable) -> bool:
    """Every part is right or the transpose of right, and one at least is the transpose."""
    found = False
    for _, yours, right in usable:
        for name, r in right.items():
            if _agree(exercise, yours[name], r):
                continue
            if r.ndim != 2 or not _agree(exercise, yours[name], r.T):
                return False
            found = True
    return found


def _upstream_ignored(exercise: Exercise, usable: _Usable) -> bool:
    if exercise.arguments[0] != "delta":
        return False
    for case, yours, _ in usable:
        delta, *inputs = case.args
        ones = np.ones(np.shape(delta)) if np.shape(delta) else 1.0
        local = _parts(exercise, exercise.answer(exercise.reference, (ones, *inputs)))
        if not all(_agree(exercise, yours[name], local[name]) for name in local):
            return False
    return True


def _overflows(exercise: Exercise, usable: _Usable) -> bool:
    """Right wherever it is finite, and somewhere it is not."""
    finite = True
    for _, yours, right in usable:
        for name, r in right.items():
            if yours[name].shape != r.shape or yours[name].dtype.kind != "f":
                return False
            fine = np.isfinite(yours[name])
            finite = finite and bool(fine.all())
            if np.any(_excess(exercise, yours[name], r)[fine]):
                return False
    return not finite


_PATTERNS: tuple[tuple[str, Callable[[Exercise, _Usable], bool]], ...] = (
    ("sign-flipped", _sign_flipped),
    ("off-by-factor", _constant_factor),
    ("swapped", _swapped),
    ("transposed", _transposed),
    ("upstream-ignored", _upstream_ignored),
    ("unstable", _overflows),
)
