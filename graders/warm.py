"""Warm interpreters: one process inside bubblewrap has everything imported and forks for each submission.

A fork is as much alone as a sandbox of its own (see `graders.zygote`); where this machine does not let
it have its own namespaces, `interpreter` says None and the caller starts bubblewrap for each submission.
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import world
from .isolation import Isolation, bwrap

_PRELOADED = ("backprop_lab", "backprop_lab.check")
_RIGHTS = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID")
_SECONDS = 20.0
_here = threading.local()  # a sandbox ends with the thread that made it, and so does its zygote


class WarmProcess:
    """A submission's process 1, with what `subprocess.Popen` offers of a process.

    It is nobody's child here: what is known of it comes by its descriptor and by its own last word.
    """

    def __init__(self, pid: int, pidfd: int, status: socket.socket, pipes: list[int]):
        self.pid, self.pidfd = pid, pidfd
        self._status = status
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(pipe, mode, 0) for pipe, mode in zip(pipes, ("wb", "rb", "rb"), strict=True)
        )
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            waiting = None if timeout is None else timeout * 1000
            poll = select.poll()
            poll.register(self.pidfd, select.POLLIN)
            if not poll.poll(waiting):
                raise subprocess.TimeoutExpired("a warm interpreter", timeout or 0.0)
            self.returncode = self._last_word()
            self._status.close()
            os.close(self.pidfd)
        return self.returncode

    def _last_word(self) -> int:
        with suppress(OSError, ValueError):
            return int(self._status.recv(16, socket.MSG_DONTWAIT))
        return -signal.SIGKILL

    def kill(self) -> None:
        with suppress(OSError):
            if self.returncode is None:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)


@dataclass(frozen=True)
class _Kind:
    """What all submissions of a zygote have in common."""

    isolation: Isolation
    disk_bytes: int
    hide: tuple[Path, ...]


class Zygote:
    """The process that forks. Raises OSError where it does not start."""

    def __init__(self, kind: _Kind):
        self.kind = kind
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        flags = [*kind.isolation.flags]
        for right in _RIGHTS:
            if right not in flags:
                flags += ["--cap-add", right]
        seen = world.arguments(flags, kind.disk_bytes, kind.hide)
        args_read, args_write = os.pipe()
        try:
            os.write(args_write, b"".join(word.encode() + b"\0" for word in seen))
            os.close(args_write)
            command = [bwrap(), "--args", str(args_read), "--", *world.python(), "/sandbox/judge/zygote.py"]
            command += [str(kind.disk_bytes), "own-uid" if kind.isolation.own_uid else "own-users"]
            command += [",".join(_PRELOADED), *world.inside_packages()]
            self.process = subprocess.Popen(
                command,
                env={},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(args_read,),
            )
        finally:
            os.close(args_read)
            theirs.close()
        self._control = ours
        ours.settimeout(_SECONDS)
        if ours.recv(16) != b"warm":
            self.close()
            raise OSError("the warm interpreter did not start")

    def fork(self) -> WarmProcess:
        """A fresh interpreter, alone in its own namespaces."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours.settimeout(_SECONDS)
        pipes = [os.pipe() for _ in range(3)]
        mine = [pipes[0][1], pipes[1][0], pipes[2][0]]
        given = [theirs.fileno(), pipes[0][0], pipes[1][1], pipes[2][1]]
        try:
            sent = array.array("i", given)
            self._control.sendmsg([b"fork"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, sent)])
        finally:
            theirs.close()
            for descriptor in given[1:]:
                os.close(descriptor)
        try:
            said, about, _, _ = ours.recvmsg(600, socket.CMSG_SPACE(struct.calcsize("3i")))
            if said != b"made":
                raise OSError(f"the warm interpreter could not fork: {said.decode('utf-8', 'replace')}")
            pid = next(
                struct.unpack("3i", data)[0] for _, kind, data in about if kind == socket.SCM_CREDENTIALS
            )
            return WarmProcess(pid, os.pidfd_open(pid), ours, mine)
        except BaseException:
            ours.close()
            for descriptor in mine:
                os.close(descriptor)
            raise

    def close(self) -> None:
        """End it, and with it every process of its submissions."""
        self._control.close()
        self.process.kill()
        self.process.wait()


def enable() -> None:
    """Let the sandboxes of this thread be forked from a warm interpreter, where that is possible."""
    _here.wanted = True


def disable() -> None:
    """End this thread's warm interpreter."""
    _here.wanted = False
    zygote, _here.zygote = getattr(_here, "zygote", None), None
    if zygote is not None:
        zygote.close()


def interpreter(isolation: Isolation, disk_bytes: int, hide: list[Path]) -> Any:
    """A warm interpreter, or None: start one without. It has to be asked for with `enable`."""
    if not getattr(_here, "wanted", False):
        return None
    kind = _Kind(isolation, disk_bytes, tuple(hide))
    try:
        zygote = getattr(_here, "zygote", None)
        if zygote is None or zygote.kind != kind or zygote.process.poll() is not None:
            if zygote is not None:
                zygote.close()
            _here.zygote = zygote = Zygote(kind)
        return zygote.fork()
    except (OSError, StopIteration) as error:
        _here.why = f"{type(error).__name__}: {error}"
        disable()
        return None


def why_not() -> str:
    """Why this thread's sandboxes are not forked, or ""."""
    return getattr(_here, "why", "")
