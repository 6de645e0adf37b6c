"""Hidden cases: calls the judge adds to the public battery, never shown to students.

They repeat what the public battery says in other shapes and sizes, so that an
answer written for the visible cases alone does not pass. One module an assignment.
"""

from __future__ import annotations

import numpy as np

from backprop_lab.exercises import GROUPS, Case, Exercise

from . import (
    chain_rule,
    differentiating_inputs,
    jacobians,
    momentum,
    multiple_paths,
    training,
    two_layer_tanh,
)
from .cases import HiddenCases

HIDDEN: dict[str, HiddenCases] = {
    **chain_rule.CASES,
    **multiple_paths.CASES,
    **jacobians.CASES,
    **two_layer_tanh.CASES,
    **momentum.CASES,
    **training.CASES,
    **differentiating_inputs.CASES,
}


def all_cases(exercise: Exercise, seed: int) -> list[Case]:
    """Every call the judge makes: the public battery twice with new numbers, and the hidden cases."""
    first, second, third = (int(s) for s in np.random.SeedSequence(seed).generate_state(3))
    battery = exercise.battery(first)
    hidden = HIDDEN[exercise.name](np.random.default_rng(third))
    cases = [*battery[:-1], *exercise.battery(second)[:-1], *hidden]
    # The formula first: where a function hangs on an edge, the answers before it are in already.
    # The repeated call stays last: it tells whether anything was remembered in between.
    return [*sorted(cases, key=lambda case: list(GROUPS).index(case.group)), battery[-1]]
