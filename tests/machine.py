"""What this machine can test, said before the tests run: ``python -m tests.machine``."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from graders.sandbox import isolation_level

PARTS = {
    "the sandbox (bubblewrap)": lambda: isolation_level().name == "strict",
    "a browser (chromium)": lambda: browser() is not None,
    "Graphviz itself, to compare with (dot)": lambda: shutil.which("dot") is not None,
    "a PostgreSQL server": lambda: bool(list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
    "PyTorch, to compare with": lambda: importlib.util.find_spec("torch") is not None,
}


def browser() -> str | None:
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


if __name__ == "__main__":
    for part, there in PARTS.items():
        print(f"{'tests with   ' if there() else 'tests WITHOUT'} {part}")
