"""backprop-lab: backpropagation, computed, drawn and checked.

>>> from backprop_lab import Graph, Variable
>>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
>>> e = ((a + b) * (b + 1)).named("e")
>>> Graph(e).backward()
>>> a.grad, b.grad
(2.0, 5.0)
"""

from . import draw, examples
from .engine import (
    SGD,
    Constant,
    Graph,
    Momentum,
    Nesterov,
    Node,
    Operation,
    Variable,
    check_gradients,
    checkpoint,
    grad,
    group,
    hessian,
    jacobian,
    jvp,
    ops,
    value_and_grad,
    vjp,
)

__all__ = [
    "SGD",
    "Constant",
    "Graph",
    "Momentum",
    "Nesterov",
    "Node",
    "Operation",
    "Variable",
    "check_gradients",
    "checkpoint",
    "examples",
    "grad",
    "group",
    "hessian",
    "jacobian",
    "jvp",
    "ops",
    "value_and_grad",
    "vjp",
]

draw.install()
