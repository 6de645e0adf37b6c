"""What can go wrong in the engine, one exception per cause.

Every message says what was expected, what arrived and what to do next.
"""


class EngineError(Exception):
    """The base of all errors the engine raises on purpose."""


class ShapeError(EngineError, ValueError):
    """Shapes that do not fit the operation they were given to."""


class DtypeError(EngineError, TypeError):
    """Data that cannot carry a gradient: integers, booleans, text, objects."""


class NonScalarOutputError(EngineError, ValueError):
    """``backward`` on an array output without a seed for its upstream gradient."""


class UnknownNameError(EngineError, KeyError):
    """A name that no node of the graph has, or that several have."""

    def __str__(self) -> str:  # KeyError would show the sentence in quotes
        return str(self.args[0])


class NotANumberError(EngineError, ArithmeticError):
    """A NaN came out of the forward pass; the message names the first node that made it."""


class RuleError(EngineError, ValueError):
    """A backward rule returned the wrong number, shape or kind of gradients."""


class TooManyPathsError(EngineError, OverflowError):
    """More paths than anyone could list; ``Paths.count`` still knows how many."""


class KinkError(EngineError, ValueError):
    """Finite differences were asked for across a kink, where they measure nothing."""


class GraphFormatError(EngineError, ValueError):
    """A JSON text that does not describe a computation graph."""
