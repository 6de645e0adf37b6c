"""Process trees: who is in one, what it uses, and the end of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def listed() -> Iterator[tuple[int, int, int]]:
    """Process, parent and session of everything in /proc; nothing where there is no /proc."""
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                yield int(name), int(fields[1]), int(fields[3])


def tree(root: int) -> set[int]:
    """The process, its descendants, and what is in its session."""
    children: dict[int, list[int]] = {}
    found = {root}
    for pid, parent, session in listed():
        children.setdefault(parent, []).append(pid)
        if session == root:
            found.add(pid)
    todo = list(found)
    while todo:
        new = [pid for pid in children.get(todo.pop(), []) if pid not in found]
        found.update(new)
        todo += new
    return found


def resident(pid: int) -> int:
    """Bytes of memory that are the process's own, not a file's. A zombie has none."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    return 0


def marked(mark: str, folder: str) -> set[int]:
    """Processes that left the tree but carry the sandbox's mark or work in its folder."""
    found = set()
    for pid, _, _ in listed():
        with suppress(OSError):
            at_home = os.readlink(f"/proc/{pid}/cwd").startswith(folder)
            if at_home or mark.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.add(pid)
    return found


def kill(process: subprocess.Popen[bytes], mark: str, folder: str) -> None:
    """Without namespaces: the group, the session, the descendants, and whoever carries the mark."""
    for _ in range(50):
        victims = (tree(process.pid) | marked(mark, folder)) - {os.getpid()}
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in victims:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        if not any(map(resident, victims)):
            return
        time.sleep(0.02)


def threads_of_user(user: int) -> int:
    """The threads of all the user's processes; 0 where there is no /proc."""
    count = 0
    for pid, _, _ in listed():
        with suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == user:
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count
