"""Intervals, tests and corrections of the reports, implemented again from their definitions.

Nothing here is a translation of Sources/Statistics: quantiles come from bisection, Hall's cubic is inverted
numerically, and the bounded mean uses exact fractions. So agreement of the two programs is evidence.
"""

import fractions
import math


def incomplete_beta(x, a, b):
    """The regularized incomplete beta function I_x(a, b), by Lentz's continued fraction."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 1000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * fraction / a


def t_tail(t, freedom):
    """P(T > t) for Student's t."""
    tail = incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
    return tail if t >= 0 else 1 - tail


def bisect(function, low, high):
    """The root of a function that increases from below 0 at `low` to above 0 at `high`."""
    for _ in range(200):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


_critical = {}


def t_critical(tail, freedom):
    """The t with P(T > t) = tail, for a tail below one half."""
    key = (tail, freedom)
    if key not in _critical:
        _critical[key] = bisect(lambda t: tail - t_tail(t, freedom), 0.0, 1e4)
    return _critical[key]


def normal_critical(tail):
    """The z with P(Z > z) = tail."""
    return bisect(lambda z: tail - math.erfc(z / math.sqrt(2)) / 2, -40.0, 40.0)


class Estimate:
    """A mean with an interval, in the unit of the page; the level and p are fractions."""

    def __init__(self, mean, lower=None, upper=None, level=0.95, p=None, count=None, tolerance=0.0):
        self.mean, self.lower, self.upper, self.level = mean, lower, upper, level
        self.p, self.count, self.tolerance = p, count, tolerance

    def scaled(self, factor):
        scale = lambda x: None if x is None else factor * x
        return Estimate(scale(self.mean), scale(self.lower), scale(self.upper), self.level, self.p,
                        self.count, self.tolerance)

    def excludes_zero(self):
        return self.lower is not None and (self.lower > 0 or self.upper < 0)


def mean(values):
    values = list(values)
    if all(value == values[0] for value in values):
        return values[0]
    return math.fsum(values) / len(values)


def deviation(values):
    """The sample standard deviation, exactly 0 if all values are equal."""
    center = mean(values)
    return math.sqrt(math.fsum((x - center) ** 2 for x in values) / (len(values) - 1))


def clip(x, bounds):
    return x if bounds is None else min(max(x, bounds[0]), bounds[1])


def seed_estimate(values, bounds, level=0.95):
    """The Student t interval over seeds, cut to the bounds; the exact bound if all seeds agree.

    If a share p of seeds departs from the common value, n seeds agree with probability (1 - p)^n.
    """
    n, center = len(values), mean(values)
    if n == 1:
        return Estimate(center, level=level, count=1)
    spread = deviation(values)
    if spread == 0:
        bound = 1 - (1 - level) ** (1 / n)
        return Estimate(center, center - bound * (center - bounds[0]),
                        center + bound * (bounds[1] - center), level, count=n)
    half = t_critical((1 - level) / 2, n - 1) * spread / math.sqrt(n)
    return Estimate(center, clip(center - half, bounds), clip(center + half, bounds), level, count=n)


def wilson(successes, trials, level=0.95):
    """Wilson's score interval of a share of prompts."""
    z = normal_critical((1 - level) / 2)
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (
        1 + z * z / trials)
    return Estimate(share, middle - half, middle + half, level, count=trials)


class StudentMean:
    """One-sided tests of a mean by Student's t."""

    def __init__(self, center, error, freedom, bounds=None):
        self.mean, self.error, self.freedom, self.bounds = center, error, freedom, bounds

    def p_at_most(self, bound):
        return t_tail((self.mean - bound) / self.error, self.freedom)

    def p_at_least(self, bound):
        return t_tail((bound - self.mean) / self.error, self.freedom)

    def interval(self, tail):
        half = t_critical(tail, self.freedom) * self.error
        return clip(self.mean - half, self.bounds), clip(self.mean + half, self.bounds)


class SkewedMean:
    """The same tests after Hall's (1992) cubic has removed the sample's skewness from t."""

    def __init__(self, values, bounds):
        n = len(values)
        self.mean, spread = mean(values), deviation(values)
        self.error, self.freedom, self.bounds = spread / math.sqrt(n), n - 1, bounds
        moments = [mean([(x - self.mean) ** k for x in values]) for k in (2, 3)]
        skewness = moments[1] / moments[0] ** 1.5 * math.sqrt(n * (n - 1)) / (n - 2)
        self.a = skewness / math.sqrt(n)

    def straightened(self, t):
        return t + self.a * t * t / 3 + self.a ** 2 * t ** 3 / 27 + self.a / 6

    def p_at_most(self, bound):
        return t_tail(self.straightened((self.mean - bound) / self.error), self.freedom)

    def p_at_least(self, bound):
        return t_tail(-self.straightened((self.mean - bound) / self.error), self.freedom)

    def interval(self, tail):
        critical = t_critical(tail, self.freedom)
        solve = lambda target: bisect(lambda t: self.straightened(t) - target, -1e6, 1e6)
        return (clip(self.mean - self.error * solve(critical), self.bounds),
                clip(self.mean - self.error * solve(-critical), self.bounds))


class BoundedMean:
    """Gaffke's test of a mean in a range: the bound and the values under Dirichlet weights of ones.

    P(S > q) is the divided difference of max(x - q, 0)^n over the knots. It is taken in exact fractions
    with ties moved apart by 1e-12, so that nothing cancels.
    """

    def __init__(self, values, bounds):
        self.mean, self.bounds = mean(values), bounds
        self.low = self.knots([bounds[0]] + list(values))
        self.high = self.knots([-bounds[1]] + [-x for x in values])

    @staticmethod
    def knots(values):
        return [fractions.Fraction(x) + fractions.Fraction(i, 10 ** 12)
                for i, x in enumerate(sorted(values))]

    @staticmethod
    def lower_tail(knots, q):
        q, n = fractions.Fraction(q), len(knots) - 1
        total = fractions.Fraction(0)
        for i, knot in enumerate(knots):
            if knot > q:
                product = fractions.Fraction(1)
                for j, other in enumerate(knots):
                    if j != i:
                        product *= knot - other
                total += (knot - q) ** n / product
        return float(1 - total)

    def p_at_most(self, bound):
        return self.lower_tail(self.low, bound)

    def p_at_least(self, bound):
        return self.lower_tail(self.high, -bound)

    @classmethod
    def quantile(cls, knots, tail):
        low, high = float(knots[0]), float(knots[-1])
        for _ in range(40):
            middle = (low + high) / 2
            if cls.lower_tail(knots, middle) <= tail:
                low = middle
            else:
                high = middle
        return low

    def interval(self, tail):
        return self.quantile(self.low, tail), -self.quantile(self.high, tail)


class Claim:
    """A statement about a mean ('above', 'below' or 'within' a bound), or the reason why it is not testable."""

    def __init__(self, statement, bound, test=None, primary=False):
        self.statement, self.bound, self.test, self.primary = statement, bound, test, primary
        if test is None:
            self.supports = self.contradicts = self.p = 1.0
            return
        if statement == "within":
            self.supports = max(test.p_at_most(-bound), test.p_at_least(bound))
            self.contradicts = min(test.p_at_most(bound), test.p_at_least(-bound))
            self.p = min(self.supports, self.contradicts)
        else:
            pair = (test.p_at_most(bound), test.p_at_least(bound))
            self.supports, self.contradicts = pair if statement == "above" else pair[::-1]
            self.p = min(1.0, 2 * min(pair))

    @classmethod
    def of_differences(cls, statement, bound, values, bounds, primary=False):
        """Student t over paired seeds, corrected for skewness if the claim is a margin."""
        if values is None:
            return cls(statement, bound, None, primary)
        if deviation(values) == 0:
            test = BoundedMean(values, bounds)
        elif statement == "within":
            test = SkewedMean(values, bounds)
        else:
            test = StudentMean(mean(values), deviation(values) / math.sqrt(len(values)),
                               len(values) - 1, bounds)
        return cls(statement, bound, test, primary)


def judge(claims, alpha=0.05):
    """The estimate, corrected p and verdict of every claim; primary ones share alpha by Holm's procedure.

    Claims that are not testable stay in the family with p = 1. An interval has level 1 - a, or 1 - 2a for a
    margin, where a is alpha over the number of primary claims that were not rejected before it.
    """
    names = sorted((n for n in claims if claims[n].primary), key=lambda n: claims[n].p)
    corrected = {name: claim.p for name, claim in claims.items()}
    sharing = {name: 1 for name in claims}
    running, rejected = 0.0, 0
    for index, name in enumerate(names):
        running = min(1.0, max(running, (len(names) - index) * claims[name].p))
        corrected[name] = running
        sharing[name] = len(names) - rejected
        if running <= alpha:
            rejected += 1
    verdicts = {}
    for name, claim in claims.items():
        if claim.test is None:
            verdicts[name] = (None, "not testable")
            continue
        share = alpha / sharing[name]
        tail = share if claim.statement == "within" else share / 2
        lower, upper = claim.test.interval(tail)
        verdict = "inconclusive" if corrected[name] > alpha else (
            "supports" if claim.supports < claim.contradicts else "contradicts")
        verdicts[name] = (Estimate(claim.test.mean, lower, upper, 1 - 2 * tail, corrected[name]), verdict)
    return verdicts


def kappa(both, left, right, neither):
    """Cohen's kappa of two graders."""
    n = both + left + right + neither
    agree = (both + neither) / n
    chance = ((both + left) * (both + right) + (right + neither) * (left + neither)) / n ** 2
    return (agree - chance) / (1 - chance) if chance < 1 else 1.0
