"""Right answers of 02-multiple-paths, in several formulations each."""

RIGHT: dict[str, list[str]] = {
    "path_sum_gradient": [
        """
def path_sum_gradient(paths):
    total = 0.0
    for path in paths:
        product = 1.0
        for local in path:
            product *= local
        total += product
    return total
""",
        """
def path_sum_gradient(paths):
    return sum(np.prod(path) for path in paths)
""",
        """
import math
def path_sum_gradient(paths):
    return math.fsum(math.prod(path) for path in paths)
""",
        """
from functools import reduce
def path_sum_gradient(paths):
    return float(np.sum([reduce(lambda a, b: a * b, path, 1.0) for path in paths]))
""",
        """
def path_sum_gradient(paths):
    longest = max(map(len, paths), default=0)
    padded = np.ones((len(paths), longest))
    for row, path in zip(padded, paths):
        row[:len(path)] = path
    return padded.prod(axis=1).sum()
""",
        """
def path_sum_gradient(paths):
    if not paths:
        return 0
    first = 1.0
    for local in reversed(paths[0]):
        first = local * first
    return first + path_sum_gradient(paths[1:])
""",
    ],
    "shared_input_gradients": [
        """
def shared_input_gradients(a, b):
    c, d = a + b, b + 1
    return d, d + c
""",
        """
def shared_input_gradients(a, b):
    return [b + 1, a + 2 * b + 1]
""",
        """
def shared_input_gradients(a, b):
    return np.array([b + 1, (b + 1) * 1 + (a + b) * 1])
""",
        """
def shared_input_gradients(a, b):
    de_dc, de_dd = b + 1.0, a + b
    grads = {"a": 0.0, "b": 0.0}
    grads["a"] += de_dc
    grads["b"] += de_dc
    grads["b"] += de_dd
    return grads["a"], grads["b"]
""",
        """
def shared_input_gradients(a, b):
    J = np.array([[1.0, 1.0], [0.0, 1.0]])
    return tuple(np.array([b + 1, a + b]) @ J)
""",
    ],
    "topological_order": [
        """
def topological_order(graph):
    order = []
    while len(order) < len(graph.nodes):
        for node in graph.nodes:
            if node.name not in order and all(x.name in order for x in node.inputs):
                order.append(node.name)
    return order
""",
        """
def topological_order(graph):
    order, seen = [], set()
    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for x in node.inputs:
            visit(x)
        order.append(node.name)
    visit(graph.output)
    return order
""",
        """
from collections import deque
def topological_order(graph):
    missing = {node: len(node.inputs) for node in graph.nodes}
    users = {node: [] for node in graph.nodes}
    for node in graph.nodes:
        for x in node.inputs:
            users[x].append(node)
    ready = deque(node for node in graph.nodes if not node.inputs)
    order = []
    while ready:
        node = ready.popleft()
        order.append(node.name)
        for user in users[node]:
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    return order
""",
        """
def topological_order(graph):
    order, done, stack = [], set(), [graph.output]
    while stack:
        node = stack[-1]
        waiting = [x for x in node.inputs if x not in done]
        if waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            if node not in done:
                done.add(node)
                order.append(node.name)
    return order
""",
        """
def topological_order(graph):
    depth = {}
    changed = True
    while changed:
        changed = False
        for node in graph.nodes:
            d = max([depth.get(x, 0) + 1 for x in node.inputs], default=0)
            if depth.get(node) != d:
                depth[node] = d
                changed = True
    return tuple(node.name for node in sorted(graph.nodes, key=depth.get))
""",
        """
import graphlib
def topological_order(graph):
    sorter = graphlib.TopologicalSorter({node: node.inputs for node in graph.nodes})
    return [node.name for node in sorter.static_order()]
""",
        """
def topological_order(graph):
    missing = {node: len(node.inputs) for node in graph.nodes}
    ready = [node for node in graph if not node.inputs]
    order = []
    for node in ready:
        order.append(graph.names[node])
        for user in graph.users(node):
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    return order
""",
    ],
    "backward_pass": [
        """
def backward_pass(graph):
    grads = {node.name: 0.0 for node in graph.nodes}
    grads[graph.output.name] = 1.0
    for node in reversed(graph.nodes):
        for k, x in enumerate(node.inputs):
            grads[x.name] += grads[node.name] * graph.local(node, k)
    return grads
""",
        """
from collections import defaultdict
def backward_pass(graph):
    grads = defaultdict(float, {graph.output: 1.0})
    for node in graph.nodes[::-1]:
        for k in range(len(node.inputs)):
            grads[node.inputs[k]] += graph.local(node, k) * grads[node]
    return {node.name: grads[node] for node in graph.nodes}
""",
        """
def backward_pass(graph):
    memo = {}
    for node in reversed(graph.nodes):  # the same sum, gathered by the receiver
        total = 1.0 if node is graph.output else 0.0
        for user in set(graph.users(node)):
            for k, x in enumerate(user.inputs):
                if x is node:
                    total += memo[user.name] * graph.local(user, k)
        memo[node.name] = total
    return memo
""",
        """
def backward_pass(graph):
    position = {node: i for i, node in enumerate(graph.nodes)}
    n = len(graph.nodes)
    L = np.zeros((n, n))
    for node in graph.nodes:
        for k, x in enumerate(node.inputs):
            L[position[node], position[x]] += graph.local(node, k)
    g = np.zeros(n)
    g[-1] = 1.0
    for i in range(n - 1, -1, -1):
        g += g[i] * L[i]
    return {node.name: g[position[node]] for node in graph.nodes}
""",
        """
def backward_pass(graph):
    users_left = {node: 0 for node in graph.nodes}
    for node in graph.nodes:
        for x in node.inputs:
            users_left[x] += 1
    grads = {graph.output: np.array(1.0)}
    ready = [graph.output]
    while ready:
        node = ready.pop()
        for k, x in enumerate(node.inputs):
            if x not in grads:
                grads[x] = np.array(0.0)
            grads[x] += grads[node] * graph.local(node, k)
            users_left[x] -= 1
            if users_left[x] == 0:
                ready.append(x)
    return {node.name: float(g) for node, g in grads.items()}
""",
        """
def backward_pass(graph):
    tape = [(node, k, x) for node in graph.nodes for k, x in enumerate(node.inputs)]
    grads = dict.fromkeys([graph.names[node] for node in graph.nodes], 0.0)
    grads[graph.names[graph.output]] = 1.0
    while tape:
        node, k, x = tape.pop()
        grads[graph.names[x]] = grads[graph.names[x]] + grads[graph.names[node]] * graph.local(node, k)
    return grads
""",
    ],
    "count_paths": [
        """
def count_paths(graph):
    arriving = {}
    for node in graph.nodes:
        arriving[node.name] = sum(arriving[x.name] for x in node.inputs) if node.inputs else 1
    return arriving[graph.output.name]
""",
        """
def count_paths(graph):
    onward = {node: 0 for node in graph.nodes}
    onward[graph.output] = 1
    for node in reversed(graph.nodes):
        for x in node.inputs:
            onward[x] += onward[node]
    return sum(onward[node] for node in graph.nodes if not node.inputs)
""",
        """
def count_paths(graph):
    memo = {}
    def arrive(node):
        if node not in memo:
            memo[node] = 0 if node.inputs else 1
            for x in node.inputs:
                memo[node] += arrive(x)
        return memo[node]
    return arrive(graph.output)
""",
        """
def count_paths(graph):
    index = {node: i for i, node in enumerate(graph.nodes)}
    arriving = np.zeros(len(graph.nodes), dtype=np.int64)
    for i, node in enumerate(graph.nodes):
        arriving[i] = np.sum([arriving[index[x]] for x in node.inputs]) if node.inputs else 1
    return arriving[-1]
""",
        """
from functools import lru_cache
def count_paths(graph):
    @lru_cache(maxsize=None)
    def arrive(node):
        return sum(map(arrive, node.inputs)) or 1
    return int(arrive(graph.output))
""",
        """
def count_paths(graph):
    return sum(counts(graph, x) for x in graph.variables)

def counts(graph, start):
    here = dict.fromkeys(graph.nodes, 0)
    here[start] = 1
    for node in graph.nodes:
        for x in node.inputs:
            here[node] += here[x]
    return here[graph.output]
""",
    ],
    "weight_decay_gradients": [
        """
def weight_decay_gradients(w, x, y, lam):
    return 2 * x.T @ (x @ w - y) + 2 * lam * w
""",
        """
def weight_decay_gradients(w, x, y, lam):
    dw = np.zeros(len(w))
    for i in range(len(y)):
        r = sum(x[i, j] * w[j] for j in range(len(w))) - y[i]
        for j in range(len(w)):
            dw[j] += 2 * r * x[i, j]
    for j in range(len(w)):
        dw[j] += 2 * lam * w[j]
    return dw
""",
        """
def weight_decay_gradients(w, x, y, lam):
    r = np.einsum("ij,j->i", x, w) - y
    return np.einsum("i,ij->j", 2 * r, x) + 2 * lam * w
""",
        """
def weight_decay_gradients(w, x, y, lam):
    dw = lam * w
    dw += (x @ w - y) @ x
    dw *= 2
    return dw
""",
        """
def weight_decay_gradients(w, x, y, lam):
    d = len(w)
    return list(2 * ((x.T @ x + lam * np.eye(d)) @ w - x.T @ y))
""",
        """
def weight_decay_gradients(w, x, y, lam):
    stacked = np.vstack([x, np.sqrt(lam) * np.eye(len(w))])
    target = np.concatenate([y, np.zeros(len(w))])
    return 2 * stacked.T @ (stacked @ w - target)
""",
    ],
    "residual_backward": [
        """
def residual_backward(delta, x, W):
    m = delta * (x @ W > 0)
    return delta + m @ W.T, x.T @ m
""",
        """
def residual_backward(delta, x, W):
    u = x @ W
    m = np.where(u > 0, delta, 0.0)
    dx = delta.copy()
    dx += np.dot(m, W.T)
    dW = np.einsum("ni,nj->ij", x, m)
    return [dx, dW]
""",
        """
def residual_backward(delta, x, W):
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for n in range(len(x)):
        u = W.T @ x[n]
        m = delta[n] * (u > 0)
        dx[n] = delta[n] + W @ m
        dW += np.outer(x[n], m)
    return dx, dW
""",
        """
def residual_backward(delta, x, W):
    N, D = x.shape
    dx, dW = np.array(delta), np.zeros((D, D))
    for n in range(N):
        for k in range(D):
            u = sum(x[n, i] * W[i, k] for i in range(D))
            if u > 0:
                for i in range(D):
                    dx[n, i] += delta[n, k] * W[i, k]
                    dW[i, k] += delta[n, k] * x[n, i]
    return dx, dW
""",
        """
def residual_backward(delta, x, W):
    m = delta * np.heaviside(x @ W, 0.0)
    return (W @ m.T).T + delta, (m.T @ x).T
""",
        """
def residual_backward(delta, x, W):
    m = np.array(delta)
    m[x @ W <= 0] = 0
    return np.tensordot(m, W, axes=(1, 1)) + delta, np.tensordot(x, m, axes=(0, 0))
""",
    ],
    "minibatch_gradients": [
        """
def minibatch_gradients(w, b, X, y):
    r = 2 * (X @ w + b - y)
    return X.T @ r, np.sum(r)
""",
        """
def minibatch_gradients(w, b, X, y):
    dw, db = np.zeros_like(w), 0.0
    for x, target in zip(X, y):
        error = 2 * (w @ x + b - target)
        dw += error * x
        db += error
    return dw, db
""",
        """
def minibatch_gradients(w, b, X, y):
    r = 2 * (np.einsum("nd,d->n", X, w) + b - y)
    return np.einsum("n,nd->d", r, X), r.sum()
""",
        """
def minibatch_gradients(w, b, X, y):
    ones = np.ones((len(y), 1))
    A, theta = np.hstack([X, ones]), np.append(w, b)
    g = 2 * A.T @ (A @ theta - y)
    return g[:-1], g[-1]
""",
        """
def minibatch_gradients(w, b, X, y):
    r = y - (X @ w + b)
    r *= -2
    return [list((r[:, None] * X).sum(axis=0)), float(r.sum())]
""",
        """
def minibatch_gradients(w, b, X, y):
    db = sum(2 * (float(X[n] @ w) + b - y[n]) for n in range(len(y)))
    dw = [sum(2 * (float(X[n] @ w) + b - y[n]) * X[n, j] for n in range(len(y))) for j in range(len(w))]
    return dw, db
""",
    ],
}
