"""Right answers of 04-two-layer-tanh, in several formulations each."""
# ruff: noqa: E501 - each line is the source of a cell

_TRAIN = "def two_layer_train(x0, y, W0, W1, learning_rate, steps):\n"

RIGHT: dict[str, list[str]] = {
    "two_layer_forward": [
        "def two_layer_forward(x0, W0, W1):\n    x1 = W0 @ x0\n    x2 = np.tanh(x1)\n    return x1, x2, W1 @ x2",
        "def two_layer_forward(x0, W0, W1):\n    x1 = np.einsum('hd,d->h', W0, x0)\n    x2 = np.tanh(x1)\n"
        "    return [x1, x2, np.einsum('kh,h->k', W1, x2)]",
        "def two_layer_forward(x0, W0, W1):\n    x1 = np.array([sum(w * x for w, x in zip(row, x0)) for row in W0])\n"
        "    x2 = np.array([np.tanh(v) for v in x1])\n    x3 = [float(np.dot(row, x2)) for row in W1]\n    return x1, x2, x3",
        "def two_layer_forward(x0, W0, W1):\n    x1 = x0 @ W0.T\n    x2 = 2 / (1 + np.exp(-2 * x1)) - 1\n    return x1, x2, x2 @ W1.T",
        "def two_layer_forward(x0, W0, W1):\n    x1 = (W0 @ x0[:, None])[:, 0]\n    x2 = x1.copy()\n    np.tanh(x2, out=x2)\n"
        "    return x1, x2, (W1 @ x2[:, None]).ravel()",
    ],
    "half_squared_error": [
        "def half_squared_error(x3, y):\n    return np.sum((x3 - y) ** 2) / 2",
        "def half_squared_error(x3, y):\n    e = y - x3\n    return 0.5 * e @ e",
        "def half_squared_error(x3, y):\n    return 0.5 * np.linalg.norm(x3 - y) ** 2",
        "def half_squared_error(x3, y):\n    total = 0.0\n    for a, b in zip(x3, y):\n        total += (a - b) ** 2 / 2\n    return total",
        "def half_squared_error(x3, y):\n    return np.einsum('i,i->', x3 - y, x3 - y) / 2",
    ],
    "output_gradient": [
        "def output_gradient(x3, y):\n    return x3 - y",
        "def output_gradient(x3, y):\n    return [a - b for a, b in zip(x3, y)]",
        "def output_gradient(x3, y):\n    return -(y - x3)",
        "def output_gradient(x3, y):\n    return np.subtract(x3, y)",
        "def output_gradient(x3, y):\n    dx3 = x3.copy()\n    dx3 -= y\n    return dx3",
        "def output_gradient(x3, y):\n    return 0.5 * 2 * (x3 - y)",
    ],
    "tanh_layer_backward": [
        "def tanh_layer_backward(delta, x1):\n    return delta * (1 - np.tanh(x1) ** 2)",
        "def tanh_layer_backward(delta, x1):\n    x2 = np.tanh(x1)\n    return delta * (1 + x2) * (1 - x2)",
        "def tanh_layer_backward(delta, x1):\n    return delta / np.cosh(x1) ** 2",
        "def tanh_layer_backward(delta, x1):\n    if np.ndim(x1) == 1:\n"
        "        return np.diag(1 - np.tanh(x1) ** 2) @ delta\n    return delta * (1 - np.tanh(x1) ** 2)",
        "def tanh_layer_backward(delta, x1):\n    x2 = np.tanh(x1)\n    out = np.array(delta)\n    out -= delta * x2 * x2\n    return out",
        "def tanh_layer_backward(delta, x1):\n    delta, x1 = np.asarray(delta), np.asarray(x1)\n    out = np.zeros(x1.shape)\n"
        "    for k in np.ndindex(x1.shape):\n        out[k] = delta[k] * (1 - np.tanh(x1[k]) ** 2)\n    return out",
    ],
    "two_layer_backward": [
        "def two_layer_backward(x0, W0, W1, y):\n    x1 = W0 @ x0\n    x2 = np.tanh(x1)\n    x3 = W1 @ x2\n    dx3 = x3 - y\n"
        "    dx2 = W1.T @ dx3\n    dx1 = dx2 * (1 - x2**2)\n    return np.outer(dx1, x0), np.outer(dx3, x2)",
        "def two_layer_backward(x0, W0, W1, y):\n    x2 = np.tanh(x0 @ W0.T)\n    g = (W1 @ x2 - y)[None, :]\n"
        "    dW1 = (x2[:, None] @ g).T\n    J = np.diag(1 - x2**2)\n    dW0 = (x0[:, None] @ (g @ W1 @ J)).T\n    return dW0, dW1",
        "def two_layer_backward(x0, W0, W1, y):\n    x1 = np.einsum('hd,d', W0, x0)\n    x2 = np.tanh(x1)\n    g = np.einsum('kh,h', W1, x2) - y\n"
        "    return [np.einsum('k,kh,h,d->hd', g, W1, 1 / np.cosh(x1) ** 2, x0), np.einsum('k,h->kh', g, x2)]",
        "def two_layer_backward(x0, W0, W1, y):\n    (H, D), K = W0.shape, W1.shape[0]\n    x2 = np.tanh(W0 @ x0)\n    dW0, dW1 = np.zeros((H, D)), np.zeros((K, H))\n"
        "    for k in range(K):\n        e = sum(W1[k, h] * x2[h] for h in range(H)) - y[k]\n        for h in range(H):\n            dW1[k, h] = e * x2[h]\n"
        "            for d in range(D):\n                dW0[h, d] += e * W1[k, h] * (1 - x2[h] ** 2) * x0[d]\n    return dW0, dW1",
        "def two_layer_backward(x0, W0, W1, y):\n    a = x0.reshape(-1, 1)\n    h = np.tanh(W0 @ a)\n    d3 = W1 @ h - y.reshape(-1, 1)\n"
        "    d1 = (W1.T @ d3) * (1 - h) * (1 + h)\n    return d1 @ a.T, d3 @ h.T",
    ],
    "gradient_step": [
        "def gradient_step(weight, gradient, learning_rate):\n    return weight - learning_rate * gradient",
        "def gradient_step(weight, gradient, learning_rate):\n    return weight + (-learning_rate) * gradient",
        "def gradient_step(weight, gradient, learning_rate):\n    new = weight.copy()\n    new -= learning_rate * gradient\n    return new",
        "def gradient_step(weight, gradient, learning_rate):\n    return np.subtract(weight, np.multiply(learning_rate, gradient)).tolist()",
        "def gradient_step(weight, gradient, learning_rate):\n    new = np.zeros(weight.shape)\n    for k in np.ndindex(weight.shape):\n"
        "        new[k] = weight[k] - learning_rate * gradient[k]\n    return new",
    ],
    "two_layer_train": [
        _TRAIN
        + "    losses = []\n    for _ in range(steps):\n        x2 = np.tanh(W0 @ x0)\n        dx3 = W1 @ x2 - y\n"
        "        losses.append(np.sum(dx3**2) / 2)\n        dx1 = (W1.T @ dx3) * (1 - x2**2)\n"
        "        W0, W1 = W0 - learning_rate * np.outer(dx1, x0), W1 - learning_rate * np.outer(dx3, x2)\n    return W0, W1, losses",
        _TRAIN
        + "    W0, W1 = W0.copy(), W1.copy()\n    losses = np.zeros(steps)\n    for t in range(steps):\n        x1 = W0 @ x0\n        x2 = np.tanh(x1)\n"
        "        e = W1 @ x2 - y\n        losses[t] = 0.5 * e @ e\n        g = (e @ W1) / np.cosh(x1) ** 2\n"
        "        W1 -= learning_rate * e[:, None] * x2\n        W0 -= learning_rate * g[:, None] * x0\n    return W0, W1, losses",
        _TRAIN
        + "    def backward(W0, W1):\n        h = np.tanh(np.einsum('hd,d', W0, x0))\n        e = np.einsum('kh,h', W1, h) - y\n"
        "        return np.einsum('k,kh,h,d->hd', e, W1, 1 - h * h, x0), np.einsum('k,h->kh', e, h), float(e @ e) / 2\n"
        "    losses = []\n    for t in range(steps):\n        dW0, dW1, L = backward(W0, W1)\n        losses += [L]\n"
        "        W0 = W0 - learning_rate * dW0\n        W1 = W1 - learning_rate * dW1\n    return W0, W1, np.array(losses)",
        _TRAIN
        + "    losses, t = (), 0\n    while t < steps:\n        a = np.tanh(W0 @ x0[:, None])\n        e = W1 @ a - y[:, None]\n"
        "        losses = (*losses, 0.5 * (e**2).sum())\n        old = W1\n        W1 = W1 - learning_rate * e @ a.T\n"
        "        W0 = W0 - learning_rate * ((old.T @ e) * (1 - a**2)) @ x0[None, :]\n        t += 1\n    return [W0, W1, list(losses)]",
        _TRAIN
        + "    if steps == 0:\n        return W0, W1, []\n    h = np.tanh(W0 @ x0)\n    e = W1 @ h - y\n    L = np.linalg.norm(e) ** 2 / 2\n"
        "    A = W0 - learning_rate * np.outer(W1.T @ e * (1 - h**2), x0)\n    B = W1 - learning_rate * np.outer(e, h)\n"
        "    A, B, rest = two_layer_train(x0, y, A, B, learning_rate, steps - 1)\n    return A, B, [L, *rest]",
    ],
}
