"""Flags: what was tried is said plainly, and nobody who answered honestly is accused."""

import pytest

from graders import flags, likeness
from graders.sample_class import LOOPS, MISTAKES, NOISY, PLAIN
from tests.answers import RIGHT

SETUP = (
    "import numpy as np\nfrom backprop_lab import Graph, Variable, ops, examples\n"
    "from backprop_lab.check import check, hint, predict"
)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos._exit(0)", "imports os"),
        ("from subprocess import run as r", "imports subprocess"),
        ("np.testing.assert_allclose = None", "patches numpy.testing.assert_allclose"),
        ("import numpy.testing as t\nt.assert_equal = t", "patches numpy.testing.assert_equal"),
        ("setattr(np, 'allclose', lambda *a: True)", "patches numpy"),
        ("get_ipython().ast_transformers.clear()", "speaks to the notebook's shell (get_ipython)"),
        ("import sys\nsys._getframe(1)", "uses sys._getframe"),
        ("open('/proc/self/environ')", "mentions '/proc'"),
        ("exec('1')", "runs text as code (exec)"),
        ("class A:\n    def __eq__(self, o): return True", "makes a class with its own __eq__"),
        ("class A:\n    __eq__ = lambda s, o: True", "makes a class with its own __eq__"),
        ("!cat /etc/passwd", "runs shell commands"),
        ("%%bash\nls", "runs shell commands"),
        ("from backprop_lab import vjp as v\nv(ops.exp, x)", "calls the engine's own vjp"),
        ("g = Graph(ops.exp(Variable(x)))\ng.backward()", "lets the engine differentiate (Graph.backward)"),
        ("from backprop_lab.exercises import find", "imports backprop_lab.exercises, where"),
        ("import torch", "imports torch, which differentiates by itself"),
        ("h = 1e-6\nd = (f(x + h) - f(x - h)) / (2 * h)", "looks like a numerical derivative"),
        ("def g(x, eps=1e-4):\n    return (f(x + eps) - f(x)) / eps", "looks like a numerical derivative"),
        ("d = (f(x + 1e-5) - f(x)) / 1e-5", "looks like a numerical derivative"),
        (
            "for i in I:\n    x[i] += h\nh = 10**-5\nr = (a - b) / (2 * h)",
            "looks like a numerical derivative",
        ),
        ("#" * 30_000, "is 30,000 characters long"),
    ],
)
def test_what_was_tried_is_said(source, said):
    assert any(remark.startswith(said) for remark in flags.remarks(source, "exp_backward", SETUP))


@pytest.mark.parametrize(
    "source", ["x = np.log(p + 1e-12) / n", "y = x / (x + 1e-9)", "dx[np.arange(3), 0] -= 1", NOISY, "def ("]
)
def test_ordinary_code_is_not_remarked_on(source):
    assert flags.remarks(source, "exp_backward", SETUP) == []


def test_right_formulations_are_not_accused():
    """But for one that lets the engine do what it was asked to do itself."""
    said = {
        (name, tuple(flags.remarks(source, name, SETUP)))
        for name, sources in RIGHT.items()
        for source in sources
    }
    assert {(name, remarks) for name, remarks in said if remarks} <= {
        ("mlp_backward", ("calls the engine's own grad",))
    }
    for source in [*PLAIN.values(), *LOOPS.values(), *MISTAKES.values()]:
        assert flags.remarks(source, "exp_backward", SETUP) == []


@pytest.mark.parametrize(
    "source", ["-" * 19_000 + "1", "(" * 9_000, "a" + "[0]" * 6_000, "x = '\ud800'", "a\0b"]
)
def test_a_source_that_breaks_the_parser_breaks_no_more(source):
    assert flags.remarks(source, "exp_backward", SETUP) == []
    assert isinstance(likeness.fingerprint(source), list)


def prints_of(answers):
    return {name: likeness.fingerprint(source) for name, source in answers.items()}


def test_right_formulations_are_not_taken_for_copies_of_each_other():
    most = max(map(len, RIGHT.values()))
    everybody = {
        f"student-{k}": prints_of({name: s[k] for name, s in RIGHT.items() if k < len(s)})
        for k in range(most)
    }
    assert likeness.near_identical(everybody) == {}


def test_a_class_that_writes_the_same_short_formulas_is_no_class_of_copies():
    assert likeness.near_identical({f"student-{k}": prints_of(PLAIN) for k in range(3)}) == {}


LONG = ("visualize_unit", "two_layer_train")


def test_a_copy_with_other_names_comments_and_layout_is_found():
    first = {name: RIGHT[name][0] for name in LONG}
    copied = {
        name: source.replace("rate", "step_size").replace("    ", "  ").replace("\n", "  # mine\n", 3)
        for name, source in first.items()
    }
    others = {f"student-{k}": prints_of({name: RIGHT[name][k] for name in LONG}) for k in (1, 2, 3)}
    found = likeness.near_identical({"a": prints_of(first), "b": prints_of(copied), **others})
    assert set(found) == {"a", "b"}
    assert found["a"] == ["nearly the same as b's: two_layer_train, visualize_unit"]


def test_what_everybody_has_was_given_and_is_no_copy():
    given = prints_of({name: RIGHT[name][0] for name in LONG})
    assert likeness.near_identical({f"student-{k}": given for k in range(30)}) == {}
