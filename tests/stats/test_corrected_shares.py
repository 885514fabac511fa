"""Corrected shares of several kinds of text: formulas written out, statsmodels' clustered errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from audit.stats.corrected_shares import Stratum, corrected, effective_number, why_not_corrected
from audit.stats.prevalence import Agreement, corrected_interval

GOOD, FAIR = Agreement(80, 100, 190, 200), Agreement(60, 100, 198, 200)
ONE = Stratum(1.0, 0.3, 200.0, GOOD)
TWO = [Stratum(0.25, 0.3, 200.0, GOOD), Stratum(0.75, 0.1, 90.5, FAIR)]


def ends(share: float, n: float, agreement: Agreement, confidence: float = 0.95) -> tuple[float, float]:
    found = corrected_interval(share, n, agreement, confidence, clip=False)
    assert found is not None
    return found.low, found.high


def test_one_kind_has_lang_and_reiczigels_interval() -> None:
    value, interval, reason = corrected([ONE], 0.9)
    assert value == pytest.approx((0.3 + 0.95 - 1) / (0.8 + 0.95 - 1))
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(ends(0.3, 200.0, GOOD, 0.9))
    assert (interval.method, interval.confidence, reason) == ("lang_reiczigel", 0.9, None)


def test_distances_of_independent_kinds_add_up_like_standard_errors() -> None:
    """Zou and Donner 2008: value - sqrt(sum of squared weighted distances to the lower ends), likewise above."""
    values = (0.3 - 0.05) / 0.75, (0.1 - 0.01) / 0.59
    intervals = ends(0.3, 200.0, GOOD), ends(0.1, 90.5, FAIR)
    total = 0.25 * values[0] + 0.75 * values[1]
    below = math.hypot(0.25 * (values[0] - intervals[0][0]), 0.75 * (values[1] - intervals[1][0]))
    above = math.hypot(0.25 * (intervals[0][1] - values[0]), 0.75 * (intervals[1][1] - values[1]))
    value, interval, reason = corrected(TWO)
    assert interval is not None
    assert (value, interval.low, interval.high) == (
        pytest.approx(total), pytest.approx(total - below), pytest.approx(total + above),
    )  # fmt: skip
    assert (interval.method, interval.confidence, reason) == ("mover_lang_reiczigel", 0.95, None)


def test_what_is_clipped_is_the_sum() -> None:
    """One kind of text is below 0 by itself, and takes from the other."""
    strata = [Stratum(0.5, 0.0, 100.0, GOOD), Stratum(0.5, 0.5, 100.0, GOOD)]
    value, interval, _ = corrected(strata)
    assert value == pytest.approx(0.5 * (0 - 0.05) / 0.75 + 0.5 * (0.5 - 0.05) / 0.75)
    assert interval is not None
    assert 0 <= interval.low < value < interval.high
    none, _, _ = corrected([Stratum(1.0, 0.0, 100.0, GOOD)])
    assert none == 0.0
    most, interval, _ = corrected([Stratum(1.0, 0.9, 100.0, GOOD)])
    assert interval is not None
    assert (most, interval.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("strata", "reason"),
    [
        ([], "nothing was scored"),
        ([Stratum(1.0, 0.3, 9.0, None)], "this scorer was not validated on text of this kind at this"),
        ([*TWO, Stratum(0.0, 0.3, 9.0, None)], "this scorer was not validated"),
        (
            [Stratum(1.0, 0.3, 9.0, Agreement(50, 100, 90, 100))],
            "sensitivity + specificity - 1 of this scorer is 0.40 on text of this kind; below 0.5 a correction",
        ),
    ],
)
def test_what_cannot_be_corrected_has_no_value(strata: list[Stratum], reason: str) -> None:
    value, interval, told = corrected(strata)
    assert (value, interval) == (None, None)
    assert str(told).startswith(reason)


def test_the_least_youden_is_one_half() -> None:
    assert why_not_corrected([Agreement(75, 100, 75, 100)]) == ""
    assert why_not_corrected([Agreement(7499, 10_000, 75, 100)]) != ""
    assert why_not_corrected([GOOD, Agreement(74, 100, 75, 100)]) != ""
    assert why_not_corrected([]) == ""


def test_a_value_without_an_interval_says_why() -> None:
    value, interval, reason = corrected([Stratum(1.0, 0.3, 0.0, GOOD)])
    assert (value, interval, reason) == (pytest.approx(0.25 / 0.75), None, "too few items")
    # Half of the texts without what is looked for raise an alarm: none of 40 is far below that, and so are both ends.
    alarming = Agreement(10_000, 10_000, 5_000, 10_000)
    value, interval, reason = corrected([Stratum(1.0, 0.0, 4000.0, alarming)])
    assert (value, interval, reason) == (0.0, None, "more false alarms are expected than texts were flagged")


def independent(shares: list[float], clusters: list[Any], confidence: float) -> float:
    """Korn and Graubard: mean (1 - mean) / error², times (normal / Student's quantile)²; the error by statsmodels."""
    groups = len(set(clusters))
    codes = [sorted(set(clusters)).index(cluster) for cluster in clusters]
    error = OLS(shares, np.ones(len(shares))).fit(cov_type="cluster", cov_kwds={"groups": codes}).bse[0]
    mean, tail = np.mean(shares), (1 + confidence) / 2
    return float(mean * (1 - mean) / error**2 * (stats.norm.ppf(tail) / stats.t.ppf(tail, groups - 1)) ** 2)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_clusters_leave_fewer_independent_texts(confidence: float) -> None:
    shares = [0.2, 0.3, 0.9, 0.8, 0.1, 0.0, 0.5, 0.6]
    clusters = list("aabbccdd")
    found = effective_number(list(zip(shares, clusters, strict=True)), 400, confidence)
    assert found == pytest.approx(independent(shares, clusters, confidence))
    assert found < 8


def test_there_are_never_more_independent_texts_than_texts() -> None:
    alike = [(0.5, 0), (0.500001, 1), (0.49, 2), (0.51, 3)]
    quantiles = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 3)) ** 2
    assert effective_number(alike, 12) == pytest.approx(12 * quantiles)
    # Shares that do not vary between clusters, or are all 0 or all 1, say nothing: clusters count.
    for share in (0.0, 0.5, 1.0):
        assert effective_number([(share, cluster) for cluster in range(4)], 12) == pytest.approx(4 * quantiles)
    assert effective_number([(0.1, "a"), (0.9, "a")], 12) == 0.0
    assert effective_number([], 0) == 0.0


def test_two_clusters_count_and_show_little() -> None:
    """Student's quantile for one degree of freedom is 12.7."""
    quantiles = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 1)) ** 2
    assert effective_number([(0.5, "a"), (0.5, "b")], 12) == pytest.approx(2 * quantiles)


def test_ends_beyond_0_and_1_are_clipped_in_the_sum_alone() -> None:
    """Of one kind nothing is flagged and of the other all: 0.3 of -0.01 and more, 0.7 of 1.27."""
    strata = [Stratum(0.3, 0.0, 60.0, GOOD), Stratum(0.7, 0.55, 60.0, FAIR)]
    values = (0.0 - 0.05) / 0.75, (0.55 - 0.01) / 0.59
    (low, high), (other_low, other_high) = ends(0.0, 60.0, GOOD), ends(0.55, 60.0, FAIR)
    assert low < 0
    assert other_high > 1
    total = 0.3 * values[0] + 0.7 * values[1]
    below = math.hypot(0.3 * (values[0] - low), 0.7 * (values[1] - other_low))
    above = math.hypot(0.3 * (high - values[0]), 0.7 * (other_high - values[1]))
    value, interval, _ = corrected(strata)
    assert value == pytest.approx(total)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((total - below, total + above))
