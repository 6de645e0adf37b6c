"""Right answers of 03-jacobians, in several formulations each."""
# ruff: noqa: E501 - each line is the source of a cell

_DIAGONALS = {
    "relu_jacobian": ("(x > 0) * 1.0", "1.0 if x[i] > 0 else 0.0"),
    "sigmoid_jacobian": ("(1 / (1 + np.exp(-x))) * (1 - 1 / (1 + np.exp(-x)))", "s[i] * (1 - s[i])"),
}


def _diagonal(name: str) -> list[str]:
    vector, entry = _DIAGONALS[name]
    return [
        f"def {name}(x):\n    return np.diag({vector})",
        f"def {name}(x):\n    return np.eye(len(x)) * ({vector})",
        f"def {name}(x):\n    return np.einsum('i,ij->ij', {vector}, np.eye(x.size))",
        f"def {name}(x):\n    J = np.zeros((x.size, x.size))\n    np.fill_diagonal(J, {vector})\n    return J",
        f"def {name}(x):\n    n = len(x)\n    s = 1 / (1 + np.exp(-x))\n    J = np.zeros((n, n))\n"
        f"    for i in range(n):\n        J[i, i] = {entry}\n    return J",
    ]


def _loop(name: str, local: str) -> str:
    """One entry at a time, for arrays of any shape."""
    return (
        f"def {name}(delta, x):\n"
        "    delta, x = np.asarray(delta), np.asarray(x)\n"
        "    dx = np.zeros(x.shape)\n"
        "    for index in np.ndindex(x.shape):\n"
        f"        dx[index] = delta[index] * ({local.replace('x', 'x[index]').replace('ex[index]p', 'exp')})\n"
        "    return dx"
    )


RIGHT: dict[str, list[str]] = {
    "relu_jacobian": [
        *_diagonal("relu_jacobian"),
        "def relu_jacobian(x):\n    return np.diag(x > 0)",
        "def relu_jacobian(x):\n    return np.diag(np.where(x > 0, 1.0, 0.0)).tolist() or np.zeros((0, 0))",
        "def relu_jacobian(x):\n    return np.diag(np.heaviside(x, 0.0))",
    ],
    "relu_backward": [
        "def relu_backward(delta, x):\n    return delta * (x > 0)",
        "def relu_backward(delta, x):\n    return np.where(x > 0, delta, 0.0)",
        "def relu_backward(delta, x):\n    dx = np.array(delta)\n    dx[np.asarray(x) <= 0] = 0\n    return dx",
        "def relu_backward(delta, x):\n    return delta * np.heaviside(x, 0.0)",
        "def relu_backward(delta, x):\n    y = np.maximum(x, 0)\n    return delta * np.sign(y)",
        "def relu_backward(delta, x):\n    mask = np.asarray(x) > 0\n    dx = delta * mask\n    return dx.tolist() if dx.size else dx",
        _loop("relu_backward", "x > 0"),
    ],
    "sigmoid_jacobian": [
        *_diagonal("sigmoid_jacobian"),
        "def sigmoid_jacobian(x):\n    s = 1 / (1 + np.exp(-x))\n    return np.diag(s - s**2)",
        "def sigmoid_jacobian(x):\n    s = 0.5 * (1 + np.tanh(x / 2))\n    return np.diag(s * (1 - s))",
        "def sigmoid_jacobian(x):\n    e = np.exp(-np.abs(x))\n    return np.diag(e / (1 + e) ** 2)",
    ],
    "sigmoid_layer_backward": [
        "def sigmoid_layer_backward(delta, x):\n    s = 1 / (1 + np.exp(-x))\n    return delta * s * (1 - s)",
        "def sigmoid_layer_backward(delta, x):\n    s = 0.5 * (1 + np.tanh(np.asarray(x) / 2))\n"
        "    return delta * (s - s * s)",
        "def sigmoid_layer_backward(delta, x):\n    e = np.exp(-np.abs(x))\n    return delta * e / (1 + e) ** 2",
        "def sigmoid_layer_backward(delta, x):\n    return delta / (2 + np.exp(x) + np.exp(-x))",
        "def sigmoid_layer_backward(delta, x):\n    return delta / (4 * np.cosh(np.asarray(x) / 2) ** 2)",
        "def sigmoid_layer_backward(delta, x):\n    dx = np.array(delta)\n    s = 1 / (1 + np.exp(-x))\n"
        "    dx *= s\n    dx *= 1 - s\n    return dx",
        _loop("sigmoid_layer_backward", "(1 / (1 + np.exp(-x))) * (1 - 1 / (1 + np.exp(-x)))"),
    ],
    "tanh_backward": [
        "def tanh_backward(delta, x):\n    return delta * (1 - np.tanh(x) ** 2)",
        "def tanh_backward(delta, x):\n    y = np.tanh(x)\n    return delta * (1 - y) * (1 + y)",
        "def tanh_backward(delta, x):\n    return delta / np.cosh(x) ** 2",
        "def tanh_backward(delta, x):\n    return 4 * delta / (np.exp(x) + np.exp(-x)) ** 2",
        "def tanh_backward(delta, x):\n    y = np.tanh(x)\n    return delta - delta * y * y",
        "def tanh_backward(delta, x):\n    s = 0.5 * (1 + np.tanh(x))\n    return 4 * delta * s * (1 - s)",
        "def tanh_backward(delta, x):\n    delta, x = np.asarray(delta), np.asarray(x)\n"
        "    dx = np.empty(x.shape)\n    for k in np.ndindex(x.shape):\n"
        "        dx[k] = delta[k] * (1 - np.tanh(x[k]) ** 2)\n    return dx",
    ],
    "hadamard_backward": [
        "def hadamard_backward(delta, a, b):\n    return delta * b, delta * a",
        "def hadamard_backward(delta, a, b):\n    return [np.multiply(delta, b), np.multiply(delta, a)]",
        "def hadamard_backward(delta, a, b):\n    return np.einsum('...,...->...', delta, b), "
        "np.einsum('...,...->...', delta, a)",
        "def hadamard_backward(delta, a, b):\n    da, db = np.array(delta), np.array(delta)\n    da *= b\n    db *= a\n"
        "    return da, db",
        "def hadamard_backward(delta, a, b):\n    if np.ndim(a) == 1:\n"
        "        return delta @ np.diag(b), delta @ np.diag(a)\n    return delta * b, delta * a",
        "def hadamard_backward(delta, a, b):\n    delta, a, b = map(np.asarray, (delta, a, b))\n"
        "    da, db = np.zeros(a.shape), np.zeros(b.shape)\n    for k in np.ndindex(a.shape):\n"
        "        da[k], db[k] = delta[k] * b[k], delta[k] * a[k]\n    return da, db",
    ],
    "linear_jacobian_x": [
        "def linear_jacobian_x(x, W):\n    return W.T",
        "def linear_jacobian_x(x, W):\n    return np.transpose(W).copy()",
        "def linear_jacobian_x(x, W):\n    return np.einsum('ij->ji', W)",
        "def linear_jacobian_x(x, W):\n    D, K = W.shape\n    J = np.zeros((K, D))\n    for j in range(K):\n"
        "        for i in range(D):\n            J[j, i] = W[i, j]\n    return J",
        "def linear_jacobian_x(x, W):\n    return [list(W[:, j]) for j in range(W.shape[1])]",
        "def linear_jacobian_x(x, W):\n    return np.stack([e @ W for e in np.eye(len(x))], axis=1)",
    ],
    "linear_jacobian_W": [
        "def linear_jacobian_W(x, W):\n    D, K = W.shape\n    J = np.zeros((K, D, K))\n    for k in range(K):\n"
        "        J[k, :, k] = x\n    return J",
        "def linear_jacobian_W(x, W):\n    return np.einsum('kj,i->kij', np.eye(W.shape[1]), x)",
        "def linear_jacobian_W(x, W):\n    return np.eye(W.shape[1])[:, None, :] * x[None, :, None]",
        "def linear_jacobian_W(x, W):\n    K = W.shape[1]\n    return np.stack([np.outer(x, e) for e in np.eye(K)])",
        "def linear_jacobian_W(x, W):\n    D, K = W.shape\n    return [[[float(k == j) * x[i] for j in range(K)]"
        " for i in range(D)] for k in range(K)]",
        "def linear_jacobian_W(x, W):\n    return np.tensordot(np.eye(W.shape[1]), x, 0).transpose(0, 2, 1)",
    ],
    "linear_backward": [
        "def linear_backward(delta, x, W, b):\n    return delta @ W.T, x.T @ delta, delta.sum(axis=0)",
        "def linear_backward(delta, x, W, b):\n    return (np.einsum('nk,dk->nd', delta, W), "
        "np.einsum('nd,nk->dk', x, delta), np.einsum('nk->k', delta))",
        "def linear_backward(delta, x, W, b):\n    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)\n"
        "    for n in range(len(x)):\n        dx[n] = W @ delta[n]\n        dW += np.outer(x[n], delta[n])\n"
        "        db += delta[n]\n    return dx, dW, db",
        "def linear_backward(delta, x, W, b):\n    return [(W @ delta.T).T, (delta.T @ x).T, np.ones(len(x)) @ delta]",
        "def linear_backward(delta, x, W, b):\n    dW = (x[:, :, None] * delta[:, None, :]).sum(axis=0)\n"
        "    dx = (W[None] * delta[:, None, :]).sum(axis=2)\n    return dx, dW, np.sum(delta, 0)",
        "def linear_backward(delta, x, W, b):\n    (N, D), K = x.shape, W.shape[1]\n"
        "    dx, dW, db = np.zeros((N, D)), np.zeros((D, K)), np.zeros(K)\n    for n in range(N):\n"
        "        for j in range(K):\n            db[j] += delta[n, j]\n            for i in range(D):\n"
        "                dx[n, i] += delta[n, j] * W[i, j]\n                dW[i, j] += x[n, i] * delta[n, j]\n"
        "    return dx, dW, db",
    ],
    "linear_backward_column": [
        "def linear_backward_column(delta, x, W):\n    return W.T @ delta, np.outer(delta, x), delta",
        "def linear_backward_column(delta, x, W):\n    return delta @ W, delta[:, None] @ x[None, :], delta.copy()",
        "def linear_backward_column(delta, x, W):\n    return [np.einsum('kd,k->d', W, delta), "
        "np.einsum('k,d->kd', delta, x), 1.0 * delta]",
        "def linear_backward_column(delta, x, W):\n    K, D = W.shape\n    dx, dW = np.zeros(D), np.zeros((K, D))\n"
        "    for k in range(K):\n        for d in range(D):\n            dx[d] += delta[k] * W[k, d]\n"
        "            dW[k, d] = delta[k] * x[d]\n    return dx, dW, delta",
        "def linear_backward_column(delta, x, W):\n    return (W * delta[:, None]).sum(axis=0), "
        "(x[:, None] * delta).T, np.eye(len(delta)) @ delta",
    ],
    "logistic_gradient": [
        "def logistic_gradient(w, x, b):\n    s = 1 / (1 + np.exp(-(w @ x + b)))\n    return s * (1 - s) * w",
        "def logistic_gradient(w, x, b):\n    z = b + sum(w[i] * x[i] for i in range(len(w)))\n"
        "    s = 0.5 * (1 + np.tanh(z / 2))\n    return [s * (1 - s) * wi for wi in w]",
        "def logistic_gradient(w, x, b):\n    e = np.exp(-abs(np.dot(w, x) + b))\n    return w * e / (1 + e) ** 2",
        "def logistic_gradient(w, x, b):\n    z = w @ x + b\n    return w / (2 + np.exp(z) + np.exp(-z))",
        "def logistic_gradient(w, x, b):\n    z = np.einsum('i,i', w, x) + b\n    s = 1 / (1 + np.exp(-z))\n"
        "    J = np.array([[s * (1 - s)]]) @ w[None, :]\n    return J[0]",
    ],
    "numerical_jacobian": [
        "def numerical_jacobian(f, x):\n    h = 1e-5\n    J = np.zeros((f(x).size, x.size))\n"
        "    for i in range(x.size):\n        step = np.zeros(x.size)\n        step[i] = h\n"
        "        J[:, i] = (f(x + step) - f(x - step)) / (2 * h)\n    return J",
        "def numerical_jacobian(f, x):\n    h = 1e-6\n    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) "
        "for e in np.eye(len(x))], axis=1)",
        "def numerical_jacobian(f, x, h=1e-4):\n    columns = []\n    for i in range(len(x)):\n"
        "        up, down = x.copy(), x.copy()\n        up[i] += h\n        down[i] -= h\n"
        "        columns.append((f(up) - f(down)) / (up[i] - down[i]))\n    return np.array(columns).T",
        "def numerical_jacobian(f, x):\n    h = np.cbrt(np.finfo(float).eps) * np.maximum(1, np.abs(x))\n"
        "    E = np.diag(h)\n    return np.column_stack([(f(x + E[i]) - f(x - E[i])) / (2 * h[i]) "
        "for i in range(x.size)])",
        "def numerical_jacobian(f, x):\n    h, x = 1e-5, x.copy()\n    J = []\n    for i in range(x.size):\n"
        "        old = x[i]\n        x[i] = old + h\n        up = f(x)\n        x[i] = old - h\n        down = f(x)\n"
        "        x[i] = old\n        J.append((up - down) / (2 * h))\n    return np.array(J).T.tolist()",
        "def numerical_jacobian(f, x):\n    h = 1e-3\n    def d(e, h):\n        return (f(x + h * e) - f(x - h * e)) / (2 * h)\n"
        "    return np.stack([(4 * d(e, h / 2) - d(e, h)) / 3 for e in np.eye(len(x))], axis=1)",
    ],
    "broadcast_add_backward": [
        "def broadcast_add_backward(delta, a, b):\n    def undo(shape):\n        d = np.asarray(delta)\n"
        "        while d.ndim > len(shape):\n            d = d.sum(axis=0)\n"
        "        for k, size in enumerate(shape):\n            if size == 1:\n"
        "                d = d.sum(axis=k, keepdims=True)\n        return d\n"
        "    return undo(np.shape(a)), undo(np.shape(b))",
        "def broadcast_add_backward(delta, a, b):\n    answers = []\n    for x in (a, b):\n"
        "        shape = (1,) * (np.ndim(delta) - np.ndim(x)) + np.shape(x)\n"
        "        axes = tuple(k for k in range(np.ndim(delta)) if shape[k] == 1 and np.shape(delta)[k] != 1)\n"
        "        answers.append(np.sum(delta, axis=axes).reshape(np.shape(x)))\n    return answers",
        "def broadcast_add_backward(delta, a, b):\n    def gather(x):\n        out = np.zeros(np.shape(x))\n"
        "        where = np.broadcast_to(np.arange(out.size).reshape(out.shape), np.shape(delta))\n"
        "        np.add.at(out.reshape(-1), where.ravel(), np.ravel(delta))\n        return out\n"
        "    return gather(a), gather(b)",
        "def broadcast_add_backward(delta, a, b):\n    def gather(x):\n        x, d = np.asarray(x), np.asarray(delta)\n"
        "        out = np.zeros(x.shape)\n        for index in np.ndindex(d.shape):\n"
        "            short = index[d.ndim - x.ndim:]\n"
        "            out[tuple(0 if x.shape[k] == 1 else i for k, i in enumerate(short))] += d[index]\n"
        "        return out\n    return gather(a), gather(b)",
        "def broadcast_add_backward(delta, a, b):\n    def undo(x):\n        n = np.ndim(delta)\n"
        "        letters = 'abcdefg'[:n]\n        padded = (1,) * (n - np.ndim(x)) + np.shape(x)\n"
        "        keep = ''.join(c for c, size in zip(letters, padded) if size != 1)\n"
        "        return np.einsum(f'{letters}->{keep}', np.asarray(delta)).reshape(np.shape(x))\n"
        "    return undo(a), undo(b)",
    ],
    "jacobian_from_vjp": [
        "def jacobian_from_vjp(vjp, n_outputs):\n    return np.stack([vjp(e) for e in np.eye(n_outputs)])",
        "def jacobian_from_vjp(vjp, n_outputs):\n    rows = []\n    for i in range(n_outputs):\n"
        "        delta = np.zeros(n_outputs)\n        delta[i] = 1\n        rows.append(vjp(delta))\n"
        "    return np.array(rows)",
        "def jacobian_from_vjp(vjp, n_outputs):\n    delta = np.zeros(n_outputs)\n    rows = []\n"
        "    for i in range(n_outputs):\n        delta[i] = 1\n        rows.append(vjp(delta).tolist())\n"
        "        delta[i] = 0\n    return rows",
        "def jacobian_from_vjp(vjp, n_outputs):\n    return np.vstack([vjp(2 * e) / 2 for e in np.identity(n_outputs)])",
        "def jacobian_from_vjp(vjp, n_outputs):\n    first = vjp(np.eye(n_outputs)[0])\n"
        "    J = np.empty((n_outputs, first.size))\n    J[0] = first\n    for i in range(1, n_outputs):\n"
        "        J[i, :] = vjp([float(k == i) for k in range(n_outputs)])\n    return J",
    ],
    "jacobian_bytes": [
        "def jacobian_bytes(n, d, k):\n    return n * k * d * k * 8, d * k * 8",
        "def jacobian_bytes(n, d, k):\n    return [8 * n * d * k**2, 8 * d * k]",
        "def jacobian_bytes(n, d, k):\n    return 64 // 8 * (n * k) * (d * k), 64 // 8 * (d * k)",
        "def jacobian_bytes(n, d, k):\n    size = np.dtype(float).itemsize\n    return float(size * n * k * d * k), size * d * k",
        "def jacobian_bytes(n, d, k):\n    return tuple(8 * np.array([n * k * d * k, d * k], dtype=np.int64))",
    ],
}
