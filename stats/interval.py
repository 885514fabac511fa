"""A confidence interval, and the closed-form ones: Wilson's for a share, Student's for a mean."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from audit.core.units import unit_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

UNBOUNDED = (-math.inf, math.inf)
"""Bounds of an unbounded scale."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval, in the unit of the values."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    method: str
    """How it was computed: ``wilson``, ``studentised_bootstrap``, ``expanded_bca_bootstrap``, ``student_t``, …"""
    confidence: float
    """Nominal coverage, e.g. 0.95."""


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson 1927).

    Has a width at 0 of n and n of n, where the textbook interval has none.

    Raises:
        ValueError: ``n`` is 0, or ``successes`` is not between 0 and ``n``.
    """
    if not 0 <= successes <= n or n < 1:
        msg = f"a share needs 0 <= successes <= n and n >= 1, got {successes} of {n}"
        raise ValueError(msg)
    return score_interval(successes / n, n, confidence, "wilson")


def student_t(values: ArrayLike, confidence: float = 0.95) -> Interval | None:
    """Student's interval of the mean of independent items; None with fewer than two or all equal."""
    numbers = finite(values)
    if all_equal(numbers):  # as a single one is
        return None
    error = float(np.std(numbers, ddof=1) / np.sqrt(len(numbers)))
    return t_interval(numbers.mean(), error, len(numbers) - 1, confidence, "student_t")


def score_interval(share: float, n: float, confidence: float, method: str) -> Interval:
    """Wilson's interval of a share of ``n`` items; ``n`` need not be whole.

    The formula of statsmodels' ``proportion_confint``, which takes two seconds to import: each gate would wait for it.
    """
    quantile = NormalDist().inv_cdf((1 + confidence) / 2)
    shrunk = 1 + quantile**2 / n
    middle = (share + quantile**2 / (2 * n)) / shrunk
    reach = quantile * math.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2)) / shrunk
    # Rounding leaves 1e-17 where the formula gives exactly 0 or 1.
    return Interval(0.0 if share == 0 else middle - reach, 1.0 if share == 1 else middle + reach, method, confidence)


def t_interval(mean: float, error: float, freedom: float, confidence: float, method: str) -> Interval:
    """Mean ± Student's quantile · standard error."""
    reach = critical(confidence, freedom) * error
    return Interval(float(mean) - reach, float(mean) + reach, method, confidence)


def critical(confidence: float, freedom: float) -> float:
    """Two-sided quantile of Student's t; of the normal distribution for infinite degrees of freedom."""
    from scipy import special  # noqa: PLC0415 - a tenth of a second to import

    tail = (1 + confidence) / 2
    return float(special.ndtri(tail) if math.isinf(freedom) else special.stdtrit(freedom, tail))


def clipped(interval: Interval | None, bounds: tuple[float, float]) -> Interval | None:
    """An interval clipped to the possible values."""
    if interval is None:
        return None
    return replace(interval, low=max(bounds[0], interval.low), high=min(bounds[1], interval.high))


def outer(interval: Interval, other: Interval) -> Interval:
    """An interval with the outer ends of two, and the method of the first."""
    return replace(interval, low=min(interval.low, other.low), high=max(interval.high, other.high))


def finite(values: ArrayLike) -> NDArray[np.float64]:
    """The values as numbers.

    Raises:
        ValueError: One is NaN or infinite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        msg = f"{int((~np.isfinite(numbers)).sum())} of {numbers.size} values are NaN or infinite"
        raise ValueError(msg)
    return numbers


def is_share(numbers: NDArray[np.float64]) -> bool:
    """Whether all values are 0 or 1."""
    return bool(np.isin(numbers, (0.0, 1.0)).all())


def all_equal(numbers: NDArray[np.float64]) -> bool:
    """Whether the values are equal up to rounding."""
    return len(numbers) == 0 or bool(np.ptp(numbers) <= 1e-12 * max(1.0, float(np.abs(numbers).max())))


def within(interval: Interval, unit: str) -> Interval:
    """The interval without impossible values: Student's, used for few items, can exceed the unit's range."""
    domain = unit_of(unit)
    low, high = max(domain.low, interval.low), min(domain.high, interval.high)
    return Interval(low, high, interval.method, interval.confidence)
