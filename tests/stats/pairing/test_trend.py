"""The slope over several runs, against least squares by numpy, enumerated signs and the jackknife by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import Auroc, Corpus, Mean
from audit.stats.pairing.common import common_items
from audit.stats.pairing.comparison import compared
from audit.stats.pairing.trend import trend, weights_of
from tests.stats.pairing.conftest import run_of

PLACES = [1000.0, 2000.0, 4000.0, 8000.0]
NAMES = [f"run {place}" for place in range(1, 5)]


def line(rows: np.ndarray, places: list[float]) -> float:
    """The change along the line through the mean of each run."""
    slope, _ = np.polyfit(places, rows.mean(axis=1), 1)
    return float(slope * (places[-1] - places[0]))


def test_the_change_is_that_of_the_least_squares_line() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 6)) + np.arange(4)[:, None]
    common = common_items(Mean(resamples=200), [run_of(list(row)) for row in rows], None, NAMES)
    found = trend(Mean(resamples=200), common, PLACES, unit="nats", confidence=0.95)
    assert found.change == pytest.approx(line(rows, PLACES))
    slopes = np.array([line(rows[:, [item]], PLACES) for item in range(6)])
    flipped = [abs(np.dot(signs, slopes)) for signs in product((1, -1), repeat=6)]
    assert found.p_value == pytest.approx(np.mean(np.array(flipped) >= abs(slopes.sum()) - 1e-9))
    assert found.test == "sign_flips_exact"
    assert found.interval is not None
    reach = stats.t.ppf(0.975, 5) * stats.sem(slopes)
    assert found.interval.low <= slopes.mean() - reach + 1e-9
    assert found.interval.high >= slopes.mean() + reach - 1e-9


def test_scale_and_bounds() -> None:
    rows = np.array([[0, 0, 0, 0, 1.0], [0, 0, 1, 0, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]])
    definition = Mean(scale=100.0, resamples=200)
    common = common_items(definition, [run_of(list(row)) for row in rows], None, NAMES)
    found = trend(definition, common, PLACES, unit="percent", confidence=0.95)
    assert found.change == pytest.approx(100 * line(rows, PLACES))
    assert found.interval is not None
    widest = 100 * float(np.abs(weights_of(PLACES)).sum()) / 2
    assert -widest <= found.interval.low < found.change < found.interval.high <= widest


def test_two_runs_have_the_trend_of_their_difference() -> None:
    draw = np.random.default_rng(3)
    runs = [run_of(list(draw.normal(size=30))) for _ in range(2)]
    how = {"unit": "nats", "confidence": 0.9}
    found = trend(Mean(resamples=300), common_items(Mean(), runs, None, NAMES[:2]), [2.0, 5.0], **how)
    expected = compared(Mean(resamples=300), *runs, higher_is_better=True, **how)
    assert found.change == pytest.approx(expected.value)
    assert found.p_value == pytest.approx(expected.p_value)
    assert found.interval is not None
    assert expected.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.interval.low, expected.interval.high))


def test_items_whose_answers_stay_have_no_slope_however_crooked_the_places() -> None:
    places = [20783.765421, 20783.770411, 20784.0263437]
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0] * 10
    common = common_items(Mean(), [run_of(values) for _ in places], None, NAMES[:3])
    found = trend(Mean(), common, places, unit="share", confidence=0.95)
    assert (found.change, found.p_value) == (0.0, 1.0)
    assert found.interval is not None
    assert found.interval.low < -0.05
    assert found.interval.high > 0.05


def test_percentages_that_stay_have_the_interval_of_a_difference_of_nothing() -> None:
    """Of places at equal distances, it is one of two runs: Tango's interval of n equal pairs, by hand."""
    definition = Mean(scale=100.0)
    common = common_items(definition, [run_of([1.0, 0.0] * 10)] * 3, None, NAMES[:3])
    found = trend(definition, common, [1, 2, 3], unit="percent", confidence=0.95)
    square = stats.norm.ppf(0.975) ** 2
    end = 100 * square / (20 + square)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((-end, end), rel=1e-6)


def test_items_that_all_gain_the_same_have_a_test_and_no_interval() -> None:
    """2 of the 2 ** 6 ways to give signs to six equal slopes have a mean as far from 0."""
    runs = [run_of([item + place for item in range(6)]) for place in range(3)]
    found = trend(Mean(), common_items(Mean(), runs, None, NAMES[:3]), [1, 2, 3], unit="nats", confidence=0.95)
    assert (found.change, found.interval) == (2.0, None)
    assert (found.p_value, found.test) == (2 / 64, "sign_flips_exact")
    assert found.no_interval is not None


def test_a_small_slope_of_large_changes_counts() -> None:
    """Of places 1, 2 and 4 the runs count -12, -3 and 15 of 14: -3 / 14 + 15 * 0.202 / 14 is 0.03 / 14."""
    assert weights_of([1, 2, 4]) == pytest.approx([-12 / 14, -3 / 14, 15 / 14])
    runs = [run_of([value] * 6) for value in (0.0, 1.0, 0.202)]
    found = trend(Mean(), common_items(Mean(), runs, None, NAMES[:3]), [1, 2, 4], unit="nats", confidence=0.95)
    assert found.change == pytest.approx(0.03 / 14)


def test_clusters_are_the_units() -> None:
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(3, 40))
    clusters = [f"c{item // 20}" for item in range(40)]
    runs = [run_of(list(row), cluster=clusters) for row in rows]
    found = trend(Mean(), common_items(Mean(), runs, None, NAMES[:3]), [1, 2, 3], unit="nats", confidence=0.95)
    slopes = rows[2] - rows[0]  # of three places at equal distances, the middle one has no weight
    first, second = slopes[:20].mean(), slopes[20:].mean()
    error = abs(first - second) / 2
    assert found.interval is not None
    reach = stats.t.ppf(0.975, 1) * error
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (slopes.mean() - reach, slopes.mean() + reach), rel=1e-9
    )


def test_a_score_of_a_corpus_by_the_jackknife() -> None:
    references = ["the cat sat on the mat", "a dog ran", "birds fly high", "fish swim deep", "he sleeps now"]
    outputs = [
        ["the cat", "dog ran a", "bird fly", "fish", "he sleeps"],
        ["the cat sat", "a dog", "birds fly", "fish swim", "he sleeps now"],
        ["the cat sat on mat", "a dog ran", "birds fly high", "fish swim deep", "he now"],
    ]
    definition = Corpus(metric="chrf")
    runs = [run_of([1.0] * 5, output=texts, reference=references) for texts in outputs]
    found = trend(definition, common_items(definition, runs, None, NAMES[:3]), [1, 2, 4], unit="chrf", confidence=0.95)

    def change(kept: list[int]) -> float:
        values = [definition.value([run[item] for item in kept]) or math.nan for run in runs]
        return float(np.polyfit([1, 2, 4], values, 1)[0] * 3)

    whole = change([0, 1, 2, 3, 4])
    left_out = np.array([change([item for item in range(5) if item != gone]) for gone in range(5)])
    error = math.sqrt(4 / 5 * np.sum((left_out - whole) ** 2))
    assert found.change == pytest.approx(whole)
    assert (found.test, found.p_value) == ("jackknife_t", pytest.approx(2 * stats.t.sf(abs(whole) / error, 4)))
    assert found.interval is not None
    assert found.interval.high - found.interval.low == pytest.approx(2 * stats.t.ppf(0.975, 4) * error)


def test_without_a_value_in_a_run_there_is_no_trend() -> None:
    texts = [["a", "b"], ["a", "b"], ["a", "b"]]
    runs = [run_of([1.0, 1.0], output=one, reference=["a", "b"]) for one in texts]
    same = trend(Corpus(metric="chrf"), common_items(Corpus(metric="chrf"), runs, None, NAMES[:3]), [1, 2, 3],
                 unit="chrf", confidence=0.95)  # fmt: skip
    assert same.change == pytest.approx(0.0, abs=1e-9)
    assert (same.interval, same.p_value) == (None, None)
    assert same.no_interval is not None


def test_a_metric_without_a_value_on_the_common_items_has_no_trend() -> None:
    """Each run has a number of both kinds, all runs together of one alone."""
    items = run_of([0.9, 0.1, 0.8, 0.2], slices=[{"kind": kind} for kind in "aabb"])
    definition = Auroc(of="score", by="kind", positive="a", negative="b")
    runs = [[items[place] for place in (0, 1, last)] for last in (2, 3)]
    found = trend(
        definition, common_items(definition, runs, None, NAMES[:2]), [1.0, 2.0], unit="auroc", confidence=0.95
    )
    assert (found.change, found.error) == (None, "the metric has no value on the common items in one of the runs")
