"""Every path from a node to the output: the chain rule before anything is shared.

The derivative is the sum over paths of the product of local derivatives along
each. There may be 2^40 paths; they are counted without being walked, and any one
of them can be found by its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from . import text
from .backprop import fitted
from .errors import DtypeError, TooManyPathsError
from .node import Array, Node, plain

if TYPE_CHECKING:
    from .graph import Graph

LIMIT = 100_000  # nobody reads more paths than this, and no memory holds 2^40


@dataclass(frozen=True)
class Path:
    """One path: its nodes from the source to the output, and the local derivative of every edge.

    Attributes:
        nodes: source first, output last.
        names: what the graph calls them.
        local: the local derivative of each edge, source first: a number, or for arrays the
            Jacobian as a matrix with one row per output entry and one column per input entry.
    """

    nodes: tuple[Node, ...]
    names: tuple[str, ...]
    local: tuple[Any, ...]

    @property
    def factors(self) -> tuple[Any, ...]:
        """The local derivatives in the order of multiplication: among matrices, the output's goes first."""
        return self.local[::-1] if any(np.ndim(jacobian) for jacobian in self.local) else self.local

    @property
    def product(self) -> Any:
        """The local derivatives multiplied: a number, or a matrix (the output's Jacobian goes first)."""
        product: Any = 1.0
        for jacobian in self.local:
            both = np.ndim(jacobian) and np.ndim(product)
            product = jacobian @ product if both else jacobian * product
        return plain(product)

    def __str__(self) -> str:
        factors = " · ".join(text.short(x) for x in self.factors)
        return f"{' → '.join(self.names)}: {factors or '1'} = {text.short(self.product)}"


class Paths:
    """The paths from one node to the output, found when asked for.

    >>> from backprop_lab import Graph, Variable
    >>> x = y = Variable(1.0, "x")
    >>> for _ in range(40):
    ...     y = y + y
    >>> paths = Graph(y).paths("x")
    >>> paths.count
    1099511627776
    >>> paths[123456789].product
    1.0
    """

    def __init__(self, graph: Graph, source: Node):
        if not source.needs_grad:
            raise DtypeError(f"'{graph.names[source]}' is a constant; no gradient flows to it")
        self.graph = graph
        self.source = source
        # Every way out of a node, and how many paths begin with it.
        self._onward: dict[Node, list[tuple[Node, int, int]]] = {}
        self._counts: dict[Node, int] = dict.fromkeys(graph.nodes, 0)
        self._counts[graph.output] = 1
        for user in reversed(graph.nodes):
            for position, x in enumerate(user.inputs):
                if user.needs_grad and x.needs_grad and self._counts[user]:
                    self._onward.setdefault(x, []).append((user, position, self._counts[user]))
                    self._counts[x] += self._counts[user]
        self._jacobians: dict[tuple[Node, int], Array] = {}

    @property
    def count(self) -> int:
        """How many paths there are, exactly, without walking them."""
        return self._counts[self.source]

    def __len__(self) -> int:
        self._refuse_too_many()
        return self.count

    def __getitem__(self, number: int) -> Path:
        """The path of that number, from 0 to count - 1."""
        if not 0 <= number < self.count:
            raise IndexError(f"there are {self.count:,} paths, numbered from 0; got {number}")
        node = self.source
        nodes, local = [node], []
        while node is not self.graph.output:
            for way in reversed(self._onward[node]):
                user, position, how_many = way
                if number < how_many:
                    break
                number -= how_many
            local.append(self._jacobian(user, position))
            nodes.append(user)
            node = user
        return Path(tuple(nodes), tuple([self.graph.names[x] for x in nodes]), tuple(local))

    def __iter__(self) -> Iterator[Path]:
        for number in count():
            if number == self.count:
                return
            if number == LIMIT:
                self._refuse_too_many()
            yield self[number]

    def total(self) -> Any:
        """The sum of all products: the gradient (of the source's shape for a scalar output).

        For an array output, the Jacobian, of shape output.shape + source.shape.

        Raises:
            TooManyPathsError: there are too many to walk.
        """
        self._refuse_too_many()
        total: Any = 0.0
        for path in self:
            total = total + path.product
        shape = self.graph.output.shape + self.source.shape
        return plain(np.reshape(total, shape)[()])

    def _refuse_too_many(self) -> None:
        if self.count > LIMIT:
            raise TooManyPathsError(
                f"there are {self.count:,} paths from '{self.graph.names[self.source]}' to "
                f"'{self.graph.names[self.graph.output]}'; at most {LIMIT:,} are walked. Backpropagation "
                "visits each edge once instead: Graph.backward()."
            )

    def _jacobian(self, user: Node, position: int) -> Array:
        if (user, position) not in self._jacobians:
            self._jacobians[user, position] = local_jacobian(user, position)
        return self._jacobians[user, position]


def local_jacobian(node: Node, position: int) -> Array:
    """The Jacobian of a node with respect to one input: a number, or a matrix, one row per output entry.

    >>> from backprop_lab import Variable
    >>> local_jacobian(Variable([[1.0, 2.0]], "W") @ Variable([3.0, 4.0], "x"), 0)
    array([[3., 4.]])
    """
    operation, x = node.operation, node.inputs[position]
    assert operation is not None
    values = [x._value for x in node.inputs]
    wanted = [k == position for k in range(len(values))]

    def pull(delta: Array) -> Array:
        gradient = operation.pull(delta, node._value, values, wanted, node.params or {})[position]
        return np.zeros(x.shape) if gradient is None else fitted(gradient, x._value)

    if node.shape == () and x.shape == ():
        return plain(pull(1.0))
    rows = np.zeros((node.size, x.size), node.dtype)
    for k in range(node.size):
        delta = np.zeros(node.size, node.dtype)
        delta[k] = 1
        rows[k] = np.ravel(pull(delta.reshape(node.shape)[()]))
    return rows
