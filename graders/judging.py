"""Judging as a pure function of bytes: a notebook goes in, what the judge found comes out.

It touches no gradebook and no file, so the same function runs here, in another process and on
another machine. What it returns is JSON's own types: nothing is pickled on its way back.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from backprop_lab.check import Verdict
from backprop_lab.check.notebook import MAX_BYTES

from . import submission
from .judge import IsolationName, Judgement, judge


@dataclass(frozen=True)
class Judged:
    """A judgement, and which bytes it is about.

    Attributes:
        digest: of the submitted bytes.
        problem: why nothing could be taken from the submission, or "".
    """

    digest: str
    problem: str
    judgement: Judgement

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types; `from_dict` undoes it."""
        said = asdict(self.judgement)
        said["verdicts"] = {name: v.to_dict() for name, v in self.judgement.verdicts.items()}
        return {"digest": self.digest, "problem": self.problem, "judgement": said}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Judged:
        said = dict(data["judgement"])
        said["verdicts"] = {name: Verdict.from_dict(v) for name, v in said["verdicts"].items()}
        return cls(data["digest"], data["problem"], Judgement(**said))


def judge_bytes(
    released: bytes, submitted: bytes, *, seed: int | None = None, isolation: IsolationName = "auto"
) -> dict[str, Any]:
    """Judge a submitted notebook against the released one; `Judged` as a dict.

    Args:
        released: the notebook that was handed out, as bytes of its file.
        submitted: whatever was handed in.
        seed: of all inputs; drawn anew if None.
        isolation: as for `graders.sandbox.Sandbox`.
    """
    rebuilt = submission.rebuild(released_notebook(released), submitted)
    judgement = judge(rebuilt, seed, isolation)
    return Judged(digest(submitted), rebuilt.problem, judgement).to_dict()


def read_submitted(path: Path) -> bytes:
    """At most what a submission may have. Nothing of a link, which leads out of the submission, or a pipe.

    Raises:
        OSError: it cannot be read.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return b""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, "rb") as file:
        return file.read(MAX_BYTES + 1)


def digest(data: bytes) -> str:
    """What tells one submitted file from another."""
    return hashlib.sha256(data).hexdigest()


@functools.lru_cache(maxsize=4)
def released_notebook(data: bytes) -> NotebookNode:
    """The released notebook, which is ours and trusted. Not to be changed: it is made once for a class."""
    return nbformat.reads(data.decode("utf-8"), as_version=4)
