"""The engine: nodes, a table of operations, graphs and their derivatives."""

from . import errors, ops
from .graph import Graph, Step
from .node import Constant, Group, Node, Variable, group
from .operation import Operation

__all__ = ["Constant", "Graph", "Group", "Node", "Operation", "Step", "Variable", "errors", "group", "ops"]
