"""Scores of groups, from those of their tasks, by the group's own rule in lm-eval."""

from __future__ import annotations

import math
from statistics import fmean, variance
from typing import TYPE_CHECKING, Any

from audit.core.aggregate import failed_metric
from audit.core.records import Metric, TaskResult
from audit.evals.logged import logged_group
from audit.evals.samples import RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.group import Group
    from lm_eval.api.task import Task

SAME = 1e-9
"""Difference below which a task's metric is the mean of its items' values."""
Z = 1.959963984540054
"""Of a two-sided interval at 95 %."""


def group_results(
    groups: Mapping[str, Group], tasks: Mapping[str, Task], results: Mapping[str, TaskResult]
) -> list[TaskResult]:
    """One result per group that has a score, inner groups first.

    Args:
        groups: By name.
        tasks: All tasks of all groups, by name.
        results: Theirs, by name; tasks that did not run included.
    """
    ordered = sorted(groups.values(), key=lambda group: len(group.get_all_groups()))
    return [_result(group, tasks, results) for group in ordered if group.has_aggregation]


def _result(group: Group, tasks: Mapping[str, Task], results: Mapping[str, TaskResult]) -> TaskResult:
    """The score of one group."""
    members = [str(task.task_name) for task in group.get_all_tasks()]
    metrics = []
    for rule in group.aggregate_metric_list or []:
        wanted = _filters(rule.filter_list, [tasks[name] for name in members])
        for name in wanted:
            parts = [_part(tasks[member], results.get(member), str(rule.metric), name) for member in members]
            shown = RENAMED.get(str(rule.metric), str(rule.metric)) + _suffix(name, len(wanted) > 1)
            metrics.append(_metric(group, shown, members, parts, weighted=bool(rule.weight_by_size)))
    settings = {"version": group.version, "tasks": len(members)}
    return TaskResult(
        suite="evals",
        task=group.name,
        metrics=[
            metric.model_copy(update={"settings": {**settings, **metric.settings}, "primary": number < 2})
            for number, metric in enumerate(metrics)
        ],
        settings=settings,
        logged=logged_group(group, {name: results[name] for name in members if name in results}),
    )


def _filters(listed: Any, tasks: Sequence[Task]) -> list[str]:  # noqa: ANN401 - lm-eval's own type is loose
    """The filters that a metric is aggregated for: those that the group lists, else all of its tasks."""
    names = [listed] if isinstance(listed, str) else listed
    return list(names) if names else list(dict.fromkeys(name for task in tasks for name in filter_names(task)))


def filter_names(task: Task) -> list[str]:
    """Names of a task's filters, in its order."""
    return [str(ensemble.name) for ensemble in task._filters]  # noqa: SLF001 - lm-eval has no public name for it


def _suffix(name: str, several: bool) -> str:
    """What a filter's name adds to a metric's where there are several."""
    return f"_{name.replace('-', '_')}" if several else ""


def _part(task: Task, result: TaskResult | None, metric: str, name: str) -> tuple[Metric, list[float]] | None:
    """A task's metric and its values per item; None where it has none."""
    filters = filter_names(task)
    if result is None or result.not_run or name not in filters:
        return None
    shown = RENAMED.get(metric, metric) + _suffix(name, len(filters) > 1)
    found = next((m for m in result.metrics if m.metric == shown and m.slice is None), None)
    if found is None or found.value is None:
        return None
    values = [score for sample in result.samples if (score := sample.scores.get(shown)) is not None]
    return found, values


def _metric(
    group: Group,
    name: str,
    members: Sequence[str],
    parts: Sequence[tuple[Metric, list[float]] | None],
    *,
    weighted: bool,
) -> Metric:
    """The mean of the tasks' values, weighted by their items or not; none where a task has no value.

    The interval is that of a stratified mean: the variance is the sum over tasks of weight² · s² / n.
    """
    missing = [member for member, part in zip(members, parts, strict=True) if part is None]
    known = [part for part in parts if part is not None]
    if missing or not known:
        first = f", first {missing[0]}" if missing else ""
        failed = failed_metric(
            "evals", group.name, name, f"{len(missing)} of {len(members)} tasks have no value{first}"
        )
        return failed.model_copy(update={"settings": {"weight_by_size": weighted}})
    sizes = [metric.n for metric, _ in known]
    weights = [size / sum(sizes) if weighted else 1 / len(known) for size in sizes]
    value = math.fsum(weight * float(m.value or 0.0) for weight, (m, _) in zip(weights, known, strict=True))
    are_means = all(values and abs(fmean(values) - float(m.value or 0.0)) < SAME for m, values in known)
    error = _standard_error(weights, [values for _, values in known]) if are_means else None
    first_metric = known[0][0]
    bounds = (0.0, 1.0) if first_metric.unit == "share" else (-math.inf, math.inf)
    return Metric(
        name=f"{group.name}/{name}",
        suite="evals",
        task=group.name,
        metric=name,
        value=value,
        n=sum(sizes),
        ci_low=None if error is None else max(bounds[0], value - Z * error),
        ci_high=None if error is None else min(bounds[1], value + Z * error),
        ci_method=None if error is None else "stratified_normal",
        higher_is_better=first_metric.higher_is_better,
        unit=first_metric.unit,
        settings={"weight_by_size": weighted},
        note=f"mean over {len(members)} tasks, "
        + ("weighted by their items" if weighted else "each with equal weight"),
    )


def _standard_error(weights: Sequence[float], values: Sequence[Sequence[float]]) -> float | None:
    """Standard error of a weighted mean of the tasks' means; None where a task has fewer than two items."""
    if any(len(one) < 2 for one in values):
        return None
    return math.sqrt(
        math.fsum(weight**2 * variance(one) / len(one) for weight, one in zip(weights, values, strict=True))
    )
