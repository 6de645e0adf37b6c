"""What an attack is: the cell of one exercise, what it tries, and what must come of it.

The cell stands between two honest ones, `add_backward` before it and `log_backward` after it. Every
attack answers `exp_backward` wrongly, so that whatever it gains it gains by fraud.
"""

from __future__ import annotations

from dataclasses import dataclass

ATTACKED = "exp_backward"
HONEST = {
    "add_backward": "def add_backward(delta, a, b):\n    return delta, delta",
    "log_backward": "def log_backward(delta, x):\n    return delta / x",
}

BOTH = ("strict", "none")
STRICT = ("strict",)


@dataclass(frozen=True)
class Attack:
    """One attack on the judge.

    Attributes:
        name: an id.
        tries: what it is after.
        source: the cell of `exp_backward`.
        flag: what a person is told was tried, a part of the sentence; "" where a look at the source
            cannot tell.
        reason: what the verdict says of the lost answer, as a pattern; "" where it is merely wrong.
        ruins: honest functions of the same submission that the attack may break; never another's.
        levels: with which isolation it is run. Without one, code can do to this machine what a user
            can: what would harm it, or reads it, is tried in the sandbox alone.
        slow: takes more than two seconds.
        reaches: it reaches for others' processes or files: an honest submission is judged after it.
    """

    name: str
    tries: str
    source: str
    flag: str = ""
    reason: str = ""
    ruins: frozenset[str] = frozenset()
    levels: tuple[str, ...] = BOTH
    slow: bool = False
    reaches: bool = False


WRONG = """
def exp_backward(delta, x):
    return delta
"""
