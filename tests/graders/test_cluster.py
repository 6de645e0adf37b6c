"""Other machines: the gradebook on PostgreSQL, the judging on Dask. The grades are the same."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from graders.classroom import grade_class, new_or_changed
from graders.course import Course, CourseError
from graders.sample_class import ASSIGNMENT, samples
from graders.submission import load_released
from tests.graders.postgres import Server, binaries
from tests.graders.test_classroom import Clerk, hand_in

pytestmark = pytest.mark.cluster
STUDENTS = ("blank", "mistake-swapped", "mistake-tie", "right-loops", "right-plain", "broken-file")

needs_postgres = pytest.mark.skipif(
    binaries() is None or importlib.util.find_spec("psycopg") is None,
    reason="PostgreSQL's server or psycopg is not installed",
)
needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is not installed: pip install distributed"
)


@pytest.fixture(scope="module")
def server():
    # Not below pytest's own folder, which only its user may enter: the server's user is another.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def folder(tmp_path, released_course):
    """A course folder with six submissions."""
    shutil.copytree(released_course.root, tmp_path, dirs_exist_ok=True)
    for sample in samples(load_released(str(released_course.released_notebooks(ASSIGNMENT)[0]))):
        if sample.student in STUDENTS:
            hand_in(Course(tmp_path), sample.student, sample.data)
    return tmp_path


def scores(course):
    return {row.student: row.score for row in course.rows(ASSIGNMENT)}


@pytest.fixture(scope="module")
def expected(graded_class):
    """What the same submissions got on SQLite, judged by processes of this machine."""
    return {student: graded_class.rows[student].score for student in STUDENTS}


# ------------------------------------------------------------------------------------- PostgreSQL


@needs_postgres
def test_postgres_holds_the_same_grades(server, folder, expected):
    course = Course(folder, server.url("same"))
    (folder / "gradebook.db").unlink()
    course.release(ASSIGNMENT)
    outcome = course.grade(ASSIGNMENT, course.submitted(ASSIGNMENT))
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert scores(course) == expected
    assert new_or_changed(course, ASSIGNMENT) == []
    assert not (folder / "gradebook.db").exists()


@needs_postgres
@needs_dask
def test_postgres_and_dask_together_give_the_same_grades(server, folder, expected):
    from graders.cluster import DaskWorkers

    course = Course(folder, server.url("together"))
    course.release(ASSIGNMENT)
    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), DaskWorkers("local", 2))
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert scores(course) == expected


@needs_postgres
def test_a_server_that_goes_away_stops_the_run_and_loses_nothing(server, folder):
    course = Course(folder, server.url("gone"))
    course.release(ASSIGNMENT)
    students = course.submitted(ASSIGNMENT)

    def stop(task):
        server.stop()
        return Clerk().run([task]).__next__()

    outcome = grade_class(course, ASSIGNMENT, students, Clerk(answers={students[2]: stop}))
    assert outcome.graded == students[:2]
    assert outcome.stopped.startswith("The gradebook cannot be reached")
    server.start()
    assert new_or_changed(course, ASSIGNMENT) == students[2:]
    assert grade_class(course, ASSIGNMENT, students[2:], Clerk()).graded == students[2:]


@needs_postgres
def test_an_address_without_a_gradebook_is_told_in_a_sentence(folder):
    words = ["grade", ASSIGNMENT, "--db", "postgresql+psycopg://nobody@127.0.0.1:9/none"]
    done = subprocess.run(
        [Path(sys.executable).with_name("backprop-lab"), *words], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "The gradebook cannot be reached" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------- Dask


@needs_dask
def test_a_local_cluster_gives_the_same_grades(folder, expected):
    from graders.cluster import DaskWorkers

    course = Course(folder)
    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), DaskWorkers("local", 2))
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert scores(course) == expected


@needs_dask
def test_an_address_without_a_scheduler_is_told_in_a_sentence():
    from graders.cluster import DaskWorkers

    with pytest.raises(CourseError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        DaskWorkers("tcp://127.0.0.1:9", 1)


@pytest.fixture
def dask_cluster(tmp_path_factory):
    """A scheduler and workers as processes of their own: what can be killed."""
    folder = tmp_path_factory.mktemp("dask")
    with ThreadedCluster(folder) as cluster:
        yield cluster


class ThreadedCluster:
    def __init__(self, folder):
        import socket

        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.processes = {}

    def __enter__(self):
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard")
        for name in ("first", "second"):
            self.start_worker(name)
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def start(self, kind, *words, name=None):
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *words]
        self.processes[name or kind] = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def start_worker(self, name):
        words = (self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--death-timeout", "60")
        self.start("worker", *words, name=name)

    def kill(self, name):
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes.pop(name).wait()


@needs_dask
def test_a_worker_killed_in_the_middle_costs_nothing(folder, expected, dask_cluster):
    from graders.cluster import DaskWorkers

    course = Course(folder)
    workers = DaskWorkers(dask_cluster.address, 2)
    told = []

    def kill_one(student):
        told.append(student)
        if len(told) == 1:
            dask_cluster.kill("first")

    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), workers, kill_one)
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert sorted(told) == sorted(STUDENTS)  # each once
    assert scores(course) == expected


@needs_dask
def test_a_scheduler_that_is_restarted_gets_the_rest(folder, expected, dask_cluster):
    from graders.cluster import DaskWorkers

    course = Course(folder)
    workers = DaskWorkers(dask_cluster.address, 2)
    told = []

    def restart(student):
        told.append(student)
        if len(told) == 1:
            for name in ("scheduler", "first", "second"):
                dask_cluster.kill(name)
            dask_cluster.__enter__()

    outcome = grade_class(course, ASSIGNMENT, course.submitted(ASSIGNMENT), workers, restart)
    assert (outcome.failed, outcome.stopped) == ({}, "")
    assert sorted(told) == sorted(STUDENTS)
    assert scores(course) == expected


# ------------------------------------------------------------------------------------------ Slurm

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "assistant.md"
# Of Slurm, what dask-jobqueue uses: jobs start at once, on this machine.
SLURM = {
    "sbatch": '#!/bin/sh\nsetsid sh -c "$(cat "$1")" >/dev/null 2>&1 &\necho "Submitted batch job $!"\n',
    "scancel": '#!/bin/sh\nkill -- "-$1"\n',
}


@needs_dask
def test_the_slurm_program_of_the_guide_starts_workers_that_grade(folder, expected, tmp_path_factory):
    place = tmp_path_factory.mktemp("slurm")
    for name, source in SLURM.items():
        (place / name).write_text(source)
        (place / name).chmod(0o755)
    [program] = re.findall(r"```python\n(# slurm\.py\n.*?)```", GUIDE.read_text(), re.DOTALL)
    for here, there in {"cores=8": "cores=2", "processes=8": "processes=2", "jobs=4": "jobs=1"}.items():
        assert here in program
        program = program.replace(here, there)
    (place / "slurm.py").write_text(program)
    environment = os.environ | {"PATH": os.pathsep.join([str(place), os.environ["PATH"]])}
    cluster = subprocess.Popen(
        [sys.executable, "slurm.py"],
        cwd=place,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = cluster.stdout.readline().strip()
        grade = [Path(sys.executable).with_name("backprop-lab"), "grade", ASSIGNMENT, "--scheduler", address]
        done = subprocess.run(grade, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert scores(Course(folder)) == expected
    finally:
        cluster.communicate("\n", timeout=60)
    assert cluster.returncode == 0
