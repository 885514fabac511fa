"""Answers cut by the token limit, shown with the metric that they leave uncertain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS
from audit.core.formatting import number
from audit.core.words import figures
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUT, TRUNCATED_OUTPUTS
from audit.stats.definitions import Mean, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from audit.core.records import Metric, Sample, Suite
    from audit.stats.definitions import Definition

UNBOUNDED = "scores.squared_error"
"""Field whose mean has no bounds, even if each value is 0 or 1."""


def cut_text(
    metric: Metric, metrics: Iterable[Metric], samples: Callable[[Suite, str], Sequence[Sample]] | None = None
) -> str:
    """How many answers were cut and the range of the metric that this allows; empty if none was.

    Args:
        metric: Over all items.
        metrics: All metrics of its run, or of its task.
        samples: Gives those of a task, so that answers are counted which the metric is about; None counts the task's.
    """
    about = (metric.suite, metric.task, None)
    mine = {other.metric: other for other in metrics if (other.suite, other.task, other.slice) == about}
    cut = mine.get(TRUNCATED_OUTPUTS)
    if cut is None or not cut.value:
        return ""
    known = _of_metric(metric, samples(metric.suite, metric.task)) if samples and metric.definition else None
    value, items = known or (cut.value, cut.n)
    if not value:
        return ""
    count = f"{number(value, 'count')} of {items:,} answers cut by the token limit"
    wrong, right = (mine.get(f"{metric.metric}{ending}") for ending in (IF_WRONG, IF_RIGHT))
    if wrong is None or right is None or wrong.value is None or right.value is None:
        return count
    low, high = figures(wrong).value, figures(right).value
    if metric.unit == "points":  # a difference: one side right and the other wrong
        return f"{count}: {low} to {high}, whatever they would have said"
    return f"{count}: {low} if all are wrong, {high} if all are right"


def _of_metric(metric: Metric, samples: Sequence[Sample]) -> tuple[int, int] | None:
    """How many of the answers that a metric is about were cut, and their number; None where nobody can say."""
    try:
        about = read(metric.definition or {}).select(samples, metric.slice)
    except RAISED_BY_OTHERS:  # of a plug-in that is not at hand, or breaks
        return None
    return sum(TRUNCATED_OUTPUT in sample.flags for sample in about), len(about)


def is_bound(metric: Metric) -> bool:
    """Whether a metric is what another one is if every cut answer is wrong, or right.

    Raises:
        TypeError: Its definition cannot be followed.
        ConfigError: Its definition is of a plug-in that is not at hand, or breaks.
    """
    return _if_cut(read(metric.definition) if metric.definition else None) is not None


def _if_cut(definition: Definition | None) -> float | None:
    return definition.if_cut if isinstance(definition, Mean) else None


def bound_faults(metrics: Iterable[Metric], samples: Sequence[Sample]) -> Iterator[str]:
    """Faults in the bounds of a benchmark's shares: each share needs both where the token limit cut answers.

    Args:
        metrics: All of a task.
        samples: All of the task.

    Raises:
        TypeError: A definition cannot be followed.
    """
    mine = {metric.metric: metric for metric in metrics if metric.suite == "evals" and metric.slice is None}
    if not any(TRUNCATED_OUTPUT in sample.flags for sample in samples):
        return
    definitions = {name: read(metric.definition) if metric.definition else None for name, metric in mine.items()}
    own = [name for name, definition in definitions.items() if _if_cut(definition) is None]
    bounds = {f"{name}{ending}" for name in own for ending in (IF_WRONG, IF_RIGHT)}
    for name, metric in mine.items():
        definition = definitions[name]
        if metric.value is None or not isinstance(definition, Mean):
            continue
        if definition.if_cut is None:
            values = {value for _, value in definition.values(definition.select(samples, None))}
            if values <= {0.0, 1.0} and definition.of != UNBOUNDED:
                yield from _faults_of(metric, definition, mine)
        elif name not in bounds:
            yield f"{metric.name} scores cut answers as {definition.if_cut:g}, which only the bounds of a metric may do"


def _faults_of(metric: Metric, definition: Mean, mine: Mapping[str, Metric]) -> Iterator[str]:
    """Faults in the two bounds of a share."""
    worst = 1.0 if metric.higher_is_better is False else 0.0
    for ending, end in ((IF_WRONG, worst), (IF_RIGHT, 1.0 - worst)):
        bound = mine.get(f"{metric.metric}{ending}")
        if bound is None:
            yield f"{metric.name} lacks its bound {metric.metric}{ending}, though the token limit cut answers"
        elif not bound.definition or read(bound.definition) != replace(definition, if_cut=end):
            yield f"{bound.name} is not defined as {metric.name} with cut answers scored as {end:g}"
