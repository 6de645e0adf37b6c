"""Bad input: each kind its own exception, and a sentence that says what to do."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_lab import (
    Constant,
    Graph,
    Operation,
    Variable,
    checkpoint,
    examples,
    grad,
    hessian,
    jvp,
    ops,
    vjp,
)
from backprop_lab.engine import errors


def refused(kind, *words):
    return pytest.raises(kind, match=".*".join(words))


@pytest.mark.parametrize("data", [3, [1, 2], True, np.arange(3), "text", [None], [[1.0], [1.0, 2.0]]])
def test_a_variable_wants_floating_point(data):
    with refused(errors.DtypeError, "variable 'x'"):
        Variable(data, "x")


def test_the_refusal_of_an_integer_says_what_to_write():
    with refused(errors.DtypeError, "a gradient needs floating point. Write 3.0"):
        Variable(3)


def test_shapes_that_do_not_broadcast_are_named():
    a, b = Variable(np.ones((2, 3)), "a"), Variable(np.ones(2), "b")
    with refused(errors.ShapeError, "'add' cannot take", r"a \(2, 3\) and b \(2,\)"):
        a + b
    with refused(errors.ShapeError, "'matmul' cannot take"):
        b @ a @ b
    with refused(errors.ShapeError, "'index' cannot take"):
        b[5]


def test_a_loss_that_would_broadcast_silently_is_refused():
    with refused(errors.ShapeError, r"prediction has shape \(4, 1\), target \(4,\)"):
        ops.squared_error(Variable(np.ones((4, 1))), np.ones(4))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0], [[0, 1]]])
def test_labels_must_be_one_class_per_row(labels):
    with refused(errors.ShapeError, "cross_entropy"):
        ops.cross_entropy(Variable(np.ones((2, 3))), np.array(labels))


def test_labels_must_be_integers():
    with refused(errors.DtypeError, "integer class labels, not float64"):
        ops.cross_entropy(Variable(np.ones((2, 3))), np.array([0.0, 1.0]))


def test_an_axis_goes_by_name():
    with refused(TypeError, "'sum' takes 1 array, got 2", "axis=0"):
        ops.sum(Variable(np.ones(3)), 0)
    with refused(TypeError, "'add' takes 2 arrays, got 1"):
        ops.add(Variable(1.0))


def test_backward_starts_from_a_scalar_or_a_seed():
    graph = Graph(Variable(np.ones(3), "x") * 2.0)
    with refused(errors.NonScalarOutputError, r"shape \(3,\)", "seed"):
        graph.backward()
    with refused(errors.ShapeError, r"seed has shape \(2,\)"):
        graph.backward(seed=np.ones(2))


def test_backward_starts_from_one_output():
    with refused(errors.NonScalarOutputError, "3 outputs"):
        examples.get("multiply-gradient").backward()


def test_an_integer_output_has_no_gradient():
    with refused(errors.DtypeError, "int64"):
        Graph(Constant(2) + Constant(3)).backward()


@pytest.mark.parametrize("name", ["q", "", "c "])
def test_unknown_names_are_answered_with_the_known_ones(name):
    graph = examples.get("two-paths")
    with refused(errors.UnknownNameError, "the named ones are: a, b, c, d, e"):
        graph[name]
    with refused(errors.UnknownNameError, "two-paths"):
        examples.get("two paths")


def test_only_leaves_take_values():
    graph = examples.get("two-paths")
    with refused(errors.UnknownNameError, "'c' is computed by 'add'"):
        graph.forward(c=1.0)
    with refused(errors.DtypeError, "was computed by 'add'"):
        graph["c"].value = 1.0


def test_a_name_borne_twice_is_not_guessed():
    graph = Graph(Variable(1.0, "x") + Variable(2.0, "x"))
    with refused(errors.UnknownNameError, "2 nodes are called 'x'"):
        graph["x"]


def test_a_refused_value_changes_nothing():
    graph = Graph(Variable([1.0, 2.0], "x") * Variable([3.0, 4.0], "y"))
    with pytest.raises(errors.ShapeError):
        graph.forward(x=np.ones(3))
    with pytest.raises(errors.DtypeError):
        graph.forward(x=[1, 2])
    assert graph.output.value.tolist() == [3.0, 8.0]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_nan_is_traced_to_the_node_that_made_it():
    x = Variable(-1.0, "x")
    graph = Graph(ops.exp(ops.log(x) + 1))
    with refused(errors.NotANumberError, "the first NaN came out of 'log', applied to x = -1.0"):
        graph.backward()
    with refused(errors.NotANumberError, "the value given to 'x' contains NaN"):
        graph.forward(x=float("nan"))
    with refused(errors.NotANumberError, "the first NaN came out of 'log'"):
        Graph(ops.relu(ops.log(Variable(-2.0)))).backward()


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda delta, x, W: delta, "must return 2 gradients, one per input, and returned 1"),
        (lambda delta, x, W: (delta, delta, delta), "returned 3"),
        (lambda delta, x, W: None, "must return 2 gradients"),
        (lambda delta, x, W: (None, x.T @ delta), r"returned NoneType as the gradient of input 0 \(x\)"),
        (lambda delta, x, W: ("dx", x.T @ delta), r"returned str as the gradient of input 0"),
        (lambda delta, x, W: (delta @ W.T, delta.T @ x), r"for input 1 \(W\) a gradient of shape \(4, 3\)"),
    ],
)
def test_a_students_rule_is_told_what_is_wrong_with_its_answer(backward, words):
    mine = Operation("mine", forward=lambda x, W: x @ W, backward=backward)
    graph = Graph(mine(Variable(np.ones((2, 3)), "x"), Variable(np.ones((3, 4)), "W")).sum())
    with refused(errors.RuleError, "the backward rule of 'mine'", words):
        graph.backward()


def test_a_rule_that_hands_out_one_array_twice_does_no_harm():
    both = Operation("both", forward=lambda a, b: a + b, backward=lambda delta, a, b: (delta, delta))
    a = Variable(np.ones(2), "a")
    Graph((both(a, a) + a).sum()).backward()
    assert a.grad.tolist() == [3.0, 3.0]


def test_an_operation_needs_one_kind_of_rule():
    with refused(TypeError, "either backward or vjps"):
        Operation("none", forward=lambda x: x)


def test_using_knows_its_operations():
    with refused(errors.UnknownNameError, "no operation 'rleu'"), ops.using(rleu=lambda delta, x: delta):
        pass


def test_a_node_is_not_a_truth_value():
    with refused(TypeError, "ops.where"):
        bool(Variable(1.0, "x") > 0)


def test_graph_takes_nodes():
    for wrong in (3.0, "x", [], [1.0]):
        with pytest.raises(TypeError):
            Graph(wrong)


def test_constants_have_no_paths():
    with refused(errors.DtypeError, "'x' is a constant"):
        examples.get("regression-loss").paths("x")


def test_between_needs_a_connection():
    with refused(errors.UnknownNameError, "'c' does not depend on 'd'"):
        examples.get("two-paths").between("d", "c")


def test_derivatives_say_what_they_need():
    with refused(errors.DtypeError, "floating point"):
        grad(lambda x: x * x)(3)
    with refused(errors.NonScalarOutputError, r"shape \(2,\)"):
        grad(lambda x: x * x)(np.ones(2))
    with refused(errors.NonScalarOutputError, "returned a tuple"):
        grad(lambda x: (x, x))(1.0)
    with refused(errors.ShapeError, "no argument 1"):
        grad(lambda x: x, 1)(1.0)
    with refused(errors.ShapeError, r"tangent of shape \(3,\) for an argument of shape \(2,\)"):
        jvp(lambda x: x, (np.ones(2),), (np.ones(3),))
    with refused(errors.ShapeError, r"seed has shape \(3,\)"):
        vjp(lambda x: x, np.ones(2))[1](np.ones(3))
    with refused(errors.NonScalarOutputError, "shape"):
        hessian(lambda x: x * x)(np.ones(2))


def test_checkpoint_takes_every_node_as_an_argument():
    W = Variable(2.0, "W")
    with refused(errors.EngineError, "not among its arguments"):
        checkpoint(lambda x: x * W)(Variable(1.0, "x"))


def test_every_refusal_is_an_engine_error_and_a_builtin_one():
    for name in (
        "ShapeError",
        "DtypeError",
        "UnknownNameError",
        "RuleError",
        "GraphFormatError",
        "KinkError",
    ):
        kind = getattr(errors, name)
        assert issubclass(kind, errors.EngineError)
        assert len(kind.__mro__) > 4
