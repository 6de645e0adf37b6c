"""The teaching assistant's commands: release, grade, feedback, report, demo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from backprop_lab.cli import Check, refuse

if TYPE_CHECKING:
    from .course import Course, Row
    from .workers import Workers

# nbgrader takes a second to import: each command imports it when it runs.
console = Console()

Assignment = Annotated[str, typer.Argument(help="Such as 01-chain-rule.")]
CourseFolder = Annotated[Path, typer.Option("--course", help="The course folder.")]
Student = Annotated[list[str] | None, typer.Option("--student", help="Only this student; may be repeated.")]
Jobs = Annotated[int, typer.Option(min=0, help="Submissions judged at a time; 0 is one for each core.")]
SchedulerOption = Annotated[
    str, typer.Option(help="A Dask scheduler's address, or local: judge there and not in processes of ours.")
]
Database = Annotated[str, typer.Option("--db", help="The gradebook's URL, such as postgresql+psycopg://…")]
IsolationOption = Annotated[
    str, typer.Option(help="auto, strict (refuse without a sandbox) or none (no sandbox).")
]


def register(app: typer.Typer, checks: list[Check]) -> None:
    """Add the commands to the command line, and the sandbox to what doctor looks at."""
    from .exchange_commands import collect, export, roster

    for command in (release, roster, collect, grade, feedback, report, explain, export, demo):
        app.command()(command)
    checks.append(_isolation)


def _isolation() -> tuple[bool, str]:
    from .sandbox import isolation_level

    level = isolation_level()
    return level.name == "strict", level.explain()


def _course(folder: Path, db: str = "") -> Course:
    from .course import Course

    return Course(folder, db)


@contextmanager
def _sentences() -> Iterator[None]:
    """A CourseError ends the command with its sentence, and so does a gradebook that does not answer."""
    from sqlalchemy.exc import SQLAlchemyError
    from traitlets import TraitError

    from .course import CourseError
    from .writer import StoppedError, stop_if_hopeless

    try:
        yield
    except CourseError as error:
        raise refuse(str(error)) from None
    except (SQLAlchemyError, OSError, TraitError, ModuleNotFoundError) as error:
        try:
            stop_if_hopeless(error, "the course")
        except StoppedError as stopped:
            raise refuse(f"{stopped}, and try again.") from None
        if isinstance(error, TraitError):
            raise refuse(f"nbgrader_config.py has a setting that nbgrader cannot take: {error}") from None
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename else ""
            raise refuse(f"{where}{error.strerror or error}. Nothing more was done.") from None
        said = str(error).splitlines()[0]
        raise refuse(f"The gradebook cannot be used: {said}. See --db, or db_url in the settings.") from None


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[student]}"),
        console=console,
        transient=True,
    )


def release(assignment: Assignment, course: CourseFolder = Path(), db: Database = "") -> None:
    """Write the student version of an assignment and enter it in the gradebook."""
    with _sentences():
        folder = _course(course, db).release(assignment)
    console.print(f"[green]✓[/] released to {escape(str(folder))}", highlight=False, soft_wrap=True)


def grade(
    assignment: Assignment,
    course: CourseFolder = Path(),
    student: Student = None,
    force: Annotated[bool, typer.Option(help="Grade again what is graded already.")] = False,
    isolation: IsolationOption = "auto",
    jobs: Jobs = 0,
    scheduler: SchedulerOption = "",
    db: Database = "",
) -> None:
    """Autograde the submissions of an assignment that are new or changed."""
    from . import nursery

    if not scheduler:
        nursery.start()  # it imports while this process does
    with _sentences():
        place = _course(course, db)
        rows, stopped = _grade(place, assignment, student, force, isolation, jobs, scheduler)
    console.print(table(rows))
    if stopped:
        raise refuse(stopped)


def _grade(
    place: Course,
    assignment: str,
    student: list[str] | None = None,
    force: bool = False,
    isolation: str = "auto",
    jobs: int = 0,
    scheduler: str = "",
) -> tuple[list[Row], str]:
    """The table, and a sentence where the run ended before its end."""
    from .classroom import new_or_changed
    from .course import CourseError

    place.require_gradable(assignment)
    _choose_isolation(place, isolation)
    submitted = place.submitted(assignment)
    for name in student or []:
        if name not in submitted:
            raise CourseError(f"There is no submission of '{assignment}' by '{name}'.")
    if not submitted:
        raise CourseError(f"There is no submission of '{assignment}' in {place.root}.")
    todo = student or (submitted if force else new_or_changed(place, assignment))
    with _progress() as progress:
        task = progress.add_task("grading", total=len(todo), student="")
        outcome = place.grade(
            assignment,
            todo,
            lambda name: progress.update(task, advance=1, student=name),
            _workers(place, len(todo), jobs, scheduler) if todo else None,
        )
    stopped = ""
    if outcome.stopped:
        stopped = (
            f"{outcome.stopped}: {len(outcome.graded)} of {len(todo)} submissions were graded and are kept. "
            "Run the same command again for the rest."
        )
    return place.rows(assignment, outcome.failed), stopped


def _workers(place: Course, tasks: int, jobs: int, scheduler: str) -> Workers:
    from .course import cores
    from .workers import LocalWorkers

    count = max(1, min(jobs or cores(), tasks))
    if scheduler:
        from .cluster import DaskWorkers

        cluster = DaskWorkers(scheduler, count)
        if not cluster.threads():
            console.print(f"No worker has joined the cluster at {scheduler}: grading begins when one does.")
        return cluster
    return LocalWorkers(count)


def _choose_isolation(place: Course, isolation: str) -> None:
    from .course import CourseError
    from .sandbox import isolation_level

    if isolation not in ("auto", "strict", "none"):
        raise CourseError(f"--isolation takes auto, strict or none; got '{isolation}'.")
    level = isolation_level()
    if isolation == "strict" and level.name != "strict":
        raise CourseError(f"Strict isolation is not available here. {level.explain()}")
    if isolation == "none" or level.name != "strict":
        console.print(
            f"[yellow]![/] {escape(level.explain() if isolation == 'auto' else _WITHOUT)}", highlight=False
        )
    place.config.Judge.isolation = isolation


_WITHOUT = "Submissions run without a sandbox, as asked: they can read what you can and reach the network."


def table(rows: list[Row]) -> Table:
    """Students and scores, with what a person should know about each."""
    view = Table(header_style="bold")
    view.add_column("student", no_wrap=True)
    view.add_column("functions", justify="right", no_wrap=True)
    view.add_column("written", justify="right", no_wrap=True)
    view.add_column("what went wrong", overflow="fold")
    for row in rows:
        code = "–" if row.code is None else f"{row.code:g} / {row.max_code:g}"
        written = "by hand" if row.written is None else f"{row.written:g} / {row.max_written:g}"
        view.add_row(
            escape(row.student), code, "–" if row.code is None else written, escape(_went_wrong(row))
        )
    return view


def _went_wrong(row: Row) -> str:
    """The reason, then the mistakes, in one cell of the table."""
    flags = [f"look: {flag}" for flag in row.flags]
    verdicts = [verdict for verdict in row.verdicts.values() if not verdict.passed]
    if row.reason and all(verdict.status == "no answer" for verdict in verdicts):
        return "; ".join([row.reason, *flags])
    said = [verdict.headline for verdict in verdicts if verdict.status in ("failed", "partial")]
    unwritten = sum(verdict.status == "not written" for verdict in verdicts)
    if unwritten:
        said.append(f"{unwritten} not written" if unwritten < len(row.verdicts) else "nothing written")
    return "; ".join([*([row.reason] if row.reason else []), *said, *flags])


def feedback(
    assignment: Assignment, course: CourseFolder = Path(), student: Student = None, db: Database = ""
) -> None:
    """Write the feedback pages of an assignment."""
    with _sentences():
        _feedback(_course(course, db), assignment, student)


def _feedback(place: Course, assignment: str, student: list[str] | None) -> None:
    from .course import CourseError

    place.require_released(assignment)
    graded = place.graded(assignment)
    for name in student or []:
        if name not in graded:
            raise CourseError(f"'{assignment}' by '{name}' is not graded yet.")
    if not graded:
        raise CourseError(
            f"No submission of '{assignment}' is graded yet: run backprop-lab grade {assignment}."
        )
    with _progress() as progress:
        task = progress.add_task("feedback", total=len(student or graded), student="")
        failed = place.feedback(
            assignment, student or graded, lambda name: progress.update(task, advance=1, student=name)
        )
    for name, reason in failed.items():
        console.print(f"[yellow]![/] {escape(name)}: {escape(reason)}", highlight=False)
    if failed and len(failed) == len(student or graded):
        raise CourseError("No feedback page was written.")
    pages = place.feedback_page((student or graded)[0], assignment).parents[1]
    console.print(
        f"[green]✓[/] feedback pages under {escape(str(pages.parent))}", highlight=False, soft_wrap=True
    )
    if failed:
        raise CourseError(f"{len(failed)} of {len(student or graded)} pages could not be written.")


def report(
    assignment: Annotated[str, typer.Argument(help="The whole course if left out.")] = "",
    course: CourseFolder = Path(),
    out: Annotated[Path | None, typer.Option(help="The page to write.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Numbers in place of names.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The numbers, for another program.")] = False,
    db: Database = "",
) -> None:
    """One page on the class: scores, pass rates, and what was misunderstood."""
    with _sentences():
        page = _report(_course(course, db), assignment, out, anonymous, json)
    console.print(f"[green]✓[/] class report: {escape(str(page))}", highlight=False, soft_wrap=True)


def _report(
    place: Course, assignment: str, out: Path | None = None, anonymous: bool = False, json: bool = False
) -> Path:
    from . import report as pages
    from .course import CourseError

    if assignment:
        place.require_released(assignment)
    chosen = [assignment] if assignment else [name for name in place.assignments() if place.released(name)]
    tables = {name: rows for name in chosen if (rows := place.rows(name))}
    if not tables:
        which = f" of '{assignment}'" if assignment else ""
        raise CourseError(f"There is no submission{which} to report on.")
    if anonymous:
        tables = pages.anonymous(tables)
    if assignment:
        text = (pages.as_json if json else pages.html)(assignment, tables[assignment])
    else:
        text = (pages.course_json if json else pages.course_html)(tables)
    page = out or place.root / "reports" / f"{assignment or 'course'}.{'json' if json else 'html'}"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{page} cannot be written: {error.strerror or error}.") from None
    return page


def explain(
    student: Annotated[str, typer.Argument(help="The student's id.")],
    assignment: Assignment,
    exercise: Annotated[str, typer.Argument(help="One function; all that did not pass if left out.")] = "",
    course: CourseFolder = Path(),
    isolation: IsolationOption = "auto",
    db: Database = "",
) -> None:
    """Show what the judge asked, what was answered and what is right: for an appeal."""
    with _sentences():
        from . import explain as appeals

        place = _course(course, db)
        _choose_isolation(place, isolation)
        told = 0
        for one in appeals.explanations(place, student, assignment, exercise, place.config.Judge.isolation):
            told += 1
            console.rule(one.exercise.name)
            for line in appeals.lines(one):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        if not told:
            console.print(f"[green]✓[/] All functions of {escape(student)} passed.", highlight=False)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demonstration course goes; made anew.")] = Path(
        "demo"
    ),
    course: CourseFolder = Path(),
) -> None:
    """The whole way on a made class: release, submissions, grading, feedback, report."""
    from .course import CourseError, copy_course
    from .sample_class import ASSIGNMENT, write_class

    with _sentences():
        source = _course(course)
        if folder.exists() and not (folder / _MARK).is_file():
            raise CourseError(f"{folder} exists and is no demonstration course; name another folder.")
        target, notebooks = folder.resolve(), source.root / "notebooks"
        if target in (source.root, *source.root.parents) or notebooks in (target, *target.parents):
            raise CourseError(f"{folder} holds the course, or lies in its notebooks; name another folder.")
        shutil.rmtree(folder, ignore_errors=True)
        copy_course(source.root, folder)
        (folder / _MARK).write_text("Made by `backprop-lab demo`, which deletes it and makes it again.\n")
        place = _course(folder)
        released = place.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
        console.print(f"[green]✓[/] released {ASSIGNMENT}")
        members = write_class(released, place.root / place.api.coursedir.submitted_directory)
        console.print(f"[green]✓[/] {len(members)} submissions made")
        rows, stopped = _grade(place, ASSIGNMENT)
        console.print(table(rows))
        if stopped:
            raise CourseError(stopped)
        _feedback(place, ASSIGNMENT, None)
        page = _report(place, ASSIGNMENT)
        example = place.feedback_page("mistake-swapped", ASSIGNMENT)
    for what, path in {
        "a feedback page": example,
        "the class report": page,
        "the gradebook": place.root / "gradebook.db",
    }.items():
        console.print(f"  {what}: [bold]{escape(str(path))}[/]", highlight=False, soft_wrap=True)


_MARK = ".backprop-lab-demo"
