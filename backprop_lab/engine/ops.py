"""The rule table: every operation of the engine, one row each.

Read a row as: name, forward, one vjp per input, label. ``delta`` is the upstream
gradient, ``y`` the output. Elementwise rows ignore broadcasting, which the
engine undoes. Operations work on nodes (giving nodes) and on plain arrays
(giving arrays), and so do the rules, which are written with them.

>>> from backprop_lab import Variable, ops
>>> float(ops.exp(0.0))
1.0
>>> ops.exp(Variable(0.0, "x")).operation
Operation('exp')
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .errors import DtypeError, ShapeError, UnknownNameError
from .node import Array, Node, Operand, shape_of, value_of
from .operation import Operation, Rule, override

TABLE: dict[str, Operation] = {}


def _row(name: str, forward: Any, *vjps: Rule | None, label: str | None = None, **kind: Any) -> Operation:
    TABLE[name] = Operation(name, forward, vjps=vjps, label=label, **kind)
    return TABLE[name]


def _elementwise(name: str, forward: Any, *vjps: Rule | None, label: str | None = None) -> Operation:
    return _row(name, forward, *vjps, label=label, elementwise=True)


# ---------------------------------------------------------------- arithmetic


def _divide(a: Array, b: Array) -> Array:
    try:
        return a / b
    except ZeroDivisionError:  # Python floats raise where NumPy gives inf
        return np.divide(a, b)


def _power(a: Array, b: Array) -> Array:
    try:
        return np.power(a, b) if type(a) is float else a**b
    except OverflowError:
        return np.power(a, b)


add = _elementwise("add", lambda a, b: a + b, lambda delta, y, a, b: delta, lambda delta, y, a, b: delta, label="+")
subtract = _elementwise(
    "subtract", lambda a, b: a - b, lambda delta, y, a, b: delta, lambda delta, y, a, b: -delta, label="−"
)
multiply = _elementwise(
    "multiply", lambda a, b: a * b, lambda delta, y, a, b: delta * b, lambda delta, y, a, b: delta * a, label="×"
)
divide = _elementwise(
    "divide", _divide, lambda delta, y, a, b: delta / b, lambda delta, y, a, b: -delta * y / b, label="÷"
)
# d(a^b)/db = a^b log a, which is 0 where a = 0 (and b > 0), not NaN.
power = _elementwise(
    "power",
    _power,
    lambda delta, y, a, b: delta * b * a ** (b - 1),
    lambda delta, y, a, b: delta * y * log(where(value_of(a) == 0, 1.0, a)),
    label="xⁿ",
)
negative = _elementwise("negative", lambda a: -a, lambda delta, y, a: -delta, label="−")

# ---------------------------------------------------------------- functions of one number


def _sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow: tanh saturates where exp would not."""
    return 0.5 * (np.tanh(0.5 * x) + 1)


exp = _elementwise("exp", np.exp, lambda delta, y, x: delta * y)
log = _elementwise("log", np.log, lambda delta, y, x: delta / x)
sqrt = _elementwise("sqrt", np.sqrt, lambda delta, y, x: delta / (2 * y))
square = _elementwise("square", lambda x: x * x, lambda delta, y, x: delta * (2 * x), label="x²")
reciprocal = _elementwise("reciprocal", lambda x: _divide(1.0, x), lambda delta, y, x: -delta * y * y, label="1/x")
abs = _elementwise("abs", np.abs, lambda delta, y, x: delta * np.sign(value_of(x)), label="|x|")
sin = _elementwise("sin", np.sin, lambda delta, y, x: delta * cos(x))
cos = _elementwise("cos", np.cos, lambda delta, y, x: -delta * sin(x))
tanh = _elementwise("tanh", np.tanh, lambda delta, y, x: delta * (1 - y * y))
sigmoid = _elementwise("sigmoid", _sigmoid, lambda delta, y, x: delta * (y * (1 - y)), label="σ")
# At 0 the derivative is 0 by the course's convention.
relu = _elementwise("relu", lambda x: np.maximum(x, 0), lambda delta, y, x: delta * (value_of(x) > 0), label="ReLU")

# ---------------------------------------------------------------- choosing

# A tie goes to the first argument, by the course's convention.
maximum = _elementwise(
    "maximum",
    np.maximum,
    lambda delta, y, a, b: delta * (value_of(a) >= value_of(b)),
    lambda delta, y, a, b: delta * (value_of(a) < value_of(b)),
    label="max",
)
minimum = _elementwise(
    "minimum",
    np.minimum,
    lambda delta, y, a, b: delta * (value_of(a) <= value_of(b)),
    lambda delta, y, a, b: delta * (value_of(a) > value_of(b)),
    label="min",
)
where = _elementwise(
    "where",
    lambda condition, a, b: np.where(condition, a, b)[()],
    None,
    lambda delta, y, condition, a, b: delta * np.asarray(value_of(condition), bool),
    lambda delta, y, condition, a, b: delta * ~np.asarray(value_of(condition), bool),
)

# ---------------------------------------------------------------- shape


def _expand(delta: Any, x: Operand, axis: Any, keepdims: bool) -> Any:
    """Undo a reduction: put the reduced axes back and copy along them."""
    shape = shape_of(x)
    if axis is not None and not keepdims:
        axes = [k % len(shape) for k in (axis if isinstance(axis, tuple) else (axis,))]
        delta = reshape(delta, shape=tuple([1 if k in axes else n for k, n in enumerate(shape)]))
    return broadcast_to(delta, shape=shape)


def _count(x: Operand, axis: Any) -> int:
    """How many entries one entry of a reduction over ``axis`` comes from."""
    shape = shape_of(x)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[k] for k in axes], dtype=int))


def _sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    x = np.asarray(x)
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    stretched = tuple([k for k, n in enumerate(shape) if n == 1 and x.shape[k] != 1])
    return x.sum(axis=stretched, keepdims=True) if stretched else x


sum = _row(
    "sum",
    lambda x, axis=None, keepdims=False: np.sum(x, axis=axis, keepdims=keepdims),
    lambda delta, y, x, axis=None, keepdims=False: _expand(delta, x, axis, keepdims),
    linear=True,
    label="Σ",
)
mean = _row(
    "mean",
    lambda x, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
    lambda delta, y, x, axis=None, keepdims=False: _expand(delta / _count(x, axis), x, axis, keepdims),
    linear=True,
)
reshape = _row(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    lambda delta, y, x, shape: reshape(delta, shape=shape_of(x)),
    linear=True,
)
broadcast_to = _row(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    lambda delta, y, x, shape: sum_to(delta, shape=shape_of(x)),
    linear=True,
    label="copy",
)
sum_to = _row(
    "sum_to",
    _sum_to,
    lambda delta, y, x, shape: broadcast_to(delta, shape=shape_of(x)),
    linear=True,
    label="Σ",
)
transpose = _row("transpose", np.transpose, lambda delta, y, x: transpose(delta), linear=True, label="ᵀ")


def _scatter(x: Array, index: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, np.asarray(x).dtype)
    np.add.at(out, index, x)  # an index may name an entry twice
    return out


index = _row(
    "index",
    lambda x, index: np.asarray(x)[index],
    lambda delta, y, x, index: scatter(delta, index=index, shape=shape_of(x)),
    linear=True,
    label="[ ]",
)
scatter = _row(
    "scatter",
    _scatter,
    lambda delta, y, x, index, shape: globals()["index"](delta, index=index),
    linear=True,
)


def _join(name: str, forward: Any, part: Any) -> Operation:
    """A variadic linear row whose one rule takes the position of the input."""
    TABLE[name] = Operation(name, forward, vjps=part, linear=True)
    return TABLE[name]


def _slice_of(k: int, delta: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    sizes = [shape_of(x)[axis] for x in xs]
    start = int(np.sum(sizes[:k], dtype=int))
    where_ = [slice(None)] * len(shape_of(delta))
    where_[axis] = slice(start, start + sizes[k])
    return index(delta, index=tuple(where_))


def _layer_of(k: int, delta: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    where_: list[Any] = [slice(None)] * len(shape_of(delta))
    where_[axis] = k
    return index(delta, index=tuple(where_))


_concatenate = _join("concatenate", lambda *xs, axis=0: np.concatenate(xs, axis), _slice_of)
_stack = _join("stack", lambda *xs, axis=0: np.stack(xs, axis), _layer_of)


def concatenate(arrays: Sequence[Operand], axis: int = 0) -> Any:
    """Join arrays along an axis they already have, as `numpy.concatenate` does."""
    return _concatenate(*arrays, axis=axis)


def stack(arrays: Sequence[Operand], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis, as `numpy.stack` does."""
    return _stack(*arrays, axis=axis)


# ---------------------------------------------------------------- products of matrices


def _matmul_vjp_a(delta: Any, y: Any, a: Any, b: Any) -> Any:
    if len(shape_of(b)) == 1:  # y = A b: delta is short of b's axis
        return outer(delta, b) if len(shape_of(a)) > 1 else delta * b
    return matmul(delta, swap_last(b)) if len(shape_of(a)) > 1 else matmul(b, delta)


def _matmul_vjp_b(delta: Any, y: Any, a: Any, b: Any) -> Any:
    if len(shape_of(a)) == 1:
        return outer(a, delta) if len(shape_of(b)) > 1 else delta * a
    return matmul(swap_last(a), delta)


matmul = _row(
    "matmul",
    np.matmul,
    _matmul_vjp_a,
    _matmul_vjp_b,
    jvp=lambda t, y, a, b: t[0] @ b + a @ t[1],
    label="@",
)
swap_last = _row(
    "swap_last",
    lambda x: np.swapaxes(x, -1, -2),
    lambda delta, y, x: swap_last(delta),
    linear=True,
    label="ᵀ",
)


def outer(u: Operand, v: Operand) -> Any:
    """``u[..., i] v[..., j]``: the matrix of products of two vectors."""
    return reshape(u, shape=(*shape_of(u), 1)) * reshape(v, shape=(*shape_of(v)[:-1], 1, shape_of(v)[-1]))


def _affine(x: Array, W: Array, b: Array) -> Array:
    z = x @ W
    z += b  # z is ours; one pass fewer than x @ W + b
    return z


affine = _row(
    "affine",
    _affine,
    lambda delta, z, x, W, b: matmul(delta, transpose(W)),
    lambda delta, z, x, W, b: matmul(transpose(x), delta) if len(shape_of(x)) > 1 else outer(x, delta),
    lambda delta, z, x, W, b: sum_to(delta, shape=shape_of(b)),
    jvp=lambda t, z, x, W, b: t[0] @ W + x @ t[1] + t[2],
    label="xW+b",
)

# ---------------------------------------------------------------- reductions and losses


def _extreme(name: str, reduce: Any) -> Operation:
    """Max or min along an axis; the gradient goes to the first entry that attains it."""

    def hits(x: Any, axis: int | None, keepdims: bool) -> Array:
        values = value_of(x)
        position = (np.argmax if name == "max" else np.argmin)(values, axis=axis)
        if axis is None:
            mask = np.zeros(np.size(values), bool)
            mask[position] = True
            return mask.reshape(np.shape(values))
        return np.arange(np.shape(values)[axis]) == np.expand_dims(position, -1) if axis in (-1, np.ndim(values) - 1) \
            else np.moveaxis(np.arange(np.shape(values)[axis]) == np.expand_dims(position, -1), -1, axis)

    return _row(
        name,
        lambda x, axis=None, keepdims=False: reduce(x, axis=axis, keepdims=keepdims),
        lambda delta, y, x, axis=None, keepdims=False: _expand(delta, x, axis, keepdims) * hits(x, axis, keepdims),
        jvp=lambda t, y, x, axis=None, keepdims=False: sum(
            t[0] * hits(x, axis, keepdims), axis=axis, keepdims=keepdims
        ),
    )


max = _extreme("max", np.max)
min = _extreme("min", np.min)


def _logsumexp(x: Array, axis: Any = -1, keepdims: bool = False) -> Array:
    top = np.max(x, axis=axis, keepdims=True)
    out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)


def _softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


logsumexp = _row(
    "logsumexp",
    _logsumexp,
    lambda delta, y, x, axis=-1, keepdims=False: _expand(delta, x, axis, keepdims) * softmax(x, axis=axis),
    jvp=lambda t, y, x, axis=-1, keepdims=False: sum(t[0] * softmax(x, axis=axis), axis=axis, keepdims=keepdims),
)
softmax = _row(
    "softmax",
    _softmax,
    lambda delta, y, x, axis=-1: y * (delta - sum(delta * y, axis=axis, keepdims=True)),
    jvp=lambda t, y, x, axis=-1: y * (t[0] - sum(t[0] * y, axis=axis, keepdims=True)),
)
log_softmax = _row(
    "log_softmax",
    lambda x, axis=-1: x - _logsumexp(x, axis, keepdims=True),
    lambda delta, y, x, axis=-1: delta - exp(y) * sum(delta, axis=axis, keepdims=True),
    jvp=lambda t, y, x, axis=-1: t[0] - sum(t[0] * exp(y), axis=axis, keepdims=True),
)


def _one_hot(labels: Operand, logits: Operand) -> Array:
    return (np.arange(shape_of(logits)[-1]) == np.expand_dims(value_of(labels), -1)).astype(value_of(logits).dtype)


def _cross_entropy(logits: Array, labels: Array) -> Array:
    if np.asarray(labels).dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy takes integer class labels, not {np.asarray(labels).dtype}")
    if np.shape(labels) != np.shape(logits)[:-1]:
        raise ShapeError(
            f"cross_entropy needs one label per row: logits of shape {np.shape(logits)} want labels of shape "
            f"{np.shape(logits)[:-1]}, got {np.shape(labels)}"
        )
    return np.mean(_logsumexp(logits) - np.sum(_one_hot(labels, logits) * logits, axis=-1))


def _cross_entropy_vjp(delta: Any, y: Any, logits: Any, labels: Any) -> Any:
    rows = int(np.prod(shape_of(labels), dtype=int))
    return (softmax(logits) - _one_hot(labels, logits)) * (delta / rows)


cross_entropy = _row(
    "cross_entropy",
    _cross_entropy,
    _cross_entropy_vjp,
    None,
    jvp=lambda t, y, logits, labels: sum(t[0] * _cross_entropy_vjp(1.0, y, logits, labels)),
    label="CE",
)
squared_error = _row(
    "squared_error",
    lambda prediction, target: np.sum(np.square(prediction - target)),
    lambda delta, y, prediction, target: delta * 2 * (prediction - target),
    lambda delta, y, prediction, target: -2 * delta * (prediction - target),
    jvp=lambda t, y, prediction, target: sum(2 * (prediction - target) * (t[0] - t[1])),
    label="Σ(·)²",
)

# ---------------------------------------------------------------- swapping rules


def using(**rules: Rule | Operation) -> AbstractContextManager[None]:
    """Differentiate with other backward functions inside the ``with`` block.

    Args:
        rules: operation name = ``backward(delta, *inputs)``.

    Raises:
        UnknownNameError: no operation has that name.

    >>> from backprop_lab import Variable, Graph, ops
    >>> x = Variable(3.0, "x")
    >>> with ops.using(square=lambda delta, x: 100 * delta):
    ...     Graph(ops.square(x)).backward()
    >>> x.grad
    100.0
    """
    chosen = {}
    for name, rule in rules.items():
        if name not in TABLE:
            raise UnknownNameError(f"there is no operation '{name}'; there are {', '.join(sorted(TABLE))}")
        chosen[TABLE[name]] = rule.backward if isinstance(rule, Operation) and rule.backward else rule
    return override(chosen)


# ---------------------------------------------------------------- operators on nodes


def _reflected(operation: Operation) -> Any:
    return lambda self, other: operation.apply((other, self), _NO_PARAMS)


def _binary(operation: Operation) -> Any:
    return lambda self, other: operation.apply((self, other), _NO_PARAMS)


_NO_PARAMS: dict[str, Any] = {}

for _method, _operation in {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": divide,
    "pow": power,
    "matmul": matmul,
}.items():
    setattr(Node, f"__{_method}__", _binary(_operation))
    setattr(Node, f"__r{_method}__", _reflected(_operation))

_methods: dict[str, Any] = {
    "__neg__": lambda self: negative(self),
    "__getitem__": lambda self, key: index(self, index=key),
    "sum": lambda self, axis=None, keepdims=False: sum(self, axis=axis, keepdims=keepdims),
    "mean": lambda self, axis=None, keepdims=False: mean(self, axis=axis, keepdims=keepdims),
    "reshape": lambda self, *shape: reshape(self, shape=shape[0] if len(shape) == 1 else shape),
    "T": property(lambda self: transpose(self)),
}
for _method, _function in _methods.items():
    setattr(Node, _method, _function)
