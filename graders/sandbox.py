"""The host's side of the sandbox: starts it, asks it, believes nothing it says, and ends all of it.

A student's cells run in an IPython shell in a child process (`graders.inside`). The two talk in
length-prefixed `graders.wire` frames over pipes; there is no socket. On Linux bubblewrap gives the
process a world of its own; elsewhere it gets resource limits and no more, and `Isolation.explain`
says so.

A `Sandbox` belongs to the thread that makes it: the kernel kills the sandbox when that thread ends,
which is also what ends it when the grader is killed.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from . import claims, processes, warm, wire, world
from .claims import Answer, CellResult, Problem
from .isolation import Isolation, IsolationError, SandboxError, bwrap, choose, isolation_level

__all__ = [
    "CHECKOUT",
    "Answer",
    "Case",
    "CellResult",
    "Isolation",
    "IsolationError",
    "Limits",
    "Problem",
    "Sandbox",
    "SandboxError",
    "isolation_level",
]

CHECKOUT = Path(__file__).resolve().parents[1]
Case = Mapping[str, Any]  # {"args": [...], "kwargs": {...}}, either may be left out

_SLICE = 0.25  # seconds between two looks at the process tree while waiting
_GRACE = 0.5  # seconds on top of a deadline, for the frames' own journey
_STDERR_BYTES = 16_000
_NOTE = 200  # characters beyond the limit of a cell's output, to say that it was cut


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are of the clock unless they say otherwise.

    >>> Limits(call_seconds=2).call_seconds
    2
    """

    start_seconds: float = 30.0
    cell_seconds: float = 30.0
    call_seconds: float = 5.0  # for each case
    wall_seconds: float = 300.0  # of waiting for this sandbox, all requests together
    cpu_seconds: int = 240
    memory_bytes: int = 2 * 2**30  # address space of each process, and resident memory of all together
    processes: int = 64  # threads count too
    file_bytes: int = 32 * 2**20  # each file
    disk_bytes: int = 64 * 2**20  # /work, /tmp and /dev/shm, each
    open_files: int = 256
    reply_bytes: int = wire.MAX_BYTES
    output_bytes: int = 2 * 2**20  # of one cell, as kept


class _EndedError(Exception):
    """No more replies will come."""

    def __init__(self, status: Literal["timeout", "died"], reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Sandbox:
    """One student's interpreter.

    >>> with Sandbox() as sandbox:
    ...     ran = sandbox.run_cell("def double(x): return 2 * x", "cell-1")
    ...     [answer] = sandbox.call("double", [{"args": [21]}])
    >>> ran.ok, answer.status, answer.value
    (True, 'returned', 42)

    ``isolation`` is ``"auto"`` (the best this machine gives), ``"strict"`` (raises `IsolationError` when
    that is less than strict) or ``"none"`` (resource limits only). After a timeout or a death the whole
    process tree is gone, ``alive`` is false, and every further request answers ``died``: open another.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        isolation: Literal["auto", "strict", "none"] = "auto",
        hide: Sequence[Path] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.isolation = choose(isolation)
        self.alive = False
        self.reason = "The sandbox was not started."
        self._hide = [CHECKOUT, *(Path(path).resolve() for path in hide)]
        self._process: subprocess.Popen[bytes] | warm.WarmProcess | None = None
        self._scratch: Path | None = None
        self._mark = secrets.token_hex(16)
        self._inner: int | None = None  # a pidfd of the sandbox's own process 1
        self._spent = 0.0
        self._ready = False

    def __enter__(self) -> Sandbox:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------------------- requests

    def wait(self) -> None:
        """Waits until the sandbox is ready. Requests do so by themselves; `SandboxError` if it fails."""
        if self._ready or not self.alive:
            return
        try:
            self._ask({"do": "start", **self._confinement()}, self.limits.start_seconds)
            self._reply(self.limits.start_seconds)
        except _EndedError as end:
            told = self._stderr()
            self._end(end)
            raise SandboxError(f"The sandbox did not start. {end.reason} {told}".strip()) from None
        self._ready = True

    def run_cell(self, source: str, id: str) -> CellResult:
        """Runs a cell; ``id`` names it in tracebacks."""
        start = time.monotonic()
        try:
            self._ask({"do": "cell", "source": source, "id": id}, self.limits.cell_seconds)
            reply = self._reply(self.limits.cell_seconds)
        except _EndedError as end:
            self._end(end)
            return CellResult(False, end.status, [], end.reason, time.monotonic() - start)
        outputs = list(claims.outputs(reply.get("outputs"), self.limits.output_bytes + _NOTE))
        return CellResult(reply.get("ok") is True, "ran", outputs, "", time.monotonic() - start)

    def call(
        self, function: str, cases: Sequence[Case], seconds: float | None = None, adapter: str = ""
    ) -> list[Answer]:
        """One answer per case; ``seconds`` is for each case.

        The wire carries data only. Where a function takes a graph or another function, ``adapter``
        ("module:name", public) builds it inside: it is called as ``adapter(function, *args)``.
        Inputs that are not data, a function say, raise `graders.wire.WireError`: a mistake of the caller.
        """
        seconds = self.limits.call_seconds if seconds is None else seconds
        sent = [
            {"args": list(case.get("args", ())), "kwargs": dict(case.get("kwargs", {}))} for case in cases
        ]
        answers: list[Answer] = []
        start = time.monotonic()
        try:
            self._ask({"do": "call", "function": function, "cases": sent, "adapter": adapter}, seconds)
            for at in range(len(cases)):
                start = time.monotonic()
                answer = claims.answer(self._reply(seconds), at)
                if answer is None:
                    raise _garbled()
                answers.append(replace(answer, seconds=time.monotonic() - start))
            if self._reply(seconds).get("done") is not True:
                raise _garbled()
        except _EndedError as end:
            self._end(end)
            lost = Answer(end.status, reason=end.reason, seconds=time.monotonic() - start)
            # Only the case that was running timed out; those after it were never asked.
            after = replace(lost, status="died", seconds=0.0) if end.status == "timeout" else lost
            missing = len(cases) - len(answers)
            answers += [lost, *[after] * (missing - 1)] if missing else []
        return answers

    def names(self) -> list[str]:
        """The callables in the student's namespace, as the sandbox claims."""
        try:
            self._ask({"do": "names"}, self.limits.call_seconds)
            found = self._reply(self.limits.call_seconds).get("names")
        except _EndedError as end:
            self._end(end)
            return []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def close(self) -> None:
        """Ends every process of the sandbox and removes its folder. Can be called twice."""
        self._end(_EndedError("died", "The sandbox was closed."))
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    # ---------------------------------------------------------------------------------- start

    def _start(self) -> None:
        if os.name != "posix":
            raise SandboxError("The sandbox needs a POSIX system. On Windows, grade in WSL 2.")
        if self.isolation.name == "strict":
            self._start_isolated()
        else:
            self._start_limited()
        assert self._process is not None
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        self.alive, self.reason = True, ""

    def _start_isolated(self) -> None:
        self._process = warm.interpreter(self.isolation, self.limits.disk_bytes, self._hide)
        if self._process is not None:
            return
        seen = world.arguments(self.isolation.flags, self.limits.disk_bytes, self._hide)
        args_read, args_write = os.pipe()
        info_read, info_write = os.pipe()
        try:
            os.write(
                args_write, b"".join(word.encode() + b"\0" for word in seen)
            )  # a few kilobytes: a pipe takes 64 without a reader
            os.close(args_write)
            # The student can read this line in /proc/1/cmdline, and that process's environment.
            command = [bwrap(), "--args", str(args_read), "--info-fd", str(info_write), "--"]
            command += [*world.python(), "/sandbox/judge/inside.py", *world.inside_packages()]
            self._process = _popen(command, {}, pass_fds=(args_read, info_write))
            os.close(info_write)
            info_write = -1
            select.select([info_read], [], [], self.limits.start_seconds)
            with open(info_read, "rb", closefd=False) as info, suppress(OSError, ValueError, KeyError):
                self._inner = os.pidfd_open(json.loads(info.read())["child-pid"])
        finally:
            for descriptor in (args_read, info_read, info_write):
                if descriptor >= 0:
                    os.close(descriptor)

    def _start_limited(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="backprop-lab-"))
        for name in ("work", "tmp", "packages"):
            (self._scratch / name).mkdir()
        (self._scratch / "packages" / "backprop_lab").symlink_to(world.package())
        work, tmp, packages = (str(self._scratch / name) for name in ("work", "tmp", "packages"))
        sites = [packages, *map(str, world.sites())]
        environment = world.environment(work, tmp, sites) | {"BACKPROP_LAB_SANDBOX": self._mark}
        inside = str(Path(__file__).with_name("inside.py"))
        command = [*world.python(), inside, *sites]
        self._process = _popen(command, environment, cwd=work, start_new_session=True)

    def _confinement(self) -> dict[str, Any]:
        limits = self.limits
        resources = {
            "AS": (limits.memory_bytes,) * 2,
            "CPU": (limits.cpu_seconds, limits.cpu_seconds + 1),
            "FSIZE": (limits.file_bytes,) * 2,
            "NOFILE": (limits.open_files,) * 2,
            "CORE": (0, 0),
            "NPROC": (limits.processes + _others(self.isolation),) * 2,
        }
        # Root's processes are not counted, so a sandbox of root's gets a user of its own, as systemd's
        # DynamicUser does; the numbers from 2**30 on are nobody's.
        uid = 2**30 + secrets.randbelow(2**30) if self.isolation.own_uid else 0
        return {
            "limits": resources,
            "uid": uid,
            "reply_bytes": limits.reply_bytes,
            "output_bytes": limits.output_bytes,
        }

    # -------------------------------------------------------------------------------- frames

    def _ask(self, request: dict[str, Any], seconds: float) -> None:
        if request["do"] != "start":
            self.wait()
        if not self.alive:
            raise _EndedError("died", f"The sandbox had ended. {self.reason}")
        assert self._process is not None
        assert self._process.stdin is not None
        # A reply carries the ticket of its request: one prepared in advance answers nothing.
        self._ticket = secrets.token_hex(8)
        body = wire.encode({"ticket": self._ticket, **request}, refuse=True)
        frame = memoryview(len(body).to_bytes(8, "big") + body)
        descriptor = self._process.stdin.fileno()
        for _ in self._waiting(descriptor, select.POLLOUT, seconds):
            try:
                frame = frame[os.write(descriptor, frame) :]
            except BlockingIOError:
                continue
            except OSError:
                raise _EndedError("died", self._death()) from None
            if not frame:
                return

    def _reply(self, seconds: float) -> dict[str, Any]:
        """The next reply, of at most ``reply_bytes`` and within ``seconds``, to the present request."""
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        data, size = bytearray(), 8
        for _ in self._waiting(descriptor, select.POLLIN, seconds):
            try:
                part = os.read(descriptor, min(size - len(data), 2**20))
            except BlockingIOError:
                continue
            if not part:
                raise _EndedError("died", self._death())
            data += part
            if len(data) == size == 8:
                size += int.from_bytes(data, "big")
                if not 8 < size <= 8 + self.limits.reply_bytes:
                    raise _garbled(f"It announced {size - 8:,} bytes.")
            elif len(data) == size:
                break
        try:
            reply = wire.decode(bytes(data[8:]), max_bytes=self.limits.reply_bytes)
        except wire.WireError as error:
            raise _garbled(str(error)) from None
        if not isinstance(reply, dict) or reply.get("ticket") != self._ticket:
            raise _garbled("It did not answer the question that was asked.")
        return reply

    def _waiting(self, descriptor: int, event: int, seconds: float) -> Iterator[None]:
        """Yields whenever the descriptor is ready; raises at the deadline, or when the tree must end."""
        start = time.monotonic()
        left = self.limits.wall_seconds - self._spent
        deadline = start + min(seconds + _GRACE, left)
        poll = select.poll()
        poll.register(descriptor, event)
        look = start + _SLICE
        try:
            while True:
                now = time.monotonic()
                if now >= deadline:
                    if left <= seconds + _GRACE:
                        told = f"The submission took more than {self.limits.wall_seconds:g} s altogether."
                    else:
                        told = f"It took more than {seconds:g} s."
                    raise _EndedError("timeout", told)
                if now >= look:
                    self._look()
                    look = time.monotonic() + _SLICE
                if poll.poll(max(1, min(look, deadline) * 1000 - now * 1000)):
                    yield
        finally:
            self._spent += time.monotonic() - start

    def _look(self) -> None:
        """Ends the wait when the process is gone (a child may hold its pipe open) or the tree too large."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise _EndedError("died", self._death())
        tree = processes.tree(self._process.pid)
        if len(tree) > self.limits.processes + 2:  # bubblewrap's own two
            raise _EndedError("died", f"It started more than {self.limits.processes} processes.")
        if sum(map(processes.resident, tree)) > self.limits.memory_bytes:
            raise _EndedError("died", f"It used more than {self.limits.memory_bytes:,} bytes of memory.")

    # ------------------------------------------------------------------------------------ end

    def _death(self) -> str:
        """How the process ended, in a sentence."""
        assert self._process is not None
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "It closed its pipe to the judge."
        number = -code if code < 0 else code - 128  # bubblewrap passes signals on as 128 + number
        if number == signal.SIGXCPU:
            return f"It used more than {self.limits.cpu_seconds} s of CPU time."
        if code == 0 or number not in set(signal.Signals):
            return f"It ended the interpreter (exit code {code})."
        return f"The interpreter was ended by {signal.Signals(number).name}."

    def _stderr(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        with suppress(OSError):
            return os.read(self._process.stderr.fileno(), _STDERR_BYTES).decode("utf-8", "replace").strip()
        return ""

    def _end(self, end: _EndedError) -> None:
        self.alive, self.reason = False, self.reason or end.reason
        process, self._process = self._process, None
        if process is None:
            return
        if self.isolation.name != "strict":
            assert isinstance(process, subprocess.Popen)
            processes.kill(process, self._mark, str(self._scratch))
        elif self._inner is not None:
            # Process 1 of the sandbox first; the kernel ends all others with it, and bubblewrap, its
            # parent, buries it. Orphaned, it would stay a zombie where nobody else does, as in Docker.
            with suppress(OSError):
                signal.pidfd_send_signal(self._inner, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
        process.kill()
        process.wait()
        if self._inner is not None:
            # Process 1 is gone only when every process of its namespace is.
            select.select([self._inner], [], [], 5.0)
            os.close(self._inner)
            self._inner = None
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            with suppress(OSError):
                stream.close()


def _garbled(what: str = "") -> _EndedError:
    return _EndedError("died", f"What came back was not a reply of the judge's own program. {what}".strip())


def _popen(command: list[str], environment: dict[str, str], **options: Any) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, close_fds=True, **options
    )


def _others(isolation: Isolation) -> int:
    """Processes of this user that the limit counts along: none in a sandbox on Linux 5.14 or newer."""
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2] if part.isdigit())
    if isolation.name == "strict" and (isolation.own_uid or release >= (5, 14)):
        return 0
    # No /proc (macOS): a limit that a desktop's own processes do not exhaust.
    return processes.threads_of_user(os.getuid()) or 4096
