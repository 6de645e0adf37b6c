"""Warm interpreters: a fork is as much alone as a sandbox of its own.

Everything that `test_sandbox` states is stated again with sandboxes that are forked.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders import warm
from graders.sandbox import CHECKOUT, Sandbox, isolation_level
from tests.graders.test_sandbox import *  # noqa: F403
from tests.graders.test_sandbox import QUICK, alive, run, text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(isolation_level().name != "strict", reason=f"No bubblewrap. {isolation_level().why}"),
]


@pytest.fixture(autouse=True, scope="module")
def _forked():
    warm.enable()
    yield
    warm.disable()


@pytest.fixture
def forked():
    warm.enable()
    with Sandbox(QUICK, "strict") as sandbox:
        if not isinstance(sandbox._process, warm.WarmProcess):
            pytest.skip(f"This machine does not let an interpreter be forked: {warm.why_not()}")
        yield sandbox


def test_a_fork_bomb_stays_small_and_ends(forked):
    """By the limit on memory here: pages that a fork has in common with its parent count for both."""
    run(forked, "import os\ndef f():\n    while True:\n        try: os.fork()\n        except OSError: pass")
    tree = descendants(forked)
    [answer] = forked.call("f", [{}])
    assert answer.status in ("timeout", "died")
    assert not forked.alive
    assert [pid for pid in tree if alive(pid)] == []


def one_after_the_other(*sources):
    """What each source prints, each in a fork of its own of one warm interpreter."""
    said = []
    for source in sources:
        with Sandbox(QUICK, "strict") as sandbox:
            said.append(text(run(sandbox, source)).strip())
            assert isinstance(sandbox._process, warm.WarmProcess)
    return said


def test_it_is_in_use_and_quick_to_get(forked):
    assert text(run(forked, "import os; print(os.getpid())")).strip() == "2"


def test_a_submission_sees_no_process_but_its_own_two(forked):
    with Sandbox(QUICK, "strict") as other:
        run(other, "import subprocess; p = subprocess.Popen(['sleep', '60'])")
        seen = text(
            run(forked, "import os; print(sorted(int(n) for n in os.listdir('/proc') if n.isdigit()))")
        )
    assert seen.strip() == "[1, 2]"


def test_nothing_is_left_for_the_next(forked):
    leave = """import os
for folder in ("/work", "/tmp", "/dev/shm"):
    open(folder + "/left", "w").write("for you")
np = __import__("numpy"); np.left = True
__import__("builtins").left = True
__import__("sys").modules["left"] = np
"""
    look = """import builtins, numpy, os, sys
print([f for f in ("/work", "/tmp", "/dev/shm") if os.path.exists(f + "/left")],
      hasattr(numpy, "left"), hasattr(builtins, "left"), "left" in sys.modules)"""
    assert one_after_the_other(leave, look)[1] == "[] False False False"


def test_shared_memory_and_sockets_do_not_cross(forked):
    segment = """import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.shmget(4242, 4096, {flags}) >= 0)"""
    server = """import socket
s = socket.socket(socket.AF_UNIX); s.bind("\\0left"); s.listen()"""
    client = """import socket
try:
    socket.socket(socket.AF_UNIX).connect("\\0left"); print("reached")
except OSError as error:
    print(type(error).__name__)"""
    run(forked, segment.format(flags="0o1666"))
    run(forked, server)
    assert one_after_the_other(segment.format(flags="0o666"), client) == ["False", "ConnectionRefusedError"]


def test_it_has_no_right_left_and_can_gain_none(forked):
    status = text(run(forked, "print(open('/proc/self/status').read())"))
    rights = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {rights[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert rights["NoNewPrivs"] == "1"
    assert "0" not in rights["Uid"].split()


def test_it_holds_no_descriptor_of_the_zygote(forked):
    look = """import os
for name in os.listdir("/proc/self/fd"):
    path = f"/proc/self/fd/{name}"
    print(os.readlink(path) if os.path.lexists(path) else "")"""
    seen = text(run(forked, look)).split()
    assert not [target for target in seen if "socket" in target]
    assert sum("pipe" in target for target in seen) <= 2  # the judge's questions and the answers


@pytest.mark.parametrize(
    "attack",
    [
        "import os; os.kill(0, 9)",
        "import os; os.kill(-1, 9)",
        "import os; os.kill(1, 9); os._exit(1)",
        "import os; os.setsid() if os.getpid() != os.getsid(0) else 0; os.killpg(os.getpgid(0), 9)",
    ],
)
def test_an_attack_on_all_processes_ends_only_its_own(forked, attack):
    zygote = warm._here.zygote
    with Sandbox(QUICK, "strict") as attacker:
        attacker.run_cell(attack, "cell-1")
        assert run(forked, "1").ok
    assert zygote.process.poll() is None
    assert one_after_the_other("print('still here')") == ["still here"]


def test_it_cannot_take_off_what_covers_the_zygotes_folders(forked):
    said = text(
        run(
            forked,
            """import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for folder in (b"/work", b"/tmp", b"/proc", b"/proc/sys"):
    print(libc.umount2(folder, 2), end=" ")
print(libc.unshare(0x10000000) == 0 and libc.umount2(b"/work", 2) == 0)""",
        )
    )
    assert said.split() == ["-1"] * 4 + ["False"]


def test_random_numbers_are_not_those_of_the_last(forked):
    draw = "import random, numpy as np; print(random.random(), np.random.rand())"
    first, second = one_after_the_other(draw, draw)
    assert first.split()[0] != second.split()[0]
    assert first.split()[1] != second.split()[1]


def test_its_processes_end_with_it(forked):
    run(forked, "import subprocess; p = subprocess.Popen(['sleep', '4711'], start_new_session=True)")
    tree = descendants(forked)
    assert len(tree) == 3
    forked.close()
    assert [pid for pid in tree if alive(pid)] == []


def descendants(sandbox):
    from graders import processes

    return processes.tree(sandbox._process.pid)


def test_everything_ends_when_the_grader_is_killed(tmp_path):
    script = """import sys, time
from graders import warm
from graders.sandbox import Sandbox
warm.enable()
with Sandbox(isolation="strict") as sandbox:
    assert sandbox.run_cell("import subprocess; p = subprocess.Popen(['sleep', '4712'])", "cell-1").ok
    print(sandbox._process.pid, warm._here.zygote.process.pid, flush=True)
    time.sleep(60)"""
    grader = subprocess.Popen([sys.executable, "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    ids = [int(word) for word in grader.stdout.readline().split()]
    assert all(map(alive, ids))
    os.kill(grader.pid, signal.SIGKILL)
    grader.wait()
    deadline = time.monotonic() + 10
    while any(map(alive, ids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, ids))
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"4712" in _read(p)]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.skipif(os.geteuid() != 0, reason="All of this file has just been run as an ordinary user.")
def test_all_of_this_as_an_ordinary_user():
    """Root's forks have rights to give up that others never have: both ways are tried where root can."""
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": CHECKOUT}
    try:
        subprocess.run([sys.executable, "-c", "import graders.sandbox"], check=True, **nobody)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"Another user than root cannot run Python here: {error}")
    command = [sys.executable, "-m", "pytest", "-m", "slow", "-q", "-rs", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, **nobody)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "does not let an interpreter be forked" not in done.stdout
