"""How each rater differs from the others: leaning to high or low points, or to one side, and changing over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_codes, cluster_freedom, clustered_standard_error
from audit.stats.interval import Interval, all_equal, student_t, t_interval, wilson
from audit.stats.intervals import clustered_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

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
    """Student's interval of the bias over items, or over clusters of them."""
    drift: float | None
    """By how much the difference grows from the rater's first item to the last, in points, by a straight line."""
    drift_interval: Interval | None
    """Interval of the drift; its standard errors are HC3 (MacKinnon and White 1985), or clustered."""


def rater_bias(
    rater: str,
    own: Sequence[float],
    others: Sequence[float],
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
) -> RaterBias:
    """Bias and drift of one rater.

    Args:
        rater: The rater.
        own: The rater's points, in the order in which they were given.
        others: Mean points that others gave to the same items.
        confidence: Nominal coverage.
        clusters: The cluster of each item, such as the prompt of several texts; None where each stands alone.

    Raises:
        ValueError: The lengths differ.
    """
    differences = np.array([mine - theirs for mine, theirs in zip(own, others, strict=True)], dtype=np.float64)
    n = len(differences)
    if n < LEAST:
        return RaterBias(rater, n, None, None, None, None)
    codes = None if clusters is None or len(set(clusters)) == n else cluster_codes(differences, clusters)
    drift, interval = _drift(differences, codes, confidence)
    return RaterBias(rater, n, float(differences.mean()), _of_mean(differences, codes, confidence), drift, interval)


def _of_mean(differences: NDArray[np.float64], codes: NDArray[np.int64] | None, confidence: float) -> Interval | None:
    """Student's interval of the mean; None in one cluster, and where the means of clusters do not vary."""
    if codes is None:
        return student_t(differences, confidence)
    error, mean = clustered_standard_error(differences, codes.tolist()), float(differences.mean())
    if codes.max() == 0 or error <= 1e-12 * max(1.0, float(np.abs(differences).max())):
        return None
    return t_interval(mean, error, cluster_freedom(codes), confidence, "clustered_t")


def _drift(
    differences: NDArray[np.float64], codes: NDArray[np.int64] | None, confidence: float
) -> tuple[float, Interval | None]:
    """Slope of the differences over their order, from the first to the last, and its interval."""
    import statsmodels.api as sm  # noqa: PLC0415 - two seconds to import

    time = np.linspace(0, 1, len(differences))
    model = sm.OLS(differences, sm.add_constant(time))
    fit, method = model.fit(cov_type="HC3", use_t=True), "ols_hc3_t"
    if all_equal(fit.resid) or (codes is not None and codes.max() + 1 < LEAST):
        return float(fit.params[1]), None
    if codes is not None:
        fit, method = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True), "ols_clustered_t"
    low, high = fit.conf_int(1 - confidence)[1]
    return float(fit.params[1]), Interval(float(low), float(high), method, confidence)


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
    """Wilson's interval of the share, at the effective number of items where they come in clusters."""


def side_bias(
    rater: str, sides: Sequence[str], confidence: float = 0.95, clusters: Sequence[Hashable] | None = None
) -> SideBias:
    """Share of a rater's preferences that are for side A.

    Args:
        rater: The rater.
        sides: ``a`` or ``b`` for each preference; anything else is a tie.
        confidence: Nominal coverage.
        clusters: The cluster of each item; None where each stands alone.
    """
    named = range(len(sides)) if clusters is None else clusters
    decided = [(side == "a", one) for side, one in zip(sides, named, strict=True) if side in {"a", "b"}]
    n, groups = len(decided), [one for _, one in decided]
    chosen = sum(is_a for is_a, _ in decided)
    if n < LEAST:
        return SideBias(rater, n, None, None)
    if len(set(groups)) == n:
        return SideBias(rater, n, chosen / n, wilson(chosen, n, confidence))
    values = [float(is_a) for is_a, _ in decided]
    return SideBias(rater, n, chosen / n, clustered_interval(values, groups, confidence))
