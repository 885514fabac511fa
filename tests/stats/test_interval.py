"""Intervals that follow from a formula, against published values, SciPy and statsmodels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from audit.stats.interval import (
    UNBOUNDED,
    Interval,
    all_equal,
    clipped,
    finite,
    is_share,
    score_interval,
    student_t,
    t_interval,
    wilson,
    within,
)
from tests.stats.conftest import ends


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),  # the same as of 0 in 20, from the other end
        (1, 1, 0.2065, 1.0),  # 1 / (1 + 1.96²)
    ],
)
def test_wilson_gives_the_values_newcombe_published(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert ends(found) == pytest.approx((low, high), abs=5e-5)
    assert (found.method, found.confidence) == ("wilson", 0.95)


def test_wilson_equals_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for share, n, confidence in itertools.product((0.0, 0.1, 0.5, 0.97, 1.0), (1, 7.5, 400, 1e6), (0.8, 0.95, 0.9995)):
        expected = proportion_confint(share * n, n, alpha=1 - confidence, method="wilson")
        assert ends(score_interval(share, n, confidence, "wilson")) == pytest.approx(expected, abs=1e-14)


def test_wilson_of_0_in_300_ends_at_1_26_percent() -> None:
    interval = wilson(0, 300)
    assert interval.low == 0
    assert round(100 * interval.high, 2) == 1.26


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="share needs"):
        wilson(successes, n)


def test_student_t_equals_scipy() -> None:
    values = [1.0, 4.0, 2.5, 7.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert ends(student_t(values, 0.9)) == pytest.approx((expected.low, expected.high))
    usual = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert ends(student_t(values)) == pytest.approx((usual.low, usual.high))


def test_students_interval_needs_two_items_that_differ() -> None:
    assert student_t([]) is None
    assert student_t([3.0]) is None
    assert student_t([0.5] * 30) is None
    assert student_t([0.1 + 0.2, 0.3] * 9) is None  # they differ by rounding
    two = student_t([1.0, 2.0], 0.9)
    assert two is not None
    assert (two.method, two.confidence) == ("student_t", 0.9)


@pytest.mark.parametrize("n", [3.7, 20.0, 400.0])
@pytest.mark.parametrize("share", [0.0, 0.13, 1.0])
def test_a_score_interval_needs_no_whole_number_of_items(share: float, n: float) -> None:
    """Its ends are the roots of (p - share)² = z² p (1 - p) / n."""
    z = stats.norm.ppf(0.95)
    roots = sorted(np.roots([1 + z**2 / n, -2 * share - z**2 / n, share**2]).real)
    found = score_interval(share, n, 0.9, "named")
    assert ends(found) == pytest.approx(tuple(roots), abs=1e-9)
    assert (found.method, found.confidence) == ("named", 0.9)
    assert (found.low == 0, found.high == 1) == (share == 0, share == 1)


def test_a_t_interval_is_scipys() -> None:
    found = t_interval(2.0, 0.5, 7, 0.8, "clustered_t")
    assert ends(found) == pytest.approx(stats.t.interval(0.8, 7, loc=2.0, scale=0.5))
    assert (found.method, found.confidence) == ("clustered_t", 0.8)


def test_ends_are_clipped_to_what_is_possible() -> None:
    wide = Interval(-0.5, 1.5, "student_t", 0.9)
    assert clipped(wide, (0, 1)) == Interval(0, 1, "student_t", 0.9)
    assert clipped(wide, (-1, 2)) == wide
    assert clipped(wide, UNBOUNDED) == wide
    assert clipped(None, (0, 1)) is None


def test_numbers_are_finite_shares_and_equal_or_not() -> None:
    with pytest.raises(ValueError, match="2 of 3 values are NaN or infinite"):
        finite([1.0, math.nan, math.inf])
    assert finite([1, 2]).dtype == np.float64
    assert is_share(np.array([0.0, 1.0, 1.0]))
    assert not is_share(np.array([0.0, 0.5]))
    assert not is_share(np.array([0.0, 2.0]))
    assert all_equal(np.array([]))
    assert all_equal(np.array([1e6, 1e6 + 1e-7]))  # relative to their size
    assert not all_equal(np.array([1e6, 1e6 + 1e-5]))
    assert not all_equal(np.array([0.0, 1.01e-12]))
    assert all_equal(np.array([0.0, 1e-12]))
    assert all_equal(np.array([-4.0, -4.0 - 3e-12]))


def test_an_interval_ends_where_the_unit_does() -> None:
    assert within(Interval(-0.5, 2.0, "t", 0.9), "share") == Interval(0.0, 1.0, "t", 0.9)
    assert within(Interval(-0.5, 2.0, "t", 0.9), "nats") == Interval(-0.5, 2.0, "t", 0.9)
