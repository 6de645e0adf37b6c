"""Processes that judge submissions side by side; one that dies costs its submission one retry."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from . import nursery, warm
from .judge import BUDGET, IsolationName
from .judging import judge_bytes, read_submitted

TRIES = 2
_DEADLINE = BUDGET + 60.0  # the judge keeps its own time; this is for a judge that does not
_AHEAD = 2  # tasks with a worker, so that it need not wait while its last result is written


@dataclass(frozen=True)
class Task:
    """A file to judge. The key is the caller's."""

    key: Any
    path: Path
    released: Path
    isolation: IsolationName = "auto"
    seed: int | None = None


@dataclass(frozen=True)
class Done:
    """What came of a task: `Judged` as a dict, or the reason why there is none."""

    task: Task
    judged: dict[str, Any] | None
    reason: str = ""


class Workers(Protocol):
    """Whoever judges: processes of this machine, or a cluster."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]:
        """Judge every task; results in the order in which they come."""

    def close(self) -> None:
        """End everything that was started. Can be called twice."""


class LocalWorkers:
    """Processes of this machine."""

    def __init__(self, jobs: int):
        self._context = nursery.start()
        self._workers = [_Worker(self._context) for _ in range(jobs)]

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]:
        source = iter(tasks)
        again: deque[Task] = deque()
        tried: dict[Any, int] = {}
        while True:
            for ahead in range(1, _AHEAD + 1):  # everybody gets one before anybody gets two
                for worker in self._workers:
                    if len(worker.tasks) < ahead:
                        task = again.popleft() if again else next(source, None)
                        if task is not None:
                            worker.give(task)
            busy = {worker.connection: worker for worker in self._workers if worker.tasks}
            if not busy:
                return
            for connection in wait(list(busy), timeout=5.0):
                worker = busy[connection]
                reply = worker.take()
                if reply is not None:
                    yield Done(*reply)
            for worker in busy.values():
                if not worker.lost():
                    continue
                task, *untouched = worker.tasks
                tried[task.key] = tried.get(task.key, 0) + 1
                again.extend(untouched)
                if tried[task.key] < TRIES:
                    again.append(task)
                else:
                    yield Done(task, None, f"the process that judged it ended {TRIES} times without a result")
                worker.restart()

    def close(self) -> None:
        for worker in self._workers:
            worker.end()

    def processes(self) -> list[int]:
        """The ids of the processes."""
        return [worker.process.pid or 0 for worker in self._workers]


class _Worker:
    """The grader's end of one process, and the tasks it has."""

    def __init__(self, context: Any):
        self._context = context
        self.tasks: deque[Task] = deque()
        self._broken = False
        self._start()

    def _start(self) -> None:
        self.connection, theirs = self._context.Pipe()
        self.process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self._since = time.monotonic()

    def give(self, task: Task) -> None:
        if not self.tasks:
            self._since = time.monotonic()
        self.tasks.append(task)
        said = [str(task.path), str(task.released), task.isolation, task.seed]
        try:
            self.connection.send_bytes(json.dumps(said).encode())
        except OSError:
            self._broken = True

    def take(self) -> tuple[Task, dict[str, Any] | None, str] | None:
        """A result; None where the process ended instead."""
        try:
            reply = json.loads(self.connection.recv_bytes())
        except (OSError, EOFError):
            self._broken = True
            return None
        self._since = time.monotonic()
        return self.tasks.popleft(), reply.get("judged"), reply.get("reason", "")

    def lost(self) -> bool:
        """Whether no result will come for the first of its tasks."""
        if self.tasks and time.monotonic() - self._since > _DEADLINE:
            self._broken = True
        return self._broken and bool(self.tasks)

    def restart(self) -> None:
        self.end()
        self.tasks.clear()
        self._broken = False
        self._start()

    def end(self) -> None:
        # Killed, not asked: its sandboxes die with it, and it holds nothing that could be half written.
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection) -> None:
    """A worker's life. It ends when the grader closes the pipe, or is gone."""
    # Ctrl-C reaches every process of the terminal; what it means is for the grader to say.
    # A function and not SIG_IGN, which what is started here would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    warm.enable()
    released: dict[tuple[str, int], bytes] = {}
    with suppress(EOFError, OSError):
        while True:
            path, released_path, isolation, seed = json.loads(connection.recv_bytes())
            try:
                key = (released_path, os.stat(released_path).st_mtime_ns)
                if key not in released:
                    released = {key: Path(released_path).read_bytes()}
                data = read_submitted(Path(path))
                reply: dict[str, Any] = {
                    "judged": judge_bytes(released[key], data, seed=seed, isolation=isolation)
                }
            except Exception as error:  # whatever it is, this submission gets a row that says so
                reply = {"reason": explain(error)}
            connection.send_bytes(json.dumps(reply).encode())


def explain(error: BaseException) -> str:
    """An error as the reason in a student's row."""
    if isinstance(error, OSError) and error.filename:
        return f"{Path(error.filename).name} cannot be read: {error.strerror}"
    return f"{type(error).__name__}: {error}"
