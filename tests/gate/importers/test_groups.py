"""Scores of groups: the mean that the tool used, found by its value."""

from __future__ import annotations

import pytest

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task
from audit.gate.importers.groups import group_metrics
from audit.stats.definitions import Mean


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
