"""Tests, intervals and corrections against values of R (binom.test, poisson.test, p.adjust), and coverage."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest

from triage.fleet.statistics import exact
from triage.fleet.statistics.survival import curve, quantiles


def test_binomial_interval() -> None:
    assert exact.binomial_interval(5, 20) == pytest.approx((0.08657147, 0.49104587), abs=1e-7)
    assert exact.binomial_interval(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1), abs=1e-9)
    assert exact.binomial_interval(10, 10) == pytest.approx((0.025**0.1, 1.0), abs=1e-9)


def test_tails_agree_with_sums() -> None:
    for trials, share in ((7, 0.3), (40, 0.02), (500, 0.6)):
        for hits in (0, 1, trials // 2, trials):
            direct = sum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(hits, trials + 1))
            assert (exact.beta_share(share, hits, trials - hits + 1) if hits else 1.0) == pytest.approx(
                direct, rel=1e-9
            )


def test_rate_ratio() -> None:
    ratio, low, high, p = exact.rate_ratio(10, 100.0, 5, 200.0)
    assert (ratio, low, high) == pytest.approx((4.0, 1.245719, 14.914592), rel=1e-5)
    assert 0.01 < p < 0.02


def test_what_cannot_be_said_is_not_said() -> None:
    assert all(math.isnan(value) for value in exact.rate_ratio(0, 10.0, 0, 10.0))
    assert all(math.isnan(value) for value in exact.rate_ratio(3, 0.0, 1, 10.0))
    ratio, low, high, _ = exact.rate_ratio(3, 10.0, 0, 10.0)
    assert ratio == high == math.inf and low > 0


def test_false_discovery() -> None:
    found = exact.false_discovery([0.01, 0.04, math.nan, 0.03, 0.5])
    assert found[:2] + found[3:] == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert math.isnan(found[2])


def test_the_interval_of_a_rate_ratio_holds_the_truth_at_least_19_times_in_20() -> None:
    dice, held = np.random.default_rng(1), 0
    for _ in range(300):
        _, low, high, _ = exact.rate_ratio(int(dice.poisson(12)), 1.0, int(dice.poisson(30)), 10.0)
        held += low <= 4.0 <= high
    assert held >= 285


def test_the_interval_of_the_median_holds_the_truth_about_19_times_in_20() -> None:
    dice, held = np.random.default_rng(2), 0
    for _ in range(300):
        crash, reboot = dice.exponential(2, 100), dice.exponential(8, 100)
        half = (
            quantiles(curve(pd.Series(np.minimum(crash, reboot)), pd.Series(crash <= reboot)))
            .set_index("share")
            .loc[0.5]
        )
        held += half["low"] <= 2 * math.log(2) <= half["high"]
    assert 270 <= held <= 297


def test_a_curve_where_nothing_is_censored_is_the_share_itself() -> None:
    times = random.Random(3).sample(range(1000), 20)
    made = curve(pd.Series(times, dtype=float), pd.Series([True] * 20))
    assert made["share"].tolist() == pytest.approx([1 - n / 20 for n in range(1, 21)])
    assert curve(pd.Series([], dtype=float), pd.Series([], dtype=bool)).empty
