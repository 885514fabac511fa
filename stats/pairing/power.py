"""What a paired comparison can find: the smallest difference, and the number of items that a margin needs."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from audit.stats.pairing.tango import critical

POWER = 0.8
"""Probability with which a minimum detectable effect is found."""
NODES = 64
"""Number of points at which the distribution of a standard error is evaluated."""
LARGE_FREEDOM = 500
"""From so many degrees of freedom on, the uncertainty of a standard error does not matter."""


def detectable(error: float, change: float, confidence: float, freedom: float) -> float:
    """Smallest true difference whose interval excludes 0 with 80 % power in a repetition of the comparison.

    Bloom 1995, "Minimum Detectable Effects", Evaluation Review 19:547, with two additions. The standard error is an
    estimate in both comparisons: with few clusters, a difference that has 80 % power only if the estimate is exact
    would be too small. And a difference comes with changes: if items change as they did, only more often, the variance
    grows by the factor 1 + difference / ``change``.

    Args:
        error: Standard error of the difference.
        change: Mean absolute difference of an item; 0 if none changed.
        confidence: Nominal coverage of the interval.
        freedom: Degrees of freedom of the standard error.
    """
    reach = distance(confidence, freedom, freedom) * error
    growth = reach**2 / (2 * change) if change else 0.0
    return growth + math.hypot(growth, reach)


def needed(error: float, margin: float, units: int, confidence: float, freedom: float) -> int:
    """Number of independent units with which equal runs are shown to differ by less than a margin, with 80 % power.

    The lower end of the interval must clear the margin while the true difference is 0.

    Args:
        error: Standard error of the difference, from ``units`` units.
        margin: The margin, above 0, in the unit of the error.
        units: Number of units.
        confidence: Nominal coverage of the interval.
        freedom: Degrees of freedom of the standard error.
    """

    def enough(count: int) -> bool:
        later = math.inf if math.isinf(freedom) else count - 1
        return distance(confidence, freedom, later) * error * math.sqrt(units / count) <= margin

    high = 2
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@lru_cache(maxsize=4096)
def distance(confidence: float, freedom: float, later: float) -> float:
    """Difference with 80 % power, in standard errors as they were estimated.

    With s and s' as estimates of a standard error of 1 and z normal, all independent, it is the k for which
    P((z + k s) / s' > t) = 0.8, where t is Student's quantile: s² · ``freedom`` and s'² · ``later`` have chi-squared
    distributions. With infinite degrees of freedom it is 1.96 + 0.84.

    Args:
        confidence: Nominal coverage of the interval.
        freedom: Degrees of freedom of the known standard error.
        later: Degrees of freedom of the comparison whose power it is.
    """
    from scipy import optimize, special  # noqa: PLC0415 - half a second to import

    quantile = critical(confidence, later)
    if min(freedom, later) >= LARGE_FREEDOM:
        return quantile + float(special.ndtri(POWER))
    known, estimated = _errors(freedom), _errors(later)

    def shortfall(k: float) -> float:
        return float(special.ndtr(k * known[:, None] - quantile * estimated[None, :]).mean()) - POWER

    high = 2 * quantile
    while shortfall(high) < 0:
        high *= 2
    return float(optimize.brentq(shortfall, 0.0, high, xtol=1e-6))


def _errors(freedom: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Equally likely estimates of a standard error of 1."""
    from scipy import special  # noqa: PLC0415 - half a second to import

    if freedom >= LARGE_FREEDOM:
        return np.ones(1)
    middles = (np.arange(NODES) + 0.5) / NODES
    return np.asarray(np.sqrt(2 * special.gammaincinv(freedom / 2, middles) / freedom))
