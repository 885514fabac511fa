"""From samples to metrics: means with intervals, and the count of what could not be scored."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.contradictions import in_metric
from audit.core.records import Metric, Sample, Suite
from audit.stats.definitions import Mean, Unscored, measured, read
from audit.stats.definitions.base import is_scored
from audit.stats.definitions.means.mean import SCORES, TRUNCATED_OUTPUT, scaled_interval, scaled_mean
from audit.stats.definitions.metric import NO_SPREAD, within
from audit.stats.intervals import RESAMPLES, Interval
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "IF_RIGHT",
    "IF_WRONG",
    "TRUNCATED_OUTPUT",
    "TRUNCATED_OUTPUTS",
    "UNSCORED",
    "failed_metric",
    "is_scored",
    "mean_metric",
    "not_computed",
    "sound",
    "unscored_metric",
    "with_definitions",
    "with_missing",
    "with_reasons",
]

UNSCORED = "unscored"
"""Name of the metric that every task emits in addition to its own."""
TRUNCATED_OUTPUTS = "truncated_outputs"
"""Name of the metric that counts answers cut by the bound of tokens."""
IF_WRONG, IF_RIGHT = "_if_cut_wrong", "_if_cut_right"
"""Behind a metric's name: its value if every answer cut by the bound of tokens counts as wrong, or as right."""


def mean_metric(  # noqa: PLR0913 - the fields of a metric, all but two by keyword
    samples: Sequence[Sample],
    metric: str,
    values: Sequence[float | None],
    *,
    unit: str,
    higher_is_better: bool | None,
    seed: int,
    primary: bool = False,
    note: str | None = None,
    slice: dict[str, str] | None = None,  # noqa: A002 - the record's field name
    scale: float = 1.0,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    definition: Mean | None = None,
) -> Metric:
    """Mean of one value per sample, with the interval of :func:`audit.stats.intervals.mean_interval`.

    Items that share ``Sample.cluster`` give a clustered interval. Where the values are exactly a field of the samples,
    the metric says so in its ``definition``, and counts the scored samples without a value as ``missing``.

    Args:
        samples: The items, at least one; suite and task are taken from the first.
        metric: Name of the metric, without the task.
        values: One per sample; None where the item has no value and is left out of ``n``.
        unit: Of the result, after scaling. Values of 0 and 1 are taken for a share only where the unit is
            ``share``, or ``percent`` with a scale of 100.
        higher_is_better: Direction; None where neither end is good.
        seed: Of the bootstrap.
        primary: Whether the summary table shows it.
        note: What a reader must know.
        slice: The subset the samples are.
        scale: Factor on value and interval: 100 turns shares into percent.
        resamples: Of the bootstrap.
        confidence: Nominal coverage.
        definition: The field that the values are; None tries ``score`` and the field named like the metric. Its scale,
            seed and resamples are those given here.

    Returns:
        The metric; with ``value`` null and ``error`` when no sample has a value or a value is NaN or
        infinite. Its ends are null where no interval exists.

    Raises:
        ValueError: There is no sample, or lengths differ.
    """
    if not samples:
        msg = f"{metric}: no samples; use failed_metric for a task without items"
        raise ValueError(msg)
    scored = [(value, sample.cluster) for sample, value in zip(samples, values, strict=True) if value is not None]
    suite, task = samples[0].suite, samples[0].task
    broken = sum(not math.isfinite(value) for value, _ in scored)
    empty = Metric(
        name=f"{task}/{metric}",
        suite=suite,
        task=task,
        metric=metric,
        value=None,
        n=len(scored),
        confidence=confidence,
        higher_is_better=higher_is_better,
        unit=unit,
        slice=slice,
        primary=primary,
        note=note,
    )
    if not scored:
        return empty.model_copy(update={"error": f"none of {len(samples)} items could be scored"})
    if broken:
        return empty.model_copy(update={"error": f"{broken} of {len(scored)} values are NaN or infinite"})
    numbers = [value for value, _ in scored]
    interval = scaled_interval(
        numbers,
        [cluster for _, cluster in scored],
        unit=unit,
        scale=scale,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )
    update: dict[str, object] = {"value": scaled_mean(numbers, scale)}
    if interval:
        update |= {"ci_low": interval.low, "ci_high": interval.high, "ci_method": interval.method}
    fields = [definition] if definition else [Mean(), Mean(of=f"{SCORES}{metric}")]
    mean = next((field for field in fields if _is_field(field, samples, values)), None)
    if mean:
        update["definition"] = replace(mean, scale=scale, resamples=resamples, seed=seed).written()
    return with_missing(empty.model_copy(update=update), _missing(mean, samples) if mean else 0)


def _is_field(mean: Mean, samples: Sequence[Sample], values: Sequence[float | None]) -> bool:
    """Whether the values are exactly what a definition takes from the samples."""
    found = (mean.of_sample(sample) if mean.is_about(sample, None) else None for sample in samples)
    return all(one == other for one, other in zip(found, values, strict=True))


def _missing(mean: Mean, samples: Sequence[Sample]) -> int:
    """How many samples that a mean is about were scored and have no value."""
    inside = mean.select(samples, None)
    return sum(is_scored(sample) and mean.of_sample(sample) is None for sample in inside)


def with_missing(metric: Metric, count: int) -> Metric:
    """The metric; it says how many scored items have no value, where there are any."""
    if not count:
        return metric
    words = f"{count} of {metric.n + count} scored items have no value and are left out"
    return metric.model_copy(update={"missing": count, "note": f"{metric.note}; {words}" if metric.note else words})


def with_definitions(metrics: Sequence[Metric], samples: Sequence[Sample]) -> list[Metric]:
    """The metrics as their definitions make them of the samples that are stored.

    These may differ from those that were measured: personal data was taken out of their texts, which corpus scores
    read. And a probe may hand a part of its samples to :func:`mean_metric` that is no slice, so that the part cannot be
    found again: then the definition is left out.
    """
    return [_as_defined(metric, samples) for metric in metrics]


def _as_defined(metric: Metric, samples: Sequence[Sample]) -> Metric:
    if metric.definition is None:
        return metric
    definition = read(metric.definition)
    elsewhere = definition.explained is not None or definition.tasks(metric.task) != (metric.task,)
    again = metric if elsewhere else recomputed(metric, samples, interval=False)
    if again == metric:
        return metric
    return metric.model_copy(update={"definition": None}) if definition.IS_MEAN else recomputed(metric, samples)


def sound(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics; one that cannot be right has no interval, or no value where that is what cannot be right.

    A task from elsewhere may give a share of 7; a bootstrap's interval need not hold the value.
    """
    return [_sound(metric) for metric in metrics]


def _sound(metric: Metric) -> Metric:
    metric = _within_unit(metric)
    fault = in_metric(metric)
    if fault is None:
        return metric
    bare: dict[str, object] = {"ci_low": None, "ci_high": None, "ci_method": None, "definition": None}
    point = metric.model_copy(update={**bare, "no_interval": fault})
    if in_metric(point) is None:
        return point
    return metric.model_copy(update={**bare, "value": None, "n": max(0, metric.n), "missing": 0, "error": fault})


def with_reasons(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics; one that has a value and no interval says why, where it does not yet.

    Counts of what was seen need no reason. Else the functions of :mod:`audit.stats.intervals` gave none, for the one
    reason that they know.
    """
    return [_with_reason(metric) for metric in metrics]


def _with_reason(metric: Metric) -> Metric:
    whole = metric.value is None or metric.ci_low is not None
    if whole or metric.unit == "count" or metric.no_interval:
        return metric
    return metric.model_copy(update={"no_interval": NO_SPREAD})


def _within_unit(metric: Metric) -> Metric:
    """The metric, its interval without what the unit cannot be."""
    if metric.ci_low is None or metric.ci_high is None:
        return metric
    ends = within(Interval(metric.ci_low, metric.ci_high, metric.ci_method or "", metric.confidence), metric.unit)
    return metric.model_copy(update={"ci_low": ends.low, "ci_high": ends.high})


def unscored_metric(suite: Suite, task: str, samples: Sequence[Sample]) -> Metric:
    """How many samples carry an error or have no finite score: ``task/unscored``, of ``n`` samples."""
    return measured(Unscored(), samples, metric=UNSCORED, unit="count", higher_is_better=False, about=(suite, task))


def not_computed(metrics: Sequence[Metric]) -> list[Metric]:
    """Metrics that something kept from having a value: a run with one of them is incomplete.

    Not those with nothing to measure: a category that was not drawn, no error to explain.
    """
    unscored = {metric.task for metric in metrics if metric.metric == UNSCORED and metric.value}
    return [metric for metric in metrics if metric.value is None and not _without_items(metric, unscored)]


def _without_items(metric: Metric, unscored: set[str]) -> bool:
    possible = metric.slice is not None or metric.suite == "explain"
    return possible and metric.n == 0 and metric.task not in unscored


def failed_metric(suite: Suite, task: str, metric: str, error: str, n: int = 0, primary: bool = False) -> Metric:
    """A metric that could not be computed: null with the reason, never 0 and never absent."""
    return Metric(
        name=f"{task}/{metric}", suite=suite, task=task, metric=metric, value=None, n=n, primary=primary, error=error
    )
