"""backprop-lab: backpropagation, computed, drawn and checked.

>>> from backprop_lab import Graph, Variable
>>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
>>> e = ((a + b) * (b + 1)).named("e")
>>> Graph(e).backward()
>>> a.grad, b.grad
(2.0, 5.0)
"""

from .engine import Constant, Graph, Node, Operation, Variable, group, ops

__all__ = ["Constant", "Graph", "Node", "Operation", "Variable", "group", "ops"]
