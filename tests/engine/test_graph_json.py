"""A graph as text: back and forth, and nothing but a graph gets in."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_lab import Graph, Operation, Variable, examples, ops
from backprop_lab.engine.errors import GraphFormatError


@pytest.mark.parametrize("name", examples.names())
def test_every_example_survives_the_journey(name: str):
    graph = examples.get(name)
    if len(graph.outputs) > 1:
        graph = Graph(graph.outputs[-1])
    again = Graph.from_json(graph.to_json())
    assert np.array_equal(again.output.value, graph.output.value)
    assert [node.name for node in again] == [node.name for node in graph]
    for g in (graph, again):
        g.backward(None if g.output.shape == () else np.ones(g.output.shape))
    for one, other in zip(graph.nodes, again.nodes, strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or np.array_equal(one.grad, other.grad)


def test_parameters_survive():
    x = Variable(np.arange(24.0).reshape(2, 3, 4), "x")
    y = ops.concatenate([x[:, 1:, ::2], x[..., [0, 3]][:, :2]], axis=1).sum(axis=(0, 2), keepdims=True)
    graph = Graph(y.reshape(-1))
    assert np.array_equal(Graph.from_json(graph.to_json()).output.value, graph.output.value)


def test_a_list_picks_rows_and_a_tuple_one_entry():
    x = Variable(np.arange(12.0).reshape(3, 4), "x")
    for y in (x[[0, 2]], x[0, 2], x[np.array([2, 0])]):
        assert np.array_equal(Graph.from_json(Graph(y).to_json()).output.value, y.value)


def test_precision_survives():
    whole = Graph(Variable(np.float32([0.1, 0.2]), "x") * 3 + 1.5)
    assert Graph.from_json(whole.to_json()).output.value.dtype == np.float32
    graph = Graph(Variable(np.float32([0.1, 0.2]), "x") * np.float32(3))
    assert Graph.from_json(graph.to_json()).output.value.dtype == np.float32
    assert Graph.from_json(Graph(Variable(0.1, "x") * 3).to_json()).output.value == 0.1 * 3


def test_what_has_no_text_says_so():
    mine = Operation("mine", forward=lambda x: x, backward=lambda delta, x: delta)
    with pytest.raises(GraphFormatError, match="'mine' is not a built-in operation"):
        Graph(mine(Variable(1.0))).to_json()
    with pytest.raises(GraphFormatError, match="outputs"):
        examples.get("multiply-gradient").to_json()


def document(**change):
    base = json.loads(examples.get("two-paths").to_json())
    return json.dumps(base | change)


LEAF = {"value": 1.0, "dtype": "float64", "variable": True}

OUTER = [
    {"operation": "reshape", "inputs": [0], "params": {"shape": [-1, 1]}},
    {"operation": "add", "inputs": [0, 1]},
]

MALFORMED = [
    ("", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("{}", "expected an object"),
    ("3", "expected an object"),
    (document(**{"backprop-lab-graph": 99}), "expected an object"),
    (document(nodes=[]), "must be a list of"),
    (document(nodes="abc"), "must be a list of"),
    (document(nodes=[3]), "node 0 must be an object"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": [0, 1]}]), "no cycle"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": [0, 2]}, LEAF]), "no cycle"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": [0, -1]}]), "no cycle"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": [0, True]}]), "no cycle"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": [0]}]), "does not apply"),
    (document(nodes=[LEAF, {"operation": "add", "inputs": []}]), "must be a list of node numbers"),
    (document(nodes=[LEAF, {"operation": "__import__", "inputs": [0]}]), "there is no operation"),
    (document(nodes=[LEAF, {"operation": "sum", "inputs": [0], "params": {"axis": 7}}]), "does not apply"),
    (document(nodes=[LEAF, {"operation": "sum", "inputs": [0], "params": [1]}]), "must be an object"),
    (document(nodes=[{"value": "x", "dtype": "float64"}]), "numeric value"),
    (document(nodes=[{"value": 1.0, "dtype": "object"}]), "numeric value"),
    (document(nodes=[{"value": 1.0, "dtype": "nonsense"}]), "numeric value"),
    (document(nodes=[{"value": [[1.0], [2.0, 3.0]], "dtype": "float64"}]), "numeric value"),
    (document(nodes=[{"value": 2.0**63, "dtype": "int64"}]), "numeric value"),
    (document(nodes=[{"value": float("inf"), "dtype": "int64"}]), "numeric value"),
    (document(nodes=[{"dtype": "float64"}]), "numeric value"),
    (document(nodes=[{"value": 1, "dtype": "int64", "variable": True}]), "floating point"),
    (document(nodes=[LEAF | {"name": 7}]), "must be text"),
    (
        document(
            nodes=[LEAF, {"operation": "broadcast_to", "inputs": [0], "params": {"shape": [10**6, 10**6]}}]
        ),
        "entries",
    ),
    (
        document(
            nodes=[LEAF, {"operation": "scatter", "inputs": [0], "params": {"key": 0, "shape": [10**12]}}]
        ),
        "entries",
    ),
    (document(nodes=[{"value": [0] * 9999, "dtype": "int64"}, *OUTER]), "would make 99,980,001 entries"),
    (
        document(nodes=[LEAF, {"operation": "one_hot", "inputs": [0], "params": {"classes": 10**13}}]),
        "does not|entries",
    ),
]


@pytest.mark.parametrize(("source", "words"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_text_is_refused_in_a_sentence(source: str, words: str):
    with pytest.raises(GraphFormatError, match=words):
        Graph.from_json(source)


def test_a_document_of_a_hundred_thousand_nodes_is_read():
    y = Variable(1.0, "x")
    for _ in range(50_000):
        y = y + 1.0
    assert Graph.from_json(Graph(y).to_json()).output.value == 50_001.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "dtype", "inputs", "slice", "array", "axis"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {},
    optional={
        "operation": st.sampled_from(
            ["add", "sum", "index", "matmul", "reshape", "concatenate", "cross_entropy", 3]
        ),
        "inputs": st.lists(st.integers(-1, 3), max_size=3) | json_values,
        "params": st.dictionaries(st.sampled_from(["axis", "key", "shape", "nonsense"]), json_values)
        | json_values,
        "value": st.floats() | st.lists(st.floats(), max_size=3) | json_values,
        "dtype": st.sampled_from(["float64", "float32", "int64", "bool", "O", "U3", "complex128"])
        | json_values,
        "variable": st.booleans() | json_values,
        "name": st.text(max_size=3) | json_values,
    },
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(nodes=st.lists(rows, min_size=1, max_size=5))
def test_any_text_gives_a_graph_or_a_graph_format_error(nodes):
    try:
        graph = Graph.from_json(json.dumps({"backprop-lab-graph": 1, "nodes": nodes}))
    except GraphFormatError:
        return
    assert len(graph) <= len(nodes)


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 2000), replacement=st.characters(codec="ascii"))
def test_a_damaged_document_is_read_or_refused(position: int, replacement: str):
    source = examples.get("two-layer-tanh").to_json()
    position %= len(source)
    with suppress(GraphFormatError):
        Graph.from_json(source[:position] + replacement + source[position + 1 :])
