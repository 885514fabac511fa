"""Tango's interval against published values and his test statistic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from audit.stats.interval import Interval, critical, wilson
from audit.stats.pairing.tango import items_that_reject, tango
from tests.stats.conftest import ends


@pytest.mark.parametrize(
    ("better", "worse", "n", "confidence", "published"),
    [
        (9, 3, 32, 0.95, (-0.027, 0.390)),  # Tango 1998, table II
        (0, 1, 44, 0.90, (-0.096, 0.037)),  # Tango 1998: disinfection of contact lenses
        (6, 16, 161, 0.95, (-0.1240, -0.0054)),  # Fagerland, Lydersen and Laake 2017, chapter 8: Cavo et al. 2012
    ],
)
def test_published_intervals(
    better: int, worse: int, n: int, confidence: float, published: tuple[float, float]
) -> None:
    assert ends(tango(better, worse, n, confidence)) == pytest.approx(published, abs=10 ** -len(str(published[0])[3:]))


def log_likelihood(better: float, worse: float, n: float, lost: float, difference: float) -> float:
    shares = ((better, lost + difference), (worse, lost), (n - better - worse, 1 - 2 * lost - difference))
    return sum(count * math.log(max(share, 1e-300)) for count, share in shares if count)


def statistic(better: float, worse: float, n: float, difference: float) -> float:
    """Tango's score statistic, with the constrained maximum of the likelihood found by search."""
    low, high = max(0.0, -difference), (1 - difference) / 2
    found = optimize.minimize_scalar(
        lambda lost: -log_likelihood(better, worse, n, lost, difference),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return (better - worse - n * difference) / math.sqrt(n * (2 * found.x + difference - difference**2))


@pytest.mark.parametrize(
    ("better", "worse", "n"),
    [(12, 5, 60), (3, 8, 40), (40, 41, 1000), (1, 0, 30), (0, 299, 300), (0, 2.8, 3), (0.1, 2.8, 3)],
)
def test_ends_are_where_the_score_test_just_rejects(better: float, worse: float, n: float) -> None:
    low, high = ends(tango(better, worse, n, 0.9))
    quantile = stats.norm.ppf(0.95)
    assert statistic(better, worse, n, low) == pytest.approx(quantile, abs=1e-4)
    assert statistic(better, worse, n, high) == pytest.approx(-quantile, abs=1e-4)


@pytest.mark.parametrize("n", [1, 20, 1000])
def test_no_change_leaves_wilsons_width(n: int) -> None:
    # The score test of a share of 0 of n.
    low, high = ends(tango(0, 0, n))
    assert (-low, high) == pytest.approx([wilson(0, n).high] * 2)


@pytest.mark.parametrize(("better", "worse", "sign"), [(7, 0, 1), (0, 7, -1)])
def test_all_items_changed_one_way(better: int, worse: int, sign: int) -> None:
    low, high = ends(tango(better, worse, 7))
    assert {low, high} >= {float(sign)}
    assert 0 < min(abs(low), abs(high)) < 1


@pytest.mark.parametrize("lost", [2 - 5e-8, 3 - 5e-12, 2 - 4e-14])
def test_a_loss_of_nearly_everything_ends_at_minus_one(lost: float) -> None:
    low, high = ends(tango(0, lost, round(lost)))
    assert low == pytest.approx(-1, abs=1e-9)
    assert -1 <= low < high < 1


def test_the_interval_has_the_name_and_confidence_given() -> None:
    low, high = ends(tango(9, 3, 32, 0.9))
    assert tango(9, 3, 32, 0.9, method="tango_clustered") == Interval(low, high, "tango_clustered", 0.9)


@pytest.mark.slow
@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 300), st.sampled_from([0.8, 0.95, 0.999]))
def test_laws(better: int, worse: int, more: int, confidence: float) -> None:
    n = better + worse + more
    low, high = ends(tango(better, worse, n, confidence))
    assert -1 <= low < (better - worse) / n < high <= 1
    assert ends(tango(worse, better, n, confidence)) == pytest.approx((-high, -low))  # runs exchanged
    wide = ends(tango(better, worse, n, confidence, freedom=3))
    assert wide[0] < low < high < wide[1]
    many = ends(tango(2 * better, 2 * worse, 2 * n, confidence))
    assert many[1] - many[0] < high - low


def test_students_quantile_is_fewer_items() -> None:
    # Korn and Graubard 1998: n is multiplied by the squared ratio of the quantiles.
    factor = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 4)) ** 2
    expected = ends(tango(30 * factor, 20 * factor, 200 * factor))
    assert ends(tango(30, 20, 200, freedom=4)) == pytest.approx(expected)
    assert critical(0.95, 4) == pytest.approx(stats.t.ppf(0.975, 4))
    assert critical(0.95, math.inf) == pytest.approx(stats.norm.ppf(0.975))


@pytest.mark.parametrize(
    ("difference", "better", "worse", "n"),
    [
        (-0.02, 0, 0, 40),
        (0.02, 0, 0, 40),
        (-0.1, 1, 3, 40),
        (-0.15, 6, 30, 200),
        (-0.05, 10, 10, 40),
        (0.0, 6, 30, 200),
    ],
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_of_as_many_items_ends_at_the_difference(
    difference: float, better: int, worse: int, n: int, confidence: float
) -> None:
    grown = items_that_reject(difference, better, worse, n, confidence) / n
    low, high = ends(tango(grown * better, grown * worse, grown * n, confidence))
    assert (low if difference < (better - worse) / n else high) == pytest.approx(difference, abs=1e-9)


def test_no_number_of_items_rejects_the_estimate() -> None:
    assert items_that_reject(-0.05, 1, 3, 40) == math.inf
    assert items_that_reject(0.0, 0, 0, 40) == math.inf


@pytest.mark.parametrize(("better", "worse", "n"), [(-1, 0, 5), (0, -1, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(better: int, worse: int, n: int) -> None:
    with pytest.raises(ValueError, match="are no paired counts"):
        tango(better, worse, n)
