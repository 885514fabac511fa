"""Scores of groups of tasks, from the metrics of their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.contradictions import MEMBERS
from audit.gate.importers.building import is_equal
from audit.stats.aggregate import failed_metric
from audit.stats.definitions import Members, measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.gate.importers.contract import Stated, Task


def group_metrics(task: Task, found: Mapping[str, Sequence[Metric]], samples: Sequence[Sample]) -> list[Metric]:
    """The metrics of a group: the mean of its tasks' values, weighted by their items or not, as the log's value shows.

    Args:
        task: The group.
        found: Metrics by task.
        samples: Those of all its tasks.
    """
    settings = {**task.settings, MEMBERS: sorted(task.members)}
    metrics = [_metric(task, stated, found, samples) for stated in task.stated]
    return [metric.model_copy(update={"settings": settings | metric.settings}) for metric in metrics]


def _metric(task: Task, stated: Stated, found: Mapping[str, Sequence[Metric]], samples: Sequence[Sample]) -> Metric:
    parts = {name: _part(found.get(name, ()), stated.metric) for name in task.members}
    known = {name: part.definition for name, part in parts.items() if part is not None and part.definition}
    if len(known) < len(parts) or not known:
        lost = next((name for name in parts if name not in known), "every one")
        return _failed(task, stated, f"task {lost} has no such value")
    units = {part.unit for part in parts.values() if part is not None}
    for weighted in (True, False):
        made = measured(
            Members(members=known, weighted=weighted),
            samples,
            metric=stated.metric,
            unit=units.pop() if len(units) == 1 else stated.unit,
            higher_is_better=stated.higher_is_better,
            settings={"weight_by_size": weighted},
            about=("evals", task.name),
        )
        units = {made.unit}
        if stated.value is not None and is_equal(made.value, stated.value, stated.rounding):
            return made
    return _failed(task, stated, f"neither mean of the tasks' values is the log's {stated.value}")


def _part(metrics: Sequence[Metric], name: str) -> Metric | None:
    found = (metric for metric in metrics if metric.metric == name and metric.slice is None)
    return next((metric for metric in found if metric.value is not None), None)


def _failed(task: Task, stated: Stated, reason: str) -> Metric:
    failed = failed_metric("evals", task.name, stated.metric, reason)
    return failed.model_copy(update={"unit": stated.unit, "higher_is_better": stated.higher_is_better})
