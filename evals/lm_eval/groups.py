"""Scores of groups, from those of their tasks, by the group's own rule in lm-eval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.core.records import Metric, TaskResult
from audit.evals.lm_eval.logged import logged_group
from audit.evals.samples import RENAMED
from audit.evals.settings import with_settings
from audit.stats.aggregate import UNSCORED, failed_metric, with_missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.group import Group
    from lm_eval.api.task import Task


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
    missing = [found.not_run for name in members if (found := results.get(name)) and found.not_run]
    if members and len(missing) == len(members):
        reason = f"none of its {len(members)} tasks ran, the first because {missing[0]}"
        return TaskResult(suite="evals", task=group.name, not_run=reason)
    metrics = []
    for rule in group.aggregate_metric_list or []:
        wanted = _filters(rule.filter_list, [tasks[name] for name in members])
        for name in wanted:
            parts = [_part(tasks[member], results.get(member), str(rule.metric), name) for member in members]
            shown = RENAMED.get(str(rule.metric), str(rule.metric)) + _suffix(name, len(wanted) > 1)
            metrics.append(_metric(group, shown, members, parts, weighted=bool(rule.weight_by_size)))
    metrics = [metric.model_copy(update={"primary": number < 2}) for number, metric in enumerate(metrics)]
    metrics.append(_unscored(group.name, members, results))
    settings = {"version": group.version, "tasks": len(members)}
    return TaskResult(
        suite="evals",
        task=group.name,
        metrics=with_settings(metrics, settings),
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


def _unscored(name: str, members: Sequence[str], results: Mapping[str, TaskResult]) -> Metric:
    """How many items of all tasks could not be scored; null where a task does not say."""
    known = [found for member in members if (found := _found(results.get(member), UNSCORED)) is not None]
    if len(known) < len(members):
        return failed_metric("evals", name, UNSCORED, f"{len(members) - len(known)} of {len(members)} tasks do not say")
    return Metric(
        name=f"{name}/{UNSCORED}",
        suite="evals",
        task=name,
        metric=UNSCORED,
        value=math.fsum(metric.value or 0.0 for metric in known),
        n=sum(metric.n for metric in known),
        higher_is_better=False,
        unit="count",
    )


def _found(result: TaskResult | None, name: str) -> Metric | None:
    """A task's metric over all items; None where it has none or no value."""
    metrics = [] if result is None or result.not_run else result.metrics
    return next((m for m in metrics if m.metric == name and m.slice is None and m.value is not None), None)


def _part(task: Task, result: TaskResult | None, metric: str, name: str) -> Metric | None:
    """A task's metric under a filter; None where it has none."""
    filters = filter_names(task)
    if name not in filters:
        return None
    return _found(result, RENAMED.get(metric, metric) + _suffix(name, len(filters) > 1))


def _metric(
    group: Group, name: str, members: Sequence[str], parts: Sequence[Metric | None], *, weighted: bool
) -> Metric:
    """The mean of the tasks' values, weighted by their items or not; none where a task has no value."""
    missing = [member for member, part in zip(members, parts, strict=True) if part is None]
    known = [part for part in parts if part is not None]
    if missing or not known:
        first = f", first {missing[0]}" if missing else ""
        failed = failed_metric(
            "evals", group.name, name, f"{len(missing)} of {len(members)} tasks have no value{first}"
        )
        return failed.model_copy(update={"settings": {"weight_by_size": weighted}})
    sizes = [metric.n for metric in known]
    weights = [size / sum(sizes) if weighted else 1 / len(known) for size in sizes]
    value = math.fsum(weight * float(metric.value or 0.0) for weight, metric in zip(weights, known, strict=True))
    low, high = _interval(value, weights, known)
    metric = Metric(
        name=f"{group.name}/{name}",
        suite="evals",
        task=group.name,
        metric=name,
        value=value,
        n=sum(sizes),
        ci_low=low,
        ci_high=high,
        ci_method=None if low is None else "mover",
        confidence=known[0].confidence,
        higher_is_better=known[0].higher_is_better,
        unit=known[0].unit,
        settings={"weight_by_size": weighted},
        note=f"mean over {len(members)} tasks, "
        + ("weighted by their items" if weighted else "each with equal weight"),
    )
    return with_missing(metric, sum(part.missing for part in known))


def _interval(value: float, weights: Sequence[float], parts: Sequence[Metric]) -> tuple[float | None, float | None]:
    """Ends of the interval of a weighted mean of independent estimates; None where one of them has none.

    The method of variance estimates recovery (MOVER; Zou and Donner 2008, Statistics in Medicine 27:1693): the
    distances from estimate to end add up like standard errors. With one task it gives that task's interval, and it
    has a width where all items are right or all wrong.
    """
    below, above = [], []
    for weight, part in zip(weights, parts, strict=True):
        if part.value is None or part.ci_low is None or part.ci_high is None:
            return None, None
        below.append(weight * (part.value - part.ci_low))
        above.append(weight * (part.ci_high - part.value))
    return value - math.hypot(*below), value + math.hypot(*above)
