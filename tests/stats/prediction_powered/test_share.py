"""Corrected shares: which interval they get, its coverage, and the labels that a limit needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.stats.prediction_powered.share import PoweredShare, labels_needed, powered_share
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
