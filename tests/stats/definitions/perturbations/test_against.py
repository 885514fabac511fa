"""Samples against another score of the same item."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.records import Flag, Sample
from audit.stats.definitions import Against
from audit.stats.intervals import mean_interval, student_t, wilson
from audit.stats.pairing.tango import tango
from tests.stats.conftest import ends
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


def pairs(better: int, worse: int, n: int) -> list[Sample]:
    """So many samples that are right where the original is wrong, wrong where it is right, and the same."""
    scores = [(1.0, 0.0)] * better + [(0.0, 1.0)] * worse + [(1.0, 1.0)] * (n - better - worse)
    return [
        a_sample(str(i), score=one, scores={"unperturbed": other}, cluster=f"i{i}")
        for i, (one, other) in enumerate(scores)
    ]


def test_change_and_flips() -> None:
    found = CHANGE.estimate(some(), unit="points")
    assert (found.value, found.n, found.missing) == (pytest.approx(100 * -2 / 7), 7, 0)
    assert CHANGE.estimate(some(), unit="points", interval=False).interval is None
    alone = [sample.model_copy(update={"cluster": None}) for sample in some()]
    flips = FLIPS.estimate(alone, unit="share")
    assert (flips.value, flips.interval) == (pytest.approx(4 / 7), wilson(4, 7))


@pytest.mark.parametrize(
    ("better", "worse", "n", "confidence", "published"),
    [(9, 3, 32, 0.95, (-2.7, 39.0)), (0, 1, 44, 0.90, (-9.6, 3.7))],  # Tango 1998, as in tests of the interval
)
def test_changes_of_right_answers_have_tangos_interval(
    better: int, worse: int, n: int, confidence: float, published: tuple[float, float]
) -> None:
    found = CHANGE.estimate(pairs(better, worse, n), unit="points", confidence=confidence).interval
    assert ends(found) == pytest.approx(published, abs=0.05)


def test_copies_of_items_are_not_independent() -> None:
    """Each item three times: the interval is that of the items, with Student's quantile, not that of the copies."""
    samples = [
        sample.model_copy(update={"sample_id": f"{sample.sample_id}/{copy}"})
        for sample in pairs(9, 3, 32)
        for copy in range(3)
    ]
    found = CHANGE.estimate(samples, unit="points")
    once = CHANGE.estimate(pairs(9, 3, 32), unit="points")
    assert (found.value, found.n) == (pytest.approx(once.value), 96)
    low, high = ends(found.interval)
    assert low < ends(once.interval)[0]
    assert high > ends(once.interval)[1]
    assert found.interval is not None
    assert found.interval.method == "tango_clustered"


def test_changes_of_graded_scores_have_the_interval_of_a_mean() -> None:
    changes = [0.5, -0.25, 0.125, 0.75, -0.5, 0.25, 0.0, 1.5]
    graded = [a_sample(str(i), score=2 + c, scores={"unperturbed": 2.0}) for i, c in enumerate(changes)]
    found = Against(other=OTHER, seed=3, resamples=400).estimate(graded, unit="score")
    own = mean_interval(changes, seed=3, resamples=400, share=False)
    student = student_t(changes)
    assert student is not None
    assert own is not None
    assert ends(found.interval) == pytest.approx((min(own.low, student.low), max(own.high, student.high)))
    flat = Against(other=OTHER).estimate([one.model_copy(update={"score": 2.0}) for one in graded], unit="score")
    assert (flat.value, flat.interval, flat.no_interval) == (0.0, None, "all 8 items have the same value")


def test_samples_without_both_scores_are_left_out() -> None:
    samples = some()
    samples[0] = samples[0].model_copy(update={"score": None, "error": "NaN"})  # unscored, not missing
    samples[1] = samples[1].model_copy(update={"scores": {"unperturbed": None}})
    samples[2] = samples[2].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})
    found = FLIPS.estimate(samples, unit="share")
    assert (found.value, found.n, found.missing) == (0.5, 4, 2)
    lost = FLIPS.estimate(samples[:3], unit="share")
    assert (lost.value, lost.n, lost.missing, lost.error) == (None, 0, 2, "none of 3 items could be scored")


def test_no_change_is_not_certain() -> None:
    found = CHANGE.estimate(pairs(0, 0, 20), unit="points")
    assert found.value == 0.0
    assert ends(found.interval) == pytest.approx((-100 * wilson(0, 20).high, 100 * wilson(0, 20).high))


def test_resampling_weighs_clusters() -> None:
    drawn = CHANGE.resample(some())
    assert drawn.units == ("cluster c0", "cluster c1", "cluster c2", "cluster c3")
    assert drawn.value(np.array([0.0, 1.0, 2.0, 1.0])) == pytest.approx(100 * -3 / 7)  # 0 0, -1 0 -1 0, -1
    assert np.isnan(drawn.value(np.zeros(4)))


def test_another_score_is_read_where_one_is_named() -> None:
    samples = [a_sample(str(i), score=1.0, scores={"strict": 0.5, "unperturbed": 0.25}) for i in range(6)]
    assert Against(of="scores.strict", other=OTHER).value(samples) == 0.25


def test_partial_shares_that_did_not_change_reach_as_far_as_right_answers() -> None:
    """Differences of shares lie between -1 and 1: no interval is wider than that of right and wrong answers."""
    same = [a_sample(str(i), score=0.75, scores={"unperturbed": 0.25}) for i in range(20)]
    found = CHANGE.estimate(same, unit="points")
    assert found.value == pytest.approx(50.0)
    # Half of the largest change for each of 20 items: as if ten of them had become right.
    assert ends(found.interval) == pytest.approx(tuple(100 * end for end in ends(tango(10, 0, 20))))
