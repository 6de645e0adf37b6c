"""Derivatives of functions: vjp, jvp, grad, jacobian and hessian, in the manner of JAX.

A function takes arrays, or lists, tuples and dicts of arrays however nested, and
returns one array. It is run once on nodes, which records its graph. Derivatives
of derivatives need nothing special: a function that calls ``grad`` is recorded too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backprop import backpropagate, gradient_nodes, topological_order
from .errors import NonScalarOutputError, RuleError, ShapeError
from .node import TABLE, Array, Node, Variable, as_node, plain, shape_of, value_of

Tree = Any  # an array, or a list, tuple or dict of trees


def tree_map(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """The same structure with the function applied to every array (and its partners in other trees).

    Raises:
        ShapeError: the trees differ in structure.

    >>> tree_map(lambda x, y: x + y, {"w": 1.0, "b": [2.0]}, {"w": 10.0, "b": [20.0]})
    {'w': 11.0, 'b': [22.0]}
    """
    if isinstance(tree, dict):
        for other in others:
            if not isinstance(other, dict) or other.keys() != tree.keys():
                found = sorted(other) if isinstance(other, dict) else type(other).__name__
                raise ShapeError(f"expected a dict with the keys {sorted(tree)}, got {found}")
        return {key: tree_map(function, tree[key], *[other[key] for other in others]) for key in tree}
    if isinstance(tree, (list, tuple)):
        for other in others:
            if not isinstance(other, (list, tuple)) or len(other) != len(tree):
                raise ShapeError(f"expected {len(tree)} arrays in a {type(tree).__name__}, got {other!r}")
        mapped = [tree_map(function, *parts) for parts in zip(tree, *others, strict=True)]
        return type(tree)(mapped)
    return function(tree, *others)


def tree_leaves(tree: Tree) -> list[Any]:
    """The arrays of a tree, in order.

    >>> tree_leaves({"w": 1.0, "b": [2.0, (3.0,)]})
    [1.0, 2.0, 3.0]
    """
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in tree_leaves(part)]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in tree_leaves(part)]
    return [tree]


_running: list[Recording] = []  # the functions being recorded now, one inside the other


class Recording:
    """A function run once on nodes: its output and the leaves that derivatives are taken to.

    Its derivatives are numbers, or nodes (`on_nodes`) where it runs inside another recording.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Tree], argnums: Sequence[int]):
        for k in argnums:
            if not -len(args) <= k < len(args):
                raise ShapeError(f"there is no argument {k}; the function was given {len(args)}")
        chosen = {k % len(args) for k in argnums}
        # A node as argument means that a derivative of this derivative is being taken.
        self.fresh = [tree_map(_fresh, arg) if k in chosen else arg for k, arg in enumerate(args)]
        self.leaves: list[Node] = [x for k in argnums for x in tree_leaves(self.fresh[k])]
        self.own = set(self.leaves)
        _running.append(self)
        try:
            output = f(*self.fresh)
        finally:
            _running.pop()
        if isinstance(output, (list, tuple, dict)):
            raise NonScalarOutputError(
                f"the function returned a {type(output).__name__}; derivatives are taken of one array. "
                "Return one, or ops.stack them."
            )
        # A copy, so that the output is a node of its own even where f returns an argument or a constant.
        self.output: Node = TABLE["identity"](as_node(output))
        self.order = topological_order([self.output], self.leaves)
        # Variables that f found elsewhere: the caller's, or the arguments of a function that called us.
        self.outside = [x for x in self.order if x.operation is None and x.needs_grad and x not in self.own]
        self.on_nodes = any(x.operation is not None for x in self.leaves) or any(
            x in outer.own for outer in _running for x in self.outside
        )

    @property
    def value(self) -> Any:
        return self.output if self.on_nodes else self.output.value

    def pull(self, seed: Any = None) -> list[Any]:
        """The gradient of every leaf: arrays, or nodes where more derivatives are to follow."""
        if self.on_nodes:
            found = gradient_nodes(self.order, seed)
            return [found.get(x, as_node(np.zeros(x.shape, x.dtype)[()])) for x in self.leaves]
        kept = [x._grad for x in self.outside]
        backpropagate(self.order, value_of(seed))
        for x, before in zip(self.outside, kept, strict=True):
            x._grad = before
        return [np.zeros(x.shape, x.dtype)[()] if x._grad is None else x.grad for x in self.leaves]

    def push(self, tangents: Sequence[Any]) -> Any:
        """The derivative of the output along tangents of the leaves: forward mode, one pass.

        Raises:
            RuleError: an operation has no jvp.
        """
        known: dict[Node, Any] = dict(zip(self.leaves, tangents, strict=True))
        for node in self.order:
            operation = node.operation
            if node in known or operation is None or not node.needs_grad:
                continue
            if not any(x in known for x in node.inputs):
                continue
            if operation.jvp is None:
                raise RuleError(f"'{operation.name}' has a backward rule but no jvp; give it one, or use vjp")
            moved = [known[x] if x in known else np.zeros(x.shape, _float(x))[()] for x in node.inputs]
            inputs = node.inputs if self.on_nodes else [x._value for x in node.inputs]
            output = node if self.on_nodes else node._value
            tangent = operation.jvp(moved, output, *inputs, **(node.params or {}))
            if shape_of(tangent) != node.shape:  # a number added to an array moves every entry
                tangent = TABLE["broadcast_to"](tangent, shape=node.shape)
            known[node] = tangent
        zero = np.zeros(self.output.shape, self.output.dtype)[()]
        return known.get(self.output, zero)


def _fresh(x: Any) -> Node:
    """A new leaf for an argument; linked to it if gradients flow to it."""
    if isinstance(x, Node) and x.needs_grad:
        return TABLE["identity"](x)
    x = value_of(x)
    # Nothing changes the leaves of a recording, so an array of floats need not be copied.
    quick = isinstance(x, np.ndarray) and x.ndim > 0 and x.dtype.kind == "f"
    return Node(x, needs_grad=True) if quick else Variable(x)


def _float(x: Node) -> Any:
    return x.dtype if x.dtype.kind in "fc" else float


def vjp(f: Callable[..., Any], *primals: Tree) -> tuple[Any, Callable[[Any], tuple[Tree, ...]]]:
    """The value of f, and the function that pulls an upstream gradient back to its arguments.

    Args:
        f: returns one array.
        primals: where to linearize; arrays or trees of arrays.

    Returns:
        value, pullback. ``pullback(delta)``, delta of the shape of the value, is one gradient per
        argument, each of its argument's shape: delta^T J without J.

    >>> value, pullback = vjp(lambda x, y: x * y, 3.0, 4.0)
    >>> value, pullback(1.0)
    (12.0, (4.0, 3.0))
    """
    recording = Recording(f, primals, range(len(primals)))

    def pullback(delta: Any) -> tuple[Tree, ...]:
        gradients = iter(recording.pull(delta))
        return tuple([tree_map(lambda _: next(gradients), arg) for arg in primals])

    return recording.value, pullback


def jvp(f: Callable[..., Any], primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Any, Any]:
    """The value of f and its derivative along tangents: J u without J, in one forward pass.

    Args:
        tangents: of the structure and shapes of ``primals``.

    Raises:
        ShapeError: a tangent has another shape than its primal.
        RuleError: an operation defined by a backward function only.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    recording = Recording(f, primals, range(len(primals)))

    def checked(primal: Node, tangent: Any) -> Any:
        if shape_of(tangent) != primal.shape:
            raise ShapeError(
                f"a tangent of shape {shape_of(tangent)} for an argument of shape {primal.shape}"
            )
        return tangent if isinstance(tangent, Node) else np.asarray(tangent, primal.dtype)[()]

    moved = [tree_leaves(tree_map(checked, *pair)) for pair in zip(recording.fresh, tangents, strict=True)]
    return recording.value, plain(recording.push([x for part in moved for x in part]))


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function of the same arguments that returns f's value and its gradient.

    Args:
        f: returns a scalar.
        argnums: which argument to differentiate, or several.

    Returns:
        A function returning (value, gradient), the gradient of the structure and shapes of the
        argument; a tuple of gradients for several.

    Raises:
        NonScalarOutputError: f returned an array.
        DtypeError: an argument to differentiate holds integers.

    >>> value_and_grad(lambda p: (p["w"] * 2 + p["b"]) ** 2)({"w": 1.0, "b": 1.0})
    (9.0, {'w': 12.0, 'b': 6.0})
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def gradient(*args: Tree) -> tuple[Any, Tree]:
        recording = Recording(f, args, numbers)
        found = iter(recording.pull())
        trees = tuple([tree_map(lambda _: next(found), args[k]) for k in numbers])
        return recording.value, trees[0] if isinstance(argnums, int) else trees

    return gradient


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function of the same arguments that returns the gradient of f; see `value_and_grad`.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function of the same arguments that returns the Jacobian of f: one row per output.

    Computed by one vjp per output entry or one jvp per input entry, whichever are fewer.

    Returns:
        A function whose result has the structure of the argument, each part of shape
        output.shape + input.shape; a tuple for several ``argnums``.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def rows(*args: Tree) -> Tree:
        recording = Recording(f, args, numbers)
        forward = all(node.operation is None or node.operation.jvp for node in recording.order)
        if forward and sum(x.size for x in recording.leaves) < recording.output.size:
            parts = _columns_by_jvp(recording)
        else:
            parts = _rows_by_vjp(recording)
        found = iter(parts)
        trees = tuple([tree_map(lambda _: next(found), args[k]) for k in numbers])
        return trees[0] if isinstance(argnums, int) else trees

    return rows


def _rows_by_vjp(recording: Recording) -> list[Any]:
    shape = recording.output.shape
    rows = [recording.pull(delta) for delta in _units(recording.output)]
    return [
        _stacked([row[k] for row in rows], shape + x.shape, recording) for k, x in enumerate(recording.leaves)
    ]


def _columns_by_jvp(recording: Recording) -> list[Any]:
    leaves, output = recording.leaves, recording.output
    parts = []
    for k, x in enumerate(leaves):
        columns = []
        for unit in _units(x):
            tangents = [unit if k == i else np.zeros(y.shape, y.dtype)[()] for i, y in enumerate(leaves)]
            columns.append(TABLE["reshape"](recording.push(tangents), shape=(output.size,)))
        stacked = _stacked(columns, (x.size, output.size), recording)
        parts.append(TABLE["reshape"](TABLE["transpose"](stacked), shape=output.shape + x.shape))
    return parts


def _stacked(parts: list[Any], shape: tuple[int, ...], recording: Recording) -> Any:
    if recording.on_nodes:
        return TABLE["reshape"](TABLE["stack"](*parts), shape=shape)
    return plain(np.reshape(np.array(parts), shape)[()])


def _units(x: Node) -> list[Array]:
    """The unit arrays of a node's shape: a one in each entry in turn."""
    return [row.reshape(x.shape)[()] for row in np.eye(x.size, dtype=x.dtype)]


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function of the same arguments that returns the second derivatives of f.

    Args:
        f: returns a scalar.
        argnums: which argument, an array, to differentiate twice.

    Returns:
        A function whose result has shape input.shape + input.shape.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)
