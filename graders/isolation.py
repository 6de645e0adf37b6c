"""How well student code is kept from this machine: what it gives, and how to raise it."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

from . import world

# Namespaces and rights, the best first. Root's processes escape the limit on processes, in a user
# namespace too, so a sandbox that root starts has no user namespace: it begins with the right to
# change its user, and changes to one of its own (see `Sandbox._confinement`).
_COMMON = ("--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-drop", "ALL")
_OWN_UID = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *(*_COMMON, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"),
)
_OWN_USERS = ("--unshare-all", "--unshare-user", *_COMMON, "--uid", "65534", "--gid", "65534")
VARIANTS = (_OWN_UID, (*_OWN_USERS, "--disable-userns"), _OWN_USERS)  # the last for bubblewrap < 0.8


class SandboxError(RuntimeError):
    """The sandbox could not be started."""


class IsolationError(SandboxError):
    """This machine cannot isolate a process as asked."""


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
    if not bwrap():
        return Isolation("limits", why="bubblewrap (bwrap) is not installed.")
    said = ""
    for flags in VARIANTS if os.geteuid() == 0 and world.readable_by_all() else VARIANTS[1:]:
        # What `confine` will do, not only `true`: a container may allow the one and not the other.
        drop = "import os; os.setgroups([]); os.setresuid(4242, 4242, 4242)" if flags is _OWN_UID else ""
        command = [*flags, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--"]
        command += [os.path.realpath(sys.executable), "-I", "-S", "-c", drop]
        try:
            done = subprocess.run([bwrap(), *command], capture_output=True, timeout=20, env={})
        except (OSError, subprocess.TimeoutExpired) as error:
            return Isolation("limits", why=f"bubblewrap does not start ({error}).")
        if done.returncode == 0:
            return Isolation("strict", flags)
        said = done.stderr.decode("utf-8", "replace").strip()[-200:]
    return Isolation("limits", why=f"bubblewrap is installed and does not work here ({said}).")


def choose(isolation: str) -> Isolation:
    """The level for ``"auto"``, ``"strict"`` (raises `IsolationError` where there is none) or ``"none"``."""
    if isolation == "none":
        return Isolation("limits", why="it was asked for without isolation.")
    if isolation not in ("auto", "strict"):
        raise ValueError(f"isolation is 'auto', 'strict' or 'none'; {isolation!r} arrived.")
    level = isolation_level()
    if isolation == "strict" and level.name != "strict":
        raise IsolationError(f"Strict isolation was asked for and is not to be had. {level.explain()}")
    return level


def bwrap() -> str:
    """The path of bubblewrap, or an empty string."""
    return shutil.which("bwrap") or ""
