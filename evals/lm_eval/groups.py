"""Scores of groups, from those of their tasks, by the group's own rule in lm-eval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.contradictions import MEMBERS
from audit.core.records import TaskResult
from audit.evals.lm_eval.logged import logged_group
from audit.evals.settings import with_settings
from audit.stats.aggregate import UNSCORED, failed_metric
from audit.stats.definitions import Estimate, Members, measured, read
from audit.stats.definitions.chance import with_members
from audit.stats.definitions.means.members import without_value
from audit.stats.harness_names import RENAMED, suffix
from audit.stats.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.group import Group
    from lm_eval.api.task import Task

    from audit.core.records import Metric


def group_results(
    groups: Mapping[str, Group], tasks: Mapping[str, Task], results: Mapping[str, TaskResult]
) -> list[TaskResult]:
    """One result per group that has a score, inner groups first.

    Args:
        groups: Groups by name.
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
            shown = RENAMED.get(str(rule.metric), str(rule.metric)) + suffix(name, several=len(wanted) > 1)
            metrics.append(_metric(group, shown, members, parts, weighted=bool(rule.weight_by_size)))
    metrics = [metric.model_copy(update={"primary": number < 2}) for number, metric in enumerate(metrics)]
    metrics.append(_unscored(group.name, members, results))
    settings = {"version": group.version, "tasks": len(members)}
    return TaskResult(
        suite="evals",
        task=group.name,
        metrics=with_settings(metrics, settings),
        settings={**settings, MEMBERS: sorted(members)},
        logged=logged_group(group, {name: results[name] for name in members if name in results}),
    )


def _filters(listed: Any, tasks: Sequence[Task]) -> list[str]:  # noqa: ANN401 - lm-eval's own type is loose
    """The filters that a metric is aggregated for: those listed by the group, else all of its tasks' filters."""
    names = [listed] if isinstance(listed, str) else listed
    return list(names) if names else list(dict.fromkeys(name for task in tasks for name in filter_names(task)))


def filter_names(task: Task) -> list[str]:
    """Names of a task's filters, in its order."""
    return [str(ensemble.name) for ensemble in task._filters]  # noqa: SLF001 - lm-eval has no public name for it


def _unscored(name: str, members: Sequence[str], results: Mapping[str, TaskResult]) -> Metric:
    """Number of unscored items in all tasks; null if a task does not report it."""
    known = {member: found for member in members if (found := _found(results.get(member), UNSCORED)) is not None}
    if len(known) < len(members):
        return failed_metric("evals", name, UNSCORED, f"{len(members) - len(known)} of {len(members)} tasks lack it")
    return _combined(name, UNSCORED, known, total=True)


def _found(result: TaskResult | None, name: str) -> Metric | None:
    """A task's metric over all items; None if it has none or no value."""
    metrics = [] if result is None or result.not_run else result.metrics
    return next((m for m in metrics if m.metric == name and m.slice is None and m.value is not None), None)


def _part(task: Task, result: TaskResult | None, metric: str, name: str) -> Metric | None:
    """A task's metric under a filter; None if it has none."""
    filters = filter_names(task)
    if name not in filters:
        return None
    return _found(result, RENAMED.get(metric, metric) + suffix(name, several=len(filters) > 1))


def _metric(
    group: Group, name: str, members: Sequence[str], parts: Sequence[Metric | None], *, weighted: bool
) -> Metric:
    """The mean of the tasks' values, weighted by their items or not; none if a task has no value."""
    lost = [member for member, part in zip(members, parts, strict=True) if part is None]
    known = {member: part for member, part in zip(members, parts, strict=True) if part is not None}
    settings = {"weight_by_size": weighted}
    if lost or not known:
        failed = failed_metric("evals", group.name, name, without_value(lost, len(members)))
        return failed.model_copy(update={"settings": settings})
    how = "weighted by their items" if weighted else "each with equal weight"
    made = _combined(group.name, name, known, weighted=weighted, note=f"mean over {len(members)} tasks, {how}")
    return made.model_copy(update={"settings": settings})


def _combined(
    group: str,
    name: str,
    parts: Mapping[str, Metric],
    *,
    weighted: bool = False,
    total: bool = False,
    note: str | None = None,
) -> Metric:
    """A group's metric, from the measured metrics of its tasks.

    It has no definition where one of them has none, or reads texts: what is taken out of a task's texts later changes
    the task's metric but not that of the group.

    Args:
        group: Name of the group.
        name: Name of the metric.
        parts: The metrics, by task; each has a value.
        weighted: Whether they are weighted by their items.
        total: Whether they are summed.
        note: What a reader must know about them.
    """
    first = next(iter(parts.values()))
    rule = Members(
        members={task: part.definition or {} for task, part in parts.items()}, weighted=weighted, total=total
    )
    made = measured(
        rule,
        (),
        metric=name,
        unit=first.unit,
        higher_is_better=first.higher_is_better,
        note=note,
        confidence=first.confidence,
        about=("evals", group),
        found=rule.combined({task: _estimate(part) for task, part in parts.items()}),
    )
    made = with_members(made, list(parts.values()))
    followed = all(part.definition and not read(part.definition).OF_TEXTS for part in parts.values())
    return made if followed else made.model_copy(update={"definition": None})


def _estimate(metric: Metric) -> Estimate:
    """What a task's metric says, for the score of its group."""
    low, high = metric.ci_low, metric.ci_high
    ends = (
        Interval(low, high, metric.ci_method or "", metric.confidence) if low is not None and high is not None else None
    )
    return Estimate(metric.value, metric.n, metric.missing, ends)
