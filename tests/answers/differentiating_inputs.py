"""Right answers of 07-differentiating-inputs, in several formulations each."""

from __future__ import annotations

# The gradient of the loss by the image, in five formulations; each is pasted into the functions below.
_LOSS_GRADIENTS = [
    """
    def gradient(x, label):
        z = x @ params["W1"] + params["b1"]
        s = np.maximum(z, 0) @ params["W2"] + params["b2"]
        p = np.exp(s - s.max())
        p /= p.sum()
        p[label] -= 1
        return params["W1"] @ ((params["W2"] @ p) * (z > 0))
""",
    """
    def gradient(x, label):
        W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
        z = [b1[j] + sum(x[d] * W1[d, j] for d in range(len(x))) for j in range(len(b1))]
        s = np.array([b2[k] + sum(max(z[j], 0.0) * W2[j, k] for j in range(len(b1))) for k in range(len(b2))])
        e = np.exp(s - max(s))
        out = np.zeros(len(x))
        for k in range(len(b2)):
            dk = e[k] / e.sum() - (k == label)
            for j in range(len(b1)):
                if z[j] > 0:
                    out += dk * W2[j, k] * W1[:, j]
        return out
""",
    """
    def gradient(x, label):
        z = np.einsum("d,dh->h", x, params["W1"]) + params["b1"]
        s = np.einsum("h,hk->k", np.where(z > 0, z, 0), params["W2"]) + params["b2"]
        d = np.exp(s - np.logaddexp.reduce(s)) - (np.arange(len(s)) == label)
        return np.einsum("k,hk,h,dh->d", d, params["W2"], (z > 0).astype(float), params["W1"])
""",
    """
    def gradient(x, label):
        X = x[None]
        z = X @ params["W1"] + params["b1"]
        s = (z * (z > 0)) @ params["W2"] + params["b2"]
        s = s - s.max(axis=1, keepdims=True)
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        d = p - np.eye(p.shape[1])[[label]]
        return (np.where(z > 0, d @ params["W2"].T, 0.0) @ params["W1"].T)[0]
""",
    """
    def gradient(x, label):
        from backprop_lab import grad, ops
        def loss(x):
            h = ops.relu(ops.affine(x, params["W1"], params["b1"]))
            return ops.cross_entropy(ops.affine(h, params["W2"], params["b2"]), np.asarray(label))
        return grad(loss)(x)
""",
]

_UNIT_GRADIENTS = [
    """
    def gradient(x):
        on = x @ params["W1"] + params["b1"] > 0
        return params["W1"] @ (params["W2"][:, unit] * on)
""",
    """
    def gradient(x):
        out = np.zeros(len(x))
        for j in range(params["W1"].shape[1]):
            if np.dot(x, params["W1"][:, j]) + params["b1"][j] > 0:
                out += params["W2"][j, unit] * params["W1"][:, j]
        return out
""",
    """
    def gradient(x):
        on = (np.einsum("d,dh->h", x, params["W1"]) + params["b1"] > 0) * 1.0
        return np.einsum("dh,h,h->d", params["W1"], on, params["W2"][:, unit])
""",
    """
    def gradient(x):
        z = x[None, :] @ params["W1"] + params["b1"]
        d = np.zeros((1, params["W2"].shape[1]))
        d[0, unit] = 1.0
        dz = d @ params["W2"].T
        dz[z <= 0] = 0.0
        return (dz @ params["W1"].T)[0]
""",
    """
    def gradient(x):
        from backprop_lab import grad, ops
        def logit(x):
            h = ops.relu(ops.affine(x, params["W1"], params["b1"]))
            return ops.affine(h, params["W2"], params["b2"])[unit]
        return grad(logit)(x)
""",
]

_CODE_GRADIENTS = [
    """
    def gradient(code):
        picture = 1 / (1 + np.exp(-(code @ models["G"] + models["bG"])))
        e2 = np.tanh(picture @ models["I"] + models["bI"])
        d = ((text @ models["T"]) * (1 - e2**2)) @ models["I"].T
        return (d * picture * (1 - picture)) @ models["G"].T
""",
    """
    def gradient(code):
        T, G, bG, I, bI = (models[k] for k in ("T", "G", "bG", "I", "bI"))
        e1 = [sum(text[a] * T[a, k] for a in range(len(text))) for k in range(T.shape[1])]
        zs = [bG[p] + sum(code[c] * G[c, p] for c in range(len(code))) for p in range(len(bG))]
        picture = [1 / (1 + np.exp(-z)) for z in zs]
        out = np.zeros(len(code))
        for k in range(len(bI)):
            e2 = np.tanh(bI[k] + sum(picture[p] * I[p, k] for p in range(len(bG))))
            for p in range(len(bG)):
                out += e1[k] * (1 - e2 * e2) * I[p, k] * picture[p] * (1 - picture[p]) * G[:, p]
        return out
""",
    """
    def gradient(code):
        picture = 0.5 * (1 + np.tanh(0.5 * (code @ models["G"] + models["bG"])))
        z = picture @ models["I"] + models["bI"]
        d = models["I"] @ ((models["T"].T @ text) / np.cosh(z) ** 2)
        return np.einsum("p,p,p,cp->c", d, picture, 1 - picture, models["G"])
""",
    """
    def gradient(code):
        # the Jacobians, built and multiplied
        picture = 1 / (1 + np.exp(-(models["G"].T @ code + models["bG"])))
        e2 = np.tanh(models["I"].T @ picture + models["bI"])
        J = np.diag(1 - e2**2) @ models["I"].T @ np.diag(picture * (1 - picture)) @ models["G"].T
        return J.T @ (models["T"].T @ text)
""",
    """
    def gradient(code):
        from backprop_lab import grad, ops
        def similarity(c):
            picture = ops.sigmoid(ops.affine(c, models["G"], models["bG"]))
            return (text @ models["T"]) @ ops.tanh(ops.affine(picture, models["I"], models["bI"]))
        return grad(similarity)(code)
""",
]


def _function(head: str, gradient: str, body: str) -> str:
    return f"def {head}:\n{gradient}\n" + "\n".join(f"    {line}" for line in body.strip().splitlines())


def _each(head: str, gradients: list[str], bodies: list[str]) -> list[str]:
    return [_function(head, g, body) for g, body in zip(gradients, bodies, strict=True)]


RIGHT: dict[str, list[str]] = {
    "input_gradient": _each(
        "input_gradient(params, x, unit)",
        _UNIT_GRADIENTS,
        ["return gradient(x)"] * 4 + ["return list(gradient(x))"],
    ),
    "visualize_unit": _each(
        "visualize_unit(params, unit, steps, x, step_size, penalty)",
        _UNIT_GRADIENTS,
        [
            """
for _ in range(steps):
    x = np.clip(x + step_size * (gradient(x) - 2 * penalty * x), 0, 1)
return x
""",
            """
x = x.copy()
for _ in range(steps):
    x += step_size * (gradient(x) - 2 * penalty * x)
    x[x < 0] = 0
    x[x > 1] = 1
return x
""",
            """
k = 0
while k < steps:
    x = np.minimum(1, np.maximum(0, (1 - 2 * step_size * penalty) * x + step_size * gradient(x)))
    k += 1
return x
""",
            """
if steps == 0:
    return x
new = x + step_size * (gradient(x) - penalty * (x + x))
return visualize_unit(params, unit, steps - 1, np.clip(new, 0, 1), step_size, penalty)
""",
            """
images = [x]
for _ in range(steps):
    down = -gradient(images[-1]) + 2 * penalty * images[-1]
    images.append((images[-1] - step_size * down).clip(0.0, 1.0))
return images[-1].tolist()
""",
        ],
    ),
    "fgsm": _each(
        "fgsm(params, x, label, epsilon)",
        _LOSS_GRADIENTS,
        [
            "return np.clip(x + epsilon * np.sign(gradient(x, label)), 0, 1)",
            """
g = gradient(x, label)
out = []
for value, slope in zip(x, g):
    if slope > 0:
        value = min(1.0, value + epsilon)
    elif slope < 0:
        value = max(0.0, value - epsilon)
    out.append(value)
return out
""",
            """
g = gradient(x, label)
return np.minimum(np.maximum(x + epsilon * ((g > 0) * 1.0 - (g < 0) * 1.0), 0), 1)
""",
            """
new = x.copy()
new += epsilon * np.sign(gradient(x, label))
np.clip(new, 0, 1, out=new)
return new
""",
            """
g = gradient(x, label)
size = np.abs(g)
return np.clip(x + epsilon * np.divide(g, size, out=np.zeros_like(g), where=size > 0), 0.0, 1.0)
""",
        ],
    ),
    "pgd": _each(
        "pgd(params, x, target, epsilon, steps, step_size)",
        _LOSS_GRADIENTS,
        [
            """
new = x
for _ in range(steps):
    new = new - step_size * np.sign(gradient(new, target))
    new = np.clip(np.clip(new, x - epsilon, x + epsilon), 0, 1)
return new
""",
            """
low = [max(0.0, v - epsilon) for v in x]
high = [min(1.0, v + epsilon) for v in x]
new = np.array(x)
for _ in range(steps):
    g = gradient(new, target)
    new = np.array([min(max(v - step_size * np.sign(s), a), b) for v, s, a, b in zip(new, g, low, high)])
return list(new)
""",
            """
r = np.zeros_like(x)
for _ in range(steps):
    r = np.clip(r - step_size * np.sign(gradient(x + r, target)), -epsilon, epsilon)
    r = np.clip(x + r, 0, 1) - x
return x + r
""",
            """
new = x.copy()
for _ in range(steps):
    new -= step_size * np.sign(gradient(new, target))
    np.clip(new, 0, 1, out=new)
    np.clip(new, x - epsilon, x + epsilon, out=new)
return new
""",
            """
new = x
for _ in range(steps):
    low, high = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)
    new = np.clip(new + step_size * np.sign(-gradient(new, target)), low, high)
return new
""",
        ],
    ),
    "match_text": _each(
        "match_text(models, text, code, steps, step_size)",
        _CODE_GRADIENTS,
        [
            """
for _ in range(steps):
    code = code + step_size * gradient(code)
return code
""",
            """
code = np.array(code)
for _ in range(steps):
    code += step_size * gradient(code)
return list(code)
""",
            """
k = 0
while k < steps:
    code = code - step_size * -gradient(code)
    k += 1
return code
""",
            """
if steps == 0:
    return code
return match_text(models, text, code + step_size * gradient(code), steps - 1, step_size)
""",
            """
codes = [code]
for _ in range(steps):
    codes.append(codes[-1] + step_size * gradient(codes[-1]))
return codes[-1]
""",
        ],
    ),
}
