"""How long a class takes to grade: stock `nbgrader autograde` against `backprop-lab grade`, same notebooks.

    python -m benchmarks.grading [STUDENTS] [--growth 10,30,100,300]

Stock is nbgrader with its own preprocessors, one run of its command line, so its start is shared by all
students. Ours is our command line with the sandbox and the judge. Seconds are of the clock, start-up
included, and each ratio is of two runs made one after the other. On a machine that does other work too,
the ratio of CPU seconds is the steadier one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graders import processes, warm
from graders.course import CONFIG, Course, copy_course
from graders.judging import Judged, judge_bytes
from graders.sample_class import ASSIGNMENT, samples
from graders.sandbox import Sandbox, isolation_level
from graders.student_version import ROOT
from graders.submission import load_released
from graders.writer import Writer

BIN = Path(sys.executable).parent
TIMES = 4  # so many submissions for each of stock's: its own start-up is shared by few seconds otherwise
CLASS = re.compile("right|mistake|blank")  # honest work; the hostile ones measure deadlines


def course_with(folder: Path, students: int, stock: bool = False) -> Course:
    """A released course and that many submissions."""
    copy_course(ROOT, folder)
    if stock:
        kept = [line for line in (ROOT / CONFIG).read_text().splitlines() if "CourseDirectory" in line]
        (folder / CONFIG).write_text("c = get_config()\n" + "\n".join(kept) + "\n")
    course = Course(folder)
    released = course.release(ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    kinds = [s for s in samples(load_released(str(released))) if CLASS.match(s.student)]
    for at in range(students):
        home = folder / "submitted" / f"student-{at:05}" / ASSIGNMENT
        home.mkdir(parents=True)
        (home / f"{ASSIGNMENT}.ipynb").write_bytes(kinds[at % len(kinds)].data)
        (home / "timestamp.txt").write_text("2026-01-15 12:00:00 UTC")
    return course


@dataclass(frozen=True)
class Cost:
    """Of a command: seconds of the clock, of all its processes' CPU, and megabytes at their most."""

    seconds: float
    cpu: float
    grader: float
    all: float


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of those it has waited for."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def run(folder: Path, *words: str) -> Cost:
    start = time.perf_counter()
    command = subprocess.Popen(
        [BIN / words[0], *words[1:]], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    first = everything = cpu = 0.0
    while command.poll() is None:
        tree = processes.tree(command.pid)
        cpu = max(cpu, sum(map(cpu_of, tree)))
        first = max(first, processes.resident(command.pid))
        everything = max(everything, sum(map(processes.resident, tree)))
        try:
            command.wait(0.25)
        except subprocess.TimeoutExpired:
            continue
    seconds = time.perf_counter() - start
    assert command.stderr is not None
    assert command.returncode == 0, command.stderr.read().decode()[-2000:]
    return Cost(seconds, cpu, first / 1e6, everything / 1e6)


def against_stock(students: int, place: Path) -> Cost:
    """Prints the table; what one notebook costs in stock nbgrader."""
    ours_is = students * TIMES
    print(f"\nOne notebook of {ASSIGNMENT}, isolation {isolation_level().name}")
    print(f"stock: {students} submissions; ours, which is shorter to run: {ours_is}")
    print(f"{'':26}{'seconds each':>14}{'of stock':>10}{'CPU s each':>12}{'of stock':>10}{'load':>6}")
    stock_course = place / "stock"
    course_with(stock_course, students, stock=True)
    stock = run(stock_course, "nbgrader", "autograde", ASSIGNMENT)
    line("nbgrader autograde", stock, stock, students, students)
    ways = {
        "nbgrader with our judge": ("nbgrader", "autograde", ASSIGNMENT),
        "backprop-lab, 1 job": ("backprop-lab", "grade", ASSIGNMENT, "--jobs", "1"),
        "backprop-lab, 2 jobs": ("backprop-lab", "grade", ASSIGNMENT, "--jobs", "2"),
    }
    if _has("distributed"):
        ways["Dask, 2 workers"] = (*ways["backprop-lab, 2 jobs"], "--scheduler", "local")
    for at, (name, words) in enumerate(ways.items()):
        count = students if words[0] == "nbgrader" else ours_is
        course_with(place / f"ours-{at}", count)
        line(name, run(place / f"ours-{at}", *words), stock, count, students)
    return Cost(stock.seconds / students, stock.cpu / students, 0.0, 0.0)


def line(name: str, cost: Cost, stock: Cost, count: int, stock_count: int) -> None:
    seconds, cpu = cost.seconds / count, cost.cpu / count
    of_seconds, of_cpu = seconds * stock_count / stock.seconds, cpu * stock_count / stock.cpu
    print(
        f"{name:26}{seconds:14.3f}{'1/' + format(1 / of_seconds, '.1f'):>10}{cpu:12.3f}"
        f"{'1/' + format(1 / of_cpu, '.1f'):>10}{os.getloadavg()[0]:6.1f}",
        flush=True,
    )


def growth(sizes: list[int], place: Path, stock: Cost) -> None:
    print("\nGrowth, 2 jobs")
    print(
        f"{'submissions':>12}{'seconds':>10}{'each':>9}{'of stock':>10}{'CPU each':>10}{'of stock':>10}"
        f"{'again':>9}{'grader MB':>12}{'all MB':>9}"
    )
    for size in sizes:
        folder = place / f"grown-{size}"
        course_with(folder, size)
        words = ("backprop-lab", "grade", ASSIGNMENT, "--jobs", "2")
        cost = run(folder, *words)
        again = run(folder, *words).seconds  # nothing is new
        print(
            f"{size:12}{cost.seconds:10.1f}{cost.seconds / size:9.3f}"
            f"{'1/' + format(stock.seconds * size / cost.seconds, '.1f'):>10}{cost.cpu / size:10.3f}"
            f"{'1/' + format(stock.cpu * size / cost.cpu, '.1f'):>10}{again:9.2f}"
            f"{cost.grader:12.0f}{cost.all:9.0f}",
            flush=True,
        )


def parts(place: Path, students: int = 12) -> tuple[float, float]:
    """Where the time of one submission goes; seconds to judge and to write one."""
    course = course_with(place / "parts", students)
    released = course.released_notebooks(ASSIGNMENT)[0].read_bytes()
    students_files = {s: course.submitted_notebooks(ASSIGNMENT, s)[0] for s in course.submitted(ASSIGNMENT)}
    files = {student: path.read_bytes() for student, path in students_files.items()}

    def start() -> None:
        with Sandbox() as sandbox:
            sandbox.wait()

    cold_start = each(start, 5)
    cold = each(lambda: judge_bytes(released, files["student-00000"]), 5)
    warm.enable()
    start()
    warm_start = each(start, 10)
    judged = {}
    began = time.perf_counter()
    for student, data in files.items():
        judged[student] = {ASSIGNMENT: Judged.from_dict(judge_bytes(released, data))}
    judging = (time.perf_counter() - began) / students
    warm.disable()
    writer = Writer(course.api, ASSIGNMENT)
    began = time.perf_counter()
    for student, found in judged.items():
        assert not writer.write(student, found)
    writing = (time.perf_counter() - began) / students
    writer.close()
    print("\nWhere the time goes, milliseconds for one submission")
    for name, seconds in {
        "a sandbox, started": cold_start,
        "a sandbox, forked from a warm interpreter": warm_start,
        "judged, sandbox started": cold,
        "judged, sandbox forked": judging,
        "written: gradebook and graded notebook": writing,
    }.items():
        print(f"  {name:44}{seconds * 1e3:8.1f}")
    return judging, writing


def each(act: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - start) / times


def projection(judging: float, writing: float, students: int = 10_000, workers: int = 100) -> None:
    """From the parts just measured; nothing of that size was run."""
    spread, alone = students * judging / workers, students * writing
    print(f"\nProjected: {students:,} submissions, {workers} workers")
    print(f"  judging {spread / 60:.1f} min on {workers} workers; the one writer {alone / 60:.1f} min")
    first = "the writer" if alone > spread else "the workers"
    print(
        f"  what would break first: {first}. One writer keeps up with {judging / writing:.0f} workers; "
        "beyond that, one course folder and gradebook for each section of the class."
    )


def _has(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("students", type=int, nargs="?", default=16)
    options.add_argument("--growth", default="10,30,100", help="class sizes, or nothing")
    chosen = options.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before this began")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        stock = against_stock(chosen.students, place)
        projection(*parts(place))
        growth([int(size) for size in chosen.growth.split(",") if size], place, stock)


if __name__ == "__main__":
    main()
