"""The host's side of the sandbox: starts it, asks it, believes nothing it says, and ends all of it.

A student's cells run in an IPython shell in a child process (`graders.inside`). The two talk in
length-prefixed `graders.wire` frames over pipes; there is no socket. On Linux bubblewrap gives the
process a world of its own; elsewhere it gets resource limits and no more, and `Isolation.explain`
says so.

A `Sandbox` belongs to the thread that makes it: the kernel kills the sandbox when that thread ends,
which is also what ends it when the grader is killed.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import platform
import secrets
import select
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from . import wire

CHECKOUT = Path(__file__).resolve().parents[1]
Case = Mapping[str, Any]  # {"args": [...], "kwargs": {...}}, either may be left out
Status = Literal["returned", "raised", "missing", "timeout", "died"]

_SLICE = 0.25  # seconds between two looks at the process tree while waiting
_GRACE = 0.5  # seconds on top of a deadline, for the frames' own journey
_STDERR_BYTES = 16_000
_NOTE = 200  # characters beyond the limit of a cell's output, to say that it was cut
_SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/nix/store")

# Namespaces and rights, the best first. Root's processes escape the limit on processes, in a user
# namespace too, so a sandbox that root starts has no user namespace: it begins with the right to
# change its user, and changes to one of its own (see `Sandbox._confinement`).
_COMMON = ("--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-drop", "ALL")
_OWN_UID = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *(*_COMMON, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"),
)
_OWN_USERS = ("--unshare-all", "--unshare-user", *_COMMON, "--uid", "65534", "--gid", "65534")
_VARIANTS = (_OWN_UID, (*_OWN_USERS, "--disable-userns"), _OWN_USERS)  # the last for bubblewrap < 0.8
_KEPT_TYPES = ("text/plain", "text/html", "image/png", "image/svg+xml")


class SandboxError(RuntimeError):
    """The sandbox could not be started."""


class IsolationError(SandboxError):
    """This machine cannot isolate a process as asked."""


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


@dataclass(frozen=True)
class Isolation:
    """What keeps a student's code from the machine: ``strict`` or ``limits``."""

    name: Literal["strict", "limits"]
    flags: tuple[str, ...] = ()  # bubblewrap's, for the namespaces and rights that work here
    why: str = ""  # why it is not strict

    @property
    def own_uid(self) -> bool:
        """Whether the sandbox gets a user id that nobody else has (it needs root to give it)."""
        return "CAP_SETUID" in self.flags

    def explain(self) -> str:
        """What is isolated, what is not, and how to raise it, in sentences.

        >>> print(Isolation("strict").explain()[:46])
        Student code runs isolated (bubblewrap): it se
        """
        if self.name == "strict":
            return (
                "Student code runs isolated (bubblewrap): it sees no network, no file of this machine but "
                "Python and its packages (read-only), no other process, and only its own empty folders; "
                "memory, processes, file sizes, CPU and wall time are limited, and its whole process tree "
                "ends with it."
            )
        raise_it = {
            "Linux": (
                "Install bubblewrap (apt install bubblewrap, dnf install bubblewrap) and allow unprivileged "
                "user namespaces (sysctl kernel.unprivileged_userns_clone=1; on Ubuntu 24.04 also "
                "kernel.apparmor_restrict_unprivileged_userns=0; in Docker --privileged or a seccomp "
                "profile that allows them)."
            ),
            "Darwin": "macOS has no bubblewrap: grade in a Linux container or machine (Docker, Lima).",
        }.get(platform.system(), "Grade on Linux; on Windows use WSL 2 or a Linux container.")
        root = (
            " It runs as root, whom limits on processes do not bind: use another user."
            if hasattr(os, "geteuid") and os.geteuid() == 0
            else ""
        )
        return (
            f"Student code is NOT isolated: {self.why} Memory, file sizes, CPU and wall time are limited and "
            "its processes are ended as far as they can be found, but it can read and write what you can, "
            f"and reach the network.{root} {raise_it}"
        )


@functools.cache
def isolation_level() -> Isolation:
    """What this machine gives, found out once by starting something in a sandbox.

    >>> isolation_level().name in {"strict", "limits"}
    True
    """
    if platform.system() != "Linux":
        return Isolation("limits", why=f"bubblewrap does not exist on {platform.system()}.")
    if not _bwrap():
        return Isolation("limits", why="bubblewrap (bwrap) is not installed.")
    said = ""
    for flags in _VARIANTS if os.geteuid() == 0 and _readable_by_all() else _VARIANTS[1:]:
        # What `confine` will do, not only `true`: a container may allow the one and not the other.
        drop = "import os; os.setgroups([]); os.setresuid(4242, 4242, 4242)" if flags is _OWN_UID else ""
        command = [*flags, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--"]
        command += [os.path.realpath(sys.executable), "-I", "-S", "-c", drop]
        try:
            done = subprocess.run([_bwrap(), *command], capture_output=True, timeout=20, env={})
        except (OSError, subprocess.TimeoutExpired) as error:
            return Isolation("limits", why=f"bubblewrap does not start ({error}).")
        if done.returncode == 0:
            return Isolation("strict", flags)
        said = done.stderr.decode("utf-8", "replace").strip()[-200:]
    return Isolation("limits", why=f"bubblewrap is installed and does not work here ({said}).")


@dataclass(frozen=True)
class CellResult:
    """What came of a cell: ``ran`` (``ok`` says whether without an error), ``timeout`` or ``died``."""

    ok: bool
    status: Literal["ran", "timeout", "died"]
    outputs: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """The error that a student's function raised, as text."""

    type: str
    message: str
    line: int | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came of one case. The value is a claim: check its type, shape and dtype before using it."""

    status: Status
    value: Any = None
    error: Problem | None = None
    changed: bool = False  # an input was not the same after the call
    warnings: int = 0
    seconds: float = 0.0  # by the host's clock
    reason: str = ""  # of "timeout" and "died"


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
        self.isolation = _choose(isolation)
        self.alive = False
        self.reason = "The sandbox was not started."
        self._hide = [CHECKOUT, *(Path(path).resolve() for path in hide)]
        self._process: subprocess.Popen[bytes] | None = None
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
        outputs = list(_outputs(reply.get("outputs"), self.limits.output_bytes + _NOTE))
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
                answer = _answer(self._reply(seconds), at)
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
        arguments = "\0".join(_world(self.isolation, self.limits, self._hide)).encode() + b"\0"
        args_read, args_write = os.pipe()
        info_read, info_write = os.pipe()
        try:
            os.write(args_write, arguments)  # a few kilobytes: a pipe takes 64 without a reader
            os.close(args_write)
            # The student can read this line in /proc/1/cmdline, and that process's environment.
            command = [_bwrap(), "--args", str(args_read), "--info-fd", str(info_write), "--"]
            command += [*_python(), "/sandbox/judge/inside.py", "/sandbox/packages", *_inside_sites()]
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
        (self._scratch / "packages" / "backprop_lab").symlink_to(_package())
        work, tmp, packages = (str(self._scratch / name) for name in ("work", "tmp", "packages"))
        sites = [packages, *map(str, _sites())]
        environment = _environment(work, tmp, sites) | {"BACKPROP_LAB_SANDBOX": self._mark}
        inside = str(Path(__file__).with_name("inside.py"))
        self._process = _popen([*_python(), inside, *sites], environment, cwd=work, start_new_session=True)

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
        tree = _tree(self._process.pid)
        if len(tree) > self.limits.processes + 2:  # bubblewrap's own two
            raise _EndedError("died", f"It started more than {self.limits.processes} processes.")
        if sum(map(_resident, tree)) > self.limits.memory_bytes:
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
        if self.isolation.name == "strict":
            # --die-with-parent makes the sandbox's process 1 follow, but not yet in its first
            # milliseconds, so that one is killed as well; with it the kernel ends all others.
            process.kill()
            if self._inner is not None:
                with suppress(OSError):
                    signal.pidfd_send_signal(self._inner, signal.SIGKILL)
        else:
            _kill_tree(process, self._mark, str(self._scratch))
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


# --------------------------------------------------------------------------- claims and their check


def _garbled(what: str = "") -> _EndedError:
    return _EndedError("died", f"What came back was not a reply of the judge's own program. {what}".strip())


def _answer(reply: dict[str, Any], at: int) -> Answer:
    status = reply.get("status")
    if reply.get("case") != at or status not in ("returned", "raised", "missing"):
        raise _garbled()
    warned = reply.get("warnings")
    return Answer(
        status=status,
        value=reply.get("value") if status == "returned" else None,
        error=_problem(reply.get("error")) if status != "returned" else None,
        changed=reply.get("changed") is not False,
        warnings=warned if type(warned) is int and 0 <= warned < 2**63 else 0,
    )


def _problem(claim: Any) -> Problem:
    claim = claim if isinstance(claim, dict) else {}
    line = claim.get("line")
    return Problem(
        type=_text(claim.get("type"), 200) or "Exception",
        message=_text(claim.get("message"), 2000),
        line=line if type(line) is int and 0 < line < 10**6 else None,
        cell=_text(claim.get("cell"), 200) or None,
    )


def _text(claim: Any, size: int) -> str:
    # Lone surrogates cannot be written to a file or a page.
    return claim[:size].encode("utf-8", "replace").decode() if isinstance(claim, str) else ""


def _outputs(claim: Any, budget: int) -> Iterator[dict[str, Any]]:
    """Outputs rebuilt in nbformat's form from what the sandbox claims; nothing else of it is kept."""
    for output in claim if isinstance(claim, list) else []:
        if not isinstance(output, dict) or budget <= 0:
            continue
        kind = output.get("output_type")
        kept: dict[str, Any]
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            kept = {"name": name, "text": _text(output.get("text"), budget)}
            budget -= len(kept["text"])
        elif kind == "error":
            lines = output.get("traceback")
            kept = {
                "ename": _text(output.get("ename"), 200),
                "evalue": _text(output.get("evalue"), 2000),
                "traceback": [_text(part, 2000) for part in lines[:20]] if isinstance(lines, list) else [],
            }
            budget -= sum(map(len, kept["traceback"]))
        elif kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
            bodies = {mime: _text(output["data"].get(mime), budget) for mime in _KEPT_TYPES}
            kept = {"data": {mime: body for mime, body in bodies.items() if body}, "metadata": {}}
            budget -= sum(map(len, kept["data"].values()))
            if kind == "execute_result":
                kept["execution_count"] = None
        else:
            continue
        yield {"output_type": kind, **kept}


# ------------------------------------------------------------------------------- the world inside


def _choose(isolation: str) -> Isolation:
    if isolation == "none":
        return Isolation("limits", why="it was asked for without isolation.")
    if isolation not in ("auto", "strict"):
        raise ValueError(f"isolation is 'auto', 'strict' or 'none'; {isolation!r} arrived.")
    level = isolation_level()
    if isolation == "strict" and level.name != "strict":
        raise IsolationError(f"Strict isolation was asked for and is not to be had. {level.explain()}")
    return level


def _bwrap() -> str:
    return shutil.which("bwrap") or ""


def _world(isolation: Isolation, limits: Limits, hide: Sequence[Path]) -> list[str]:
    """bubblewrap's arguments: all that the sandbox sees."""
    here = Path(__file__).parent
    executable = Path(_python()[0])
    # The interpreter's folder by each name it goes by: a link to it may be part of one of them.
    python = [Path(sys.base_prefix), Path(sys.base_prefix).resolve(), executable.parents[1]]
    binds = {Path("/usr"): "/usr"} | {path: str(path) for path in python}
    binds |= dict(zip(_sites(), _inside_sites(), strict=True))
    binds |= {_package(): "/sandbox/packages/backprop_lab"}
    binds |= {here / name: f"/sandbox/judge/{name}" for name in ("inside.py", "wire.py")}
    binds |= {Path(path): path for path in _SYSTEM if os.path.exists(path)}
    room = ["--perms", "1777", "--size", str(limits.disk_bytes), "--tmpfs"]
    arguments = [*isolation.flags, "--clearenv"]
    for name, value in _environment("/work", "/tmp", ["/sandbox/packages", *_inside_sites()]).items():
        arguments += ["--setenv", name, value]
    arguments += ["--proc", "/proc", "--dev", "/dev", *room, "/dev/shm", *room, "/tmp", *room, "/work"]
    for top in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", top)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    made: list[Path] = []
    for source, destination in binds.items():
        target = Path(destination)
        if any(target.is_relative_to(done) for done in made):
            continue  # /usr/local holds Python on many machines
        for parent in [*target.parents][-2::-1]:
            arguments += ["--perms", "0755", "--dir", str(parent)]
        arguments += ["--ro-bind", str(source), destination]
        made.append(target)
        for secret in hide:
            # A course kept inside a folder that must be seen, say a conda prefix, is covered.
            if secret.is_relative_to(source.resolve()):
                arguments += ["--perms", "0555", "--size", "4096", "--tmpfs"]
                arguments += [str(target / secret.relative_to(source.resolve()))]
    return [*arguments, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"]


def _environment(work: str, tmp: str, packages: Sequence[str]) -> dict[str, str]:
    one_thread = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": work,
        "TMPDIR": tmp,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{tmp}/matplotlib",
        "IPYTHONDIR": f"{tmp}/ipython",
        "PYTHONPATH": os.pathsep.join(packages),  # for a Python that the student's code starts
        "PYTHONDONTWRITEBYTECODE": "1",
    } | {f"{name}_NUM_THREADS": "1" for name in one_thread}


def _python() -> list[str]:
    # The interpreter itself, not the environment's link to it: the link's path names the course.
    return [os.path.realpath(sys.executable), "-I", "-B", "-S"]


@functools.cache
def _sites() -> tuple[Path, ...]:
    """The folders that packages are installed in."""
    known = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    known += [path for path in (*site.getsitepackages(), site.getusersitepackages()) if path in sys.path]
    folders = dict.fromkeys(Path(path).resolve() for path in known)
    return tuple(folder for folder in folders if folder.is_dir())


def _inside_sites() -> list[str]:
    return [f"/sandbox/site/{at}" for at in range(len(_sites()))]


def _readable_by_all() -> bool:
    """Whether a user of the sandbox's own could read Python and its packages (not after umask 077)."""
    folders = [Path(sys.base_prefix), _package(), *_sites()]
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders)


@functools.cache
def _package() -> Path:
    spec = importlib.util.find_spec("backprop_lab")
    if spec is None or spec.origin is None:
        raise SandboxError("The package backprop_lab is not installed: run `make demo`, or pip install -e .")
    return Path(spec.origin).resolve().parent


def _popen(command: list[str], environment: dict[str, str], **options: Any) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, close_fds=True, **options
    )


# ------------------------------------------------------------------------------------ processes


def _processes() -> Iterator[tuple[int, int, int]]:
    """Process, parent and session of everything in /proc; nothing where there is no /proc."""
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                yield int(name), int(fields[1]), int(fields[3])


def _tree(root: int) -> set[int]:
    """The process, its descendants, and what is in its session."""
    children: dict[int, list[int]] = {}
    found = {root}
    for pid, parent, session in _processes():
        children.setdefault(parent, []).append(pid)
        if session == root:
            found.add(pid)
    todo = list(found)
    while todo:
        new = [pid for pid in children.get(todo.pop(), []) if pid not in found]
        found.update(new)
        todo += new
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that are the process's own, not a file's. A zombie has none."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _marked(mark: str, folder: str) -> set[int]:
    """Processes that left the tree but carry the sandbox's mark or work in its folder."""
    found = set()
    for pid, _, _ in _processes():
        with suppress(OSError):
            at_home = os.readlink(f"/proc/{pid}/cwd").startswith(folder)
            if at_home or mark.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.add(pid)
    return found


def _kill_tree(process: subprocess.Popen[bytes], mark: str, folder: str) -> None:
    """Without namespaces: the group, the session, the descendants, and whoever carries the mark."""
    for _ in range(50):
        victims = (_tree(process.pid) | _marked(mark, folder)) - {os.getpid()}
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in victims:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        if not any(map(_resident, victims)):
            return
        time.sleep(0.02)


def _others(isolation: Isolation) -> int:
    """Processes of this user that the limit counts along: none in a sandbox on Linux 5.14 or newer."""
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2] if part.isdigit())
    if isolation.name == "strict" and (isolation.own_uid or release >= (5, 14)):
        return 0
    me, count = os.getuid(), 0
    for pid, _, _ in _processes():
        with suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == me:
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count or 4096  # no /proc (macOS): a limit that a desktop's own processes do not exhaust
