"""Graphs as JSON, for graders: every field checked on the way in, values computed anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import EngineError, GraphFormatError
from .node import Node
from .ops import TABLE

if TYPE_CHECKING:
    from .graph import Graph

VERSION = 1
MAX_NODES = 200_000
MAX_ENTRIES = 10_000_000


def dump(graph: Graph) -> str:
    position = {node: k for k, node in enumerate(graph.nodes)}
    rows: list[dict[str, Any]] = []
    for node in graph.nodes:
        row: dict[str, Any] = {"name": node.name} if node.name else {}
        if node.operation is None:
            value = np.asarray(node._value)
            row |= {"value": value.tolist(), "dtype": str(value.dtype), "variable": node.needs_grad}
        else:
            if TABLE.get(node.operation.name) is not node.operation:
                raise GraphFormatError(f"'{node.operation.name}' is not a built-in operation and has no JSON form")
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
    except (KeyError, TypeError, ValueError) as error:
        raise GraphFormatError(f"node {k} is a leaf and needs a numeric value and dtype: {error}") from None
    if value.size > MAX_ENTRIES:
        raise GraphFormatError(f"node {k} has {value.size:,} entries; at most {MAX_ENTRIES:,} are read")
    variable = row.get("variable") is True
    if variable and dtype.kind not in "fc":
        raise GraphFormatError(f"node {k} is a variable of {dtype} data; a variable needs floating point")
    if value.ndim:
        return Node(value, needs_grad=variable)
    return Node(value.item() if dtype == np.float64 else value[()], needs_grad=variable)


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
    try:
        return operation.apply(tuple(nodes[i] for i in inputs), {key: _decode(v) for key, v in params.items()})
    except (EngineError, TypeError, ValueError, IndexError, MemoryError) as error:
        raise GraphFormatError(f"node {k}: '{operation.name}' does not apply: {error}") from None


def _encode(value: Any) -> Any:
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, (tuple, list)):
        return [_encode(part) for part in value]
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
        if "array" in value:
            return np.array(value["array"])
        if value == {"ellipsis": True}:
            return Ellipsis
        raise GraphFormatError(f"a parameter {value!r} is not understood")
    return value
