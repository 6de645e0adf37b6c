"""Whether wrong answers are caught and named, and right ones never fail.

    python -m benchmarks.diagnosis [SECONDS]

Every wrong answer of every exercise, and every right formulation of tests/answers, is judged on the
judge's own cases, hidden ones included. Each exercise has the same share of the time, and sees as many
seeds as fit into it, one at least. The functions run in this process: a sandbox has no part in naming.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from backprop_lab.check import Verdict, assess
from backprop_lab.check.run import call_all
from backprop_lab.exercises import REGISTRY, Exercise
from graders.hidden import HIDDEN, all_cases
from tests.answers import RIGHT

SECONDS = 90.0
SEEDS = 1_000


@dataclass
class Score:
    """How one wrong answer of one exercise fared, over seeds."""

    judged: int = 0
    caught: int = 0
    named: Counter[str] = field(default_factory=Counter)


def subjects() -> Iterator[Exercise]:
    """The exercises that can be judged: those with hidden cases."""
    return (exercise for name, exercise in REGISTRY.items() if name in HIDDEN)


def right_functions(exercise: Exercise) -> list[Callable[..., Any]]:
    """The right formulations, as functions of this process."""
    functions = []
    for source in RIGHT.get(exercise.name, []):
        namespace: dict[str, Any] = {"np": np, "__name__": "answer"}
        exec(source, namespace)
        functions.append(namespace[exercise.name])
    return functions


def verdict(exercise: Exercise, function: Callable[..., Any], seed: int) -> Verdict:
    cases = all_cases(exercise, seed)
    return assess(exercise, cases, call_all(exercise, function, cases))


@dataclass
class Found:
    """What all of it came to."""

    wrong: dict[tuple[str, str], Score] = field(default_factory=lambda: defaultdict(Score))
    right: Counter[str] = field(default_factory=Counter)  # judged, by exercise
    failed: Counter[str] = field(default_factory=Counter)  # of those
    seeds: Counter[str] = field(default_factory=Counter)


def measure(seconds: float) -> Found:
    found = Found()
    exercises = list(subjects())
    for exercise in exercises:
        right = right_functions(exercise)
        end = time.monotonic() + seconds / len(exercises)
        for seed in range(SEEDS):
            if seed and time.monotonic() > end:
                break
            one_seed(exercise, right, seed, found)
    return found


def one_seed(exercise: Exercise, right: list[Callable[..., Any]], seed: int, found: Found) -> None:
    for wrong in exercise.wrong:
        said = verdict(exercise, wrong.function, seed)
        score = found.wrong[exercise.name, wrong.misconception]
        score.judged += 1
        score.caught += not said.passed
        score.named[said.misconception or "(no name)"] += 1
    for function in right:
        found.right[exercise.name] += 1
        found.failed[exercise.name] += not verdict(exercise, function, seed).passed
    found.seeds[exercise.name] += 1


def main(seconds: float = SECONDS) -> int:
    found = measure(seconds)
    print(f"{'exercise':28}{'wrong answer':28}{'seeds':>6}{'caught':>8}{'named':>8}  taken for")
    total, caught, named = 0, 0, 0
    for (exercise, misconception), score in sorted(found.wrong.items()):
        rightly = score.named[misconception]
        total, caught, named = total + score.judged, caught + score.caught, named + rightly
        others = {name: count for name, count in score.named.most_common() if name != misconception}
        taken = ", ".join(f"{name} {count / score.judged:.0%}" for name, count in others.items())
        shares = f"{score.caught / score.judged:8.0%}{rightly / score.judged:8.0%}"
        print(f"{exercise:28}{misconception:28}{found.seeds[exercise]:6}{shares}  {taken}".rstrip())
    wrongly = sum(found.failed.values())
    seeds = sorted(found.seeds.values())
    print(f"\nseeds: {seeds[0]} at least, {median(seeds):g} in the middle, {seeds[-1]} at most")
    print(f"{total:,} wrong answers: {caught / total:.2%} caught, {named / total:.2%} named right")
    print(f"{found.right.total():,} right answers in {len(found.right)} exercises: {wrongly} failed")
    for exercise, count in found.failed.items():
        if count:
            print(f"  {exercise}: {count} of {found.right[exercise]}")
    return 0 if caught == total and not wrongly and named >= 0.95 * total else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
