"""Judging on a Dask cluster: the same function of bytes, sent to wherever the scheduler has room.

Dask moves the tasks of a lost worker to another. What a lost scheduler had is sent again to the next
one at its address. Results are written by the grader alone, each once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import islice
from typing import Any

from . import warm
from .errors import CourseError
from .judge import IsolationName
from .judging import judge_bytes, read_submitted
from .workers import Done, Task, explain

_PER_WORKER = 4  # tasks on their way for each thread of the cluster: memory does not grow with the class
_PATIENCE = 60.0  # seconds for a scheduler to come back


class DaskWorkers:
    """A cluster that exists, by its scheduler's address; ``local`` starts one on this machine."""

    def __init__(self, address: str, jobs: int):
        try:
            import distributed
        except ImportError:
            raise CourseError(
                "--scheduler needs Dask: in the checkout, run pip install -e '.[cluster]' and try again."
            ) from None
        self._distributed: Any = distributed
        self._cluster = None
        self._client: Any = None
        if address == "local":
            self._cluster = distributed.LocalCluster(
                n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None
            )
            address = self._cluster.scheduler_address
        self._address = address
        try:
            self._connect(10.0)
        except (OSError, ValueError) as error:
            self.close()
            raise CourseError(
                f"No Dask scheduler answers at {address} ({explain(error)}). Start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS` where the checkout is installed."
            ) from None

    def _connect(self, seconds: float) -> None:
        if self._client is not None:
            with suppress(Exception):  # its scheduler is gone: there is nobody to take leave of
                self._client.close(timeout=1)
        self._client = self._distributed.Client(self._address, timeout=seconds)

    def threads(self) -> int:
        """How many submissions the cluster judges at a time now; none before a worker has joined."""
        return int(sum(self._client.nthreads().values()))

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]:
        source = iter(tasks)
        on_the_way: dict[Any, tuple[Task, bytes, bytes]] = {}
        while True:
            room = _PER_WORKER * max(1, self.threads()) - len(on_the_way)
            for task in islice(source, max(0, room)):
                try:
                    parts = (task, task.released.read_bytes(), read_submitted(task.path))
                except OSError as error:
                    yield Done(task, None, explain(error))
                    continue
                on_the_way[self._send(*parts)] = parts
            if not on_the_way:
                return
            for future in self._first(list(on_the_way)):
                parts = on_the_way.pop(future)
                done = self._result(future, parts[0])
                if done is None:
                    again = [parts, *on_the_way.values()]
                    self._reconnect()
                    on_the_way = {self._send(*parts): parts for parts in again}
                    break
                future.release()
                yield done

    def _send(self, task: Task, released: bytes, submitted: bytes) -> Any:
        options: dict[str, Any] = {"seed": task.seed, "isolation": task.isolation}
        return self._client.submit(_judge, released, submitted, options, pure=False, retries=1)

    def _first(self, futures: list[Any]) -> list[Any]:
        """Those that have ended; all of them when nobody answers for them any more."""
        while self._client.status == "running":
            ended = [future for future in futures if future.done()]
            if ended:
                return ended
            with suppress(TimeoutError, CancelledError, self._distributed.TimeoutError):
                self._distributed.wait(futures, timeout=1.0, return_when="FIRST_COMPLETED")
        return futures

    def _result(self, future: Any, task: Task) -> Done | None:
        """The result; None where the scheduler that had the task is gone."""
        if future.status == "finished":
            with suppress(Exception):  # the result was on a worker that is gone by now
                return Done(task, future.result(timeout=30))
        if future.status == "error":
            error = future.exception(timeout=30)
            if isinstance(error, self._distributed.KilledWorker):
                return Done(task, None, "the Dask workers that judged it ended without a result")
            return Done(task, None, explain(error))
        return None

    def _reconnect(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._connect(5.0)
            except (OSError, ValueError) as error:
                if time.monotonic() > deadline:
                    from .writer import StoppedError

                    raise StoppedError(
                        f"The Dask scheduler at {self._address} is gone ({explain(error)}). Start it again"
                    ) from None
                time.sleep(1.0)

    def close(self) -> None:
        for one in (self._client, self._cluster):
            if one is not None:
                with suppress(Exception):  # a cluster that is gone is closed
                    one.close(timeout=5)
        self._client = self._cluster = None


def _judge(released: bytes, submitted: bytes, options: dict[str, Any]) -> dict[str, Any]:
    warm.enable()
    isolation: IsolationName = options["isolation"]
    return judge_bytes(released, submitted, seed=options["seed"], isolation=isolation)
