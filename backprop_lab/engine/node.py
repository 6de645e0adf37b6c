"""Nodes of a computation graph: values that remember how they were made.

A node holds the value an operation computed (or that a variable was given), the
operation, and the nodes it was computed from. Nothing here differentiates
anything; see `backprop`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Union

import numpy as np
from numpy.typing import ArrayLike

from .errors import DtypeError

if TYPE_CHECKING:
    from .operation import Operation

Array = Any  # a NumPy array or a number; scalars stay scalars
Operand = Union["Node", ArrayLike]

# Every built-in operation by name. `ops` fills it; the operators of Node look it up.
TABLE: dict[str, Operation] = {}


class Group:
    """A named part of a graph, which a drawing can frame or collapse to one gate."""

    __slots__ = ("name", "parent")

    def __init__(self, name: str, parent: Group | None = None):
        self.name = name
        self.parent = parent

    def __repr__(self) -> str:
        return f"Group({self.name!r})"


_open_groups: list[Group | None] = [None]


@contextmanager
def group(name: str) -> Iterator[Group]:
    """Name the part of the graph built inside the ``with`` block.

    >>> with group("shift"):
    ...     y = Variable(2.0, "x") + 1
    >>> y.group
    Group('shift')
    """
    opened = Group(name, _open_groups[-1])
    _open_groups.append(opened)
    try:
        yield opened
    finally:
        _open_groups.pop()


class Node:
    """A value in a computation graph.

    Make leaves with `Variable` and `Constant`; every operation on a node makes a new node.

    Attributes:
        value: what the forward pass computed, a number or an array.
        grad: the gradient of the graph's output with respect to this node, of the
            shape of `value`; None before ``backward``.
        name: what to call it, or None.
        operation: the operation that made it; None for a leaf.
        inputs: the nodes it was computed from, in the operation's order.
        params: what else the operation was told, such as ``axis``, or None.
        group: the innermost `group` it was made in, or None.
        needs_grad: whether a variable is among its ancestors (or is it).

    >>> c = Variable(2.0, "a") * 3
    >>> c.value, c.operation, c.inputs
    (6.0, Operation('multiply'), (a = 2.0, constant = 3))
    """

    __slots__ = (
        "__weakref__",
        "_grad",
        "_value",
        "group",
        "inputs",
        "kept",
        "name",
        "needs_grad",
        "operation",
        "params",
    )

    # NumPy must hand `array + node` to Node.__radd__ instead of looping over the array.
    __array_ufunc__ = None

    def __init__(
        self,
        value: Array,
        operation: Operation | None = None,
        inputs: tuple[Node, ...] = (),
        params: dict[str, Any] | None = None,
        name: str | None = None,
        needs_grad: bool = False,
    ):
        self._value = value
        self._grad: Any = None
        self.kept: Any = None  # what the forward function computed that its rules can use again
        self.operation = operation
        self.inputs = inputs
        self.params = params
        self.name = name
        self.needs_grad = needs_grad
        self.group = _open_groups[-1]

    @property
    def value(self) -> Array:
        return plain(self._value)

    @value.setter
    def value(self, value: ArrayLike) -> None:
        if self.operation is not None:
            raise DtypeError(
                f"{self!r} was computed by '{self.operation.name}'; only variables and constants can be "
                "given a value. Set the variables and call Graph.forward()."
            )
        self._value = leaf_data(value, self.name, self.needs_grad)

    @property
    def grad(self) -> Any:
        return plain(self._grad)

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self._value)

    @property
    def ndim(self) -> int:
        return np.ndim(self._value)

    @property
    def size(self) -> int:
        return int(np.size(self._value))

    @property
    def dtype(self) -> np.dtype:
        return np.asarray(self._value).dtype

    def named(self, name: str) -> Node:
        """Give the node a name and return it.

        >>> (Variable(2.0, "a") * 3).named("c")
        c = 6.0
        """
        self.name = name
        return self

    def __repr__(self) -> str:
        name = self.name or (self.operation.name if self.operation else "constant")
        return f"{name} = {self.value!r}"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar node has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Node]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is a node of a graph; `if` on it would hide a branch from the derivative. "
            "Compare node.value, or use ops.where."
        )

    def __add__(self, other: Operand) -> Node:
        return TABLE["add"].binary(self, other)

    def __radd__(self, other: Operand) -> Node:
        return TABLE["add"].binary(other, self)

    def __sub__(self, other: Operand) -> Node:
        return TABLE["subtract"].binary(self, other)

    def __rsub__(self, other: Operand) -> Node:
        return TABLE["subtract"].binary(other, self)

    def __mul__(self, other: Operand) -> Node:
        return TABLE["multiply"].binary(self, other)

    def __rmul__(self, other: Operand) -> Node:
        return TABLE["multiply"].binary(other, self)

    def __truediv__(self, other: Operand) -> Node:
        return TABLE["divide"].binary(self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return TABLE["divide"].binary(other, self)

    def __pow__(self, other: Operand) -> Node:
        return TABLE["power"].binary(self, other)

    def __rpow__(self, other: Operand) -> Node:
        return TABLE["power"].binary(other, self)

    def __matmul__(self, other: Operand) -> Node:
        return TABLE["matmul"].binary(self, other)

    def __rmatmul__(self, other: Operand) -> Node:
        return TABLE["matmul"].binary(other, self)

    # Comparisons have no derivative; they choose, in ops.where and in the rules of relu and max.
    def __gt__(self, other: Operand) -> Node:
        return TABLE["greater"](self, other)

    def __lt__(self, other: Operand) -> Node:
        return TABLE["greater"](other, self)

    def __ge__(self, other: Operand) -> Node:
        return TABLE["greater_equal"](self, other)

    def __le__(self, other: Operand) -> Node:
        return TABLE["greater_equal"](other, self)

    def __neg__(self) -> Node:
        return TABLE["negative"](self)

    def __getitem__(self, key: Any) -> Node:
        return TABLE["index"](self, key=key)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Node:
        return TABLE["sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Node:
        return TABLE["mean"](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Node:
        return TABLE["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    @property
    def T(self) -> Node:
        return TABLE["transpose"](self)


def Variable(value: ArrayLike, name: str | None = None) -> Node:
    """A leaf that gradients are taken with respect to.

    Args:
        value: a floating-point number or array; it is copied.
        name: what to call it in pictures, traces and ``Graph.forward``.

    Raises:
        DtypeError: the data are not floating point.

    >>> Variable(2.0, "a")
    a = 2.0
    >>> Variable(3, "n")
    Traceback (most recent call last):
        ...
    backprop_lab.engine.errors.DtypeError: variable 'n' was given int64 data; a gradient needs \
floating point. Write 3.0, or convert with .astype(float).
    """
    return Node(leaf_data(value, name, True), name=name, needs_grad=True)


def Constant(value: ArrayLike, name: str | None = None) -> Node:
    """A leaf that gets no gradient: data, labels, a fixed number.

    >>> Constant([0, 2, 1], "labels").needs_grad
    False
    """
    return Node(leaf_data(value, name, False), name=name)


def as_node(x: Operand) -> Node:
    """The node itself, or a constant made of the number or array (which is not copied)."""
    return x if isinstance(x, Node) else Node(x if type(x) in _AS_THEY_ARE else leaf_data(x, None, False))


def value_of(x: Operand) -> Array:
    """The value of a node, or the array itself."""
    return x._value if isinstance(x, Node) else x


def shape_of(x: Operand) -> tuple[int, ...]:
    """The shape of a node, an array or a number."""
    x = x._value if isinstance(x, Node) else x
    return () if type(x) is float else x.shape if isinstance(x, np.ndarray) else np.shape(x)


_AS_THEY_ARE = (float, int, np.ndarray, np.float64, np.float32)


def plain(x: Any) -> Any:
    """A float64 scalar as Python shows it: 5.0 rather than np.float64(5.0)."""
    return float(x) if type(x) is np.float64 else x


def leaf_data(value: Any, name: str | None, differentiable: bool) -> Array:
    """A private copy of user data, scalars as scalars; floating point where a gradient is asked."""
    if type(value) is float:
        return value
    called = f"variable '{name}'" if name else "a variable"
    if isinstance(value, Node):
        raise DtypeError(f"{called} was given a node, {value!r}; give it numbers, such as node.value")
    try:
        array = np.array(value)
    except ValueError as error:  # ragged lists
        raise DtypeError(f"{called} was given data that make no array: {error}") from None
    if array.dtype.kind not in "fciub":
        raise DtypeError(f"{called} was given {array.dtype} data; expected numbers")
    if differentiable and array.dtype.kind not in "fc":
        hint = f"Write {value}.0" if isinstance(value, int) else "Write the numbers with a decimal point"
        raise DtypeError(
            f"{called} was given {array.dtype} data; a gradient needs floating point. "
            f"{hint}, or convert with .astype(float)."
        )
    return array if array.ndim else plain(array[()])
