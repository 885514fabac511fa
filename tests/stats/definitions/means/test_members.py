"""Scores of groups from the samples of their tasks, against the arithmetic written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.stats.definitions import Estimate, Mean, Members, Unscored, read
from audit.stats.intervals import Interval
from tests.stats.definitions.conftest import a_sample

SAMPLES = [
    *(a_sample(f"a{i}", task="a", score=float(i < 6)) for i in range(10)),
    *(a_sample(f"b{i}", task="b", score=float(i < 3)) for i in range(4)),
    a_sample("b4", task="b", error="NaN"),
]


def members(definition: Any, **rule: bool) -> Members:
    return Members(members={task: definition.written() for task in ("a", "b")}, **rule)


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_of_tasks_and_its_interval(weighted: bool) -> None:
    group = read(members(Mean(), weighted=weighted).written())
    assert group.tasks("group") == ("a", "b")
    found = group.estimate(SAMPLES, unit="share")
    weights = (10 / 14, 4 / 14) if weighted else (0.5, 0.5)
    ends = [proportion_confint(6, 10, method="wilson"), proportion_confint(3, 4, method="wilson")]
    value = weights[0] * 0.6 + weights[1] * 0.75
    below = math.hypot(weights[0] * (0.6 - ends[0][0]), weights[1] * (0.75 - ends[1][0]))
    above = math.hypot(weights[0] * (ends[0][1] - 0.6), weights[1] * (ends[1][1] - 0.75))
    assert (found.value, found.n) == (pytest.approx(value), 14)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(value - below), pytest.approx(value + above))
    assert found.interval.method == "mover"


def test_counts_are_summed() -> None:
    found = members(Unscored(), total=True).estimate(SAMPLES, unit="count")
    assert (found.value, found.n, found.interval) == (1.0, 15, None)


def test_a_task_without_value_or_interval_is_named() -> None:
    lost = members(Mean()).estimate(SAMPLES[:10], unit="share")
    assert (lost.value, lost.error) == (None, "1 of 2 tasks have no value, first b")
    known = {"a": Estimate(0.5, 2), "b": Estimate(0.7, 2)}
    found = members(Mean()).combined(known)
    assert (found.value, found.interval, found.no_interval) == (pytest.approx(0.6), None, "task a has no interval")
    assert Members(members={}).combined({}).error == "0 of 0 tasks have no value"


def test_units_of_tasks_are_drawn_apart() -> None:
    drawn = members(Mean()).resample(SAMPLES)
    assert (len(drawn.units), drawn.units[0], drawn.units[-1]) == (14, "a/item a0", "b/item b3")
    weights = np.array([1.0] + [0.0] * 9 + [0.0, 0.0, 0.0, 2.0])
    assert drawn.value(weights) == pytest.approx(0.5 * 1.0 + 0.5 * 0.0)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_unit_drawn_once_gives_the_value(weighted: bool) -> None:
    """Task b has an item without a score: it has no weight in the value, and none in resamples."""
    group = members(Mean(), weighted=weighted)
    drawn = group.resample(SAMPLES)
    value = group.estimate(SAMPLES, unit="share").value
    assert drawn.value(np.ones(len(drawn.units))) == pytest.approx(value)


def test_three_tasks_with_their_missing_items_and_the_confidence_that_is_asked_for() -> None:
    third = [a_sample(f"c{i}", task="c", score=float(i < 2)) for i in range(8)]
    group = Members(members={task: Mean().written() for task in "abc"})
    found = group.estimate([*SAMPLES, *third], unit="share", confidence=0.8)
    ends = [proportion_confint(hits, of, alpha=0.2, method="wilson") for hits, of in ((6, 10), (3, 4), (2, 8))]
    shares = (0.6, 0.75, 0.25)
    below = math.hypot(*(share - end[0] for share, end in zip(shares, ends, strict=True))) / 3
    assert found.interval is not None
    assert (found.value, found.interval.low) == (pytest.approx(1.6 / 3), pytest.approx(1.6 / 3 - below))
    assert found.interval.confidence == 0.8
    assert group.estimate([*SAMPLES, *third], unit="share", interval=False).interval is None
    drawn = group.resample([*SAMPLES, *third])
    assert drawn.value(np.ones(len(drawn.units))) == pytest.approx(1.6 / 3)


def test_missing_items_add_up_and_a_sum_has_no_interval() -> None:
    known = {
        "a": Estimate(2.0, 2, missing=1, interval=Interval(1.0, 3.0, "t", 0.95)),
        "b": Estimate(3.0, 2, missing=2, interval=Interval(2.0, 4.0, "t", 0.95)),
    }
    total = members(Mean(), total=True).combined(known)
    assert (total.value, total.n, total.missing, total.interval, total.no_interval) == (5.0, 4, 3, None, None)
    half = members(Mean()).combined({**known, "b": Estimate(3.0, 2)})
    assert (half.interval, half.no_interval) == (None, "task b has no interval")
    assert members(Mean()).combined({"a": Estimate(None, 3)}).n == 0


def test_a_sum_of_counts_is_a_count() -> None:
    assert members(Unscored(), total=True).is_count
    assert not members(Unscored()).is_count
    assert not members(Mean(), total=True).is_count
    mixed = Members(members={"a": Unscored().written(), "b": Mean().written()}, total=True)
    assert not mixed.is_count


def test_items_and_missing_values_of_the_tasks_are_summed() -> None:
    ends = Interval(0.2, 0.8, "t", 0.9)
    parts = {"a": Estimate(0.5, 2, 3, ends), "b": Estimate(0.7, 4, 1, ends)}
    found = members(Mean()).combined(parts)
    assert (found.n, found.missing) == (6, 4)
    assert found.interval is not None
    assert found.interval.confidence == 0.9
    without = members(Mean()).combined({**parts, "b": Estimate(0.7, 4, 1)})
    assert (without.n, without.missing, without.no_interval) == (6, 4, "task b has no interval")
    lost = members(Mean()).combined({**parts, "b": Estimate(None, 0, 1)})
    assert (lost.value, lost.n) == (None, 0)


def test_weights_without_items_give_no_value() -> None:
    found = members(Mean(), weighted=True).combined({"a": Estimate(0.5, 0), "b": Estimate(0.7, 0)})
    assert found.value is not None
    assert math.isnan(found.value)
    assert math.isnan(members(Mean(), weighted=True).resample([]).value(np.zeros(0)))
