"""Samples against another score of the same item."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.records import Flag, Sample
from audit.stats.definitions import Against
from audit.stats.intervals import mean_interval, wilson
from tests.stats.definitions.conftest import a_sample

PAIRS = [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 1.0)]
"""Score, and score of the original item."""
OTHER = "scores.unperturbed"
CHANGE = Against(other=OTHER, scale=100.0, seed=2, resamples=400)
FLIPS = Against(other=OTHER, compare="unequal")


def some() -> list[Sample]:
    return [
        a_sample(str(i), score=one, scores={"unperturbed": other}, cluster=f"c{i // 2}")
        for i, (one, other) in enumerate(PAIRS)
    ]


def test_change_and_flips() -> None:
    found = CHANGE.estimate(some(), unit="points")
    assert (found.value, found.n, found.missing) == (pytest.approx(100 * -2 / 7), 7, 0)
    clusters = ["c0", "c0", "c1", "c1", "c2", "c2", "c3"]
    expected = mean_interval(
        [1, -1, 0, 0, -1, 0, -1], clusters=clusters, seed=2, resamples=400, share=False, bounds=(-1, 1)
    )
    assert found.interval is not None
    assert expected is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert CHANGE.estimate(some(), unit="points", interval=False).interval is None
    alone = [sample.model_copy(update={"cluster": None}) for sample in some()]
    flips = FLIPS.estimate(alone, unit="share")
    assert (flips.value, flips.interval) == (pytest.approx(4 / 7), wilson(4, 7))


def test_samples_without_both_scores_are_left_out() -> None:
    samples = some()
    samples[0] = samples[0].model_copy(update={"score": None, "error": "NaN"})  # unscored, not missing
    samples[1] = samples[1].model_copy(update={"scores": {"unperturbed": None}})
    samples[2] = samples[2].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})
    found = FLIPS.estimate(samples, unit="share")
    assert (found.value, found.n, found.missing) == (0.5, 4, 2)
    lost = FLIPS.estimate(samples[:3], unit="share")
    assert (lost.value, lost.n, lost.missing, lost.error) == (None, 0, 2, "none of 3 items could be scored")


def test_equal_values_have_no_interval_on_an_open_scale() -> None:
    same = [a_sample(str(i), score=1.0, scores={"unperturbed": 1.0}) for i in range(6)]
    found = CHANGE.estimate(same, unit="points")
    assert (found.value, found.interval, found.no_interval) == (0.0, None, "all 6 items have the same value")


def test_resampling_weighs_clusters() -> None:
    drawn = CHANGE.resample(some())
    assert drawn.units == ("cluster c0", "cluster c1", "cluster c2", "cluster c3")
    assert drawn.value(np.array([0.0, 1.0, 2.0, 1.0])) == pytest.approx(100 * -3 / 7)  # 0 0, -1 0 -1 0, -1
    assert np.isnan(drawn.value(np.zeros(4)))
