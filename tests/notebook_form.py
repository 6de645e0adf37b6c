"""What is asked of every notebook alike: subclass `NotebookForm` with an assignment, and pytest runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from copy import deepcopy
from statistics import median
from typing import ClassVar

import pytest
from nbformat.v4 import new_code_cell

from backprop_lab.exercises import find, of_assignment
from tests.notebook_tools import (
    CHECK,
    ROOT,
    assert_numbers,
    code_lines,
    errors_of,
    function_cells,
    kind,
    nbgrader_cells,
    path_of,
    prose_numbers,
    read,
    released,
    run,
    solution_of,
    text_of,
)

UNSHOWN = "from matplotlib import pyplot; pyplot.get_fignums()"


class NotebookForm:
    """Metadata, form, and both versions in a kernel.

    Attributes:
        ASSIGNMENT: the folder's name.
        MINUTES: as the header says.
        NUMBERS: by cell id, the numbers its prose must print, in order.
        CAPITALS: letters that ids may have besides small ones: the names of matrices.
        SHOWN: lines of solutions that the released version shows as well, in another cell.
    """

    ASSIGNMENT: ClassVar[str]
    MINUTES: ClassVar[int]
    NUMBERS: ClassVar[dict[str, list[float]]]
    CAPITALS: ClassVar[str] = ""
    SHOWN: ClassVar[set[str]] = set()

    @pytest.fixture(scope="class")
    @classmethod
    def notebook(cls):
        return read(cls.ASSIGNMENT)

    @pytest.fixture(scope="class")
    @classmethod
    def cells(cls, notebook):
        return {cell.id: cell for cell in notebook.cells}

    @pytest.fixture(scope="class")
    @classmethod
    def done(cls, notebook, tmp_path_factory):
        """The instructor version, executed, and a cell that tells which figures were never shown."""
        asked = deepcopy(notebook)
        asked.cells.append(new_code_cell(UNSHOWN, id="unshown"))
        return {cell.id: cell for cell in run(asked, tmp_path_factory.mktemp("instructor")).cells}

    @pytest.fixture(scope="class")
    @classmethod
    def untouched(cls, notebook, tmp_path_factory):
        """The released version, executed without an answer."""
        ran = run(released(notebook), tmp_path_factory.mktemp("released"), allow_errors=True)
        return {cell.id: cell for cell in ran.cells}

    @pytest.fixture(scope="class")
    @classmethod
    def exercises(cls):
        return of_assignment(cls.ASSIGNMENT)

    @pytest.fixture(scope="class")
    @classmethod
    def points(cls, notebook):
        """Of all its cells together."""
        return sum(cell.metadata.nbgrader.get("points", 0) for cell in nbgrader_cells(notebook).values())

    # ------------------------------------------------------------ metadata

    def test_every_exercise_has_an_answer_cell_and_a_check_cell_right_after_it(self, notebook, exercises):
        assert list(function_cells(notebook)) == [exercise.name for exercise in exercises]
        order = [cell.id for cell in notebook.cells]
        for name in function_cells(notebook):
            assert order[order.index(name) + 1] == CHECK + name

    def test_cells_are_of_the_kinds_nbgrader_grades(self, notebook):
        for grade_id, cell in nbgrader_cells(notebook).items():
            meta = cell.metadata.nbgrader
            form = (cell.cell_type, meta.grade, meta.solution, meta.locked, "points" in meta)
            assert (meta.schema_version, meta.task) == (3, False)
            if grade_id == "setup":
                assert form == ("code", False, False, True, False)
                assert cell.metadata.tags == ["setup"]
                assert code_lines(cell) <= 5
            elif grade_id.startswith(CHECK):
                assert form == ("code", True, False, True, True)
                assert cell.source == f"check({grade_id.removeprefix(CHECK)})"
                assert meta.points == find(grade_id.removeprefix(CHECK)).points
            elif grade_id.startswith("written-"):
                assert form == ("markdown", True, True, False, True)
                assert meta.points == 3
            else:
                assert form == ("code", False, True, False, False)

    def test_ids_are_readable_and_unique_and_agree_with_the_grade_ids(self, notebook):
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(rf"[a-z][a-z{self.CAPITALS}0-9_-]*", cell_id) for cell_id in ids)
        assert all(cell.id == grade_id for grade_id, cell in nbgrader_cells(notebook).items())

    def test_the_file_is_nbformat_4_5_without_outputs(self, notebook):
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.kernelspec.name == "python3"
        assert all(not cell.outputs and cell.execution_count is None for cell in kind(notebook, "code"))

    def test_the_header_says_the_time_and_the_points(self, cells, exercises, points):
        assert points == sum(exercise.points for exercise in exercises) + 2 * 3
        assert f"| about {self.MINUTES} minutes | {points}: " in cells["title"].source

    def test_the_guide_says_the_same_time(self):
        guide = (ROOT / "docs" / "guides" / "self-study.md").read_text(encoding="utf-8")
        assert f"| {self.ASSIGNMENT[:2]} | {self.MINUTES} minutes |" in guide

    def test_the_header_says_what_the_points_are_for(self, cells, notebook, points):
        by_points = [
            cell.metadata.nbgrader.points
            for cell in nbgrader_cells(notebook).values()
            if "check(" in cell.source
        ]
        said = re.search(
            r"\d+: (\d+) exercises of (\d) points, (.*), and (\d+) written questions of 3",
            cells["title"].source,
        )
        assert by_points.count(int(said[2])) == int(said[1])
        for count, worth in re.findall(r"(\d+) of (\d)", said[3]):
            assert by_points.count(int(worth)) == int(count)
        assert points == sum(by_points) + 3 * int(said[4])

    def test_written_questions_follow_their_prompt_and_carry_a_rubric(self, notebook):
        order = [cell.id for cell in notebook.cells]
        written = [cell for i, cell in nbgrader_cells(notebook).items() if i.startswith("written-")]
        assert len(written) == 2
        for cell in written:
            prompt = notebook.cells[order.index(cell.id) - 1]
            assert prompt.id == f"{cell.id}-prompt"
            assert f"({cell.metadata.nbgrader.points} points)" in prompt.source
            assert "**Rubric.**" in solution_of(cell)

    # ------------------------------------------------------------ form

    def test_cells_are_small_and_half_of_them_are_prose(self, notebook):
        code, prose = kind(notebook, "code"), kind(notebook, "markdown")
        lengths = [code_lines(cell) for cell in code]
        assert median(lengths) <= 5
        assert max(lengths) <= 30
        assert len(prose) >= len(code)

    def test_no_line_of_code_is_cut_off(self, notebook):
        for cell in kind(notebook, "code"):
            for line in cell.source.splitlines():
                assert len(line) <= 102, line

    def test_answer_cells_need_nothing_but_the_setup_cell(self, notebook):
        setup = nbgrader_cells(notebook)["setup"].source
        for name, cell in function_cells(notebook).items():
            alone: dict = {}
            exec(setup, alone)
            exec(cell.source, alone)
            alone["check"](alone[name])

    def test_signatures_are_those_of_the_exercises(self, notebook):
        for name, cell in function_cells(notebook).items():
            assert cell.source.startswith(f"def {find(name).signature}:")

    def test_no_solution_is_left_in_the_released_version(self, notebook):
        given = released(notebook)
        text = "\n".join(cell.source for cell in given.cells)
        for word in ("SOLUTION", "Rubric", "Model answer"):
            assert word not in text
        lines: set[str] = set()
        for name, cell in function_cells(notebook).items():
            stub = nbgrader_cells(given)[name].source
            assert stub.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
            lines.update(line.strip() for line in solution_of(cell).splitlines())
        assert {line for line in lines if line and line in text} == self.SHOWN

    def test_predictions_are_left_open_and_the_reveal_follows(self, notebook):
        order = kind(notebook, "code")
        openings = [k for k, cell in enumerate(order) if "= predict(" in cell.source]
        assert openings
        for k in openings:
            name = re.search(r"^(\w+) = predict\(", order[k].source, re.MULTILINE)[1]
            assert re.search(r"predict\(\w+(, \w+=\.\.\.)+\)", order[k].source)
            assert order[k + 1].source == f"{name}.reveal()"

    # ------------------------------------------------------------ in a kernel

    def test_the_instructor_version_runs_and_passes_every_check(self, done, exercises):
        for exercise in exercises:
            assert f"{exercise.name}: passed" in text_of(done[CHECK + exercise.name])

    def test_every_figure_is_shown(self, done):
        assert text_of(done["unshown"]) == "[]"

    def test_the_released_version_untouched_runs_to_the_end(self, untouched):
        for cell in untouched.values():
            is_check = cell.source.startswith("check(")
            assert errors_of(cell) == (["CheckFailed"] if is_check else []), text_of(cell)
            assert "Warning" not in text_of(cell)
            if is_check:
                assert "not written yet" in text_of(cell)
            if cell.id.endswith("-reveal"):
                assert re.search(r"Not predicted yet|(Commit to|Build) a \w+ first", text_of(cell))

    @pytest.mark.slow
    def test_nbgrader_validate_accepts_the_instructor_version(self, tmp_path):
        command = [sys.executable, "-m", "nbgrader", "validate", str(path_of(self.ASSIGNMENT))]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert "Success! Your notebook passes all the tests." in done.stdout, done.stdout + done.stderr

    # ------------------------------------------------------------ numbers

    def test_the_numbers_in_prose_are_right(self, cells):
        for cell_id, values in self.NUMBERS.items():
            assert_numbers(cells[cell_id], values)

    def test_no_number_in_prose_goes_unchecked(self, notebook):
        numbered = {cell.id for cell in kind(notebook, "markdown") if prose_numbers(cell.source)}
        assert numbered == set(self.NUMBERS)
