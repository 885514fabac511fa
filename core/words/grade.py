"""Where a value stands: what its interval shows against chance, the majority answer or the ideal."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from audit.core.units import P_VALUE

if TYPE_CHECKING:
    from audit.core.records import Metric

LEVEL = 0.05
"""A p-value up to this counts as evidence."""


class Grade(StrEnum):
    """What the interval of a metric shows."""

    GOOD = "good"
    """It lies on the good side of the chance level."""
    BAD = "bad"
    """It lies on the bad side of the chance level, or off the ideal."""
    OPEN = "open"
    """It holds the reference, or is too narrow to be believed: nothing is shown."""
    NONE = "none"
    """There is no value, no interval or no reference."""


def side(metric: Metric, reference: float) -> int:
    """1 where the whole interval lies above a reference, -1 where it lies below, 0 where it holds it.

    Args:
        metric: With an interval.
        reference: In its unit.
    """
    low, high = metric.ci_low, metric.ci_high
    if low is not None and low > reference:
        return 1
    return -1 if high is not None and high < reference else 0


def reference_of(metric: Metric) -> float | None:
    """What a metric is judged against first: its ideal, else the chance level, else the majority answer."""
    known = (metric.ideal, metric.chance, metric.majority)
    return next((one for one in known if one is not None), None)


def grade(metric: Metric, *, narrow: bool = False) -> Grade:
    """What the interval of a metric shows against its reference. Nothing is good or bad without one.

    A small p-value is evidence of harm; a large one is evidence of nothing.

    Args:
        metric: Any.
        narrow: Whether the run was looked at while it went on, so that its interval is too narrow.
    """
    if metric.unit == P_VALUE and metric.value is not None:
        return Grade.BAD if metric.value <= LEVEL and not narrow else Grade.OPEN
    reference = reference_of(metric)
    if metric.value is None or metric.ci_low is None or metric.ci_high is None or reference is None:
        return Grade.NONE
    where = side(metric, reference)
    if where == 0 or narrow:
        return Grade.OPEN
    if metric.higher_is_better is None or metric.ideal is not None:
        return Grade.BAD
    if where < 0 or not metric.higher_is_better:
        return Grade.GOOD if (where > 0) == metric.higher_is_better else Grade.BAD
    beaten = metric.majority is None or side(metric, metric.majority) > 0
    return Grade.GOOD if beaten else Grade.OPEN
