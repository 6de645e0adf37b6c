"""The commands that talk to other systems: the class list, submissions from a zip file, grades out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from .commands import Assignment, CourseFolder, Database, Student, _course, _sentences

if TYPE_CHECKING:
    from .course import Course

console = Console()


def roster(
    file: Annotated[Path, typer.Argument(help="A CSV file: from Canvas, from Moodle, or with a column id.")],
    course: CourseFolder = Path(),
    db: Database = "",
) -> None:
    """Enter the class list in the gradebook."""
    from .roster import enter, read

    with _sentences():
        place = _course(course, db)
        students = read(file)
        with place.gradebook() as gradebook:
            new, known = enter(gradebook, students)
    console.print(f"[green]✓[/] {new} students entered, {known} were there already", highlight=False)


def collect(
    assignment: Assignment,
    archive: Annotated[Path, typer.Argument(help="The zip file with all submissions.")],
    source: Annotated[str, typer.Option("--from", help="canvas or moodle: whose zip file it is.")] = "canvas",
    course: CourseFolder = Path(),
    db: Database = "",
) -> None:
    """Take the submissions out of the zip file that Canvas or Moodle gives."""
    from . import collecting
    from .course import CourseError

    with _sentences():
        place = _course(course, db)
        place.require_released(assignment)
        if source not in collecting.PATTERNS:
            raise CourseError(f"--from takes canvas or moodle; got '{source}'.")
        released = place.released_notebooks(assignment)
        if not released:
            raise CourseError(
                f"The release of '{assignment}' has no notebook: run backprop-lab release {assignment} again."
            )
        students, left = collecting.collect(place.api, assignment, released[0].stem, archive, source)
    for one in left:
        said = escape(f"left out: {one.member}: {one.why}")
        console.print(f"[yellow]![/] {said}", highlight=False, soft_wrap=True)
    console.print(f"[green]✓[/] {len(students)} submissions collected", highlight=False)


def export(
    to: Annotated[str, typer.Option("--to", help="nbgrader, canvas or moodle: for whom.")] = "nbgrader",
    assignment: Annotated[
        list[str] | None, typer.Option("--assignment", help="Only this one; may be repeated.")
    ] = None,
    student: Student = None,
    out: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
    course: CourseFolder = Path(),
    db: Database = "",
) -> None:
    """Write the grades as a CSV file for another system."""
    from .course import CourseError
    from .exports import EXPORTERS, waiting_for_a_person, write

    with _sentences():
        place = _course(course, db)
        if to not in EXPORTERS:
            raise CourseError(f"--to takes {', '.join(EXPORTERS)}; got '{to}'.")
        for name in assignment or []:
            place.require(name)
        kind, default = EXPORTERS[to]
        file = out or place.root / default
        _require_gradebook(place)
        with place.gradebook() as gradebook:
            _require_entered("assignment", assignment or [], [one.name for one in gradebook.assignments])
            _require_entered("student", student or [], [one.id for one in gradebook.students])
            write(kind(assignment=assignment or [], student=student or []), gradebook, file)
            waiting = waiting_for_a_person(gradebook, assignment or [], student or [])
    if waiting:
        console.print(
            f"[yellow]![/] {waiting} submissions have answers that wait for a person; they count 0 so far",
            highlight=False,
        )
    console.print(f"[green]✓[/] grades written to {escape(str(file))}", highlight=False, soft_wrap=True)


def _require_gradebook(place: Course) -> None:
    """Raise CourseError rather than let SQLite make an empty file."""
    from sqlalchemy.engine import make_url

    from .course import CourseError

    url = make_url(place.api.coursedir.db_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        raise CourseError(
            f"There is no gradebook {url.database}: release and grade an assignment first, "
            "or name the gradebook with --db."
        )


def _require_entered(what: str, names: list[str], known: list[str]) -> None:
    from .course import CourseError

    if not known:
        raise CourseError(f"The gradebook has no {what} yet, so there are no grades to export.")
    for name in names:
        if name not in known:
            raise CourseError(f"The gradebook has no {what} '{name}', so nothing was exported.")
