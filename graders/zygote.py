"""The warm interpreter: has everything imported, and forks once for each submission. Started as a file,
inside bubblewrap; never runs a student's code itself.

It sees what a sandbox sees and nothing more. A fork of it gets namespaces of its own (processes, mounts,
network, memory segments), fresh empty folders over those of the zygote, and gives up every right before
it reads its first request:

    zygote -> a middle process that makes the namespaces and ends
                 -> process 1 of the new namespace, which only waits (its end ends all others)
                       -> the interpreter of `inside.py`

The host's side is `graders.warm`. Only the standard library and what `inside.py` imports is used here.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path[:0] = sys.argv[4:]

import array
import contextlib
import ctypes
import importlib
import importlib.util
import os
import socket
import traceback
from pathlib import Path
from typing import Any

import numpy

NEW_NAMESPACES = 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000  # pid, mount, network, ipc
_PRIVATE, _BIND, _REMOUNT = 1 << 18 | 16384, 4096, 32
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_SET_DUMPABLE, _CLEAR_AMBIENT = 4, (47, 4, 0, 0, 0)
_CAP_VERSION = 0x20080522
_CAP_SETGID, _CAP_SETUID = 1 << 6, 1 << 7
_COVERED = ("sys", "sysrq-trigger", "irq", "bus")  # of /proc, as bubblewrap does

_STATUS = 200  # the descriptor on which a submission's process 1 talks to the host

libc = ctypes.CDLL(None, use_errno=True)


def _must(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    done = libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def own_world(disk_bytes: int) -> None:
    """Fresh folders and a /proc of the new namespace, seen by nobody else."""
    _mount("none", "/", "", _PRIVATE)  # nothing mounted here shows elsewhere
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for name in _COVERED:
        path = f"/proc/{name}"
        if os.path.exists(path):
            _mount(path, path, "", _BIND)
            _mount("none", path, "", _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    for folder in ("/dev/shm", "/tmp", "/work"):
        _mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, f"mode=1777,size={disk_bytes}")
    os.chdir("/work")  # the old one is the zygote's


def give_up_rights(keep: int) -> None:
    """Every right but those to keep. bubblewrap has seen to it that none can be gained."""
    _must(libc.prctl(*_CLEAR_AMBIENT))
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(keep, keep, 0, 0, 0, 0)
    _must(libc.capset(header, data))


def submission(disk_bytes: int, own_uid: bool, pipes: list[int]) -> None:
    """Process 1 of a submission's own namespace; does not return."""
    os.setsid()  # kill(0, ...) reaches a whole group, in every namespace
    for at, descriptor in enumerate(pipes):
        os.dup2(descriptor, _STATUS + 1 + at)
    os.closerange(0, _STATUS)
    os.closerange(_STATUS + 4, 2**20)
    for at in range(3):
        os.dup2(_STATUS + 1 + at, at)
    os.closerange(_STATUS + 1, _STATUS + 4)
    own_world(disk_bytes)
    os.write(_STATUS, b"made")  # with it goes this process's number as the host knows it
    child = os.fork()
    if child == 0:
        os.close(_STATUS)
        _interpreter(own_uid)
    give_up_rights(0)
    _must(libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0))
    os.closerange(0, 3)
    while True:
        pid, ended = os.wait()
        if pid == child:
            break
    code = os.waitstatus_to_exitcode(ended)
    with contextlib.suppress(OSError):
        os.write(_STATUS, b"%d" % (code if code >= 0 else 128 - code))
    os._exit(0)


def _interpreter(own_uid: bool) -> None:
    """What `inside.py` does when it is started as a program."""
    try:
        give_up_rights(_CAP_SETUID | _CAP_SETGID if own_uid else 0)
        numpy.random.seed()  # the random module does so by itself after a fork
        inside.main(shell)
    finally:
        if sys.exc_info()[1] is not None:
            with contextlib.suppress(Exception):
                traceback.print_exc(file=sys.__stderr__)
        os._exit(0)


def fork_for(disk_bytes: int, own_uid: bool, descriptors: list[int]) -> None:
    """Start a submission's processes; the zygote goes on."""
    middle = os.fork()
    if middle == 0:
        status, *pipes = descriptors
        try:
            os.dup2(status, _STATUS)
            _must(libc.unshare(NEW_NAMESPACES))
            if os.fork() == 0:
                submission(disk_bytes, own_uid, pipes)
        except BaseException as error:  # the host reads it and starts a sandbox without a zygote
            with contextlib.suppress(OSError):
                os.write(_STATUS, f"{type(error).__name__}: {error}".encode()[:500])
        os._exit(0)
    os.waitpid(middle, 0)
    for descriptor in descriptors:
        os.close(descriptor)


def main(disk_bytes: int, own_uid: bool) -> None:
    """One submission for each message, until the host closes the channel."""
    control = socket.socket(fileno=os.dup(0))
    control.send(b"warm")
    while True:
        room = socket.CMSG_SPACE(4 * array.array("i").itemsize)
        said, sent, _, _ = control.recvmsg(16, room)
        if not said:
            return
        descriptors = array.array("i")
        for _, _, data in sent:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        fork_for(disk_bytes, own_uid, list(descriptors))


def _load_inside() -> Any:
    spec = importlib.util.spec_from_file_location("__inside__", Path(__file__).with_name("inside.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    inside = _load_inside()
    for name in sys.argv[3].split(","):
        importlib.import_module(name)
    shell = inside.make_shell()
    shell.run_cell("pass", store_history=False)  # what IPython imports and compiles only now
    main(int(sys.argv[1]), sys.argv[2] == "own-uid")
    os._exit(0)
