"""The program inside the sandbox: an IPython shell that answers frames. Started as a file, never imported.

It reads requests from its standard input and writes replies to its standard output, each a frame of
eight bytes of length (big-endian) and a `wire` message. Before a student's code runs, both are moved
to other descriptors: what the code prints, at any level, goes elsewhere. What this process says is a
claim. The host checks it and never lets it decide anything.

Only the standard library, numpy, IPython and the sibling ``wire.py`` are imported here.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Python was started with -S: no .pth file of the course's environment runs. The folders
    # of packages come as arguments.
    sys.path[:0] = sys.argv[1:]

import base64
import builtins
import contextlib
import functools
import importlib
import importlib.util
import io
import os
import re
import resource
import site
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type


def _load_wire() -> Any:
    spec = importlib.util.spec_from_file_location("wire", Path(__file__).with_name("wire.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Known only while it loads (dataclasses look their module up), so that no name is taken from students.
    sys.modules["wire"] = module
    spec.loader.exec_module(module)
    del sys.modules["wire"]
    return module


wire = _load_wire()

KEPT_TYPES = ("text/plain", "text/html", "image/png", "image/svg+xml")
MAX_MESSAGE = 2000
MAX_FRAMES = 10
MAX_NAMES = 1000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CELL = re.compile(r"<cell (.*)>")


# ------------------------------------------------------------------------------ what a cell shows


class Sink:
    """The outputs of one cell in nbformat's form, and how much more may be kept."""

    def __init__(self, budget: int) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.budget = budget

    def stream(self, name: str, text: str) -> None:
        text = self._afford(text)
        if not text:
            return
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            last["text"].append(text)
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": [text]})

    def show(self, kind: str, data: dict[str, Any]) -> None:
        kept: dict[str, str] = {}
        for mime in KEPT_TYPES:
            body = data.get(mime)
            if isinstance(body, bytes):
                body = base64.b64encode(body).decode("ascii")
            if not isinstance(body, str):
                continue
            if len(body) > self.budget and mime != "text/plain":
                continue  # half a picture or half a table is worse than the text that stands for it
            kept[mime] = self._afford(body)
        if kept:
            self.outputs.append({"output_type": kind, "data": kept, "metadata": {}})

    def error(self, error: BaseException) -> None:
        told = describe(error)
        lines = [*student_traceback(error), f"{told['type']}: {told['message']}"]
        self.outputs.append(
            {
                "output_type": "error",
                "ename": told["type"],
                "evalue": told["message"],
                "traceback": lines,
            }
        )

    def finished(self) -> list[dict[str, Any]]:
        for output in self.outputs:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
        return self.outputs

    def _afford(self, text: str) -> str:
        if len(text) <= self.budget:
            self.budget -= len(text)
            return text
        kept, self.budget = text[: self.budget], 0
        return kept + "\n[The rest of the output was cut.]\n" if kept else ""


class Printer(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of the student's code."""

    encoding = "utf-8"

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self.descriptor = name, descriptor
        self.sink = Sink(0)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() takes text; a {type(text).__name__} arrived.")
        self.sink.stream(self.name, str.__str__(text))
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor  # subprocess asks for it


class Screen:
    """Everything that shows output, pointed at one sink."""

    def __init__(self) -> None:
        # Descriptors 1 and 2 end in a file without a name, which RLIMIT_FSIZE bounds: prints
        # of subprocesses and of C code are kept, and no flood of them can block anybody.
        self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the process
        _append_only(self.file.fileno())
        os.dup2(self.file.fileno(), 1)
        os.dup2(self.file.fileno(), 2)
        self.out, self.err = Printer("stdout", 1), Printer("stderr", 2)
        self.sink = Sink(0)

    def point_at(self, sink: Sink) -> None:
        self.sink = self.out.sink = self.err.sink = sink
        sys.stdout, sys.stderr = self.out, self.err
        os.ftruncate(self.file.fileno(), 0)

    def collect(self) -> list[dict[str, Any]]:
        text = os.pread(self.file.fileno(), max(self.sink.budget, 0), 0)
        self.sink.stream("stdout", text.decode("utf-8", "replace"))
        return self.sink.finished()


def _append_only(descriptor: int) -> None:
    import fcntl

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_APPEND)


# ------------------------------------------------------------------------------------ what went wrong


def describe(error: BaseException) -> dict[str, Any]:
    """The error's type, message and the line of the student's cell, whatever its class overloads."""
    try:
        message = str.__str__(str(error))
    except BaseException:
        message = "(its message could not be made)"
    frames = _student_frames(error)
    cell, line = (frames[-1][0], frames[-1][1]) if frames else (None, None)
    if isinstance(error, SyntaxError):
        match = _CELL.fullmatch(str(error.filename))
        if match:
            cell, line, message = match[1], error.lineno, str(error.msg)
    return {
        "type": str.__str__(type.__dict__["__name__"].__get__(type(error)))[:200],
        "message": _ANSI.sub("", message)[:MAX_MESSAGE],
        "line": line if type(line) is int else None,
        "cell": cell,
    }


def student_traceback(error: BaseException) -> list[str]:
    """The frames that are in cells; the walls of a library's own frames help nobody."""
    frames = _student_frames(error)
    lines = [f"In cell {cell}, line {line}, in {name}:\n    {code}" for cell, line, name, code in frames]
    if len(lines) > MAX_FRAMES:
        left = len(lines) - MAX_FRAMES
        lines = [*lines[: MAX_FRAMES // 2], f"... {left} more ...", *lines[-(MAX_FRAMES // 2) :]]
    if isinstance(error, SyntaxError):
        told = describe(error)
        lines.append(
            f"In cell {told['cell']}, line {told['line']}:\n    {str(error.text or '').strip()[:200]}"
        )
    return [_ANSI.sub("", line) for line in lines]


def _student_frames(error: BaseException) -> list[tuple[str, int, str, str]]:
    frames = []
    try:
        for frame in traceback.extract_tb(error.__traceback__, limit=-100):
            match = _CELL.fullmatch(frame.filename)
            if match:
                frames.append((match[1], frame.lineno or 0, frame.name, (frame.line or "")[:200]))
    except Exception:
        return frames  # a traceback that lies costs its own explanation
    return frames


# -------------------------------------------------------------------------------------------- the shell


class Compiler(CachingCompiler):
    """Names code after its notebook cell, so that an error can say where it is."""

    cell = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return f"<cell {self.cell}>"


class Hook(DisplayHook):
    """The value of a cell's last line."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        self.shell.screen.sink.show("execute_result", format_dict)
        if self.shell.screen.sink.outputs:
            self.shell.screen.sink.outputs[-1].setdefault("execution_count", None)

    def finish_displayhook(self) -> None:
        self._is_active = False


class Publisher(DisplayPublisher):
    """What ``display`` shows."""

    def publish(self, data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> None:
        self.shell.screen.sink.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.screen.sink.outputs.clear()


class Shell(InteractiveShell):
    """IPython without a terminal, a history file and a wall of traceback."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    compiler_class = Type(Compiler)
    screen: Screen

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            self.screen.sink.error(error)

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        self.showtraceback()

    def show_usage_error(self, exc: BaseException) -> None:
        self.screen.sink.error(exc)

    def enable_gui(self, gui: Any = None) -> None:
        """Nothing to do: there is no window."""

    def ask_exit(self) -> None:
        """``exit()`` in a cell ends nothing."""

    def init_virtualenv(self) -> None:
        """The packages are already on the path."""

    def init_logstart(self) -> None:
        """No log."""


def make_shell() -> Shell:
    """A shell that has run nothing yet. It needs a `Screen` before it runs a cell."""
    HistoryManager.enabled = False
    shell = Shell.instance()
    shell.display_formatter.active_types = list(KEPT_TYPES)
    sys.path.insert(0, "")  # a notebook can import a file that it has written
    return shell


# ---------------------------------------------------------------------------------- requests


def run_cell(shell: Shell, request: dict[str, Any], budget: int) -> dict[str, Any]:
    """Runs a cell as a notebook does."""
    shell.screen.point_at(Sink(budget))
    shell.compile.cell = request["id"]
    ok = False
    try:
        ok = bool(shell.run_cell(request["source"], store_history=False).success)
    except BaseException as error:
        shell.screen.sink.error(error)
    return {"ok": ok, "outputs": shell.screen.collect()}


def call(shell: Shell, request: dict[str, Any], reply: Callable[[dict[str, Any]], None]) -> None:
    """Calls a function of the student's with one case after the other; one reply for each."""
    name = request["function"]
    shell.screen.point_at(Sink(0))
    function = shell.user_ns.get(name)
    if callable(function) and request["adapter"]:
        module, _, attribute = request["adapter"].partition(":")
        function = functools.partial(getattr(importlib.import_module(module), attribute), function)
    for at, case in enumerate(request["cases"]):
        if callable(function):
            answer = call_once(function, case["args"], case["kwargs"])
        else:
            problem = (
                f"{name} is not a function but a {type(function).__name__}."
                if name in shell.user_ns
                else f"There is no function named {name}."
            )
            answer = _answer("missing", error={"type": "NameError", "message": problem})
        try:
            reply({"case": at, **answer})
        except wire.WireError as error:
            reply({"case": at, **answer, "value": wire.Unsupported(f"value that is too large. {error}")})
    reply({"done": True})


def call_once(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """What came of one call, as a claim."""
    before = wire.encode([args, kwargs])
    warned = 0

    def count(*_: Any, **__: Any) -> None:
        nonlocal warned
        warned += 1

    status, value, problem = "raised", None, None
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.showwarning = count
        try:
            value = function(*args, **kwargs)
            status = "returned"
        except BaseException as error:
            problem = describe(error)
    seconds = time.perf_counter() - start
    try:
        changed = wire.encode([args, kwargs]) != before
    except Exception:
        changed = True
    return _answer(status, value, problem, changed, seconds, warned)


def _answer(
    status: str,
    value: Any = None,
    error: dict[str, Any] | None = None,
    changed: bool = False,
    seconds: float = 0.0,
    warned: int = 0,
) -> dict[str, Any]:
    return {
        "status": status,
        "value": value,
        "error": error,
        "changed": changed,
        "seconds": seconds,
        "warnings": warned,
    }


def names(shell: Shell) -> list[str]:
    """The callables that the student's cells have defined or imported."""
    hidden = shell.user_ns_hidden
    return [
        str(name)
        for name, value in list(shell.user_ns.items())
        if callable(value) and not isinstance(value, types.ModuleType)
        if not str(name).startswith("_") and name not in hidden
    ][:MAX_NAMES]


# ----------------------------------------------------------------------------------------- the process


def confine(request: dict[str, Any]) -> list[str]:
    """Gives up what the student's code must not have. Returns the names of the limits that hold."""
    if request["uid"]:
        # A user id that nobody else has: the system's limit on processes does not bind root's.
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)
    held = []
    for name, (soft, hard) in request["limits"].items():
        with contextlib.suppress(AttributeError, ValueError, OSError):  # not every system has every limit
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (soft, hard))
            held.append(name)
    return held


def serve(read_fd: int, write_fd: int, shell: Shell | None) -> None:
    """Answers requests until the host closes the pipe."""
    me = os.getpid()
    ticket = ""
    reply_bytes = wire.MAX_BYTES
    # Taken now: a student's code may rebind what the modules hold.
    write, getpid, leave = os.write, os.getpid, os._exit

    def reply(message: dict[str, Any]) -> None:
        body = wire.encode({"ticket": ticket, **message}, max_bytes=reply_bytes)
        if getpid() != me:
            leave(0)  # a fork that fell out of the student's cell must not speak for it
        frame = memoryview(len(body).to_bytes(8, "big") + body)
        while frame:
            frame = frame[write(write_fd, frame) :]

    request = _request(read_fd)
    if request is None:
        return
    ticket, reply_bytes, output_bytes = request["ticket"], request["reply_bytes"], request["output_bytes"]
    held = confine(request)
    shell = shell or make_shell()
    shell.screen = Screen()
    shell.screen.point_at(Sink(0))
    reply({"ready": True, "limits": held})
    while (request := _request(read_fd)) is not None:
        ticket = request["ticket"]
        if request["do"] == "cell":
            reply(run_cell(shell, request, output_bytes))
        elif request["do"] == "call":
            call(shell, request, reply)
        elif request["do"] == "names":
            reply({"names": names(shell)})


def _request(read_fd: int) -> dict[str, Any] | None:
    length = _read(read_fd, 8)
    body = _read(read_fd, int.from_bytes(length, "big")) if length else b""
    return wire.decode(body) if body else None


def _read(read_fd: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(read_fd, min(size, 2**20))
        if not part:
            return b""
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main(shell: Shell | None = None) -> None:
    """Moves the protocol away from the standard streams, then serves.

    Args:
        shell: one that was made before a fork, which takes most of the time that a start takes.
    """
    read_fd, write_fd = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    # Descriptor 2 stays the host's until the shell is made: what fails before that can be told.
    site.sethelper()
    builtins.exit = builtins.quit = lambda *_: None  # type: ignore[assignment]
    serve(read_fd, write_fd, shell)


if __name__ == "__main__":
    try:
        main()
    finally:
        if sys.exc_info()[1] is not None:
            with contextlib.suppress(Exception):
                traceback.print_exc(file=sys.__stderr__)
        os._exit(0)  # what a student registered with atexit does not run
