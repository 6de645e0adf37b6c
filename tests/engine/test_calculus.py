"""Functions in, derivatives out: vjp, jvp, grad, jacobian, hessian, checks, optimisers."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_lab import (
    SGD,
    Graph,
    Momentum,
    Nesterov,
    Operation,
    Variable,
    check_gradients,
    checkpoint,
    grad,
    hessian,
    jacobian,
    jvp,
    ops,
    value_and_grad,
    vjp,
)
from backprop_lab.engine.errors import KinkError, RuleError, ShapeError

RNG = np.random.default_rng(7)
X, W, B = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 2)), RNG.standard_normal(2)


def loss(params, x=X):
    return ops.square(ops.tanh(ops.affine(x, params["W"], params["layers"][0]))).sum()


def test_gradients_have_the_structure_of_the_argument():
    value, gradient = value_and_grad(loss)({"W": W, "layers": (B,)})
    assert isinstance(value, float)
    assert isinstance(gradient["layers"], tuple)
    assert (gradient["W"].shape, gradient["layers"][0].shape) == (W.shape, B.shape)


def test_argnums_choose_the_argument():
    f = lambda x, y: x * y**2
    assert grad(f)(2.0, 3.0) == 9.0
    assert grad(f, 1)(2.0, 3.0) == grad(f, -1)(2.0, 3.0) == 12.0
    assert grad(f, (1, 0))(2.0, 3.0) == (12.0, 9.0)


def test_other_arguments_are_handed_on_as_they_are():
    f = lambda x, power, sign: sign[0] * x**power
    assert grad(f)(3.0, 2, [-1]) == -6.0


def test_an_argument_that_does_not_matter_has_gradient_zero():
    assert grad(lambda x, y: x, 1)(1.0, np.ones(3)).tolist() == [0.0, 0.0, 0.0]
    assert grad(lambda x: 3.0)(1.0) == 0.0


def test_the_identity_has_gradient_one():
    assert grad(lambda x: x)(5.0) == 1.0


def test_gradients_nest():
    f = ops.sin
    for expected in (np.cos(1.0), -np.sin(1.0), -np.cos(1.0), np.sin(1.0)):
        f = grad(f)
        assert f(1.0) == pytest.approx(expected)


def test_a_gradient_inside_a_function_of_something_else():
    # d/dw of (d/dx of x^2 w at 3) = d/dw of 6 w
    assert grad(lambda w: grad(lambda x: x * x * w)(3.0))(2.0) == 6.0


def test_an_inner_gradient_does_not_look_behind_its_argument():
    # g(x) = (d/dy of y x at y = x) = x, where y and x are the same number but not the same variable.
    assert grad(lambda x: grad(lambda y: y * x)(x))(5.0) == 1.0


def test_the_same_array_twice_is_two_arguments():
    assert grad(lambda x, y: x * x * y, (0, 1))(3.0, 3.0) == (18.0, 9.0)


@pytest.mark.parametrize(("rows", "columns"), [(2, 5), (5, 2), (3, 3)])
def test_a_jacobian_has_one_row_per_output(rows: int, columns: int):
    A, x = RNG.standard_normal((rows, columns)), RNG.standard_normal(columns)
    J = jacobian(lambda x: ops.sin(A @ x))(x)
    assert J.shape == (rows, columns)
    assert np.allclose(J, np.cos(A @ x)[:, None] * A)


def test_the_jacobian_takes_whichever_pass_is_fewer():
    calls = []

    def counted(kind):
        def rule(*args):
            calls.append(kind)
            return 2 * (args[0][0] if kind == "jvp" else args[0])

        return rule

    double = Operation(
        "double", lambda x: 2 * x, vjps=(counted("vjp"),), jvp=lambda t, y, x: counted("jvp")(t)
    )
    wide, tall = np.ones((2, 6)), np.ones((6, 2))
    jacobian(lambda x: wide @ double(x))(np.ones(6))
    assert calls == ["vjp"] * 2
    calls.clear()
    jacobian(lambda x: tall @ double(x))(np.ones(2))
    assert calls == ["jvp"] * 2


def test_the_jacobian_of_a_linear_layer_to_its_weights():
    J = jacobian(lambda W: X[0] @ W)(W)
    assert J.shape == (2, 3, 2)
    assert np.allclose(J, np.einsum("kj,i->kij", np.eye(2), X[0]))


def test_jacobians_of_trees_and_several_arguments():
    J = jacobian(lambda p: p["a"] * p["b"])({"a": np.ones(2), "b": np.array([3.0, 4.0])})
    assert np.allclose(J["a"], np.diag([3.0, 4.0]))
    first, second = jacobian(lambda x, y: x * y, (0, 1))(np.ones(2), 3.0)
    assert (first.shape, second.shape) == ((2, 2), (2,))


def test_hessian_of_a_quadratic_is_its_matrix():
    A = RNG.standard_normal((3, 3))
    H = hessian(lambda x: x @ (A @ x) * 0.5)(np.ones(3))
    assert np.allclose(H, (A + A.T) / 2)


def test_hessian_of_a_matrix_argument():
    H = hessian(lambda W: ops.sin(X @ W).sum())(W)
    assert H.shape == (3, 2, 3, 2)
    assert np.allclose(H, np.einsum("nk,ni,nj,kl->ikjl", -np.sin(X @ W), X, X, np.eye(2)))


def test_jvp_pushes_and_vjp_pulls():
    f = lambda x, y: x * ops.sin(y)
    value, moved = jvp(f, (2.0, 0.5), (1.0, -1.0))
    assert moved == pytest.approx(np.sin(0.5) - 2 * np.cos(0.5))
    value, pullback = vjp(f, 2.0, 0.5)
    assert value == 2 * np.sin(0.5)
    assert pullback(2.0) == pytest.approx((2 * np.sin(0.5), 4 * np.cos(0.5)))


def test_forward_over_reverse_is_a_hessian_vector_product():
    f = lambda x: (x**3).sum()
    _, product = jvp(grad(f), (np.array([1.0, 2.0]),), (np.array([1.0, -1.0]),))
    assert np.allclose(product, [6.0, -12.0])


def test_reverse_over_forward():
    f = lambda x: jvp(lambda x: x**3, (x,), (1.0,))[1]
    assert grad(f)(2.0) == 12.0


def test_checkpoint_can_be_differentiated_twice():
    f = checkpoint(lambda x, y: ops.sin(x) * y)
    plain = lambda x, y: ops.sin(x) * y
    for g in (lambda h: grad(h, (0, 1)), lambda h: grad(grad(h), 1), lambda h: grad(grad(h))):
        assert np.allclose(g(f)(0.5, 2.0), g(plain)(0.5, 2.0))
    assert grad(lambda x: f(x, x))(0.5) == pytest.approx(np.cos(0.5) * 0.5 + np.sin(0.5))


# ---------------------------------------------------------------- a student's own rules


def test_a_students_rule_is_put_to_work():
    mine = Operation(
        "mine", forward=lambda x, W: x @ W, backward=lambda delta, x, W: (delta @ W.T, x.T @ delta)
    )
    expected = grad(lambda W: ops.tanh(X @ W).sum())(W)
    assert np.allclose(grad(lambda W: ops.tanh(mine(X, W)).sum())(W), expected)


def test_using_swaps_the_rules_inside_the_block_only():
    x = Variable([-1.0, 2.0], "x")
    graph = Graph(ops.relu(x).sum())
    with ops.using(relu=lambda delta, x: delta * (x >= -5)):
        graph.backward()
        assert x.grad.tolist() == [1.0, 1.0]
    graph.backward()
    assert x.grad.tolist() == [0.0, 1.0]


def test_using_is_undone_after_an_error():
    with pytest.raises(ZeroDivisionError), ops.using(relu=lambda delta, x: 1 / 0):
        grad(ops.relu)(1.0)
    assert grad(ops.relu)(1.0) == 1.0


def test_several_rules_train_a_layer():
    def affine_backward(delta, x, W, b):
        return delta @ W.T, x.T @ delta, delta.sum(axis=0)

    f = lambda W: ops.relu(ops.affine(X, W, B)).sum()
    expected = grad(f)(W)
    with ops.using(relu=lambda delta, x: delta * (x > 0), affine=affine_backward):
        assert np.allclose(grad(f)(W), expected)


# ---------------------------------------------------------------- checking gradients


def test_a_right_gradient_passes_and_says_how():
    report = check_gradients(loss, {"W": W, "layers": [B]})
    assert report
    assert report.method == "complex step"
    assert report.error < 1e-12
    assert report.transpose_error < 1e-12


def test_a_wrong_gradient_is_found_at_its_worst_entry():
    def backward(delta, x):
        gradient = 2 * x * delta
        gradient[1, 2] += 5.0
        return gradient

    wrong = Operation("wrong", forward=lambda x: x * x, backward=backward)
    report = check_gradients(lambda x: wrong(x).sum(), X)
    assert not report
    assert report.index == (1, 2)
    assert report.analytic - report.numerical == pytest.approx(5.0, abs=1e-6)
    assert "DISAGREE with central differences; worst: array 0, entry (1, 2)" in str(report)


def test_a_rule_that_is_not_the_transpose_of_its_jvp_is_found():
    lopsided = Operation(
        "lopsided", lambda x: 3 * x, vjps=(lambda d, y, x: 3 * d,), jvp=lambda t, y, x: 2 * t[0]
    )
    report = check_gradients(lopsided, 1.0)
    assert not report
    assert report.error < 1e-6
    assert report.transpose_error > 0.1


def test_a_nan_gradient_does_not_pass():
    bad = Operation("bad", forward=lambda x: 2 * x, backward=lambda delta, x: delta * np.nan)
    assert not check_gradients(bad, 1.0)


def test_no_difference_is_taken_across_a_kink():
    f = lambda x: ops.relu(x).sum()
    assert check_gradients(f, np.array([1.0, -1.0]))
    with pytest.raises(KinkError, match=r"'relu' changes side .* of array 0, entry \(1,\)"):
        check_gradients(f, np.array([1.0, 0.0]))
    with pytest.raises(KinkError, match="'maximum'"):
        check_gradients(ops.maximum, 2.0, 2.0)


# ---------------------------------------------------------------- optimisers


def test_momentum_is_the_previous_displacement():
    ball, theta, velocity = Momentum(0.1, 0.9), np.array([1.0, -2.0]), np.zeros(2)
    expected = theta.copy()
    for step in range(5):
        ball.learning_rate = 0.1 / (step + 1)  # the form of the course differs from others only here
        velocity = 0.9 * velocity - ball.learning_rate * 2 * expected
        expected = expected + velocity
        theta = ball.step(theta, 2 * theta)
    assert np.allclose(theta, expected)


def test_nesterov_asks_for_the_gradient_ahead():
    asked = []

    def gradient(theta):
        asked.append(theta)
        return 2 * theta

    ball = Nesterov(0.1, 0.5)
    theta = ball.step(1.0, gradient)
    ball.step(theta, gradient)
    assert asked == pytest.approx([1.0, 0.8 + 0.5 * -0.2])


@pytest.mark.parametrize("shape", ["dict", "list", "tuple"])
def test_optimisers_keep_the_structure_and_change_nothing(shape: str):
    theta = {"dict": {"W": W, "b": B}, "list": [W, B], "tuple": (W, B)}[shape]
    kept = W.copy()
    moved = SGD(0.5).step(theta, theta)
    assert type(moved) is type(theta)
    assert np.array_equal(W, kept)
    assert np.allclose(moved["W"] if shape == "dict" else moved[0], W / 2)


def test_heavy_ball_on_the_bowl_goes_at_the_promised_rate():
    eigenvalues = np.array([1.0, 100.0])
    ball = Momentum((2 / 11) ** 2, (9 / 11) ** 2)
    theta, sizes = np.ones(2), []
    for _ in range(300):
        theta = ball.step(theta, eigenvalues * theta)
        sizes.append(np.linalg.norm(theta))
    assert (sizes[-1] / sizes[149]) ** (1 / 150) == pytest.approx(9 / 11, rel=0.01)


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"gradient of shape \(3,\) for a parameter of shape \(3, 1\)"):
        SGD(0.1).step(np.ones((3, 1)), np.ones(3))
    with pytest.raises(ShapeError, match=r"a dict with the keys \['W'\], got \['V'\]"):
        SGD(0.1).step({"W": 1.0}, {"V": 1.0})
    with pytest.raises(TypeError, match="Nesterov looks ahead"):
        Nesterov(0.1).step(1.0, 2.0)


def test_forward_mode_needs_a_jvp():
    mine = Operation("mine", forward=lambda x: x @ x, backward=lambda delta, x: 2 * delta * x)
    with pytest.raises(RuleError, match="'mine' has a backward rule but no jvp"):
        jvp(mine, (np.ones(3),), (np.ones(3),))
    assert np.allclose(jacobian(mine)(np.ones(3)), 2 * np.ones(3))
