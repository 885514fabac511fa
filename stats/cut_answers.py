"""Answers that the limit of tokens cut, next to the metric that they leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import number
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.core.records import Metric


def cut_text(metric: Metric, metrics: Iterable[Metric]) -> str:
    """How many answers were cut and between which values the metric lies for that; empty where none was.

    Args:
        metric: Over all items.
        metrics: All metrics of its run, or of its task.
    """
    about = (metric.suite, metric.task, None)
    mine = {other.metric: other for other in metrics if (other.suite, other.task, other.slice) == about}
    cut = mine.get(TRUNCATED_OUTPUTS)
    if cut is None or not cut.value:
        return ""
    told = f"{number(cut.value, 'count')} of {cut.n:,} answers cut by the token limit"
    wrong, right = (mine.get(f"{metric.metric}{ending}") for ending in (IF_WRONG, IF_RIGHT))
    if wrong is None or right is None or wrong.value is None or right.value is None:
        return told
    low, high = number(wrong.value, metric.unit), number(right.value, metric.unit)
    return f"{told}: {low} if all are wrong, {high} if all are right"
