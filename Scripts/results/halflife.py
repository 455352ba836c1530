"""Half-lives with their censoring, and their regression on size.

The likelihood is maximized in (coefficients, log sigma) with numerical derivatives. Parameters and formulas
differ from those of Sources/Statistics.
"""

import math

import estimates


def non_increasing(values):
    """The least-squares fit among non-increasing sequences; every dose has the same number of prompts."""
    pools = []
    for value in values:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            value, count = pools.pop()
            total = pools[-1][1] + count
            pools[-1] = [(pools[-1][0] * pools[-1][1] + value * count) / total, total]
    return [value for value, count in pools for _ in range(count)]


def half_life(steps, rates):
    """(lower, upper) in steps. lower is None if the first dose is already past it, upper is None if no dose is.

    The result is None if the fitted rate before training is 0.
    """
    fitted = non_increasing(rates)
    if fitted[0] <= 0:
        return None
    for index, rate in enumerate(fitted):
        if rate <= fitted[0] / 2 * (1 + 1e-12):
            return (None if index == 1 else steps[index - 1], steps[index])
    return (steps[-1], None)


def log_probability(low, high):
    """log P(low < Z <= high) for bounds that may be infinite."""
    if low == -math.inf and high == math.inf:
        return 0.0
    if low < -high:
        low, high = -high, -low
    tail = lambda z: math.erfc(z / math.sqrt(2)) / 2 if z < math.inf else 0.0
    return math.log(max(tail(low) - tail(high), 1e-300))


def solve(matrix, right):
    """The solution of a small linear system by elimination with pivots."""
    n = len(right)
    rows = [list(matrix[i]) + [right[i]] for i in range(n)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(n):
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def censored_slope(observations):
    """The slope of log response on x with its error clustered by seed.

    observations: (lower or None, upper or None, x, seed), bounds in logarithms; equal bounds are exact.
    Returns (slope, standard error, clusters). The sandwich has the factor G / (G - 1).
    """
    center = estimates.mean([x for _, _, x, _ in observations])

    def term(parameters, observation):
        low, high, x, _ = observation
        sigma = math.exp(parameters[2])
        middle = parameters[0] + parameters[1] * (x - center)
        if low is not None and low == high:
            z = (low - middle) / sigma
            return -z * z / 2 - parameters[2]
        return log_probability(-math.inf if low is None else (low - middle) / sigma,
                               math.inf if high is None else (high - middle) / sigma)

    def gradient(parameters, observation, step=1e-4):
        result = []
        for i in range(3):
            moved = [[p + (j == i) * step * k for j, p in enumerate(parameters)]
                     for k in (-2, -1, 1, 2)]
            f = [term(p, observation) for p in moved]
            result.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step))
        return result

    def total(parameters):
        parts = [gradient(parameters, o) for o in observations]
        return [math.fsum(p[i] for p in parts) for i in range(3)]

    def information(parameters, step=1e-3):
        columns = []
        for i in range(3):
            g = [total([p + (j == i) * step * k for j, p in enumerate(parameters)])
                 for k in (-1, 1)]
            columns.append([(a - b) / (2 * step) for a, b in zip(*g)])
        return [[(columns[i][j] + columns[j][i]) / 2 for j in range(3)] for i in range(3)]

    known = [high if low is None else low if high is None else (low + high) / 2
             for low, high, _, _ in observations]
    parameters = [estimates.mean(known), 0.0, math.log(max(estimates.deviation(known), 0.1))]
    value = lambda p: math.fsum(term(p, o) for o in observations)
    for _ in range(60):
        slope = total(parameters)
        curvature = information(parameters)
        damping = 0.0
        while True:
            move = solve([[curvature[i][j] + damping * (i == j) for j in range(3)]
                          for i in range(3)], slope)
            scale = min(1.0, 2.0 / max(abs(m) for m in move))
            trial = [p + scale * m for p, m in zip(parameters, move)]
            if value(trial) >= value(parameters) - 1e-12:
                break
            damping = max(4 * damping, 1.0)
            if damping > 1e9:
                break
        parameters = trial
        if max(abs(m) for m in move) < 1e-7:
            break
    else:
        raise ValueError("the censored regression did not converge")
    clusters = {}
    for observation in observations:
        part = gradient(parameters, observation)
        total_part = clusters.setdefault(observation[3], [0.0] * 3)
        clusters[observation[3]] = [a + b for a, b in zip(total_part, part)]
    curvature = information(parameters)
    row = solve(curvature, [0.0, 1.0, 0.0])
    groups = len(clusters)
    variance = groups / (groups - 1) * math.fsum(
        sum(r * g for r, g in zip(row, part)) ** 2 for part in clusters.values())
    return parameters[1], math.sqrt(variance), groups
