"""Running the cells of a notebook here, as a notebook does: magics, `!` and all, but quietly."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from .output import Held


@contextmanager
def quiet() -> Iterator[None]:
    """What runs inside prints nothing, and is told that nobody is at the keyboard."""
    before, sys.stdin = sys.stdin, io.StringIO()
    try:
        with redirect_stdout(Held()), redirect_stderr(Held()):
            yield
    finally:
        sys.stdin = before


class Shell(InteractiveShell):
    """IPython without a terminal, a history file and a traceback on the screen."""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: `run` returns the error."""

    showsyntaxerror = showtraceback
    show_usage_error = showtraceback

    def enable_gui(self, gui: Any = None) -> None:
        """Nothing to do: there is no window."""

    def ask_exit(self) -> None:
        """``exit()`` in a cell ends nothing, as in a notebook that is graded."""

    def run(self, source: str) -> BaseException | None:
        """Run a cell; the error that ended it, if one did."""
        result = self.run_cell(source, store_history=False)
        return result.error_before_exec or result.error_in_exec


def make_shell() -> Shell:
    """A shell of its own, which has run nothing yet."""
    config = Config()
    config.HistoryManager.enabled = False
    return Shell(config=config)
