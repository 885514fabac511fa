"""Verdicts on shares of independent items, checked by the exact binomial test.

Wilson's interval errs more often than its coverage says where few items are expected on one side of the limit: of 100
items with a true share of exactly 1 %, three or more are found in 7.9 % of all runs, and its lower end then lies above
1 % (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion", Statistical Science 16:2, section
4.1.1). A verdict therefore also needs a tail of the binomial distribution of at most 1 - coverage, which bounds the
error for every share and number of items.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.units import unit_of

if TYPE_CHECKING:
    from audit.core.records import Metric, Verdict

METHOD = "wilson"
"""Value of ``ci_method`` of the interval of a share of independent items."""
MOST = 1e12
"""Items beyond which none are looked for."""
STEPS = 60
"""Of the bisection."""


def p_value(metric: Metric, minimum: float | None, maximum: float | None, verdict: Verdict) -> float | None:
    """Greatest chance of so extreme a count if the verdict were wrong.

    Args:
        metric: A metric.
        minimum: Lowest value allowed.
        maximum: Highest value allowed.
        verdict: ``PASS``: the share lies in the range; ``FAIL``: it does not.

    Returns:
        The tail of the binomial distribution at the limit; None of a metric that is no share of independent items, or
        where no limit can be missed.
    """
    scale = _scale(metric)
    if scale is None or metric.value is None or verdict == "INCONCLUSIVE":
        return None
    share, n = metric.value / scale, metric.n
    exceeded, missed = (minimum, maximum) if verdict == "PASS" else (maximum, minimum)
    tails = [
        _tail(share, n, limit / scale, above=above)
        for limit, above in ((exceeded, True), (missed, False))
        if limit is not None and 0 < limit < scale
    ]
    if not tails:
        return None
    return max(tails) if verdict == "PASS" else min(tails)


def items_needed(metric: Metric, minimum: float | None, maximum: float | None) -> float:
    """Items at which the test decides if the share stays; 0 of a metric that is no share of independent items."""
    scale = _scale(metric)
    if scale is None or metric.value is None:
        return 0.0
    share = metric.value / scale
    limits = [one / scale for one in (minimum, maximum) if one is not None and 0 < one < scale]
    return max((_items(share, limit, 1 - metric.confidence) for limit in limits if limit != share), default=0.0)


def _scale(metric: Metric) -> float | None:
    """What 1 is in the unit of a share of independent items; None of another metric, or of one without an interval."""
    unit = unit_of(metric.unit)
    is_share = metric.ci_method == METHOD and metric.ci_low is not None
    return unit.high if is_share and unit.low == 0 and math.isfinite(unit.high) else None


def _items(share: float, limit: float, error: float) -> float:
    """The smallest number of items, by doubling and bisection: the tail falls with them."""
    high = 1.0
    while high < MOST and _tail(share, high, limit, above=share > limit) > error:
        high *= 2
    low = high / 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(share, middle, limit, above=share > limit) > error else (low, middle)
    return high


def _tail(share: float, n: float, limit: float, *, above: bool) -> float:
    """Chance of a count at least as large, or as small, of n items with the limit as their true share.

    By the regularised incomplete beta function, which is that of the binomial distribution at whole counts.
    """
    from scipy.special import betainc  # noqa: PLC0415 - a second to import

    count = share * n
    if above:
        return float(betainc(count, n - count + 1, limit)) if count > 0 else 1.0
    return float(betainc(n - count, count + 1, 1 - limit)) if count < n else 1.0
