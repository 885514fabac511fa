"""Corrected shares: which interval they get, its coverage, and the labels that a limit needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audit.stats.interval import Interval
from audit.stats.intervals import clustered_interval
from audit.stats.prediction_powered import strata
from audit.stats.prediction_powered.share import PoweredShare, labels_needed, powered_share
from audit.stats.prediction_powered.tuned import LabelledSample, tuned
from tests.stats.prediction_powered.conftest import drawn


def share_of(seed: int, labels: int, others: int, kind: str) -> PoweredShare:
    """The corrected share of drawn outputs."""
    one = drawn(seed, labels, others, kind)
    return powered_share(one.labels, one.judged, one.others)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "labels", "others"), [("yes_or_no", 30, 1970), ("continuous", 100, 900)])
def test_it_covers_where_the_raw_score_fails(kind: str, labels: int, others: int) -> None:
    """Of 300 samples at least 92 % cover the true 0.4; of the raw shares hardly any is near it."""
    covered, raw = [], []
    for seed in range(300):
        one = drawn(seed, labels, others, kind)
        ends = powered_share(one.labels, one.judged, one.others).interval
        assert ends is not None
        covered.append(ends.low <= 0.4 <= ends.high)
        scores = one.scores
        raw.append(abs(scores.mean() - 0.4) <= 1.96 * scores.std() / math.sqrt(len(scores)))
    assert 0.92 <= np.mean(covered) <= 0.99
    assert np.mean(raw) < 0.3


def test_which_interval() -> None:
    assert share_of(1, 50, 400, "yes_or_no").interval.method == "powered_strata"  # type: ignore[union-attr]
    assert share_of(2, 100, 900, "continuous").interval.method == "powered_wilson"  # type: ignore[union-attr]
    few = powered_share([1] * 7 + [0] * 60, np.linspace(1, 0, 67), np.linspace(1, 0, 300))
    assert few.interval is not None
    assert few.interval.method == "powered_strata"
    marks = np.linspace(1, 0, 67)
    for positive, method in ((8, "powered_wilson"), (59, "powered_wilson"), (60, "powered_strata"), (67, "wilson")):
        one = powered_share([1] * positive + [0] * (67 - positive), marks, np.linspace(1, 0, 300))
        assert one.interval is not None
        assert one.interval.method == method
    labels, judged = [1, 0] * 20, [1.0, 0.0, 0.0, 0.0] * 10
    assert powered_share(labels, judged, [1.0]).interval.method == "wilson"  # type: ignore[union-attr]
    assert powered_share(labels, judged, [1.0, 0.0]).interval.method == "powered_strata"  # type: ignore[union-attr]
    assert powered_share([1, 0], [1.0, 0.0], [1.0, 0.0]).value == 0.5


def test_all_labelled_is_wilsons_interval() -> None:
    found = powered_share([1] * 12 + [0] * 28, [1.0] * 40, [])
    assert found.interval is not None
    assert (found.value, found.tuning, found.of_labels) == (0.3, 0.0, 1.0)
    ends = proportion_confint(12, 40, method="wilson")
    assert (found.interval.low, found.interval.high) == pytest.approx(ends)


def test_equal_labels_still_have_a_width() -> None:
    continuous = powered_share([0] * 40, np.linspace(0, 1, 40), np.linspace(0, 1, 300)).interval
    assert continuous is not None
    assert (continuous.low, continuous.high) == pytest.approx(proportion_confint(0, 40, method="wilson"), abs=1e-12)
    sure = powered_share([0] * 40, [0.0] * 38 + [1.0] * 2, [0.0] * 280 + [1.0] * 20)
    assert sure.interval is not None
    assert sure.value == 0
    assert 0.05 < sure.interval.high < 0.15
    assert (sure.interval.low, sure.interval.method) == (0.0, "powered_strata")


def test_the_interval_of_strata_ends_within_0_to_1_and_spans_the_value() -> None:
    labels, judged, others = [1.0] * 6 + [0.0] * 34, [1.0] * 8 + [0.0] * 32, [1.0] * 30 + [0.0] * 70
    sample = LabelledSample(np.array(labels), np.array(judged), np.array(others))
    low, high, part = strata.ends(sample, 0.9)
    found = powered_share(labels, judged, others, confidence=0.9)
    assert found.interval == Interval(low, high, "powered_strata", 0.9)
    assert 0 < low < found.value < high < 1
    assert (found.tuning, found.of_labels) == (tuned(sample).tuning, part)
    rare = [np.array([1.0] * ones + [0.0] * zeros) for ones, zeros in ((1, 19), (2, 18), (4, 36))]
    assert strata.ends(LabelledSample(*rare), 0.95)[0] < 0
    ends, mirrored = powered_share(*rare).interval, powered_share(*(1 - one for one in rare)).interval
    assert ends is not None
    assert mirrored is not None
    assert (ends.low, mirrored.high) == (0, 1)
    assert ends.high == pytest.approx(1 - mirrored.low)


@pytest.mark.parametrize("side", [0, 1])
def test_a_value_beyond_0_to_1_is_cut_and_has_no_wilson_interval(side: int) -> None:
    """The scorer finds all others like its best outputs: the estimate is mean label + λ / 2."""
    labels = np.array([1.0] * 30 + [0.0] * 8)
    judged = np.linspace(0.9, 0.1, 38)
    others = np.linspace(0.99, 1.0, 300)
    found = powered_share(abs(1 - side - labels), abs(1 - side - judged), abs(1 - side - others))
    assert (found.value, found.interval) == (side, None)


def test_labels_in_one_cluster_have_no_interval_and_in_two_they_have() -> None:
    labels, judged, others = [1.0, 0.0] * 10, [1.0, 0.0, 0.0, 0.0] * 5, [1.0, 0.0] * 20
    alone = powered_share(labels, judged, others)
    found = powered_share(labels, judged, others, clusters=[1] * 20 + [None] * 40)
    assert (found.value, found.interval, found.tuning, found.of_labels) == (alone.value, None, alone.tuning, 1.0)
    assert powered_share(labels, judged, others, clusters=[1] * 10 + [2] * 10 + [None] * 40).interval is not None
    assert powered_share(labels, judged, others, clusters=range(60)) == alone


def test_a_scorer_without_error_leaves_no_variance_and_no_interval() -> None:
    """λ is 1: nothing is left of the labels, and the others are all alike."""
    found = powered_share([1.0, 0.0] * 10, [1.0, 0.0] * 10, [0.5] * 40)
    assert (found.value, found.interval, found.tuning, found.of_labels) == (0.5, None, 1.0, 1.0)


def test_what_more_outputs_make_smaller_is_never_more_than_all() -> None:
    """The scorer makes no error, and is less sure of the others, which add more variance than the labels."""
    labels = np.array([1.0, 0.0] * 20)
    assert powered_share(labels, labels, [0.2, 0.8] * 20).of_labels == 0.0


@pytest.mark.parametrize("clusters", [None, np.arange(1000) // 5])
def test_wilsons_interval_at_the_effective_number_of_outputs(clusters: np.ndarray | None) -> None:
    one = drawn(2, 100, 900, "continuous")
    codes = None if clusters is None else clusters.tolist()
    found = powered_share(one.labels, one.judged, one.others, clusters=codes, confidence=0.9)
    of_sample = tuned(one)
    variance, freedom = of_sample.variance, 99
    if clusters is not None:
        sums = [of_sample.influences[clusters == code].sum() for code in range(200)]
        variance, freedom = max(variance, 200 / 199 * np.sum(np.square(sums))), 19
    value = of_sample.value
    count = value * (1 - value) / variance * (stats.norm.ppf(0.95) / stats.t.ppf(0.95, freedom)) ** 2
    low, high = proportion_confint(value * count, count, alpha=0.1, method="wilson")
    assert found.interval == Interval(pytest.approx(low), pytest.approx(high), "powered_wilson", 0.9)
    assert (found.value, found.tuning) == (value, of_sample.tuning)
    assert found.of_labels == pytest.approx(1 - of_sample.of_others * 1000 / 900 / of_sample.variance)


def test_clusters_of_labels_alone_are_those_of_their_mean() -> None:
    labels, clusters = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0], ["a", "a", "b", "b", "c", "c"]
    found = powered_share(labels, [1.0] * 6, [1.0], clusters=[*clusters, "a"], confidence=0.9)
    assert found.interval == clustered_interval(labels, clusters, seed=0, confidence=0.9)


def test_labels_needed_by_hand() -> None:
    """Half of the reach takes four times the labels, where all of it comes from them."""
    one = PoweredShare(0.5, Interval(0.25, 0.875, "powered_strata", 0.95), 0.0, 1.0)
    assert labels_needed(one, 100, 400, 0.375) == 400
    assert labels_needed(one, 100, 399, 0.375) == math.inf
    assert labels_needed(one, 100, 400, 0.6875) == 400
    assert labels_needed(one, 100, 400, 0.5) == math.inf


def test_clusters_widen_and_single_ones_do_not() -> None:
    one = drawn(2, 100, 900, "continuous")
    given = one.labels, one.judged, one.others
    alone = powered_share(*given)
    assert powered_share(*given, clusters=[None] * 1000) == alone
    assert powered_share(*given, clusters=range(1000)) == alone
    order = np.argsort(-one.labels, kind="stable")  # clusters of equal labels
    clusters = np.empty(100, dtype=int)
    clusters[order] = np.repeat(np.arange(20), 5)
    wide = powered_share(*given, clusters=[*clusters.tolist(), *range(100, 1000)])
    assert wide.value == alone.value
    assert wide.interval is not None
    assert alone.interval is not None
    assert wide.interval.high - wide.interval.low > 1.5 * (alone.interval.high - alone.interval.low)
    assert powered_share(*given, clusters=["all"] * 100 + [None] * 900).interval is None


def reach_of(found: PoweredShare) -> float:
    """From the lower end to the value."""
    assert found.interval is not None
    return found.value - found.interval.low


def test_labels_needed_would_do() -> None:
    """With as many labels the interval is as short as was asked for, in the mean of 60 draws."""
    drawn_once = [share_of(seed, 100, 900, "continuous") for seed in range(60)]
    needed = [labels_needed(one, 100, 1000, one.value - 0.75 * reach_of(one)) for one in drawn_once]
    count = round(np.mean(needed))
    reaches = [reach_of(share_of(seed, count, 1000 - count, "continuous")) for seed in range(60)]
    assert np.mean(reaches) == pytest.approx(0.75 * np.mean([reach_of(one) for one in drawn_once]), rel=0.03)
    found = drawn_once[0]
    assert labels_needed(found, 100, 1000, found.value) == math.inf
    assert labels_needed(found, 100, 1000, found.value - 1e-3) == math.inf
    assert labels_needed(PoweredShare(0.5, None, 0.0, 1.0), 100, 1000, 0.4) == math.inf


@pytest.mark.parametrize(
    ("labels", "judged"), [([1, 0], [1.0]), ([1], [1.0]), ([0.5, 1], [1.0, 0.0]), ([1, math.nan], [1.0, 0.0])]
)
def test_arguments_that_do_not_fit(labels: list[float], judged: list[float]) -> None:
    with pytest.raises(ValueError, match=r"labels|NaN"):
        powered_share(labels, judged, [0.0, 1.0])
