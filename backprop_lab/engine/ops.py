"""The rule table: every operation of the engine, one row each.

Read a row as: name, forward, one vjp per input, label. ``delta`` is the upstream
gradient, ``y`` the output. No row undoes broadcasting; the engine does that once
for all. Operations work on nodes (giving nodes) and on plain arrays (giving
arrays), and so do the rules, which are written with them.

>>> from backprop_lab import Variable, ops
>>> ops.exp(0.0)
1.0
>>> ops.exp(Variable(0.0, "x")).operation
Operation('exp')
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import DtypeError, ShapeError, UnknownNameError
from .node import TABLE, Array, Operand, shape_of, value_of
from .operation import Operation, Rule


def _row(name: str, forward: Any, *vjps: Rule | None, **kind: Any) -> Operation:
    TABLE[name] = Operation(name, forward, vjps=vjps, **kind)
    return TABLE[name]


def _elementwise(name: str, forward: Any, *vjps: Rule | None, **kind: Any) -> Operation:
    return _row(name, forward, *vjps, elementwise=True, **kind)


def _quick(scalar: Callable[[float], float], ufunc: Any) -> Callable[[Array], Array]:
    """`scalar` (from `math`) for a Python float, a tenth of the time of `ufunc`, which has the rest."""

    def forward(x: Array) -> Array:
        if type(x) is float:
            try:
                return scalar(x)
            except (ValueError, OverflowError):  # log(0), exp(1000): NumPy says -inf, inf
                pass
        return ufunc(x)

    return forward


# ---------------------------------------------------------------- comparisons (no derivative)


# fmt: off
greater = _elementwise("greater", operator.gt, None, None, label=">", sides=operator.gt)
greater_equal = _elementwise("greater_equal", operator.ge, None, None, label="≥", sides=operator.ge)
equal = _elementwise("equal", operator.eq, None, None, label="=")
sign = _elementwise("sign", np.sign, None, label="±", sides=np.sign)
one_hot = _row("one_hot", lambda labels, classes: np.arange(classes) == np.asarray(labels)[..., None], None)
# fmt: on

# ---------------------------------------------------------------- arithmetic


def _divide(a: Array, b: Array) -> Array:
    try:
        return a / b
    except ZeroDivisionError:  # Python floats raise where NumPy gives inf
        return np.divide(a, b)


def _power(a: Array, b: Array) -> Array:
    if type(a) is not float:
        return a**b
    try:
        y = a**b
    except (ZeroDivisionError, OverflowError):
        return np.power(a, b)
    return np.power(a, b) if type(y) is complex else y  # (-8.0) ** (1/3) is NaN, as for arrays


def _power_vjp_a(delta: Any, y: Any, a: Any, b: Any) -> Any:
    # x^0 is flat even at 0, where 0 * 0^-1 would be NaN.
    lowered = b - 1 if np.all(value_of(b)) else where(equal(b, 0.0), 1.0, b - 1)
    return delta * b * power(a, lowered)


def _power_vjp_b(delta: Any, y: Any, a: Any, b: Any) -> Any:
    # d(a^b)/db = a^b log a, which is 0 where a = 0 (and b > 0), not NaN.
    return delta * y * log(where(equal(a, 0.0), 1.0, a))


# fmt: off
identity = _elementwise("identity", lambda x: x, lambda delta, y, x: delta, label="=")
add = _elementwise(
    "add", operator.add, lambda delta, y, a, b: delta, lambda delta, y, a, b: delta, label="+")
subtract = _elementwise(
    "subtract", operator.sub, lambda delta, y, a, b: delta, lambda delta, y, a, b: -delta, label="−")
multiply = _elementwise(
    "multiply", operator.mul, lambda delta, y, a, b: delta * b, lambda delta, y, a, b: delta * a, label="×")
divide: Operation = _elementwise(
    "divide", _divide, lambda delta, y, a, b: divide(delta, b), lambda delta, y, a, b: divide(-delta * y, b),
    label="÷")
power: Operation = _elementwise("power", _power, _power_vjp_a, _power_vjp_b, label="xⁿ")
negative = _elementwise("negative", operator.neg, lambda delta, y, a: -delta, label="−")
# fmt: on

# ---------------------------------------------------------------- functions of one number


def _sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), written with e^-|x| so that nothing overflows and small results keep their digits."""
    if type(x) is float:
        e = math.exp(-x if x >= 0 else x) if x == x else x
        return (1.0 if x >= 0 else e) / (1.0 + e)
    positive = np.real(x) >= 0
    e = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1, e) / (1 + e)


def _relu(x: Array) -> Array:
    if type(x) is float:
        return 0.0 if x <= 0.0 else x  # not `x if x > 0 else 0`, which would hide a NaN
    return np.maximum(x, 0)


# fmt: off
exp = _elementwise("exp", _quick(math.exp, np.exp), lambda delta, y, x: delta * y)
log: Operation = _elementwise("log", _quick(math.log, np.log), lambda delta, y, x: divide(delta, x))
sqrt = _elementwise("sqrt", _quick(math.sqrt, np.sqrt), lambda delta, y, x: divide(delta, 2 * y), label="√")
square = _elementwise("square", lambda x: x * x, lambda delta, y, x: delta * (2 * x), label="x²")
reciprocal = _elementwise(
    "reciprocal", lambda x: _divide(1.0, x), lambda delta, y, x: -delta * y * y, label="1/x")
abs = _elementwise("abs", np.abs, lambda delta, y, x: delta * sign(x), label="|x|", sides=np.sign)
sin: Operation = _elementwise("sin", _quick(math.sin, np.sin), lambda delta, y, x: delta * cos(x))
cos: Operation = _elementwise("cos", _quick(math.cos, np.cos), lambda delta, y, x: -delta * sin(x))
tanh = _elementwise("tanh", _quick(math.tanh, np.tanh), lambda delta, y, x: delta * (1 - y * y))
sigmoid = _elementwise("sigmoid", _sigmoid, lambda delta, y, x: delta * (y * (1 - y)), label="σ")
# At 0 the derivative of relu is 0, by the course's convention.
relu = _elementwise("relu", _relu, lambda delta, y, x: delta * (x > 0.0), label="ReLU", sides=np.sign)
# fmt: on

# ---------------------------------------------------------------- choosing


def _where(condition: Array, a: Array, b: Array) -> Array:
    chosen: Any = np.where(condition, a, b)
    return chosen[()]


def _compare(a: Array, b: Array) -> Array:
    return np.sign(np.subtract(a, b))


# A tie goes to the first argument, by the course's convention.
# fmt: off
maximum = _elementwise(
    "maximum", np.maximum,
    lambda delta, y, a, b: delta * (a >= b),
    lambda delta, y, a, b: delta * (b > a), label="max", sides=_compare)
minimum = _elementwise(
    "minimum", np.minimum,
    lambda delta, y, a, b: delta * (b >= a),
    lambda delta, y, a, b: delta * (a > b), label="min", sides=_compare)
where: Operation = _elementwise(
    "where", _where, None,
    lambda delta, y, condition, a, b: where(condition, delta, 0.0),
    lambda delta, y, condition, a, b: where(condition, 0.0, delta))
# fmt: on

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
    return math.prod([shape[k] for k in axes])


def summed_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Add up the copies that broadcasting made of an array of that shape."""
    x = np.asarray(x)
    extra = x.ndim - len(shape)
    if extra:
        x = np.add.reduce(x, axis=0 if extra == 1 else tuple(range(extra)))
    if x.shape == shape:
        return x
    stretched = tuple([k for k, n in enumerate(shape) if n == 1 and x.shape[k] != 1])
    return x.sum(axis=stretched, keepdims=True)


def _scatter(x: Array, key: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, np.asarray(x).dtype)
    np.add.at(out, key, x)  # an index may name an entry twice
    return out


def _part_of(k: int, delta: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    """Concatenation backward: the slice that came from the k-th input."""
    start = int(np.sum([shape_of(x)[axis] for x in xs[:k]], dtype=int))
    key: list[Any] = [slice(None)] * len(shape_of(delta))
    key[axis] = slice(start, start + shape_of(xs[k])[axis])
    return index(delta, key=tuple(key))


def _layer_of(k: int, delta: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    """Stacking backward: the layer that came from the k-th input."""
    key: list[Any] = [slice(None)] * len(shape_of(delta))
    key[axis] = k
    return index(delta, key=tuple(key))


# fmt: off
sum: Operation = _row(
    "sum", lambda x, axis=None, keepdims=False: np.sum(x, axis=axis, keepdims=keepdims),
    lambda delta, y, x, axis=None, keepdims=False: _expand(delta, x, axis, keepdims), linear=True, label="Σ")
mean = _row(
    "mean", lambda x, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
    lambda delta, y, x, axis=None, keepdims=False: _expand(delta / _count(x, axis), x, axis, keepdims),
    linear=True)
reshape: Operation = _row(
    "reshape", lambda x, shape: np.reshape(x, shape),
    lambda delta, y, x, shape: reshape(delta, shape=shape_of(x)), linear=True)
broadcast_to: Operation = _row(
    "broadcast_to", lambda x, shape: np.broadcast_to(x, shape),
    lambda delta, y, x, shape: sum_to(delta, shape=shape_of(x)), linear=True, label="copy")
sum_to: Operation = _row(
    "sum_to", summed_to,
    lambda delta, y, x, shape: broadcast_to(delta, shape=shape_of(x)), linear=True, label="Σ")
transpose: Operation = _row(
    "transpose", np.transpose, lambda delta, y, x: transpose(delta), linear=True, label="ᵀ")
swap_last: Operation = _row(
    "swap_last", lambda x: np.swapaxes(x, -1, -2),
    lambda delta, y, x: swap_last(delta), linear=True, label="ᵀ")
index: Operation = _row(
    "index", lambda x, key: np.asarray(x)[key],
    lambda delta, y, x, key: scatter(delta, key=key, shape=shape_of(x)), linear=True, label="[ ]")
scatter: Operation = _row(
    "scatter", _scatter, lambda delta, y, x, key, shape: index(delta, key=key), linear=True)
TABLE["concatenate"] = Operation(
    "concatenate", lambda *xs, axis=0: np.concatenate(xs, axis), vjps=_part_of, linear=True)
TABLE["stack"] = Operation("stack", lambda *xs, axis=0: np.stack(xs, axis), vjps=_layer_of, linear=True)
# fmt: on


def concatenate(arrays: Sequence[Operand], axis: int = 0) -> Any:
    """Join arrays along an axis they already have, as `numpy.concatenate` does."""
    return TABLE["concatenate"](*arrays, axis=axis)


def stack(arrays: Sequence[Operand], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis, as `numpy.stack` does."""
    return TABLE["stack"](*arrays, axis=axis)


# ---------------------------------------------------------------- products of matrices


def outer(u: Operand, v: Operand) -> Any:
    """``u[..., i] v[..., j]``: the matrix of products of two vectors."""
    return reshape(u, shape=(*shape_of(u), 1)) * reshape(v, shape=(*shape_of(v)[:-1], 1, shape_of(v)[-1]))


def _times_vector(matrix: Any, vector: Any) -> Any:
    """Each matrix of a stack times its vector."""
    if matrix.ndim == 2 and vector.ndim == 1:
        return matrix @ vector
    column = reshape(vector, shape=(*shape_of(vector), 1))
    product = matrix @ column
    return reshape(product, shape=shape_of(product)[:-1])


def _flipped(matrix: Any) -> Any:
    """The transpose of a matrix, or of each of a stack."""
    return matrix.T if matrix.ndim == 2 else swap_last(matrix)


def _matmul_vjp_a(delta: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return outer(delta, b) if a.ndim > 1 else delta * b
    return delta @ _flipped(b) if a.ndim > 1 else _times_vector(b, delta)


def _matmul_vjp_b(delta: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return outer(a, delta) if b.ndim > 1 else delta * a
    return _flipped(a) @ delta if b.ndim > 1 else _times_vector(_flipped(a), delta)


def _affine(x: Array, W: Array, b: Array) -> Array:
    z = x @ W
    if isinstance(z, np.ndarray) and isinstance(b, np.ndarray) and z.dtype == b.dtype and z.ndim >= b.ndim:
        z += b  # z is ours: adding in place saves a pass over memory
        return z
    return z + b


# fmt: off
matmul: Operation = _row(
    "matmul", np.matmul, _matmul_vjp_a, _matmul_vjp_b, jvp=lambda t, y, a, b: t[0] @ b + a @ t[1], label="@")
affine = _row(
    "affine", _affine,
    lambda delta, z, x, W, b: _matmul_vjp_a(delta, z, x, W),
    lambda delta, z, x, W, b: _matmul_vjp_b(delta, z, x, W),
    lambda delta, z, x, W, b: delta,
    jvp=lambda t, z, x, W, b: t[0] @ W + x @ t[1] + t[2], label="xW+b")
# fmt: on

# ---------------------------------------------------------------- reductions and losses


def _mask_of(position: Any) -> Callable[..., Array]:
    """Where an array attains its max or min; the first entry where several do."""

    def mask(x: Array, axis: int | None = None) -> Array:
        if axis is None:
            found = np.zeros(np.size(x), bool)
            found[position(x)] = True
            return found.reshape(np.shape(x))
        if not isinstance(axis, int):
            raise ShapeError(f"max and min are taken along one axis or all; got axis={axis}")
        found = np.zeros(np.shape(x), bool)
        np.put_along_axis(found, np.expand_dims(position(x, axis=axis), axis), True, axis)
        return found

    return mask


def _extreme(name: str, reduce: Any, mask: Operation) -> Operation:
    return _row(
        name,
        lambda x, axis=None, keepdims=False: reduce(x, axis=axis, keepdims=keepdims),
        lambda delta, y, x, axis=None, keepdims=False: _expand(delta, x, axis, keepdims) * mask(x, axis=axis),
        jvp=lambda t, y, x, axis=None, keepdims=False: sum(
            t[0] * mask(x, axis=axis), axis=axis, keepdims=keepdims
        ),
        sides=lambda x, axis=None, keepdims=False: mask.forward(x, axis),
    )


max = _extreme("max", np.max, _row("first_max", _mask_of(np.argmax), None, label="argmax"))
min = _extreme("min", np.min, _row("first_min", _mask_of(np.argmin), None, label="argmin"))


def _logsumexp(x: Array, axis: Any = -1, keepdims: bool = False) -> Array:
    top = np.max(x, axis=axis, keepdims=True)
    out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)[()]


def _softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    e /= np.add.reduce(e, axis=axis, keepdims=True)
    return e


def _cross_entropy(logits: Array, labels: Array) -> tuple[Array, Any]:
    """The mean loss, and the softmax as numerators and their sums, which the backward rule uses again."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy takes integer class labels, not {labels.dtype}")
    shape = shape_of(logits)
    if not shape or labels.shape != shape[:-1]:
        raise ShapeError(
            f"cross_entropy needs one label per row: logits of shape {shape} want labels of shape "
            f"{shape[:-1]}, got {labels.shape}"
        )
    if labels.ndim != 1:
        logits, labels = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    rows, classes = logits.shape
    if rows and np.minimum.reduce(labels) < 0:  # one that is too large is refused by the indexing below
        raise ShapeError(f"cross_entropy counts {classes} classes from 0; a label is {labels.min()}")
    # log of the sum of exponentials, with the largest taken out so that nothing overflows
    shifted = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    picked = (np.arange(rows), labels)
    e = np.exp(shifted)
    total = np.add.reduce(e, axis=1, keepdims=True)
    return np.add.reduce(np.log(total[:, 0]) - shifted[picked]) / rows, (e, total, picked)


def _cross_entropy_vjp(delta: Any, y: Any, logits: Any, labels: Any, kept: Any = None) -> Any:
    """(softmax - one-hot) / rows, from what the forward pass kept or anew."""
    shape = shape_of(logits)
    scale = delta / math.prod(shape[:-1])
    if kept is None:
        return (softmax(logits) - one_hot(labels, classes=shape[-1])) * scale
    e, total, picked = kept
    gradient = e / total
    gradient[picked] -= 1
    gradient *= scale
    return gradient.reshape(shape)


def _squared_error(prediction: Array, target: Array) -> Array:
    shapes = np.shape(prediction), np.shape(target)
    if shapes[0] != shapes[1] and () not in shapes:
        raise ShapeError(
            f"squared_error compares entry by entry: prediction has shape {shapes[0]}, target {shapes[1]}. "
            "Broadcasting would compare every entry with every other; reshape one of them."
        )
    return np.sum(np.square(prediction - target))


# fmt: off
logsumexp = _row(
    "logsumexp", _logsumexp,
    lambda delta, y, x, axis=-1, keepdims=False: _expand(delta, x, axis, keepdims) * softmax(x, axis=axis),
    jvp=lambda t, y, x, axis=-1, keepdims=False: sum(
        t[0] * softmax(x, axis=axis), axis=axis, keepdims=keepdims))
softmax: Operation = _row(
    "softmax", _softmax,
    lambda delta, y, x, axis=-1: y * (delta - sum(delta * y, axis=axis, keepdims=True)),
    jvp=lambda t, y, x, axis=-1: y * (t[0] - sum(t[0] * y, axis=axis, keepdims=True)))
log_softmax = _row(
    "log_softmax", lambda x, axis=-1: x - _logsumexp(x, axis, keepdims=True),
    lambda delta, y, x, axis=-1: delta - exp(y) * sum(delta, axis=axis, keepdims=True),
    jvp=lambda t, y, x, axis=-1: t[0] - sum(t[0] * exp(y), axis=axis, keepdims=True))
cross_entropy = _row(
    "cross_entropy", lambda logits, labels: _cross_entropy(logits, labels)[0],
    _cross_entropy_vjp, None, keeping=_cross_entropy,
    jvp=lambda t, y, logits, labels: sum(t[0] * _cross_entropy_vjp(1.0, y, logits, labels)), label="CE")
squared_error = _row(
    "squared_error", _squared_error,
    lambda delta, y, prediction, target: delta * 2 * (prediction - target),
    lambda delta, y, prediction, target: -2 * delta * (prediction - target),
    jvp=lambda t, y, prediction, target: sum(2 * (prediction - target) * (t[0] - t[1])), label="Σ(·)²")
# fmt: on

# ---------------------------------------------------------------- swapping rules


@contextmanager
def using(**rules: Rule | Operation) -> Iterator[None]:
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
    for name in rules:
        if name not in TABLE:
            raise UnknownNameError(f"there is no operation '{name}'; there are {', '.join(sorted(TABLE))}")
    before = {name: TABLE[name].backward for name in rules}
    try:
        for name, rule in rules.items():
            TABLE[name].backward = rule.backward if isinstance(rule, Operation) else rule
        yield
    finally:
        for name, backward in before.items():
            TABLE[name].backward = backward
