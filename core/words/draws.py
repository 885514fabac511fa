"""Several answers to each item, in words: how many, and what only they show, next to the metric of their mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.words.figures import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audit.core.records import Metric

PASS = re.compile(r"pass_at_([0-9]+)")
MAJORITY = "majority_vote"
SPREAD = "_spread"


def draw_count(metric: Metric) -> int:
    """How many answers each item of a metric got; 0 for one."""
    count = metric.settings.get("samples_per_item")
    return count if isinstance(count, int) and count > 1 else 0


def draws(metric: Metric, metrics: Iterable[Metric]) -> str:
    """How many answers each item got, and what they show together; empty for a metric of one answer to each item.

    ``4 answers to each item: pass@2 31 % (24 to 39 %), pass@4 42 % (33 to 52 %), majority vote 30 % (22 to 39 %),
    spread from draw to draw 1.2 %``.

    Args:
        metric: A primary one over all items.
        metrics: All metrics of its run, or of its task.
    """
    count = draw_count(metric)
    if not count:
        return ""
    about = (metric.suite, metric.task, None)
    mine = [other for other in metrics if (other.suite, other.task, other.slice) == about and other.value is not None]
    said = ", ".join(_parts(metric, mine))
    return f"{count:,} answers to each item{f': {said}' if said else ''}"


def _parts(metric: Metric, mine: Iterable[Metric]) -> Iterator[str]:
    """What is known of an item's answers together; one answer alone is the metric itself."""
    for other in mine:
        passed = PASS.fullmatch(other.metric)
        if passed and passed[1] != "1":
            yield f"pass@{passed[1]} {figures(other).estimate}"
        elif other.metric == MAJORITY:
            yield f"majority vote {figures(other).estimate}"
        elif other.metric == f"{metric.metric}{SPREAD}":
            yield f"spread from draw to draw {figures(other).value}"
