"""Graphs as JSON, for graders: every field checked on the way in, values computed anew."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import EngineError, GraphFormatError
from .node import TABLE, Node
from .operation import Operation

if TYPE_CHECKING:
    from .graph import Graph

VERSION = 1
MAX_NODES = 200_000
MAX_ENTRIES = 10_000_000


def dump(graph: Graph) -> str:
    if len(graph.outputs) > 1:
        raise GraphFormatError(f"this graph has {len(graph.outputs)} outputs; write each: Graph(g[name])")
    position = {node: k for k, node in enumerate(graph.nodes)}
    rows: list[dict[str, Any]] = []
    for node in graph.nodes:
        row: dict[str, Any] = {"name": node.name} if node.name else {}
        if node.operation is None:
            value = np.asarray(node._value)
            row |= {"value": value.tolist(), "dtype": str(value.dtype), "variable": node.needs_grad}
        else:
            if TABLE.get(node.operation.name) is not node.operation:
                raise GraphFormatError(
                    f"'{node.operation.name}' is not a built-in operation and has no JSON form"
                )
            row |= {"operation": node.operation.name, "inputs": [position[x] for x in node.inputs]}
            if node.params:
                row["params"] = {key: _encode(value) for key, value in node.params.items()}
        rows.append(row)
    return json.dumps({"backprop-lab-graph": VERSION, "nodes": rows})


def load(source: str) -> Node:
    try:
        document = json.loads(source)
    except (json.JSONDecodeError, RecursionError) as error:
        raise GraphFormatError(f"this is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("backprop-lab-graph") != VERSION:
        raise GraphFormatError(f'expected an object with "backprop-lab-graph": {VERSION}')
    rows = document.get("nodes")
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_NODES:
        raise GraphFormatError(f'"nodes" must be a list of 1 to {MAX_NODES:,} nodes')
    nodes: list[Node] = []
    for k, row in enumerate(rows):
        if not isinstance(row, dict):
            raise GraphFormatError(f"node {k} must be an object, not {type(row).__name__}")
        node = _operation_node(k, row, nodes) if "operation" in row else _leaf(k, row)
        name = row.get("name")
        if name is not None and not isinstance(name, str):
            raise GraphFormatError(f"the name of node {k} must be text")
        node.name = name
        nodes.append(node)
    return nodes[-1]


def _leaf(k: int, row: dict[str, Any]) -> Node:
    try:
        dtype = np.dtype(row["dtype"])
        if dtype.kind not in "fciub":
            raise TypeError(f"dtype {dtype}")
        value = np.array(row["value"], dtype=dtype)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise GraphFormatError(f"node {k} is a leaf and needs a numeric value and dtype: {error}") from None
    if value.size > MAX_ENTRIES:
        raise GraphFormatError(f"node {k} has {value.size:,} entries; at most {MAX_ENTRIES:,} are read")
    variable = row.get("variable") is True
    if variable and dtype.kind not in "fc":
        raise GraphFormatError(f"node {k} is a variable of {dtype} data; a variable needs floating point")
    if value.ndim:
        return Node(value, needs_grad=variable)
    # Python's own numbers take the precision of what they meet, as they did before they were written.
    return Node(value.item() if dtype in (np.float64, np.int64) else value[()], needs_grad=variable)


def _operation_node(k: int, row: dict[str, Any], nodes: list[Node]) -> Node:
    operation = TABLE.get(row["operation"]) if isinstance(row["operation"], str) else None
    if operation is None:
        raise GraphFormatError(f"node {k}: there is no operation {row['operation']!r}")
    inputs = row.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise GraphFormatError(f'node {k}: "inputs" must be a list of node numbers')
    for i in inputs:
        if not isinstance(i, int) or isinstance(i, bool) or not 0 <= i < k:
            raise GraphFormatError(
                f"node {k} names input {i!r}; an input is the number of an earlier node (0 to {k - 1}), "
                "so that there is no cycle"
            )
    params = row.get("params", {})
    if not isinstance(params, dict):
        raise GraphFormatError(f'node {k}: "params" must be an object')
    arrays = [nodes[i] for i in inputs]
    try:
        options = {key: _decode(v) for key, v in params.items()}
        _refuse_large(operation, arrays, options)
        return operation.apply(arrays, options)
    except GraphFormatError as error:
        raise GraphFormatError(f"node {k}: {error}") from None
    except (EngineError, TypeError, ValueError, IndexError, ArithmeticError, MemoryError) as error:
        raise GraphFormatError(f"node {k}: '{operation.name}' does not apply: {error}") from None


def _refuse_large(operation: Operation, arrays: list[Node], params: dict[str, Any]) -> None:
    """A few bytes of text must not ask for all the memory there is."""
    shapes = [x.shape for x in arrays]
    entries = math.prod(n for value in params.values() if isinstance(value, tuple) for n in _sizes(value))
    entries = max(entries, math.prod(_sizes((params.get("classes", 1),))) * arrays[0].size)
    if operation.elementwise:
        entries = math.prod(np.broadcast_shapes(*shapes))
    elif operation.name in ("matmul", "affine") and min(len(shapes[0]), len(shapes[1])) > 0:
        entries = math.prod(
            np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2]) + shapes[0][-2:-1] + shapes[1][-1:]
        )
    if entries > MAX_ENTRIES:
        raise GraphFormatError(
            f"'{operation.name}' would make {entries:,} entries; at most {MAX_ENTRIES:,} are read"
        )


def _sizes(shape: tuple[Any, ...]) -> list[int]:
    return [n for n in shape if isinstance(n, int) and n > 0]


def _encode(value: Any) -> Any:
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, tuple):
        return [_encode(part) for part in value]
    if isinstance(value, list):  # x[[0, 2]] picks two rows, x[0, 2] one entry
        return {"list": [_encode(part) for part in value]}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, np.generic):
        return value.item()
    if value is Ellipsis:
        return {"ellipsis": True}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise GraphFormatError(f"a parameter of type {type(value).__name__} has no JSON form")


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decode(part) for part in value)
    if isinstance(value, dict):
        if "slice" in value and isinstance(value["slice"], list) and len(value["slice"]) == 3:
            return slice(*value["slice"])
        if "list" in value and isinstance(value["list"], list):
            return [_decode(part) for part in value["list"]]
        if "array" in value:
            return np.array(value["array"])
        if value == {"ellipsis": True}:
            return Ellipsis
        raise GraphFormatError(f"a parameter {value!r} is not understood")
    return value
