"""Metrics ready for reporting, and those that every task has: what could not be scored, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.contradictions import in_metric
from audit.core.records import Metric, Sample, Suite
from audit.core.words.counts import WITHOUT_SCORE
from audit.stats.definitions import Unscored, is_count, measured, read
from audit.stats.definitions.base import is_scored
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.means.mean import TRUNCATED_OUTPUT
from audit.stats.definitions.metric import NO_SPREAD
from audit.stats.interval import within
from audit.stats.intervals import Interval
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "IF_RIGHT",
    "IF_WRONG",
    "NOT_YET",
    "TRUNCATED_OUTPUT",
    "TRUNCATED_OUTPUTS",
    "UNSCORED",
    "failed_metric",
    "is_scored",
    "not_computed",
    "sound",
    "unscored_metric",
    "with_definitions",
    "with_reasons",
]

UNSCORED = "unscored"
"""Name of the metric that every task emits in addition to its own."""
TRUNCATED_OUTPUTS = "truncated_outputs"
"""Name of the metric that counts answers cut by the token limit."""
NOT_YET = "not measured yet"
"""Why a metric that a task declares has no value before the run."""
IF_WRONG, IF_RIGHT = "_if_cut_wrong", "_if_cut_right"
"""Suffixes of a metric's name: its value if every answer cut by the token limit counts as wrong, or as right."""


def with_definitions(metrics: Sequence[Metric], samples: Sequence[Sample]) -> list[Metric]:
    """The metrics, computed by their definitions from the samples as stored.

    These may differ from those that were measured: personal data was removed from their texts, which corpus scores
    read. NaN and infinite values are not stored: a metric that is null because of one stays null, without a definition.
    Metrics of explanations and of groups stay as they are: they are not computed from the samples of their task.
    """
    return [_as_defined(metric, samples) for metric in metrics]


def _as_defined(metric: Metric, samples: Sequence[Sample]) -> Metric:
    if metric.definition is None:
        return metric
    definition = read(metric.definition)
    elsewhere = metric.suite == "explain" or definition.tasks(metric.task) != (metric.task,)
    again = metric if elsewhere else recomputed(metric, samples, interval=False)
    if again == metric:
        return metric
    return metric.model_copy(update={"definition": None}) if metric.value is None else recomputed(metric, samples)


def sound(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics; an impossible interval is dropped, and an impossible value with it.

    A plug-in's task may return a share of 7, and a bootstrap interval need not contain the value.
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
    """The metrics; one with a value but no interval says why, if it does not yet.

    Counts need no reason. For other metrics the functions of :mod:`audit.stats.intervals` gave no interval, for the one
    reason that they know.
    """
    return [_with_reason(metric) for metric in metrics]


def _with_reason(metric: Metric) -> Metric:
    whole = metric.value is None or metric.ci_low is not None
    if whole or metric.no_interval or is_count(metric):
        return metric
    return metric.model_copy(update={"no_interval": NO_SPREAD})


def _within_unit(metric: Metric) -> Metric:
    """The metric, without the part of its interval that the unit rules out."""
    if metric.ci_low is None or metric.ci_high is None:
        return metric
    ends = within(Interval(metric.ci_low, metric.ci_high, "", metric.confidence), metric.unit)
    return metric.model_copy(update={"ci_low": ends.low, "ci_high": ends.high})


def unscored_metric(suite: Suite, task: str, samples: Sequence[Sample]) -> Metric:
    """How many samples carry an error or have no finite score: ``task/unscored``, of ``n`` samples."""
    return measured(
        Unscored(),
        samples,
        metric=UNSCORED,
        unit="count",
        higher_is_better=False,
        about=(suite, task),
        meaning=Meaning(WITHOUT_SCORE),
    )


def not_computed(metrics: Sequence[Metric]) -> list[Metric]:
    """Metrics that should have a value but have none: a run with one of them is incomplete.

    Metrics with nothing to measure do not count: a category that was not drawn, no error to explain.
    """
    unscored = {metric.task for metric in metrics if metric.metric == UNSCORED and metric.value}
    return [metric for metric in metrics if metric.value is None and not _without_items(metric, unscored)]


def _without_items(metric: Metric, unscored: set[str]) -> bool:
    possible = metric.slice is not None or metric.suite == "explain"
    return possible and metric.n + metric.missing == 0 and metric.task not in unscored


def failed_metric(suite: Suite, task: str, metric: str, error: str, n: int = 0, primary: bool = False) -> Metric:
    """A metric that could not be computed: null with the reason, never 0 and never absent."""
    return Metric(
        name=f"{task}/{metric}", suite=suite, task=task, metric=metric, value=None, n=n, primary=primary, error=error
    )
