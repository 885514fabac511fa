"""Scores of groups: the mean that the tool used, found by its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task
from audit.gate.importers.groups import group_metrics
from audit.stats.definitions import Mean

if TYPE_CHECKING:
    from audit.core.records import Metric, Sample


def member(name: str, *scores: float) -> Task:
    items = [
        ImportedItem(place="f", digest=f"{name}{n}", prompt="p", score=score, scores={"s": score})
        for n, score in enumerate(scores)
    ]
    stated = [Stated(metric="s", definition=Mean(of="scores.s"), unit="share", higher_is_better=True)]
    return Task(name=name, data="d", items=items, stated=stated)


@pytest.mark.parametrize(
    ("value", "weighted", "expected"), [(0.5, False, 0.5), (0.25, True, 0.25), (0.3, None, None), (None, None, None)]
)
def test_the_stated_value_shows_the_weights(value: float | None, weighted: bool | None, expected: float | None) -> None:
    tasks = [member("a", 1.0), member("b", 0.0, 0.0, 0.0)]
    samples = {task.name: samples_of(task, ImportOptions()) for task in tasks}
    found = {task.name: metrics_of(task, samples[task.name], ImportOptions()) for task in tasks}
    group = Task(name="g", data="g", members=("a", "b"), stated=[Stated(metric="s", definition=None, value=value)])
    [metric] = group_metrics(group, found, [one for part in samples.values() for one in part])
    assert metric.value == expected
    assert metric.settings["members"] == ["a", "b"]
    assert metric.settings.get("weight_by_size") is weighted
    assert bool(metric.error) is (expected is None)


def test_a_task_without_the_metric_makes_it_null() -> None:
    task = member("a", 1.0)
    found = {"a": metrics_of(task, samples_of(task, ImportOptions()), ImportOptions())}
    group = Task(name="g", data="g", members=("a", "b"), stated=[Stated(metric="s", definition=None, value=1.0)])
    [metric] = group_metrics(group, found, [])
    assert (metric.value, metric.error) == (None, "task b has no such value")


def grouped(found: dict[str, list[Metric]], samples: list[Sample], *members: str, **fields: Any) -> Metric:
    """The metric of a group."""
    given = Stated(**{"metric": "s", "definition": None, "value": 0.25, "unit": "points", **fields})
    [metric] = group_metrics(Task(name="g", data="g", members=members, stated=[given]), found, samples)
    return metric


def test_unit_and_direction_are_those_of_the_tasks_where_they_agree_else_those_of_the_log() -> None:
    """0.25 is the mean of the four items' scores, 1, 0, 0 and 0, and not that of the tasks' values, 1 and 0."""
    tasks = [member("a", 1.0), member("b", 0.0, 0.0, 0.0)]
    samples = {task.name: samples_of(task, ImportOptions()) for task in tasks}
    found = {task.name: metrics_of(task, samples[task.name], ImportOptions()) for task in tasks}
    whole = [one for part in samples.values() for one in part]
    metric = grouped(found, whole, "b", "a", higher_is_better=False)
    assert (metric.value, metric.unit, metric.higher_is_better) == (0.25, "share", False)
    assert (metric.settings["members"], metric.n, metric.suite, metric.task) == (["a", "b"], 4, "evals", "g")
    other = {"b": [found["b"][0].model_copy(update={"unit": "score"})], "a": found["a"]}
    for value in (0.25, 0.5):
        assert grouped(other, whole, "a", "b", value=value).unit == "points"
    failed = grouped(found, whole, "a", "b", value=0.3, higher_is_better=True)
    assert (failed.value, failed.unit, failed.higher_is_better) == (None, "points", True)
    assert failed.error == "neither mean of the tasks' values is the log's 0.3"


def test_only_metrics_with_a_value_over_all_items_are_parts() -> None:
    """Neither another metric, nor a slice, nor a null of the same name before it."""
    task = member("a", 1.0, 0.0, 0.0, 0.0)
    samples = samples_of(task, ImportOptions())
    [whole, *_] = metrics_of(task, samples, ImportOptions())
    null = whole.model_copy(update={"value": None, "error": "lost", "definition": None})
    part = whole.model_copy(update={"slice": {"topic": "x"}, "value": 1.0, "definition": None})
    other = whole.model_copy(update={"metric": "t", "value": 1.0, "definition": None})
    assert grouped({"a": [other, part, null, whole]}, samples, "a").value == 0.25
    for metrics in ([null], [part], [other], [whole.model_copy(update={"definition": None})]):
        assert grouped({"a": metrics}, samples, "a").error == "task a has no such value"
    assert grouped({}, samples).error == "task every one has no such value"


def test_a_group_of_which_no_item_is_left_is_null() -> None:
    task = member("a", 1.0)
    metrics = metrics_of(task, samples_of(task, ImportOptions()), ImportOptions())
    assert grouped({"a": metrics}, [], "a").error == "neither mean of the tasks' values is the log's 0.25"
