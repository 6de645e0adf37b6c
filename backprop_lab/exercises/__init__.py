"""The exercises of the course, one object each."""

from . import (  # noqa: F401 - each registers the exercises of an assignment
    chain_rule,
    differentiating_inputs,
    jacobians,
    momentum,
    multiple_paths,
    training,
    two_layer_tanh,
)
from .catalogue import CATALOGUE, Misconception
from .exercise import (
    GROUPS,
    REGISTRY,
    Case,
    Exercise,
    Refusal,
    UnknownExerciseError,
    WrongAnswer,
    find,
    of_assignment,
)

__all__ = [
    "CATALOGUE",
    "GROUPS",
    "REGISTRY",
    "Case",
    "Exercise",
    "Misconception",
    "Refusal",
    "UnknownExerciseError",
    "WrongAnswer",
    "find",
    "of_assignment",
]
