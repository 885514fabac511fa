"""Agreement, bias and strengths as text: rounded by their interval, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.words import rounded_estimate
from audit.stats.agreement.raters import AT_RANDOM

if TYPE_CHECKING:
    from audit.stats.agreement.bradley_terry import Strength
    from audit.stats.agreement.estimate import Coefficient
    from audit.stats.agreement.trust import RankCorrelation
    from audit.stats.interval import Interval

NO_EFFECT = 0.0
"""Agreement as by chance, a rater like the others, runs that are preferred equally often."""


def with_interval(
    value: float | None, interval: Interval | None, unit: str = "score", reference: float = NO_EFFECT
) -> str:
    """``0.51 (0.42 to 0.60)``; the value alone where it has no interval, ``—`` where there is none.

    Args:
        value: The value.
        interval: Its interval.
        unit: A unit of :class:`audit.core.records.Metric`.
        reference: What the value is compared with; an end of the interval that differs never looks equal to it.
    """
    low, high = (interval.low, interval.high) if interval else (None, None)
    return rounded_estimate(value, low, high, unit, reference)


def coefficient_text(found: Coefficient | RankCorrelation) -> str:
    """The value with its interval, or why there is none."""
    return with_interval(found.value, found.interval) if found.value is not None else found.why_none


def side_text(share: float | None, interval: Interval | None) -> str:
    """A share of preferences for side A with its interval: ``62 % (45 to 77 %)``."""
    return with_interval(share, interval, "share", AT_RANDOM)


def strength_text(found: Strength) -> str:
    """A Bradley–Terry strength with its interval, or why there is none: alone it would look surer than it is."""
    return found.why_none or rounded_estimate(found.value, found.low, found.high, "score", NO_EFFECT)
