"""Right answers of 05-momentum, in several formulations each."""

RIGHT: dict[str, list[str]] = {
    "sgd_step": [
        "def sgd_step(theta, gradient, learning_rate):\n    return theta - learning_rate * gradient",
        "def sgd_step(theta, gradient, learning_rate):\n    return theta + learning_rate * (-gradient)",
        """
def sgd_step(theta, gradient, learning_rate):
    return np.subtract(theta, np.multiply(gradient, learning_rate))
""",
        """
def sgd_step(theta, gradient, learning_rate):
    new = np.array(theta, dtype=float)
    new -= learning_rate * np.asarray(gradient)
    return new
""",
        """
def sgd_step(theta, gradient, learning_rate):
    new = np.array(theta, dtype=float)
    for index in np.ndindex(new.shape):
        new[index] = new[index] - learning_rate * np.asarray(gradient)[index]
    return new.tolist() if new.size else new
""",
    ],
    "descend": [
        """
def descend(step, theta, gradient_fn, steps):
    velocity = np.zeros_like(theta)
    trajectory = [theta]
    for _ in range(steps):
        theta, velocity = step(theta, velocity, gradient_fn)
        trajectory.append(theta)
    return np.array(trajectory)
""",
        """
def descend(step, theta, gradient_fn, steps):
    trajectory = np.empty((steps + 1, *np.shape(theta)))
    trajectory[0] = theta
    velocity = 0.0 * theta
    for k in range(steps):
        trajectory[k + 1], velocity = step(trajectory[k], velocity, gradient_fn)
    return trajectory
""",
        """
def descend(step, theta, gradient_fn, steps):
    state, out = (theta, 0.0), []
    while len(out) < steps + 1:
        out.append(state[0])
        if len(out) <= steps:
            state = step(*state, gradient_fn)
    return out
""",
        """
def descend(step, theta, gradient_fn, steps):
    def from_here(theta, velocity, left):
        if left == 0:
            return [theta]
        return [theta] + from_here(*step(theta, velocity, gradient_fn), left - 1)
    return np.stack(from_here(theta, np.zeros(np.shape(theta)), steps))
""",
        """
def descend(step, theta, gradient_fn, steps):
    from itertools import accumulate
    start = (np.array(theta, float), np.zeros(np.shape(theta)))
    states = accumulate(range(steps), lambda s, _: step(s[0], s[1], gradient_fn), initial=start)
    return np.array([s[0] for s in states])
""",
    ],
    "best_learning_rate": [
        "def best_learning_rate(eigenvalues):\n    return 2 / (np.min(eigenvalues) + np.max(eigenvalues))",
        "def best_learning_rate(eigenvalues):\n    return 2 / (min(eigenvalues) + max(eigenvalues))",
        """
def best_learning_rate(eigenvalues):
    ordered = np.sort(eigenvalues)
    return 2.0 / ordered[[0, -1]].sum()
""",
        """
def best_learning_rate(eigenvalues):
    return 1 / np.mean([np.min(eigenvalues), np.max(eigenvalues)])
""",
        """
def best_learning_rate(eigenvalues):
    smallest, largest = sorted(eigenvalues)[0], sorted(eigenvalues)[-1]
    condition = largest / smallest
    return np.array(2 / smallest / (1 + condition))
""",
    ],
    "momentum_step": [
        """
def momentum_step(theta, velocity, gradient, learning_rate, beta):
    velocity = beta * velocity - learning_rate * gradient
    return theta + velocity, velocity
""",
        """
def momentum_step(theta, velocity, gradient, learning_rate, beta):
    new = theta + beta * velocity - learning_rate * gradient
    return [new, beta * velocity - learning_rate * gradient]
""",
        """
def momentum_step(theta, velocity, gradient, learning_rate, beta):
    v = np.array(velocity, dtype=float)
    v *= beta
    v -= learning_rate * np.asarray(gradient)
    t = np.array(theta, dtype=float)
    t += v
    return t, v
""",
        """
def momentum_step(theta, velocity, gradient, learning_rate, beta):
    m = -velocity                      # points uphill
    m = beta * m + learning_rate * gradient
    return theta - m, -m
""",
        """
def momentum_step(theta, velocity, gradient, learning_rate, beta):
    t, v, g = (np.array(a, dtype=float) for a in (theta, velocity, gradient))
    for index in np.ndindex(t.shape):
        v[index] = beta * v[index] - learning_rate * g[index]
        t[index] += v[index]
    return t, v
""",
    ],
    "convergence_rate": [
        """
def convergence_rate(eigenvalues, learning_rate, beta):
    rates = []
    for value in eigenvalues:
        step = np.array([[1 - learning_rate * value, beta], [-learning_rate * value, beta]])
        rates.append(np.abs(np.linalg.eigvals(step)).max())
    return max(rates)
""",
        """
def convergence_rate(eigenvalues, learning_rate, beta):
    trace = 1 + beta - learning_rate * np.asarray(eigenvalues)
    root = np.sqrt(trace.astype(complex) ** 2 - 4 * beta)
    return np.max(np.abs([(trace + root) / 2, (trace - root) / 2]))
""",
        """
def convergence_rate(eigenvalues, learning_rate, beta):
    worst = 0.0
    for value in eigenvalues:
        worst = max(worst, *np.abs(np.roots([1.0, learning_rate * value - 1 - beta, beta])))
    return worst
""",
        """
def convergence_rate(eigenvalues, learning_rate, beta):
    b = np.asarray(eigenvalues) * learning_rate
    d = (1 + beta - b) ** 2 - 4 * beta
    real = (np.abs(1 + beta - b) + np.sqrt(np.maximum(d, 0))) / 2
    return np.where(d < 0, np.sqrt(beta), real).max()
""",
        """
def convergence_rate(eigenvalues, learning_rate, beta):
    # Goh's form: velocity of raw gradients first, then theta
    steps = np.array([[[beta, e], [-learning_rate * beta, 1 - learning_rate * e]] for e in eigenvalues])
    return np.abs(np.linalg.eigvals(steps)).max()
""",
    ],
    "best_momentum": [
        """
def best_momentum(eigenvalues):
    low, high = np.sqrt(np.min(eigenvalues)), np.sqrt(np.max(eigenvalues))
    return (2 / (low + high)) ** 2, ((high - low) / (high + low)) ** 2
""",
        """
def best_momentum(eigenvalues):
    m, M = min(eigenvalues), max(eigenvalues)
    k = np.sqrt(M / m)
    return 4 / (m ** 0.5 + M ** 0.5) ** 2, ((k - 1) / (k + 1)) ** 2
""",
        """
def best_momentum(eigenvalues):
    m, M = np.min(eigenvalues), np.max(eigenvalues)
    rate = 4 / (m + M + 2 * np.sqrt(m * M))
    return np.array([rate, (M + m - 2 * np.sqrt(m * M)) / (M + m + 2 * np.sqrt(m * M))])
""",
        """
def best_momentum(eigenvalues):
    roots = np.sort(np.sqrt(eigenvalues))
    s = roots[0] + roots[-1]
    return [np.square(2 / s), np.square((roots[-1] - roots[0]) / s)]
""",
        """
def best_momentum(eigenvalues):
    low, high = np.min(eigenvalues), np.max(eigenvalues)
    learning_rate = (2 / (np.sqrt(low) + np.sqrt(high))) ** 2
    beta = (1 - np.sqrt(learning_rate * low)) ** 2
    return learning_rate, beta
""",
    ],
    "nesterov_step": [
        """
def nesterov_step(theta, velocity, gradient_fn, learning_rate, beta):
    velocity = beta * velocity - learning_rate * gradient_fn(theta + beta * velocity)
    return theta + velocity, velocity
""",
        """
def nesterov_step(theta, velocity, gradient_fn, learning_rate, beta):
    ahead = theta + beta * velocity
    new = ahead - learning_rate * gradient_fn(ahead)
    return new, new - theta
""",
        """
def nesterov_step(theta, velocity, gradient_fn, learning_rate, beta):
    rolled = np.multiply(beta, velocity)
    push = -learning_rate * np.asarray(gradient_fn(np.add(theta, rolled)))
    return [theta + rolled + push, rolled + push]
""",
        """
def nesterov_step(theta, velocity, gradient_fn, learning_rate, beta):
    t, v = theta.copy(), velocity.copy()
    v *= beta
    v -= learning_rate * gradient_fn(t + v)
    t += v
    return t, v
""",
        """
def nesterov_step(theta, velocity, gradient_fn, learning_rate, beta):
    g = gradient_fn(theta - beta * (-velocity))
    m = beta * (-velocity) + learning_rate * g
    return theta - m, np.negative(m)
""",
    ],
    "minibatches": [
        """
def minibatches(n, batch_size, rng):
    order = rng.permutation(n)
    return [order[k:k + batch_size] for k in range(0, n, batch_size)]
""",
        """
def minibatches(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    for start in range(0, n, batch_size):
        yield order[start:start + batch_size]
""",
        """
def minibatches(n, batch_size, rng):
    order = np.argsort(rng.random(n))
    return np.split(order, range(batch_size, n, batch_size))
""",
        """
def minibatches(n, batch_size, rng):
    order = list(rng.choice(n, size=n, replace=False))
    batches = []
    while order:
        batches.append(np.sort(order[:batch_size]))
        order = order[batch_size:]
    return batches
""",
        """
def minibatches(n, batch_size, rng):
    left, batches = np.arange(n), []
    while left.size:
        batch = rng.choice(left, min(batch_size, left.size), replace=False)
        left = np.setdiff1d(left, batch)
        batches.append([int(index) for index in batch])
    return batches
""",
    ],
}
