"""Right answers of 01-chain-rule, in several formulations each."""

from graders.sample_class import LOOPS, PLAIN

RIGHT: dict[str, list[str]] = {
    "add_backward": [
        "def add_backward(delta, a, b):\n    return [delta * 1.0, 1.0 * delta]",
        """def add_backward(delta, a, b):
    return tuple(np.broadcast_to(delta, np.shape(x)) for x in (a, b))""",
        """def add_backward(delta, a, b):
    return delta * np.ones(np.shape(a)), delta * np.ones(np.shape(b))""",
    ],
    "multiply_backward": [
        "def multiply_backward(delta, a, b):\n    return np.multiply(b, delta), np.multiply(a, delta)",
        "def multiply_backward(delta, a, b):\n    return [d * delta for d in (b, a)]",
        """def multiply_backward(delta, a, b):
    return np.einsum("...,...->...", delta, b), np.einsum("...,...->...", delta, a)""",
    ],
    "max_backward": [
        "def max_backward(delta, a, b):\n    return np.where(a >= b, delta, 0), np.where(a >= b, 0, delta)",
        """def max_backward(delta, a, b):
    da = delta * np.greater_equal(a, b)
    return da, delta - da""",
        """def max_backward(delta, a, b):
    da, db = np.array(delta, float), np.array(delta, float)
    da[np.asarray(a < b)] = 0
    db[np.asarray(a >= b)] = 0
    return da, db""",
    ],
    "exp_backward": [
        "def exp_backward(delta, x):\n    return np.multiply(np.exp(x), delta)",
        "def exp_backward(delta, x):\n    y = np.exp(x)\n    y = y * delta\n    return y",
        "def exp_backward(delta, x):\n    return (delta * np.power(np.e, x),)",
    ],
    "log_backward": [
        "def log_backward(delta, x):\n    return delta * x**-1.0",
        "def log_backward(delta, x):\n    return delta * np.reciprocal(np.asarray(x))",
        "def log_backward(delta, x):\n    local = 1 / x\n    return local * delta",
    ],
    "reciprocal_backward": [
        "def reciprocal_backward(delta, x):\n    return -1 / x**2 * delta",
        "def reciprocal_backward(delta, x):\n    return delta * (-1.0 * np.asarray(x) ** -2.0)",
        "def reciprocal_backward(delta, x):\n    return -(delta / x) / x",
    ],
    "square_backward": [
        "def square_backward(delta, x):\n    return np.asarray(delta) * 2 * np.asarray(x)",
        "def square_backward(delta, x):\n    return delta * (x + x)",
        """def square_backward(delta, x):
    out = np.array(x, float)
    out *= 2
    out *= delta
    return out""",
    ],
    "sigmoid_backward": [
        """def sigmoid_backward(delta, x):
    s = 1 / (1 + np.exp(-x))
    return delta * (s - s**2)""",
        """def sigmoid_backward(delta, x):
    e = np.exp(-np.abs(x))
    return delta * e / (1 + e) ** 2""",
        """def sigmoid_backward(delta, x):
    return delta * (1 / (1 + np.exp(-x))) * (1 / (1 + np.exp(x)))""",
    ],
    "squared_error_gradients": [
        """def squared_error_gradients(w, b, x, y):
    return -2 * (y - w * x - b) * x, -2 * (y - w * x - b)""",
        """def squared_error_gradients(w, b, x, y):
    error = (w * x + b) - y
    return np.array([x, 1.0]) * 2 * error""",
        """def squared_error_gradients(w, b, x, y):
    dq = 2 * (w * x + b) - 2 * y
    dw = dq * x
    return (dw, dq)""",
    ],
    "logistic_loss_gradients": [
        """def logistic_loss_gradients(w, x):
    s = 1 / (1 + np.exp(-np.dot(w, x)))
    return -(1 - s) * x, -(1 - s) * w""",
        """def logistic_loss_gradients(w, x):
    dz = -1 / (1 + np.exp(np.sum(w * x)))
    return [dz * x, dz * w]""",
        """def logistic_loss_gradients(w, x):
    z = np.einsum("i,i->", w, x)
    return tuple(np.outer([1 / (1 + np.exp(-z)) - 1], v)[0] for v in (x, w))""",
    ],
    "hidden_chain_gradients": [
        """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    h = w1 * x + b1
    r = y - (w2 * h + b2)
    return -2 * r * w2 * x, -2 * r * w2, -2 * r * h, -2 * r""",
        """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    h = w1 * x + b1
    db2 = 2 * (w2 * h + b2 - y)
    dh = db2 * w2
    return [dh * x, dh, db2 * h, db2]""",
        """def hidden_chain_gradients(w1, b1, w2, b2, x, y):
    error = 2 * (w2 * w1 * x + w2 * b1 + b2 - y)
    return tuple(error * np.array([w2 * x, w2, w1 * x + b1, 1]))""",
    ],
}

for _name in RIGHT:
    RIGHT[_name] += [PLAIN[_name], LOOPS[_name]]
