"""A small notebook with one attacked function between two honest ones, and the means to see what is left."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from backprop_lab.exercises import REGISTRY
from graders import processes
from graders.judge import Judgement, judge
from graders.sample_class import answered
from graders.sandbox import Limits, Sandbox
from graders.submission import Rebuilt

from .attack import ATTACKED, HONEST

# A machine under load must not turn an honest answer into a late one.
LIMITS = Limits(
    cell_seconds=2.0, call_seconds=1.0, wall_seconds=20.0, cpu_seconds=15, memory_bytes=1200 * 2**20
)


@pytest.fixture(scope="session")
def small(released):
    """The released notebook of 01, cut down to three functions."""
    kept = {"setup", ATTACKED, *HONEST}
    notebook = deepcopy(released)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("check-") in kept
        or "setup" in cell.metadata.get("tags", [])
    ]
    return notebook


@pytest.fixture(scope="session")
def judged(small):
    """Judges the three functions, with the same inputs every time, and with less patience than usual."""
    hurried = {name: replace(REGISTRY[name], seconds=0.6) for name in (ATTACKED, *HONEST)}

    def run(source: str | None, isolation: str = "auto") -> Judgement:
        answers = HONEST if source is None else HONEST | {ATTACKED: source}
        with pytest.MonkeyPatch.context() as patch:
            for name, exercise in hurried.items():
                patch.setitem(REGISTRY, name, exercise)
            return judge(Rebuilt(answered(small, answers)), seed=11, isolation=isolation, limits=LIMITS)

    return run


@pytest.fixture(scope="session")
def honest(judged):
    """What a submission with the attacked function left blank gets."""
    return judged(None)


@pytest.fixture
def nothing_left(monkeypatch) -> Iterator[None]:
    """Every process of every sandbox that the test opens is gone at its end, and so is its folder."""
    seen: list[tuple[str, str, Path | None]] = []
    held: list[int] = []
    start = Sandbox._start

    def watched(self: Sandbox) -> None:
        start(self)
        # By what a process cannot change of itself: the namespace it is in, the mark it was given.
        space = ""
        if self.isolation.name == "strict":
            self.wait()
            descriptor, space = _pid_namespace(self)
            held.append(descriptor)
        seen.append((space, self._mark, self._scratch))

    monkeypatch.setattr(Sandbox, "_start", watched)
    yield
    assert seen
    for space, mark, scratch in seen:
        left = [pid for pid, _, _ in processes.listed() if space and _namespace(pid) == space and _lives(pid)]
        assert not left, "processes are left in the sandbox's namespace"
        if not space:
            assert not processes.marked(mark, str(scratch))
        assert scratch is None or not scratch.exists()
    for descriptor in held:
        os.close(descriptor)


def _pid_namespace(sandbox: Sandbox) -> tuple[int, str]:
    """The namespace of a sandbox's processes, held open so that its number is not given to another."""
    assert sandbox._process is not None
    [pid] = [
        pid
        for pid in processes.tree(sandbox._process.pid)
        if _namespace(pid) not in ("", _namespace(os.getpid())) and _is_first(pid)
    ]
    return os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY), _namespace(pid)


def _lives(pid: int) -> bool:
    """Not a zombie, of which only the number is left until the system's first process takes note."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _is_first(pid: int) -> bool:
    """Whether it is process 1 of its namespace."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("NSpid:")).split()[-1] == "1"


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that somebody might connect to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server
