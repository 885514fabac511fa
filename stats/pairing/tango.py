"""Tango's score interval for the difference of two proportions of the same items.

Tango 1998, "Equivalence Test and Confidence Interval for the Difference in Proportions for the Paired-Sample Design",
Statistics in Medicine 17:891-908.
"""

from __future__ import annotations

import math

from audit.stats.interval import Interval, critical

NUDGE = 1e-12
"""How far below the estimate the search for the lower end begins."""


def tango(
    better: float, worse: float, n: float, confidence: float = 0.95, *, freedom: float = math.inf, method: str = "tango"
) -> Interval:
    """Interval of (better - worse) / n: all differences that the score test does not reject.

    It has a width when no item changed. Counts need not be whole: with effective numbers of items it is the interval of
    a clustered sample; with sums of changes, as parts of the largest possible one, it is that of bounded values, whose
    variance is largest when all of them lie on the bounds.

    Args:
        better: Items that only the candidate has right.
        worse: Items that only the baseline has right.
        n: All items.
        confidence: Nominal coverage.
        freedom: Degrees of freedom of Student's quantile; infinite: the normal quantile.
        method: Name of the method in the result.

    Raises:
        ValueError: Counts are negative, or more items changed than there are.
    """
    if min(better, worse) < 0 or n <= 0 or better + worse > n * (1 + 1e-9):
        msg = f"{better:g} better and {worse:g} worse of {n:g} items are no paired counts"
        raise ValueError(msg)
    quantile = critical(confidence, freedom)
    low, high = _lower(better, worse, n, quantile), -_lower(worse, better, n, quantile)
    return Interval(low, high, method, confidence)


def items_that_reject(difference: float, better: float, worse: float, n: float, confidence: float = 0.95) -> float:
    """Items at which the interval ends at a difference, if the counts grow in proportion to them.

    The score statistic grows with the square root of the items.

    Args:
        difference: The end.
        better: Items that only the candidate has right.
        worse: Items that only the baseline has right.
        n: All items.
        confidence: Nominal coverage.

    Returns:
        The number; infinite where the difference is the estimate.
    """
    distance = abs(better - worse - n * difference)
    if not distance:
        return math.inf
    return n * (critical(confidence, math.inf) * _spread(better, worse, n, difference) / distance) ** 2


def _lower(better: float, worse: float, n: float, quantile: float) -> float:
    """The lower end: where the score statistic equals the quantile; it falls from -1 to the estimate."""
    from scipy import optimize  # noqa: PLC0415 - half a second to import

    def above(difference: float) -> float:
        return better - worse - n * difference - quantile * _spread(better, worse, n, difference)

    nearly = (better - worse) / n - NUDGE  # without a changed item, the statistic is 0 / 0 at the estimate itself
    if nearly <= -1.0 or above(-1.0) <= 0 or above(nearly) >= 0:  # the last by rounding, where nearly all became worse
        return -1.0
    return float(optimize.brentq(above, -1.0, nearly, xtol=1e-13))


def _spread(better: float, worse: float, n: float, difference: float) -> float:
    """Standard deviation of better - worse if the true difference is this one (Tango 1998, equation 8).

    The share that became worse is estimated by maximum likelihood under the given difference.
    """
    linear = (2 * n - better + worse) * difference - better - worse
    root = math.sqrt(max(0.0, linear**2 + 8 * n * worse * difference * (1 - difference)))
    share = (root - linear) / (4 * n)
    return math.sqrt(max(0.0, n * (2 * share + difference * (1 - difference))))
