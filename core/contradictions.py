"""What metrics and manifests must not say: one list, checked before a record is written and when it is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.core.records import Metric, RunManifest, digest_of
from audit.core.units import SHARE_SCALES, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import NotRun

TOLERANCE = 1e-9
"""Relative to the larger number, or to 1: how far rounding may move a value past a bound."""
COUNTS_OF_SAMPLES = ("unscored", "truncated_outputs", "truncated_prompts", "unparsed_answers")
"""Metrics that count samples among ``n``."""

MEMBERS = "members"
"""Setting of a name that stands for several tasks: their names."""


def in_metrics(metrics: Sequence[Metric]) -> str | None:
    """The first impossible metric, with the reason; None if all are possible."""
    seen = set()
    for metric in metrics:
        key = (metric.name, digest_of(metric.slice or None))
        if key in seen:
            return f"metric {metric.name} occurs twice with slice {metric.slice}: names are unique in a run"
        seen.add(key)
        fault = in_metric(metric)
        if fault:
            where = f" with slice {metric.slice}" if metric.slice else ""
            return f"metric {metric.name}{where}: {fault}"
    return None


def in_metric(metric: Metric) -> str | None:
    """Why a metric is impossible by itself; None if it is possible."""
    return next(iter([*_in_fields(metric), *_in_interval(metric)]), None)


def _in_fields(metric: Metric) -> Iterator[str]:
    """What is wrong with name, value and counts."""
    numbers = [number for number in (metric.value, metric.ci_low, metric.ci_high) if number is not None]
    unit = unit_of(metric.unit)
    outside = [x for x in numbers if math.isfinite(x) and not unit.holds(x)]
    if metric.name != f"{metric.task}/{metric.metric}":
        yield f"its name must be task/metric, here {metric.task}/{metric.metric}"
    if not all(map(math.isfinite, numbers)):
        yield "it is NaN or infinite: a value that cannot be computed is null with an error"
    if metric.value is None and not metric.error:
        yield "it is null without an error: say why it could not be computed"
    if metric.n < 0 or metric.missing < 0:
        yield f"it counts a negative number of items: n {metric.n}, missing {metric.missing}"
    if outside:
        yield f"{outside[0]:g} is impossible for {unit.words}"
    for name in ("chance", "majority", "ideal"):
        reference = getattr(metric, name)
        if reference is not None and not (math.isfinite(reference) and unit.holds(reference)):
            yield f"its {name} {reference:g} is impossible for {unit.words}"
    if metric.metric in COUNTS_OF_SAMPLES and metric.value is not None and not _is_count(metric.value, metric.n):
        yield f"{metric.value:g} is not a possible count among {metric.n} samples"


def _in_interval(metric: Metric) -> Iterator[str]:
    """What is wrong with the interval."""
    low, high, value = metric.ci_low, metric.ci_high, metric.value
    if low is None and high is None:
        return
    if low is None or high is None:
        yield "its interval has only one end"
    elif value is None:
        yield "it has an interval but no value"
    elif low >= high:
        yield f"its interval has no width: {low:g} to {high:g}"
    elif _below(value, low) or _below(high, value):
        yield f"its value {value:g} lies outside its interval, {low:g} to {high:g}"
    elif metric.n < 1 or (metric.n == 1 and not _may_be_one(metric)):
        yield f"it has an interval, but n is {metric.n}: too few items to estimate the spread"


def _may_be_one(metric: Metric) -> bool:
    """Whether one item can have an interval: a share can, and Wilson's share of one item is 0 or 1."""
    scale = SHARE_SCALES.get(metric.unit)
    return scale is not None and (metric.ci_method != "wilson" or metric.value in {0.0, scale})


def _is_count(value: float, n: int) -> bool:
    return value == int(value) and 0 <= value <= n


def _below(one: float, other: float) -> bool:
    """Whether a number is below another by more than rounding explains."""
    return one < other - TOLERANCE * max(1.0, abs(one), abs(other) if math.isfinite(other) else 0.0)


def in_manifest(manifest: RunManifest) -> str | None:
    """Why status, times and tasks of a manifest contradict each other; None where they do not."""
    status, started, finished = manifest.status, manifest.started, manifest.finished
    missing = [skipped for skipped in manifest.not_run if not skipped.optional]
    faults = {
        "its finish time is set": status == "running" and finished is not None,
        "its finish time is missing": status != "running" and finished is None,
        "the run finished before it started": finished is not None and finished < started,
        "it was interrupted before the end": status == "complete" and manifest.interrupted,
        "it is a shard": status == "complete" and manifest.shard is not None,
        f"{len(missing)} of its tasks did not run": status == "complete" and bool(missing),
        f"the checkpoint is broken: {manifest.broken}": status == "complete" and bool(manifest.broken),
    }
    return next((f"status {status}, but {fault}" for fault, holds in faults.items() if holds), None)


def in_records(manifest: RunManifest, metrics: Sequence[Metric]) -> str | None:
    """Why manifest and metrics contradict each other: a task that did not run has a value; None if they do not."""
    measured = {(metric.suite, metric.task): metric for metric in reversed(metrics) if metric.value is not None}
    for skipped in manifest.not_run:
        found = measured.get((skipped.suite, skipped.task))
        if found is not None and not _may_have_a_twin(skipped, manifest, metrics):
            return f"it says that {skipped.task} did not run, but {found.name} is {found.value:g}"
    return None


def _may_have_a_twin(skipped: NotRun, manifest: RunManifest, metrics: Sequence[Metric]) -> bool:
    """Whether another entry of the configuration may have measured a task of the same name.

    Benchmarks alone can: ``boolq`` and ``lm-eval:boolq``, or a group and one of its members. An entry that neither
    counted its unscored samples nor is missing is a group, and any task may be its member.
    """
    if skipped.suite != "evals":
        return False
    if skipped.taken and not skipped.optional:
        return True
    names = [_plain(task) for task in (manifest.config.get("evals") or {}).get("tasks", [])]
    single = {metric.task for metric in metrics if metric.metric == "unscored"} | {one.task for one in manifest.not_run}
    return names.count(skipped.task) != 1 or not single.issuperset(names)


def _plain(task: Mapping[str, Any]) -> str:
    """Name of a configured task, without the prefix of lm-eval's."""
    return str(task.get("name", "")).rpartition(":")[2]


def without_metrics(manifest: RunManifest, metrics: Sequence[Metric]) -> list[str]:
    """Configured tasks that are not among those that did not run and yet left no metric, not even a failed one.

    Tasks that the configuration wants only where their data is at hand may be absent.
    """
    measured = {(metric.suite, metric.task) for metric in metrics}
    measured |= {(skipped.suite, skipped.task) for skipped in manifest.not_run}
    wanted = [
        (suite, str(task.get("name", "")))
        for suite in ("evals", "safety")
        for task in (manifest.config.get(suite) or {}).get("tasks", [])
        if not (task.get("when_present") or task.get("optional"))
    ]
    return [name for suite, name in wanted if measured.isdisjoint((suite, task) for task in _left_by(name, manifest))]


def _left_by(name: str, manifest: RunManifest) -> set[str]:
    """Tasks for which a configured name may leave metrics: itself, with or without its prefix, and its members."""
    plain = name.rpartition(":")[2]
    return {name, plain, *manifest.tasks.get(plain, {}).get(MEMBERS, [])}
