"""The scoreboard of a notebook: whatever one cell or function does, every function gets its line."""

import nbformat
import pytest

from backprop_lab.check.notebook import scoreboard

SQUARE = "def square_backward(delta, x):\n    return 2 * x * delta"


def cell(grade_id, source):
    made = nbformat.v4.new_code_cell(source)
    made.metadata["nbgrader"] = {"grade_id": grade_id}
    return made


def board(**sources):
    """The verdicts on these answers, and on a right square_backward after them."""
    cells = [cell(name, text) for name, text in {**sources, "square_backward": SQUARE}.items()]
    verdicts = {verdict.exercise: verdict for verdict in scoreboard(cells)}
    assert list(verdicts) == [name for name in sources if name != "setup"] + ["square_backward"]
    assert verdicts["square_backward"].passed
    return verdicts


@pytest.mark.parametrize(
    "source",
    [
        "add_backward = lambda delta, a, b: (delta, delta)",
        "def mine(delta, a, b):\n    return delta, delta\nadd_backward = mine",
        "import functools\ndef mine(c, delta, a, b):\n    return delta, delta\n"
        "add_backward = functools.partial(mine, 1)",
        "def twice(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n"
        "@twice\ndef add_backward(delta, a, b):\n    return delta, delta",
        "class Mine:\n    def __call__(self, delta, a, b):\n        return delta, delta\n"
        "add_backward = Mine()",
    ],
    ids=["lambda", "alias", "partial", "decorator", "object"],
)
def test_a_function_is_judged_by_the_name_it_is_found_under(source):
    assert board(add_backward=source)["add_backward"].passed


def test_an_alias_of_another_exercise_is_judged_as_its_own():
    multiply = "def multiply_backward(delta, a, b):\n    return delta * b, delta * a"
    found = board(multiply_backward=multiply, add_backward="add_backward = multiply_backward")
    assert found["multiply_backward"].passed
    assert found["add_backward"].status == "failed"


@pytest.mark.parametrize("leave", ["exit()", "quit()", "import sys; sys.exit()", "raise SystemExit"])
def test_leaving_ends_neither_the_check_nor_the_other_functions(leave):
    found = board(
        add_backward=leave,
        multiply_backward=f"def multiply_backward(delta, a, b):\n    {leave}",
    )
    assert found["add_backward"].status == "no answer"
    assert found["multiply_backward"].status == "failed"
    assert found["add_backward"].note
    assert found["multiply_backward"].findings


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("raise BaseException()", "Its cell raised BaseException"),
        ("raise ValueError('\\ud800')", r"Its cell raised ValueError: \ud800"),
        (
            "class E(Exception):\n    def __str__(self):\n        raise KeyError\nraise E",
            "Its cell raised E: (its message cannot be shown)",
        ),
    ],
)
def test_whatever_a_cell_raises_is_a_sentence(error, said):
    assert said in board(add_backward=error)["add_backward"].note


@pytest.mark.parametrize("error", ["ZeroDivisionError", "SystemExit"])
def test_what_cannot_be_judged_is_a_line_and_no_end(error):
    source = (
        f"class Odd:\n    def __repr__(self):\n        raise {error}\n"
        "def add_backward(delta, a, *, c=Odd()):\n    return 1"
    )
    assert f"It could not be judged: {error}" in board(add_backward=source)["add_backward"].note


@pytest.mark.parametrize(
    "line", ["%%time", "%time 1", "%timeit -n1 -r1 1", "!ls", "%matplotlib inline", "exit()", "print(1)"]
)
def test_a_cell_runs_as_in_a_notebook(line, capfd):
    source = f"{line}\ndef add_backward(delta, a, b):\n    return delta, delta"
    assert board(add_backward=source)["add_backward"].passed
    assert capfd.readouterr() == ("", "")


def test_nobody_is_at_the_keyboard():
    source = "def add_backward(delta, a, b):\n    return delta, float(input())"
    assert "EOFError" in str(board(add_backward=source)["add_backward"])


def test_notebooks_do_not_see_each_other():
    board(setup="x = 1")
    assert (
        board(add_backward="x")["add_backward"].note == "Its cell raised NameError: name 'x' is not defined"
    )


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(60)"])
def test_what_never_ends_is_ended(monkeypatch, loop):
    monkeypatch.setattr("backprop_lab.check.notebook.CELL_SECONDS", 0.3)
    found = board(add_backward=loop, multiply_backward=f"def multiply_backward(delta, a, b):\n    {loop}")
    assert found["add_backward"].note.startswith("Its cell took more than 0.3 seconds")
    assert "There was no answer: the call took more than 2 seconds." in str(found["multiply_backward"])


def test_an_interrupt_says_what_was_running():
    with pytest.raises(KeyboardInterrupt, match="add_backward"):
        board(add_backward="def add_backward(delta, a, b):\n    raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt, match="the cell of add_backward"):
        board(add_backward="raise KeyboardInterrupt")
