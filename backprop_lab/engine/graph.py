"""A computation graph: the nodes behind an output, in order, with what can be asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from . import text
from .backprop import backpropagate, fitted, gradient_nodes, refuse_nan, topological_order
from .cost import Cost, cost_of
from .errors import NonScalarOutputError, UnknownNameError
from .node import Array, Node, Operand, Variable, leaf_data, plain, value_of
from .paths import Paths
from .trace import Step, steps


class Graph:
    """The computation graph of a node: the node and all it was computed from.

    Args:
        output: the node, or several (as a gradient graph has).

    Attributes:
        output: the node, the first of several.
        outputs: all of them.
        nodes: every node once, inputs before users.

    >>> from backprop_lab import Graph, Variable
    >>> a, b = Variable(2.0, "a"), Variable(1.0, "b")
    >>> g = Graph(((a + b) * (b + 1)).named("e"))
    >>> g.backward()
    >>> b.grad
    5.0
    >>> g.forward(a=3.0, b=0.5)
    5.25
    """

    def __init__(self, output: Node | Sequence[Node]):
        self.outputs = (output,) if isinstance(output, Node) else tuple(output)
        for node in self.outputs:
            if not isinstance(node, Node):
                raise TypeError(
                    f"Graph takes a node, such as the result of a + b on variables; got {type(node).__name__}"
                )
        if not self.outputs:
            raise TypeError("Graph takes at least one output node; got none")
        self.output = self.outputs[0]
        self.nodes = topological_order(self.outputs)

    if TYPE_CHECKING:  # what `backprop_lab.draw` adds; see its functions of these names

        def draw(self, **options: Any) -> Any: ...
        def step(self, **options: Any) -> Any: ...
        def draw_paths(self, wrt: str | Node, **options: Any) -> Any: ...
        def draw_modules(self, **options: Any) -> Any: ...
        def to_dot(self, **options: Any) -> Any: ...

    @cached_property
    def names(self) -> dict[Node, str]:
        """A unique name for every node: its own, or u1, u2, … as in Goodfellow et al.

        Numbers written into an expression are named by their value.
        """
        names: dict[Node, str] = {}
        taken: set[str] = {node.name for node in self.nodes if node.name}
        used: dict[str, int] = {}
        intermediate = 0
        for node in self.nodes:
            if node.name:
                name = node.name
            elif node.operation is None:
                name = text.short(node._value)
            else:
                intermediate += 1
                while f"u{intermediate}" in taken:
                    intermediate += 1
                name = f"u{intermediate}"
            used[name] = used.get(name, 0) + 1
            names[node] = name if used[name] == 1 else f"{name}′{used[name]}"
        return names

    @cached_property
    def variables(self) -> list[Node]:
        """The leaves that gradients are taken with respect to."""
        return [node for node in self.nodes if node.operation is None and node.needs_grad]

    def users(self, node: Node) -> list[Node]:
        """The nodes that `node` is an input of, once per use."""
        return self._users.get(node, [])

    @cached_property
    def _users(self) -> dict[Node, list[Node]]:
        users: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for x in node.inputs:
                users.setdefault(x, []).append(node)
        return users

    def __getitem__(self, name: str) -> Node:
        """The node of that name.

        Raises:
            UnknownNameError: no node, or more than one, has it.
        """
        found = [node for node in self.nodes if node.name == name]
        if not found:
            found = [node for node, its_name in self.names.items() if its_name == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownNameError(f"{len(found)} nodes are called '{name}'; give them different names")
        known = ", ".join(name for node, name in self.names.items() if node.name)
        raise UnknownNameError(f"no node is called '{name}'; the named ones are: {known or 'none'}")

    def _node(self, which: str | Node) -> Node:
        return which if isinstance(which, Node) else self[which]

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __repr__(self) -> str:
        value = text.short(self.output._value)
        return f"Graph of {len(self)} nodes, output {self.names[self.output]} = {value}"

    def forward(self, **values: Operand) -> Array:
        """Recompute every node, with new values for the named leaves; gradients are forgotten.

        Nothing changes if a value is refused.

        Raises:
            UnknownNameError: a name that no leaf has.
            ShapeError: shapes no longer fit.
            NotANumberError: a NaN reached the output.
        """
        leaves = {}
        for name, value in values.items():
            node = self[name]
            if node.operation is not None:
                raise UnknownNameError(
                    f"'{name}' is computed by '{node.operation.name}'; only leaves can be given a value"
                )
            leaves[node] = leaf_data(value, name, node.needs_grad)
        for node, computed in self.evaluate(leaves).items():
            node._value, node._grad, node.kept = computed, None, None
        refuse_nan(self.nodes, self.outputs)
        return self.output.value

    def evaluate(self, leaves: dict[Node, Array]) -> dict[Node, Array]:
        """What every node would be with these values of leaves; the graph itself does not change."""
        computed: dict[Node, Array] = {}
        for node in self.nodes:
            if node.operation is None:
                computed[node] = leaves.get(node, node._value)
            else:
                computed[node] = node.operation.compute([computed[x] for x in node.inputs], node.params or {})
        return computed

    def backward(self, seed: Operand | None = None, create_graph: bool = False) -> None:
        """Fill ``grad`` of every node; the same however often it is called.

        Args:
            seed: upstream gradient of the output, needed where the output is not a scalar.
            create_graph: make the gradients nodes, so that they can be drawn and differentiated.

        Raises:
            NonScalarOutputError: an array output and no seed, or several outputs.
            NotANumberError: the output is NaN.

        >>> from backprop_lab import Graph, Variable
        >>> x = Variable(2.0, "x")
        >>> Graph(x * x * x).backward(create_graph=True)
        >>> Graph(x.grad).backward()
        >>> x.grad  # 6 x
        12.0
        """
        if len(self.outputs) > 1:
            raise NonScalarOutputError(
                f"this graph has {len(self.outputs)} outputs; "
                "backpropagate from one of them: Graph(g[name]).backward()"
            )
        refuse_nan(self.nodes, self.outputs)
        if not create_graph:
            backpropagate(self.nodes, None if seed is None else value_of(seed))
            return
        found = gradient_nodes(self.nodes, seed, self.names.__getitem__)
        for node in self.nodes:
            node._grad = found.get(node)

    def gradient_graph(self, seed: Operand | None = None) -> Graph:
        """This graph together with the graph of its gradients: G and B of Goodfellow et al., section 6.5.3.

        Each node that needs a gradient has one group in B, called ``d{out}/d{name}``, whose last
        node is the gradient and has that name. The outputs are this graph's and every variable's
        gradient. Gradients already computed are left alone.

        >>> from backprop_lab import Graph, Variable
        >>> z = (Variable(3.0, "x") * Variable(4.0, "y")).named("z")
        >>> both = Graph(z).gradient_graph()
        >>> both["dz/dx"].value, both["dz/dy"].value
        (4.0, 3.0)
        """
        found = gradient_nodes(self.nodes, seed, self.names.__getitem__)
        return Graph((self.output, *[found[x] for x in self.variables if x in found]))

    def between(self, source: str | Node, target: str | Node) -> Graph:
        """A copy of the part that leads from one node to another, everything else held constant.

        Raises:
            UnknownNameError: a name is unknown, or the target does not depend on the source.

        >>> from backprop_lab import examples
        >>> part = examples.get("two-paths").between("c", "e")
        >>> [node.name for node in part], [x.name for x in part.variables]
        (['c', 'd', 'e'], ['c'])
        """
        start, end = self._node(source), self._node(target)
        copies: dict[Node, Node] = {start: Variable(start._value, self.names[start])}
        outside: dict[Node, Node] = {}
        for node in topological_order([end], leaves=[start]):
            if node is start or not any(x in copies for x in node.inputs):
                continue
            for x in node.inputs:
                if x not in copies and x not in outside:
                    outside[x] = Node(x._value, name=x.name)
            inputs = tuple([copies[x] if x in copies else outside[x] for x in node.inputs])
            copy = Node(node._value, node.operation, inputs, node.params, node.name, node.needs_grad)
            copy.group = node.group
            copies[node] = copy
        if end not in copies:
            raise UnknownNameError(f"'{self.names[end]}' does not depend on '{self.names[start]}'")
        return Graph(copies[end])

    def local(self, node: Node, position: int) -> Any:
        """The local derivative of a node with respect to one input, or None if it is a full Jacobian.

        A number for a scalar node of scalar input; for an elementwise operation on
        arrays of one shape, the diagonal of the Jacobian as an array of that shape.
        """
        operation, x = node.operation, node.inputs[position]
        assert operation is not None
        if not x.needs_grad or node.shape != x.shape or not (operation.elementwise or node.shape == ()):
            return None
        wanted = [k == position for k in range(len(node.inputs))]
        ones = 1.0 if node.shape == () else np.ones(node.shape, node.dtype)
        values = [x._value for x in node.inputs]
        pulled = operation.pull(ones, node._value, values, wanted, node.params or {})[position]
        return None if pulled is None else plain(fitted(pulled, x._value))

    def paths(self, name: str | Node) -> Paths:
        """Every path from a node to the output, with its local derivatives and their product.

        >>> from backprop_lab import examples
        >>> for path in examples.get("two-paths").paths("b"):
        ...     print(path)
        b → c → e: 1 · 2 = 2
        b → d → e: 1 · 3 = 3
        """
        return Paths(self, self._node(name))

    def count_paths(self, name: str | Node) -> int:
        """How many paths lead from a node to the output, without walking them.

        >>> from backprop_lab import examples
        >>> examples.get("two-paths").count_paths("b")
        2
        """
        return self.paths(name).count

    def cost(self) -> Cost:
        """Multiplications and bytes of the gradient: path by path, by full Jacobians, by backprop.

        >>> from backprop_lab import examples
        >>> print(examples.get("two-paths").cost())
                               multiplications         bytes
        path by path                         6            40
        full Jacobians                       5            40
        backprop                             5            88
        """
        return cost_of(self.nodes, self.output)

    def trace(self) -> list[Step]:
        """The forward pass and the backward pass, one node at a time.

        >>> from backprop_lab import Graph, Variable
        >>> for step in Graph((Variable(2.0, "a") * Variable(3.0, "b")).named("c")).trace():
        ...     print(step)
        a = 2
        b = 3
        c = a · b = 2 · 3 = 6
        dc/dc = 1
        dc/db = dc/dc · dc/db = 1 · 2 = 2
        dc/da = dc/dc · dc/da = 1 · 3 = 3
        """
        if self.output._grad is None and len(self.outputs) == 1:
            self.backward(None if self.output.shape == () else np.ones(self.output.shape, self.output.dtype))
        return steps(self)

    def to_json(self) -> str:
        """The graph as text: operations, connections, names, and the values of its leaves."""
        from .serialize import dump

        return dump(self)

    @classmethod
    def from_json(cls, source: str) -> Graph:
        """Rebuild a graph from `to_json`, computing its values anew.

        Raises:
            GraphFormatError: the text does not describe a graph.
        """
        from .serialize import load

        return cls(load(source))
