"""Exact tests and intervals for counts, and the correction for testing many of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

ROUNDS = 300  # of the continued fraction, which converges long before
SMALL = 1e-30
EXACT = 1e-12
HALVINGS = 80


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (Numerical Recipes 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, ROUNDS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + term * d) or SMALL)
            c = (1 + term / c) or SMALL
            total *= c * d
        if abs(c * d - 1) < EXACT:
            break
    return math.exp(front) * total / a


def beta_quantile(share: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = share."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_share(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def binomial_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval for a share."""
    tail = (1 - level) / 2
    low = beta_quantile(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return low, high


def binomial_p(hits: int, trials: int, share: float) -> float:
    """Two-sided p of so many hits if each trial hits with `share`: twice the smaller tail."""
    above = beta_share(share, hits, trials - hits + 1) if hits else 1.0
    below = 1 - beta_share(share, hits + 1, trials - hits) if hits < trials else 1.0
    return min(1.0, 2 * min(above, below))


def rate_ratio(a: int, time_a: float, b: int, time_b: float, level: float = 0.95) -> tuple[float, float, float, float]:
    """The ratio of two rates, its exact interval and its p: (ratio, low, high, p); NaN where nothing can be said.

    a events in time_a against b in time_b, both Poisson: given a + b, a is binomial with the share ratio*time_a /
    (ratio*time_a + time_b).
    """
    if a + b == 0 or time_a <= 0 or time_b <= 0:
        return math.nan, math.nan, math.nan, math.nan
    low, high = (odds(share) * time_b / time_a for share in binomial_interval(a, a + b, level))
    ratio = (a / time_a) / (b / time_b) if b else math.inf
    return ratio, low, high, binomial_p(a, a + b, time_a / (time_a + time_b))


def odds(share: float) -> float:
    """share / (1 - share)."""
    return share / (1 - share) if share < 1 else math.inf


def false_discovery(p: Sequence[float], tests: int = 0) -> list[float]:
    """Benjamini and Hochberg's q for each p: calling all with q < 0.05 is wrong in at most a twentieth of the calls;
    NaN stays.

    tests: how many there were, where those that could not come out small were not made.
    """
    order = sorted((value, place) for place, value in enumerate(p) if not math.isnan(value))
    q, least, count = [math.nan] * len(p), 1.0, max(tests, len(order))
    for rank in range(len(order), 0, -1):
        value, place = order[rank - 1]
        least = min(least, value * count / rank)
        q[place] = least
    return q
