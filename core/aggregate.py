"""From samples to metrics: means with intervals, and the count of what could not be scored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.records import Metric, Sample, Suite
from audit.core.statistics import RESAMPLES, mean_interval
from audit.core.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARE_SCALES = {"share": 1.0, "percent": 100.0}
"""Factor that turns a share into the unit; with another factor or unit, values of 0 and 1 are no shares."""
NO_INTERVAL = "no interval"
"""Begins the reason in a note why a metric has none."""
UNSCORED = "unscored"
"""Name of the metric that every task emits beside its own."""
TRUNCATED_OUTPUT = "truncated_output"
"""Flag of a sample whose answer was cut by the bound of tokens."""
TRUNCATED_OUTPUTS = "truncated_outputs"
"""Name of the metric that counts them."""
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
) -> Metric:
    """Mean of one value per sample, with the interval of :func:`audit.core.statistics.mean_interval`.

    Items that share ``Sample.cluster`` give a clustered interval.

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
        mean_of_items=True,
        note=note,
    )
    if not scored:
        return empty.model_copy(update={"error": f"none of {len(samples)} items could be scored"})
    if broken:
        return empty.model_copy(update={"error": f"{broken} of {len(scored)} values are NaN or infinite"})
    numbers = [value for value, _ in scored]
    interval = mean_interval(
        numbers,
        clusters=[cluster for _, cluster in scored],
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        share=SHARE_SCALES.get(unit) == scale,
        bounds=(unit_of(unit).low / scale, unit_of(unit).high / scale),
    )
    update: dict[str, float | str] = {"value": scale * math.fsum(numbers) / len(numbers)}
    if interval:
        update |= {"ci_low": scale * interval.low, "ci_high": scale * interval.high, "ci_method": interval.method}
    return empty.model_copy(update=update)


def with_reasons(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics; the note of one that has a value and no interval says why, where it does not yet.

    Counts of what was seen need none. Else the functions of :mod:`audit.core.statistics` gave none, for the one reason
    that they know.
    """
    return [metric if _is_reasoned(metric) else _with_reason(metric) for metric in metrics]


def _is_reasoned(metric: Metric) -> bool:
    whole = metric.value is None or metric.ci_low is not None
    return whole or metric.unit == "count" or NO_INTERVAL in (metric.note or "")


def _with_reason(metric: Metric) -> Metric:
    told = f"{NO_INTERVAL}: too few items, all in one cluster, or all or nearly all of one value"
    return metric.model_copy(update={"note": f"{metric.note}; {told}" if metric.note else told})


def unscored_metric(suite: Suite, task: str, samples: Sequence[Sample]) -> Metric:
    """How many samples carry an error or have no finite score: ``task/unscored``, of ``n`` samples."""
    return Metric(
        name=f"{task}/{UNSCORED}",
        suite=suite,
        task=task,
        metric=UNSCORED,
        value=float(sum(not is_scored(sample) for sample in samples)),
        n=len(samples),
        higher_is_better=False,
        unit="count",
    )


def is_scored(sample: Sample) -> bool:
    """Whether a sample has a score to count on: finite, and no error."""
    return sample.error is None and sample.score is not None and math.isfinite(sample.score)


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
