"""Metrics without a value are listed once for each reason, however many slices it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.lost_metrics import LostMetric, lost_metrics
from tests.reports.conftest import a_metric, all_scored

if TYPE_CHECKING:
    from audit.core.records import Metric

WHY = "the scorer broke"


def a_lost_one(name: str = "boolq/f1", topic: str = "", error: str | None = WHY, **more: Any) -> Metric:
    where = {"topic": topic} if topic else None
    return a_metric(name, value=None, ci_low=None, ci_high=None, error=error, slice=where, **more)


def test_a_metric_that_is_lost_once_is_named_with_its_slice() -> None:
    found = lost_metrics([a_metric(), a_lost_one(), a_lost_one("boolq/em", "law", None), all_scored()])
    assert found == [LostMetric("boolq/f1", WHY, 1), LostMetric("boolq/em [topic=law]", "no reason given", 1)]


def test_the_slices_of_a_metric_are_counted() -> None:
    whole = a_lost_one()
    slices = [a_lost_one(topic=topic) for topic in ("law", "physics", "music")]
    assert lost_metrics([whole, *slices]) == [LostMetric("boolq/f1 on all items and 3 slices", WHY, 4)]
    assert lost_metrics(slices) == [LostMetric("boolq/f1 on 3 slices", WHY, 3)]
    assert lost_metrics([whole, slices[0]]) == [LostMetric("boolq/f1 on all items and 1 slice", WHY, 2)]


def test_another_reason_is_another_line() -> None:
    metrics = [a_lost_one(topic="law"), a_lost_one(topic="music", error="too long"), a_lost_one(topic="physics")]
    assert lost_metrics(metrics) == [
        LostMetric("boolq/f1 on 2 slices", WHY, 2),
        LostMetric("boolq/f1 [topic=music]", "too long", 1),
    ]


def test_slices_without_items_are_one_line_where_others_of_the_task_are_unscored() -> None:
    empty = [a_lost_one(topic=topic, n=0, error=f"no items have topic = {topic}") for topic in ("law", "music")]
    unscored = all_scored(unscored=3.0)
    assert lost_metrics([a_metric(), *empty, unscored]) == [
        LostMetric("boolq/f1 on 2 slices", "no items are in them", 2),
    ]
    assert lost_metrics([a_metric(), empty[0], unscored]) == [
        LostMetric("boolq/f1 [topic=law]", "no items have topic = law", 1),
    ]


def test_a_slice_of_which_no_item_was_drawn_is_not_lost() -> None:
    assert lost_metrics([a_metric(), a_lost_one(topic="law", n=0), all_scored()]) == []
