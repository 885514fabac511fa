"""Metrics that something kept from having a value, those of one metric's slices together.

One broken scorer costs a metric on each of its slices: a list of them all would hide what else is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import counted, metric_label
from audit.core.text import printable
from audit.stats.aggregate import not_computed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric

NO_REASON = "no reason given"
EMPTY = "no items are in them"
"""Why several slices have no value."""


@dataclass(frozen=True, slots=True)
class LostMetric:
    """A metric without a value, on all items, on slices or on both, for one reason."""

    label: str
    """What to call it: ``boolq/f1``, ``boolq/f1 [topic=law]`` or ``boolq/f1 on all items and 12 slices``."""
    why: str
    """The reason."""
    count: int
    """How many of the run's metrics these are."""


def lost_metrics(metrics: Sequence[Metric]) -> list[LostMetric]:
    """What should have a value and has none, in the order in which it comes first.

    Args:
        metrics: All of a run: which slices count depends on the others (:func:`~audit.stats.aggregate.not_computed`).
    """
    groups: dict[tuple[str, str], list[Metric]] = {}
    for metric in not_computed(metrics):
        groups.setdefault((metric.name, _kind(metric)), []).append(metric)
    return [
        LostMetric(_called(found), found[0].error or NO_REASON if len(found) == 1 else why, len(found))
        for (_, why), found in groups.items()
    ]


def _kind(metric: Metric) -> str:
    """The reason, without the slice where it only says that the slice is empty."""
    why = metric.error or NO_REASON
    return EMPTY if metric.slice is not None and why.startswith("no items have ") else why


def _called(found: Sequence[Metric]) -> str:
    """A name for metrics of one name; the slice is named where there is one alone."""
    if len(found) == 1:
        return metric_label(found[0])
    on_slices = sum(one.slice is not None for one in found)
    whole = "all items and " if on_slices < len(found) else ""
    return f"{printable(found[0].name, limit=80)} on {whole}{counted(on_slices, 'slice')}"
