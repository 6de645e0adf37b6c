"""The sandbox: honest code runs as in a notebook, and hostile code can only ruin its own answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graders import isolation, processes, world
from graders.sandbox import (
    CHECKOUT,
    Isolation,
    IsolationError,
    Limits,
    Sandbox,
    SandboxError,
    isolation_level,
)
from graders.wire import Unsupported

STRICT = isolation_level().name == "strict"
needs_strict = pytest.mark.skipif(not STRICT, reason=f"No bubblewrap here. {isolation_level().why}")
QUICK = Limits(
    cell_seconds=10,
    call_seconds=0.3,
    memory_bytes=800 * 2**20,
    processes=32,
    file_bytes=4 * 2**20,
    disk_bytes=8 * 2**20,
    reply_bytes=2**20,
    output_bytes=20_000,
)
LEVELS = [pytest.param("strict", marks=needs_strict), "none"]
# What does not depend on the level is tried at both levels by `make test` only.
SLOWLY = [LEVELS[0], pytest.param("none", marks=[pytest.mark.slow] if STRICT else [])]


@pytest.fixture(scope="module", params=LEVELS)
def shared(request):
    """One sandbox for all the tests whose code leaves it in order."""
    with Sandbox(QUICK, request.param) as sandbox:
        yield sandbox


@pytest.fixture(params=LEVELS)
def hostile(request):
    """A sandbox of one's own, and the proof that nothing of it stays."""
    with Sandbox(QUICK, request.param) as sandbox:
        yield sandbox
        sandbox.wait()
        tree = processes.tree(sandbox._process.pid) if sandbox._process else set()
        scratch = sandbox._scratch
    assert not [pid for pid in tree if alive(pid)]
    assert scratch is None or not scratch.exists()


@pytest.fixture
def strict():
    if not STRICT:
        pytest.skip(f"No bubblewrap here. {isolation_level().why}")
    with Sandbox(QUICK, "strict") as sandbox:
        yield sandbox


def run(sandbox: Sandbox, source: str):
    result = sandbox.run_cell(source, "cell-7")
    assert result.ok, result
    return result


def text(result) -> str:
    return "".join(output.get("text", "") for output in result.outputs)


def ask(sandbox: Sandbox, source: str, *args, **options):
    """Defines ``f`` and calls it once."""
    run(sandbox, source)
    [answer] = sandbox.call("f", [{"args": args}], **options)
    return answer


# ------------------------------------------------------------------------------- honest work


def test_cells_share_a_namespace_and_show_what_a_notebook_shows(shared):
    assert run(shared, "x = 20").outputs == []
    result = run(shared, "print('hello')\nx + 1")
    assert result.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "hello\n"},
        {
            "output_type": "execute_result",
            "data": {"text/plain": "21"},
            "metadata": {},
            "execution_count": None,
        },
    ]


def test_html_and_pictures_are_kept_and_other_types_are_not(shared):
    result = run(
        shared,
        "from IPython.display import HTML, JSON, Javascript, display\n"
        "display(HTML('<b>x</b>'), JSON({}), Javascript('alert(1)'))\n"
        "display({'image/png': b'1', 'text/plain': 'p', 'application/x': 'y'}, raw=True)",
    )
    kept = [sorted(output["data"]) for output in result.outputs]
    assert kept == [["text/html", "text/plain"], ["text/plain"], ["text/plain"], ["image/png", "text/plain"]]


def test_prints_of_subprocesses_and_of_descriptors_are_shown(shared):
    result = run(shared, "import os\nos.system('echo from a shell')\nos.write(2, b'from below\\n');")
    assert "from a shell\n" in text(result)
    assert "from below\n" in text(result)


def test_magics_and_shell_lines_work(shared):
    assert "from bash" in text(run(shared, "%%bash\necho from bash"))


def test_an_error_names_the_cell_and_line_and_no_library(shared):
    result = shared.run_cell("import json\ndef parse(t):\n    return json.loads(t)\nparse('{')", "cell-8")
    assert (result.ok, result.status) == (False, "ran")
    [error] = result.outputs
    assert error["ename"] == "JSONDecodeError"
    assert error["traceback"][:2] == [
        "In cell cell-8, line 4, in <module>:\n    parse('{')",
        "In cell cell-8, line 3, in parse:\n    return json.loads(t)",
    ]
    assert "/" not in "".join(error["traceback"])


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def f(:", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
        ("input()", "EOFError"),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "E"),
        ("raise ExceptionGroup('several', [ValueError('x')])", "ExceptionGroup"),
        ("raise ValueError('\\x1b[31mred\\x1b[0m \\udc80')", "ValueError"),
    ],
)
def test_whatever_a_cell_raises_the_next_cell_runs(shared, source, name):
    result = shared.run_cell(source, "cell-9")
    assert (result.ok, result.status) == (False, "ran")
    error = next(output for output in result.outputs if output["output_type"] == "error")
    assert error["ename"] == name
    assert "\x1b" not in str(error)
    assert run(shared, "1").status == "ran"


def test_a_call_answers_case_by_case(shared):
    run(shared, "import numpy as np\n\ndef f(x, scale=1):\n    print('noise')\n    return scale * 6 / x")
    answers = shared.call(
        "f", [{"args": [3]}, {"args": [0]}, {"args": [np.float32(2)], "kwargs": {"scale": 2}}]
    )
    assert [answer.status for answer in answers] == ["returned", "raised", "returned"]
    assert answers[0].value == 2.0
    assert type(answers[2].value) is np.float32
    problem = answers[1].error
    assert (problem.type, problem.message, problem.line) == ("ZeroDivisionError", "division by zero", 5)
    assert problem.cell == "cell-7"


def test_trees_of_arrays_go_in_and_out_unharmed(shared):
    tree = {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "list": [(1, 2.0, True, None, "a")]}
    value = ask(shared, "def f(tree): return tree", tree).value
    assert value["W"].dtype == np.float32
    np.testing.assert_array_equal(value["W"], tree["W"])
    assert value["list"] == tree["list"]


def test_a_function_that_is_not_there_is_missing(shared):
    run(shared, "number = 3")
    assert [shared.call(name, [{}])[0].status for name in ("nowhere", "number")] == ["missing", "missing"]
    assert shared.call("number", [{}])[0].error.message == "number is not a function but a int."


def test_names_lists_functions_and_not_values(shared):
    run(shared, "def mine(): pass\nvalue = 3")
    names = shared.names()
    assert "mine" in names
    assert "value" not in names


def test_warnings_cost_nothing_and_are_counted(shared):
    answer = ask(shared, "import warnings\ndef f():\n    warnings.warn('hm')\n    return 1")
    assert (answer.status, answer.value, answer.warnings) == ("returned", 1, 1)


def test_a_changed_input_is_seen(shared):
    answer = ask(shared, "def f(x, l):\n    l.append(1)\n    return x", np.zeros(2), [])
    assert (answer.status, answer.changed) == ("returned", True)
    assert ask(shared, "def f(x):\n    x[0] = 9\n    return x", np.zeros(2)).changed is True
    assert ask(shared, "def f(x): return x + 1", np.zeros(2)).changed is False


def test_an_adapter_builds_what_is_no_data(shared):
    answer = ask(shared, "def f(n): return n + 1", [2, 3], adapter="builtins:map")
    assert answer.value.type_name == "map"


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("(n for n in range(3))", "generator"),
        ("object()", "object"),
        ("np.array([None])", "ndarray of object"),
        ("lambda: 0", "function"),
        ("np", "module"),
    ],
)
def test_what_is_not_data_arrives_as_its_name(shared, expression, name):
    answer = ask(shared, f"import numpy as np\ndef f(): return {expression}")
    assert answer.value == Unsupported(name)


def test_a_value_that_is_too_large_is_told_and_the_next_case_runs(shared):
    run(shared, "import numpy as np\ndef f(n): return np.zeros(n)")
    large, small = shared.call("f", [{"args": [10**6]}, {"args": [2]}])
    assert "too large" in large.value.type_name
    assert small.value.shape == (2,)


def test_a_fork_that_falls_out_of_a_cell_does_not_speak(shared):
    assert "hello" in text(run(shared, "import os\npid = os.fork()\nprint('hello')"))
    assert run(shared, "1").outputs[0]["data"]["text/plain"] == "1"


def test_prints_beyond_the_limit_are_cut_and_the_cell_goes_on(shared):
    result = run(
        shared, "for _ in range(20):\n    print('x' * 10_000)\nimport os\nos.system('yes | head -c 9999999')"
    )
    assert len(str(result.outputs)) < 25_000
    assert "cut" in text(result)
    assert run(shared, "1").status == "ran"


# ------------------------------------------------------------------------- ends and deadlines


ENDS = {
    "os._exit": ("import os\nos._exit(3)", "exit code 3"),
    "os._exit(0)": ("import os\nos._exit(0)", "exit code 0"),
    "SIGKILL": ("import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
    "a crash": ("import ctypes\nctypes.string_at(1)", "SIGSEGV"),
    "an own pipe closed": ("import os\nos.closerange(3, 60)", "ended the interpreter"),
    "garbage": (
        "import os\nfor d in range(3, 9):\n    try: os.write(d, b'x' * 99)\n    except OSError: pass",
        "not a",
    ),
    "a huge frame": (
        "import os\nfor d in range(3, 9):\n    try: os.write(d, (2**40).to_bytes(8, 'big') + b'x' * 99)\n"
        "    except OSError: pass",
        "announced 1,099,511,627,776 bytes",
    ),
    "a frame in the judge's form": (
        "import sys, gc\nreply = next(o for o in gc.get_objects() if getattr(o, '__qualname__', '') == "
        "'serve.<locals>.reply')\nreply({'case': 0, 'status': 'returned', 'value': 1.0, 'changed': False})",
        "not a",
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_death_costs_the_answers_from_there_on_and_says_why(hostile, how):
    body, reason = ENDS[how]
    body = body.replace("\n", "\n        ")
    run(hostile, f"def f(x):\n    if x == 1:\n        {body}\n    return x")
    answers = hostile.call("f", [{"args": [n]} for n in range(3)])
    statuses = [answer.status for answer in answers]
    assert statuses[0] == "returned"
    assert statuses[2] == "died"
    assert reason in answers[2].reason
    assert not hostile.alive
    assert hostile.run_cell("1", "next").status == "died"


LOOPS = {
    "a loop": "while True: pass",
    "a loop that swallows everything": "while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass",
    "deaf to signals": "import signal\n    [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 3, 15, 24)]\n"
    "    while True: pass",
    "a stop": "import os\n    os.kill(os.getpid(), 19)",
    "a drip": "import os, time\n    while True:\n        for d in range(3, 9):\n"
    "            try: os.write(d, b'\\0')\n            except OSError: pass\n        time.sleep(.2)",
}


@pytest.mark.parametrize("hostile", SLOWLY, indirect=True)
@pytest.mark.parametrize("how", LOOPS)
def test_a_loop_ends_at_the_deadline(hostile, how):
    run(hostile, f"def f(x):\n    if x == 0: return 0\n    {LOOPS[how]}")
    start = time.monotonic()
    answers = hostile.call("f", [{"args": [n]} for n in range(3)], seconds=0.1)
    assert time.monotonic() - start < 3
    assert answers[0].value == 0
    assert answers[1].status in ("timeout", "died")
    assert answers[2].status == "died"
    assert "more than 0.1 s" in answers[1].reason or how == "a drip"
    assert not hostile.alive


def test_a_cell_and_a_submission_have_deadlines_too():
    with Sandbox(Limits(cell_seconds=0.1)) as sandbox:
        result = sandbox.run_cell("while True: pass", "loop")
        assert (result.status, result.reason) == ("timeout", "It took more than 0.1 s.")
    with Sandbox(Limits(wall_seconds=1)) as sandbox:
        result = sandbox.run_cell("import time; time.sleep(9)", "sleep")
        assert result.reason == "The submission took more than 1 s altogether."


def test_cpu_time_is_limited():
    with Sandbox(Limits(cpu_seconds=1, cell_seconds=20)) as sandbox:
        result = sandbox.run_cell("while True: pass", "loop")
    assert result.reason == "It used more than 1 s of CPU time."


def test_memory_of_one_process_is_limited(hostile):
    result = hostile.run_cell("x = bytearray(2 * 10**9)", "bomb")
    assert result.outputs[0]["ename"] == "MemoryError"
    assert run(hostile, "1").status == "ran"


def test_memory_of_all_processes_together_is_limited(hostile):
    result = hostile.run_cell(
        "import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n"
        "        x = bytearray(b'x') * (2 * 10**8)\n        time.sleep(60)\n"
        "        os._exit(0)\ntime.sleep(60)",
        "bomb",
    )
    assert result.status == "died"
    assert "bytes of memory" in result.reason


def test_many_processes_end_all_of_them(hostile):
    result = hostile.run_cell(
        "import os, time\nn = 0\ntry:\n    for n in range(100):\n        if os.fork() == 0:\n"
        "            time.sleep(60)\n            os._exit(0)\n"
        "except OSError:\n    print('refused after', n)\nelse:\n    time.sleep(60)",
        "many",
    )
    if result.status == "ran":
        assert "refused after" in text(result)
    else:
        assert "more than 32 processes" in result.reason


def test_a_fork_bomb_stays_small_and_ends(strict):
    bomb = "import os\ndef f():\n    while True:\n        try: os.fork()\n        except OSError: pass"
    run(strict, bomb)
    start = time.monotonic()
    tree = processes.tree
    seen = []
    processes.tree = lambda root: seen.append(tree(root)) or seen[-1]
    try:
        [answer] = strict.call("f", [{}])
    finally:
        processes.tree = tree
    assert answer.status == "timeout"
    assert time.monotonic() - start < 5
    assert 10 < max(map(len, seen)) <= QUICK.processes + 2
    assert not [pid for pid in set.union(*seen) if alive(pid)]


# --------------------------------------------------------------------------------- what it can reach


def test_the_disk_is_limited(strict):
    result = strict.run_cell("open('a', 'wb').write(b'x' * 5 * 2**20)", "file")
    assert "File too large" in str(result.outputs)
    flood = "for n in range(9):\n    open(f'{place}/{n}', 'wb').write(b'x' * 3 * 2**20)"
    for place in ("/work", "/tmp", "/dev/shm"):
        result = strict.run_cell(f"place = '{place}'\n{flood}", "flood")
        assert "No space left" in str(result.outputs)
    for place in ("/", "/dev", "/usr", "/root", "/sandbox/packages/backprop_lab", "/sandbox/judge"):
        assert strict.run_cell(f"open('{place}/new', 'w')", "write").ok is False


def test_there_is_no_network(strict):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = strict.run_cell(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)", "net")
    assert result.outputs[0]["ename"] in ("ConnectionRefusedError", "OSError")
    assert "['lo']" in text(run(strict, "import socket\nprint([name for _, name in socket.if_nameindex()])"))


def test_nothing_of_the_course_or_of_this_machine_is_seen(monkeypatch, tmp_path):
    if not STRICT:
        pytest.skip(f"No bubblewrap here. {isolation_level().why}")
    monkeypatch.setenv("GRADEBOOK_PASSWORD", "sesame")
    secret = tmp_path / "gradebook.db"
    secret.write_text("sesame")
    paths = [
        CHECKOUT,
        CHECKOUT / "graders",
        CHECKOUT / "notebooks",
        Path("/etc/passwd"),
        Path("/home"),
        secret,
    ]
    with Sandbox(QUICK, "strict") as sandbox, open(secret) as handle:
        os.set_inheritable(handle.fileno(), True)
        result = run(
            sandbox,
            f"import os, glob\nprint('SEEN', [p for p in {[*map(str, paths)]} if os.path.exists(p)])\n"
            "print('ALL', sorted(os.listdir('/sandbox')), os.listdir('/sandbox/packages'), "
            "os.listdir('/work'))\n"
            "told = ''\n"
            "for path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
            "    try: told += open(path).read()\n"
            "    except OSError: pass\n"
            "for link in glob.glob('/proc/[0-9]*/fd/*'):\n"
            "    try: told += os.readlink(link)\n"
            "    except OSError: pass\n"
            "print('PIDS', len(glob.glob('/proc/[0-9]*')))\n"
            f"print('TOLD', 'sesame' in told, {str(CHECKOUT)!r} in told, 'gradebook' in told)\n"
            "print('UID', os.getuid() == 0)",
        )
    assert "SEEN []" in text(result)
    assert "ALL ['judge', 'packages', 'site'] ['backprop_lab'] []" in text(result)
    assert "PIDS 2" in text(result)
    assert "TOLD False False False" in text(result)
    assert "UID False" in text(result)
    with Sandbox(QUICK, "strict") as sandbox:
        assert sandbox.run_cell("import graders", "import").outputs[0]["ename"] == "ModuleNotFoundError"
        assert run(sandbox, "import backprop_lab").ok


def test_a_course_kept_inside_a_folder_that_is_seen_is_covered():
    if not STRICT:
        pytest.skip(f"No bubblewrap here. {isolation_level().why}")
    inside = next(path for path in Path("/usr/share").iterdir() if path.is_dir() and any(path.iterdir()))
    with Sandbox(QUICK, "strict", hide=[inside]) as sandbox:
        assert text(run(sandbox, f"import os\nprint(os.listdir({str(inside)!r}))")) == "[]\n"


def test_the_sandbox_cannot_be_killed_from_inside_beyond_itself(strict):
    run(strict, "import os\ndef f():\n    os.kill(-1, 9)\n    os.kill(1, 9)")
    assert strict.call("f", [{}])[0].status in ("died", "raised")
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).returncode == 0


# ------------------------------------------------------------------------------ tampering from inside


TAMPERING = {
    "builtins": "import builtins\n"
    "for n in ('print', 'isinstance', 'len', 'str', 'type', 'open', 'callable'):\n"
    "    setattr(builtins, n, lambda *a, **k: 1 / 0)",
    "numpy": "import numpy\nfor n in ('asarray', 'array', 'frombuffer', 'dtype', 'ndarray'):\n"
    "    setattr(numpy, n, lambda *a, **k: 1 / 0)",
    "streams": "import sys\nsys.stdout = sys.stderr = sys.stdin = sys.__stderr__ = None",
    "os": "import os\nos.write = os.read = os._exit = os.getpid = lambda *a: 1 / 0",
    "modules": "import sys\nfor name in list(sys.modules):\n    sys.modules[name] = None",
    "the shell": "ip = get_ipython()\nfor n in ('run_cell', 'compile', 'screen', 'user_ns_hidden'):\n"
    "    object.__setattr__(ip, n, None)\nip.user_ns = {}",
    "the probe": "import gc\nfor o in gc.get_objects():\n"
    "    if isinstance(o, dict) and 'call_once' in o:\n"
    "        o['call_once'] = lambda *a: {'status': 'returned', 'value': 2, 'changed': False}",
    "the codec": "import gc\nfor o in gc.get_objects():\n"
    "    if isinstance(o, dict) and '_HEADER' in o and 'Unsupported' in o:\n"
    "        o['_npy'] = lambda array: b'poison'",
    "json": "import json\njson.dumps = lambda *a, **k: '[' * 10**6",
    "tracing": "import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: 1 / 0)",
    "threads": "import threading, os, time\ndef spam():\n    while True:\n        for d in range(3, 9):\n"
    "            try: os.write(d, b'\\xff' * 8)\n            except OSError: pass\n        time.sleep(.01)\n"
    "threading.Thread(target=spam, daemon=True).start()",
    "a low recursion limit": "import sys\nsys.setrecursionlimit(30)",
}


@pytest.mark.parametrize("hostile", SLOWLY, indirect=True)
@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_ruins_at_most_its_own_answers(hostile, how):
    run(hostile, "def right(x): return x + 1")
    hostile.run_cell(TAMPERING[how], "tamper")
    for answer in hostile.call("right", [{"args": [1]}, {"args": [np.ones(3)]}], seconds=1):
        # The host gets a value of the right kind, or none: never an exception of its own.
        assert answer.status in ("returned", "raised", "missing", "died")
        if isinstance(answer.value, np.ndarray):
            assert answer.value.tolist() == [2, 2, 2]
        else:
            assert answer.value in (None, 2)


def test_an_always_equal_array_arrives_as_its_plain_numbers(shared):
    answer = ask(
        shared,
        "import numpy as np\nclass Yes(np.ndarray):\n    __eq__ = lambda *a: True\n"
        "    __array_ufunc__ = lambda *a, **k: True\n    __array__ = lambda *a, **k: np.ones(2)\n"
        "def f(): return np.zeros(2).view(Yes)",
    )
    assert type(answer.value) is np.ndarray
    assert answer.value.tolist() == [0, 0]


# -------------------------------------------------------------------------------- nothing left behind


DAEMON = (
    "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        os.execve('/usr/bin/env', ['env', 'sleep', '{seconds}'], {environment})\n    os._exit(0)\n"
    "time.sleep(.3)"
)


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be counted by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def running(argument: str) -> bool:
    for entry in os.listdir("/proc"):
        try:
            if argument.encode() in Path("/proc", entry, "cmdline").read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("environment", ["os.environ", "{'PATH': '/bin'}"])
@pytest.mark.parametrize("level", LEVELS)
def test_background_processes_end_with_the_sandbox(level, environment):
    seconds = f"{os.getpid()}1{len(environment)}"
    with Sandbox(QUICK, level) as sandbox:
        run(sandbox, DAEMON.format(seconds=seconds, environment=environment))
        assert running(seconds)
    assert not running(seconds)


@needs_strict
def test_a_sandbox_closed_before_it_is_ready_leaves_nothing():
    for pause in (0, 0, 0, 0.002, 0.005, 0.02):
        with Sandbox(QUICK, "strict") as sandbox:
            time.sleep(pause)
            tree = processes.tree(sandbox._process.pid)
        assert not [pid for pid in tree if alive(pid)], f"closed after {pause} s"


def test_descriptors_and_folders_are_given_back():
    def held():
        return len(os.listdir("/proc/self/fd"))

    before = held()
    for level in ("auto", "none"):
        with Sandbox(QUICK, level) as sandbox:
            run(sandbox, "open('left.txt', 'w').write('for the next')")
            scratch = sandbox._scratch
        assert scratch is None or not scratch.exists()
        sandbox.close()
        with Sandbox(QUICK, level) as sandbox:
            assert text(run(sandbox, "import os\nprint(os.listdir('.'))")) == "[]\n"
    assert held() == before


@needs_strict
def test_the_sandbox_ends_when_the_grader_is_killed():
    seconds = f"{os.getpid()}27"
    source = DAEMON.format(seconds=seconds, environment="os.environ")
    program = (
        "import os\nfrom graders.sandbox import Sandbox\nsandbox = Sandbox().__enter__()\n"
        f"print(sandbox.run_cell({source!r}, 'x').ok, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.stdout == "True\n"
    deadline = time.monotonic() + 5
    while running(seconds) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(seconds)


# -------------------------------------------------------------------------------------- levels


def test_strict_refuses_in_a_sentence_where_it_cannot_be_had(monkeypatch):
    weak = Isolation("limits", why="bubblewrap (bwrap) is not installed.")
    monkeypatch.setattr(isolation, "isolation_level", lambda: weak)
    with pytest.raises(IsolationError, match="not installed") as caught:
        Sandbox(isolation="strict")
    assert "NOT isolated" in str(caught.value)
    assert Sandbox(isolation="auto").isolation is weak
    with pytest.raises(ValueError, match="'auto', 'strict' or 'none'"):
        Sandbox(isolation="total")  # type: ignore[arg-type]


@needs_strict
@pytest.mark.parametrize("flags", isolation.VARIANTS[1:])
def test_an_ordinary_users_namespaces_work_too(monkeypatch, flags):
    monkeypatch.setattr(isolation, "isolation_level", lambda: Isolation("strict", flags))
    with Sandbox(QUICK, "strict") as sandbox:
        result = run(sandbox, "import os\nprint(os.getuid(), os.path.exists('/home'))")
    assert text(result) == "65534 False\n"


def test_a_sandbox_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(world, "python", lambda: [sys.executable, "-c", "raise OSError('no room')"])
    with pytest.raises(SandboxError, match="no room"), Sandbox(QUICK, "none") as sandbox:
        sandbox.run_cell("1", "x")
