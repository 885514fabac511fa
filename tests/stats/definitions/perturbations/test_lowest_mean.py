"""The lowest of several means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.core.records import Flag, Sample
from audit.stats.definitions import LowestMean
from audit.stats.intervals import mean_interval, wilson
from tests.stats.definitions.conftest import a_sample

SCORES = {"case": [1.0, 0.0, 1.0, 1.0], "swap": [0.0, 0.0, 1.0, 0.0], "typos": [1.0, 1.0, 1.0, 1.0]}
LOWEST = LowestMean(by="perturbation")


def group(name: str, scores: list[float], **fields: object) -> list[Sample]:
    return [
        a_sample(f"{name}{i}", cluster=f"i{i}", score=score, slices={"perturbation": name}, **fields)
        for i, score in enumerate(scores)
    ]


def some() -> list[Sample]:
    return [sample for name, scores in SCORES.items() for sample in group(name, scores)]


def test_the_interval_holds_for_the_lowest_of_three() -> None:
    found = LOWEST.estimate(some(), unit="share")
    assert (found.value, found.n, found.missing) == (0.25, 12, 0)
    assert LOWEST.lowest(some()) == "swap"
    assert found.interval is not None
    # One of four: the group's own lower end, and the upper end of which all three hold at once with 95 %.
    assert found.interval.low == pytest.approx(wilson(1, 4).low)
    assert found.interval.high == pytest.approx(wilson(1, 4, 1 - 0.05 / 3).high)
    assert (found.interval.method, found.interval.confidence) == ("bounds_of_the_lowest", 0.95)
    assert LOWEST.estimate(some(), unit="share", interval=False).interval is None


def test_an_end_may_come_from_another_group() -> None:
    few, many = group("few", [1.0, 0.0]), group("many", [1.0, 0.0] * 50 + [1.0])
    found = LOWEST.estimate([*few, *many], unit="share", confidence=0.9)
    assert found.interval is not None
    assert found.value == 0.5
    assert found.interval.low == pytest.approx(wilson(1, 2, 0.9).low)
    assert found.interval.high == pytest.approx(wilson(51, 101, 0.95).high)


def test_graded_scores_have_the_intervals_of_means() -> None:
    values = {"a": [0.1, 0.5, 0.3, 0.9, 0.4, 0.2], "b": [1.6, 1.7, 1.9, 1.5, 1.8, 1.7]}
    samples = [sample for name, scores in values.items() for sample in group(name, scores)]
    found = LowestMean(by="perturbation", seed=4, resamples=500).estimate(samples, unit="score")
    own = mean_interval(values["a"], seed=4, resamples=500)
    wide = mean_interval(values["a"], seed=4, resamples=500, confidence=0.975)
    assert own is not None
    assert wide is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(own.low), pytest.approx(wide.high))


def test_groups_without_value_or_interval() -> None:
    lost = LOWEST.estimate([*some(), *group("why", [1.0, 1.0], error="NaN")], unit="share")
    assert (lost.value, lost.error) == (None, "perturbation why has no value")
    assert LOWEST.lowest([*some(), *group("why", [1.0], error="NaN")]) is None
    bare = LOWEST.estimate([*group("a", [2.0, 3.0]), *group("b", [2.0])], unit="score")
    assert (bare.value, bare.interval, bare.no_interval) == (2.0, None, "perturbation b has no interval")
    none = LOWEST.estimate([a_sample("x", score=1.0)], unit="share")
    assert (none.value, none.error) == (None, "no sample is in a group")


def test_cut_answers_leave_two_bounds_open() -> None:
    samples = some()
    samples[4] = samples[4].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})  # of swap, scored 0
    samples[6] = samples[6].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})  # of swap, scored 1
    bounds = [LowestMean(by="perturbation", if_cut=end).value(samples) for end in (0.0, 1.0)]
    assert bounds == [0.0, 0.5]


def test_two_runs_are_not_compared() -> None:
    drawn = LOWEST.resample(some())
    assert len(drawn.units) == 4
    assert math.isnan(drawn.value(np.ones(4)))


@pytest.mark.slow
def test_the_interval_covers_the_lowest_of_equal_means() -> None:
    """Eight groups of equal means, where the lowest estimate is far too low: the interval holds, its own would not."""
    generator = np.random.default_rng(5)
    covered = own = 0
    for _ in range(300):
        found = {f"g{k}": generator.binomial(1, 0.6, 60).astype(float).tolist() for k in range(8)}
        counts = {name: int(sum(values)) for name, values in found.items()}
        low = min(wilson(count, 60).low for count in counts.values())
        high = min(wilson(count, 60, 1 - 0.05 / 8).high for count in counts.values())
        covered += low <= 0.6 <= high
        own += wilson(min(counts.values()), 60).high >= 0.6
    samples = [sample for name, scores in found.items() for sample in group(name, scores)]
    last = LOWEST.estimate(samples, unit="share").interval
    assert last is not None
    assert (last.low, last.high) == (pytest.approx(low), pytest.approx(high))
    assert covered >= 285  # 95 %
    assert own < 285


def test_equal_means_are_named_in_order_and_another_score_may_be_read() -> None:
    samples = [*group("swap", [1.0, 0.0]), *group("case", [0.0, 1.0])]
    assert LOWEST.lowest(samples) == "case"
    strict = [one.model_copy(update={"scores": {"strict": 0.25}}) for one in samples]
    assert LowestMean(by="perturbation", of="scores.strict").value(strict) == 0.25


def test_items_of_one_cluster_are_not_independent() -> None:
    samples = [
        one.model_copy(update={"slices": {**one.slices, "passage": f"p{i // 2}"}})
        for i, one in enumerate(group("case", [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]))
    ]
    found = LowestMean(by="perturbation", cluster="passage").estimate(samples, unit="share").interval
    expected = mean_interval([1, 1, 0, 0, 1, 1], clusters=["p0", "p0", "p1", "p1", "p2", "p2"], seed=0)
    assert found is not None
    assert expected is not None
    assert (found.low, found.high) == (expected.low, expected.high)
