"""The engine: nodes, a table of operations, graphs and their derivatives.

Read in this order: `node`, `operation`, `ops`, `backprop`, `graph`; then `calculus`,
`paths`, `cost`, `check`, `optimize` and `serialize`, each of which stands alone.
"""

from . import errors, ops
from .calculus import grad, hessian, jacobian, jvp, tree_leaves, tree_map, value_and_grad, vjp
from .check import GradientReport, check_gradients
from .cost import Cost, checkpoint
from .graph import Graph
from .node import Constant, Group, Node, Variable, group
from .operation import Operation
from .optimize import SGD, Momentum, Nesterov
from .paths import Path, Paths
from .trace import Step

__all__ = [
    "SGD",
    "Constant",
    "Cost",
    "GradientReport",
    "Graph",
    "Group",
    "Momentum",
    "Nesterov",
    "Node",
    "Operation",
    "Path",
    "Paths",
    "Step",
    "Variable",
    "check_gradients",
    "checkpoint",
    "errors",
    "grad",
    "group",
    "hessian",
    "jacobian",
    "jvp",
    "ops",
    "tree_leaves",
    "tree_map",
    "value_and_grad",
    "vjp",
]
