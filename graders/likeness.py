"""Near-identical answers in a class, for a person to look at. Formulas that everybody writes alike are none.

An answer's fingerprint is the set of its runs of tokens, own names all reduced to one, comments and
layout left out (the runs of MOSS, kept in full because answers are short). Two answers are alike
when nearly all runs of both are shared, which is evidence only as far as few others write them too:
a run that many of the class have is what the task asks for.
"""

from __future__ import annotations

import builtins
import io
import keyword
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

RUN = 9  # tokens
LONG = 40  # runs that an answer must have to say anything: some five lines of code
TOTAL = 150  # shared runs, all answers of two students together, that are worth a person's time
SHARED = 0.8  # of the runs of either
RARE = 0.1  # of the class, at most, may have a run that counts; a handful always may
HANDFUL = 4
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"np", "math"}
_LAYOUT = frozenset(
    [tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING]
)
_MAX_TOKENS = 5_000
_NAMED = 3  # students that a sentence names


def fingerprint(source: str) -> list[int]:
    """The hashes of an answer's runs; none for what is too short to say anything.

    >>> fingerprint("def exp_backward(delta, x):\\n    return delta * np.exp(x)")
    []
    """
    words = _words(source)
    runs = {zlib.crc32("\0".join(words[at : at + RUN]).encode()) for at in range(len(words) - RUN + 1)}
    return sorted(runs) if len(runs) >= LONG else []


def _words(source: str) -> list[str]:
    words: list[str] = []
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _LAYOUT or len(words) >= _MAX_TOKENS:
                continue
            if token.type == tokenize.STRING:
                word = "text"
            elif token.type == tokenize.NAME and token.string not in _KEPT and before != ".":
                word = "name"  # what follows a dot is a library's name, not theirs
            else:
                word = token.string
            words.append(word)
            before = token.string
    except (
        tokenize.TokenError,
        SyntaxError,
        ValueError,
    ):  # a cell that is no Python: what came before counts
        pass
    return words


def near_identical(prints: Mapping[str, Mapping[str, list[int]]]) -> dict[str, list[str]]:
    """For each student whose answers are nearly another's, sentences that say whose and which.

    Args:
        prints: by student and exercise, from `fingerprint`.
    """
    alike: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    common = max(HANDFUL, int(RARE * len(prints)))
    for exercise in {name for answers in prints.values() for name in answers}:
        runs = {student: set(answers.get(exercise, ())) for student, answers in prints.items()}
        count = Counter(run for found in runs.values() for run in found)
        rare = {student: {run for run in found if count[run] <= common} for student, found in runs.items()}
        for a, b in _meeting(rare):
            both = len(rare[a] & rare[b])
            if both >= SHARED * max(len(runs[a]), len(runs[b])):
                alike[a, b][exercise] = both
    others: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (a, b), shared in sorted(alike.items()):
        if sum(shared.values()) >= TOTAL:
            others[a][b] = others[b][a] = sorted(shared)
    return {student: _said(found) for student, found in others.items()}


def _said(others: Mapping[str, list[str]]) -> list[str]:
    named = [f"nearly the same as {who}'s: {', '.join(which)}" for who, which in others.items()]
    left = len(named) - _NAMED
    return named[:_NAMED] + ([f"and as those of {left} more"] if left > 0 else [])


def _meeting(rare: Mapping[str, set[int]]) -> list[tuple[str, str]]:
    """Pairs of students that share a rare run, without comparing everybody with everybody."""
    having: dict[int, list[str]] = defaultdict(list)
    for student in sorted(rare):
        for run in rare[student]:
            having[run].append(student)
    return sorted({pair for students in having.values() for pair in combinations(students, 2)})
