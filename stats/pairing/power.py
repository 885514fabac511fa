"""What a paired comparison can find: the smallest difference, and the number of items that a margin needs."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from audit.stats.interval import critical

POWER = 0.8
"""Probability with which a minimum detectable effect is found."""
NODES = 64
"""Number of points at which the distribution of a standard error is evaluated."""
LARGE_FREEDOM = 500
"""From so many degrees of freedom on, the uncertainty of a standard error does not matter."""


def detectable(error: float, growth: float, confidence: float, freedom: float, later: float | None = None) -> float:
    """Smallest true difference whose interval excludes 0 with 80 % power in a repetition of the comparison.

    Bloom 1995, "Minimum Detectable Effects", Evaluation Review 19:547, with two additions. The standard error is an
    estimate in both comparisons: with few clusters, a difference that has 80 % power only if the estimate is exact
    would be too small. And a difference comes with changed items: the squared standard error is ``error``² +
    ``growth`` · difference.

    Args:
        error: Standard error of the difference; 0 if no item changed.
        growth: By how much its square grows per unit of true difference.
        confidence: Nominal coverage of the interval.
        freedom: Degrees of freedom of the standard error.
        later: Those of the repetition; None: the same.
    """
    far = distance(confidence, freedom, freedom if later is None else later)
    half = far**2 * growth / 2
    return half + math.hypot(half, far * error)


def needed(error: float, growth: float, margin: float, units: int, confidence: float, freedom: float) -> int:
    """Number of independent units of which the minimum detectable effect is at most a margin.

    Args:
        error: Standard error of the difference, from ``units`` units.
        growth: By how much its square grows per unit of true difference; above 0 if the error is 0.
        margin: The margin, above 0, in the unit of the error.
        units: Number of units.
        confidence: Nominal coverage of the interval.
        freedom: Degrees of freedom of the standard error.
    """

    def enough(count: int) -> bool:
        part = units / count
        later = math.inf if math.isinf(freedom) else max(1.0, (freedom + 1) / part - 1)  # grows with the units
        return detectable(error * math.sqrt(part), growth * part, confidence, freedom, later) <= margin

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
