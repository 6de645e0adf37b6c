"""Where the judging processes come from: one process that has imported what they need, and forks them.

A part of nbformat takes a second to import (`rfc3987_syntax`, by jsonschema). It is paid once, at the
same time as nbgrader's own imports in the grader. Not forked from the grader itself, which has threads
and an open gradebook.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def start() -> ForkServerContext:
    """The context in which workers are started. Cheap when called again, and best called early."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["graders.workers"])
    with _deaf_children():
        forkserver.ensure_running()
    return context


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Ctrl-C is for the grader, which ends its workers; processes started here never hear of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
