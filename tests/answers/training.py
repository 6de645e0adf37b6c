"""Right answers of 06-training-a-network, in several formulations each."""

RIGHT: dict[str, list[str]] = {
    "softmax": [
        """
def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
""",
        """
def softmax(logits):
    out = np.zeros(logits.shape)
    for i in range(logits.shape[0]):
        top = max(logits[i])
        total = 0.0
        for k in range(logits.shape[1]):
            out[i, k] = np.exp(logits[i, k] - top)
            total += out[i, k]
        for k in range(logits.shape[1]):
            out[i, k] /= total
    return out
""",
        """
def softmax(logits):
    # 1 over the sum of exp(differences): no division of two large numbers
    return 1 / np.exp(logits[:, None, :] - logits[:, :, None]).sum(axis=2)
""",
        """
def softmax(logits):
    z = logits.copy()
    z -= z.max(axis=-1)[:, None]
    np.exp(z, out=z)
    z /= np.einsum("nk->n", z)[:, None]
    return z
""",
        """
def softmax(logits):
    def log_softmax(row):
        row = row - np.max(row)
        return row - np.log(np.sum(np.exp(row)))
    return [list(np.exp(log_softmax(row))) for row in logits]
""",
    ],
    "cross_entropy": [
        """
def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])
""",
        """
def cross_entropy(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels):
        top = row.max()
        total += np.log(np.sum(np.exp(row - top))) + top - row[label]
    return total / len(labels)
""",
        """
def cross_entropy(logits, labels):
    z = logits - np.max(logits, axis=1)[:, np.newaxis]
    log_p = z - np.log(np.sum(np.exp(z), axis=1))[:, np.newaxis]
    one_hot = np.eye(logits.shape[1])[labels]
    return -np.einsum("nk,nk->", one_hot, log_p) / logits.shape[0]
""",
        """
def cross_entropy(logits, labels):
    return np.mean(np.logaddexp.reduce(logits, axis=1) - np.take_along_axis(logits, labels[:, None], 1)[:, 0])
""",
        """
def cross_entropy(logits, labels):
    # differences to the right logit: log(sum(exp(z - z_right)))
    right = logits[range(len(labels)), labels]
    d = logits - right[:, None]
    top = d.max(axis=1)
    return float((top + np.log(np.exp(d - top[:, None]).sum(1))).mean())
""",
    ],
    "cross_entropy_backward": [
        """
def cross_entropy_backward(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
""",
        """
def cross_entropy_backward(logits, labels):
    out = np.empty(logits.shape)
    n, classes = logits.shape
    for i in range(n):
        e = np.exp(logits[i] - logits[i].max())
        for k in range(classes):
            out[i, k] = (e[k] / e.sum() - (1.0 if k == labels[i] else 0.0)) / n
    return out
""",
        """
def cross_entropy_backward(logits, labels):
    z = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return (np.exp(z) - np.eye(logits.shape[1])[labels]) / logits.shape[0]
""",
        """
def cross_entropy_backward(logits, labels):
    # the long way: the Jacobian of log softmax, pulled back
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    classes = logits.shape[1]
    delta = -1.0 * (np.arange(classes) == labels[:, None]) / len(labels)
    jacobian = np.eye(classes)[None] - p[:, None, :]
    return np.einsum("nk,nkj->nj", delta, jacobian)
""",
        """
def cross_entropy_backward(logits, labels):
    z = logits.copy()
    z -= z.max(axis=1)[:, None]
    np.exp(z, out=z)
    z *= (1 / z.sum(axis=1))[:, None]
    np.subtract.at(z, (np.arange(len(z)), labels), 1.0)
    return (z / len(z)).tolist()
""",
    ],
    "mlp_forward": [
        """
def mlp_forward(params, X):
    h = np.maximum(X @ params["W1"] + params["b1"], 0)
    return h @ params["W2"] + params["b2"]
""",
        """
def mlp_forward(params, X):
    z = np.einsum("nd,dh->nh", X, params["W1"]) + params["b1"]
    return np.einsum("nh,hk->nk", z * (z > 0), params["W2"]) + params["b2"]
""",
        """
def mlp_forward(params, X):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    out = np.zeros((len(X), len(b2)))
    for n, x in enumerate(X):
        z = [sum(x[d] * W1[d, j] for d in range(len(x))) + b1[j] for j in range(len(b1))]
        hidden = [max(0.0, value) for value in z]
        for k in range(len(b2)):
            out[n, k] = sum(hidden[j] * W2[j, k] for j in range(len(b1))) + b2[k]
    return out
""",
        """
def mlp_forward(params, X):
    ones = np.ones((X.shape[0], 1))
    z = np.hstack([X, ones]) @ np.vstack([params["W1"], params["b1"]])
    z[z < 0] = 0
    return np.hstack([z, ones]) @ np.vstack([params["W2"], params["b2"]])
""",
        """
def mlp_forward(params, X):
    z = (params["W1"].T @ X.T + params["b1"][:, None]).T
    h = (np.abs(z) + z) / 2
    return (np.dot(h, params["W2"]) + params["b2"]).reshape(-1, params["b2"].size)
""",
    ],
    "mlp_backward": [
        """
def mlp_backward(params, X, labels):
    z = X @ params["W1"] + params["b1"]
    h = np.maximum(z, 0)
    logits = h @ params["W2"] + params["b2"]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    d = e / e.sum(axis=1, keepdims=True)
    d[np.arange(len(labels)), labels] -= 1
    d /= len(labels)
    dz = (d @ params["W2"].T) * (z > 0)
    return {"W1": X.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
""",
        """
def mlp_backward(params, X, labels):
    grads = {name: np.zeros(array.shape) for name, array in params.items()}
    for x, label in zip(X, labels):
        z = x @ params["W1"] + params["b1"]
        h = np.where(z > 0, z, 0.0)
        s = h @ params["W2"] + params["b2"]
        p = np.exp(s - s.max())
        p = p / p.sum()
        p[label] -= 1
        dh = params["W2"] @ p
        dh[z <= 0] = 0
        grads["W2"] += np.outer(h, p)
        grads["b2"] += p
        grads["W1"] += np.outer(x, dh)
        grads["b1"] += dh
    return {name: g / len(X) for name, g in grads.items()}
""",
        """
def mlp_backward(params, X, labels):
    W2 = params["W2"]
    z = np.einsum("nd,dh->nh", X, params["W1"]) + params["b1"]
    mask = (z > 0).astype(float)
    s = np.einsum("nh,hk->nk", z * mask, W2) + params["b2"]
    s = s - np.logaddexp.reduce(s, axis=1)[:, None]
    d = (np.exp(s) - np.eye(s.shape[1])[labels]) / X.shape[0]
    dz = np.einsum("nk,hk,nh->nh", d, W2, mask)
    return dict(
        b2=np.einsum("nk->k", d),
        W2=np.einsum("nh,nk->hk", z * mask, d),
        b1=np.einsum("nh->h", dz),
        W1=np.einsum("nd,nh->dh", X, dz),
    )
""",
        """
def mlp_backward(params, X, labels):
    # biases as one more row of weights, and columns instead of rows
    n = len(X)
    ones = np.ones((n, 1))
    X1 = np.hstack([X, ones])
    z = X1 @ np.vstack([params["W1"], params["b1"]])
    h1 = np.hstack([np.clip(z, 0, None), ones])
    s = h1 @ np.vstack([params["W2"], params["b2"]])
    s -= s.max(axis=1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(axis=1, keepdims=True)
    t = np.zeros_like(p)
    t[range(n), labels] = 1
    d = ((p - t) / n).T
    second = (d @ h1).T
    dz = (params["W2"] @ d) * (z.T > 0)
    first = (dz @ X1).T
    return {"W1": first[:-1], "b1": first[-1], "W2": second[:-1], "b2": second[-1]}
""",
        """
def mlp_backward(params, X, labels):
    from backprop_lab import ops, grad
    def loss(p):
        h = ops.relu(ops.affine(X, p["W1"], p["b1"]))
        return ops.cross_entropy(ops.affine(h, p["W2"], p["b2"]), labels)
    return {name: g.tolist() for name, g in grad(loss)(params).items()}
""",
    ],
}

_GRADIENT = """
    def gradient(p, x, y):
        z = x @ p["W1"] + p["b1"]
        h = np.maximum(z, 0)
        s = h @ p["W2"] + p["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dz = (d @ p["W2"].T) * (z > 0)
        return {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
"""


def _training(hidden: int, epochs: int, batch: int, step: str, start: str = "") -> str:
    """A training loop; ``step`` moves p by the gradient g, in epoch t."""
    return f"""
def train_network(X, labels, seed):
{_GRADIENT}
    rng = np.random.default_rng(seed)
    p = {{"W1": rng.normal(size=(64, {hidden})) / 8, "b1": np.zeros({hidden}),
         "W2": rng.normal(size=({hidden}, 10)) / {hidden}**0.5, "b2": np.zeros(10)}}
    v = {{k: np.zeros_like(a) for k, a in p.items()}}
    {start}
    for t in range({epochs}):
        order = rng.permutation(len(X))
        for i in range(0, len(X), {batch}):
            rows = order[i:i + {batch}]
            g = gradient(p, X[rows], labels[rows])
            for k in p:
                {step}
    return p
"""


RIGHT["train_network"] = [
    _training(48, 40, 32, "p[k] = p[k] - 0.3 * g[k]"),
    _training(48, 20, 32, "v[k] = 0.9 * v[k] - 0.1 * g[k]; p[k] = p[k] + v[k]"),
    _training(64, 30, 32, "p[k] -= 0.3 * 0.97**t * g[k]"),
    _training(
        40,
        20,
        32,
        "m[k] += 0.1 * (g[k] - m[k]); v[k] += 0.01 * (g[k]**2 - v[k]); "
        "p[k] -= 0.01 * 0.85**t * m[k] / (np.sqrt(v[k]) + 1e-8)",
        start="m = {k: np.zeros_like(a) for k, a in p.items()}",
    ),
    """
def train_network(X, labels, seed):
    from backprop_lab import Nesterov, grad, ops
    rng = np.random.default_rng(seed)
    p = {"W1": rng.uniform(-0.2, 0.2, (64, 40)), "b1": np.zeros(40),
         "W2": rng.uniform(-0.2, 0.2, (40, 10)), "b2": np.zeros(10)}
    def loss(p, x, y):
        return ops.cross_entropy(ops.affine(ops.relu(ops.affine(x, p["W1"], p["b1"])), p["W2"], p["b2"]), y)
    ball = Nesterov(0.2, 0.9)
    for _ in range(20):
        order = rng.permutation(len(X))
        for rows in np.array_split(order, len(X) // 50):
            p = ball.step(p, lambda q: grad(loss)(q, X[rows], labels[rows]))
    return {name: array.astype(np.float32) for name, array in p.items()}
""",
]
