"""Numbers, arrays and expressions as short text, the same in traces, pictures and verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np

SMALL = 6  # arrays of up to this many entries are written out

_INFIX = {"add": "+", "subtract": "−", "multiply": "·", "divide": "/", "matmul": "@"}


def number(x: Any, digits: int = 4) -> str:
    """A number with a few significant digits.

    >>> number(0.7310585786), number(5.0), number(-1e-9), number(float("nan"))
    ('0.7311', '5', '-1e-09', 'nan')
    """
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    if np.iscomplexobj(x):
        return f"{x:.{digits}g}"
    text = f"{float(x):.{digits}g}"
    return "0" if text == "-0" else text


def short(value: Any, digits: int = 4) -> str:
    """A number, a small array written out, or a shape.

    >>> import numpy as np
    >>> short(np.array([1.0, 2.5])), short(np.zeros((64, 128)))
    ('[1, 2.5]', '64×128')
    """
    shape = np.shape(value)
    if shape == ():
        return number(np.asarray(value)[()], digits)
    if np.size(value) <= SMALL and len(shape) <= 2:
        rows = np.asarray(value)
        if rows.ndim == 1:
            return "[" + ", ".join(number(x, digits) for x in rows) + "]"
        return "[" + ", ".join(short(row, digits) for row in rows) + "]"
    return "×".join(str(n) for n in shape)


def derivative(of: str, by: str) -> str:
    """The name of the derivative of one thing by another.

    >>> derivative("L", "w1"), derivative("dL/dw", "w")
    ('dL/dw1', 'd(dL/dw)/dw')
    """
    of, by = (f"({name})" if "/" in name else name for name in (of, by))
    return f"d{of}/d{by}"


def expression(operation: str, label: str, operands: list[str]) -> str:
    """The operation applied to operands as it is written on paper.

    >>> expression("add", "+", ["a", "b"]), expression("exp", "exp", ["x"])
    ('a + b', 'exp(x)')
    """
    if operation in _INFIX and len(operands) == 2:
        return f" {_INFIX[operation]} ".join(operands)
    if operation == "negative":
        return f"−{operands[0]}"
    if operation == "power" and len(operands) == 2:
        return f"{operands[0]}^{operands[1]}"
    return f"{operation}({', '.join(operands)})"
