"""How each rater differs from the others: leaning to high or low points, or to one side, and changing over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.interval import Interval, all_equal, student_t, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 5
"""Ratings below which a rater gets no figures."""
AT_RANDOM = 0.5
"""Share of preferences for side A of a rater to whom sides do not matter: sides are drawn."""


@dataclass(frozen=True, slots=True)
class RaterBias:
    """How one rater's points differ from the mean of the others on the same items."""

    rater: str
    """The rater."""
    items: int
    """Items that others rated too."""
    bias: float | None
    """Mean difference, in points: above 0 the rater is milder. None with fewer than ``LEAST`` items."""
    interval: Interval | None
    """Student's interval of the bias over items."""
    drift: float | None
    """By how much the difference grows from the rater's first item to the last, in points, by a straight line."""
    drift_interval: Interval | None
    """Interval of the drift; its standard errors are HC3 (MacKinnon and White 1985)."""


def rater_bias(rater: str, own: Sequence[float], others: Sequence[float], confidence: float = 0.95) -> RaterBias:
    """Bias and drift of one rater.

    Args:
        rater: The rater.
        own: The rater's points, in the order in which they were given.
        others: Mean points that others gave to the same items.
        confidence: Nominal coverage.

    Raises:
        ValueError: The lengths differ.
    """
    differences = np.array([mine - theirs for mine, theirs in zip(own, others, strict=True)], dtype=np.float64)
    n = len(differences)
    if n < LEAST:
        return RaterBias(rater, n, None, None, None, None)
    drift, interval = _drift(differences.tolist(), confidence)
    return RaterBias(rater, n, float(differences.mean()), student_t(differences, confidence), drift, interval)


def _drift(differences: list[float], confidence: float) -> tuple[float, Interval | None]:
    """Slope of the differences over their order, from the first to the last, and its interval."""
    import statsmodels.api as sm  # noqa: PLC0415 - two seconds to import

    time = np.linspace(0, 1, len(differences))
    fit = sm.OLS(np.array(differences), sm.add_constant(time)).fit(cov_type="HC3", use_t=True)
    if all_equal(fit.resid):
        return float(fit.params[1]), None
    low, high = fit.conf_int(1 - confidence)[1]
    return float(fit.params[1]), Interval(float(low), float(high), "ols_hc3_t", confidence)


@dataclass(frozen=True, slots=True)
class SideBias:
    """Whether a rater prefers what stands on one side; sides are drawn, so that half of the preferences are for A."""

    rater: str
    """The rater."""
    preferences: int
    """Preferences for A or B; ties do not count."""
    share: float | None
    """Share of them for A; None with fewer than ``LEAST``."""
    interval: Interval | None
    """Wilson's interval of the share."""


def side_bias(rater: str, sides: Sequence[str], confidence: float = 0.95) -> SideBias:
    """Share of a rater's preferences that are for side A.

    Args:
        rater: The rater.
        sides: ``a`` or ``b`` for each preference; anything else is a tie.
        confidence: Nominal coverage.
    """
    decided = [side for side in sides if side in {"a", "b"}]
    chosen, n = decided.count("a"), len(decided)
    if n < LEAST:
        return SideBias(rater, n, None, None)
    return SideBias(rater, n, chosen / n, wilson(chosen, n, confidence))
