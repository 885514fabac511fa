"""Confidence intervals for means of per-item scores.

Which interval a mean gets is decided in one place, :func:`mean_interval`. Where the data say nothing
about the spread (no item, one item, all items equal on an open scale, one cluster) there is no
interval: the functions return None rather than one of width zero that would pass for certainty.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray

SMALL_SAMPLE = 10
"""Below this many items the bootstrap's intervals are much too short: BCa covers 5 normal values below 88 %."""
LARGE_SAMPLE = 5_000
"""Above this many items BCa's jackknife, quadratic in items, takes seconds for a vanishing correction."""
BATCH_VALUES = 2_000_000
"""Values that one batch of resamples may hold: 16 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval, in the unit of the values."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    method: str
    """How it was computed: ``wilson``, ``bca_bootstrap``, ``percentile_bootstrap``, ``student_t``, …"""
    confidence: float
    """Nominal coverage, e.g. 0.95."""


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson 1927), by statsmodels.

    Has a width at 0 of n and n of n, where the textbook interval has none.

    Raises:
        ValueError: ``n`` is 0, or ``successes`` is not between 0 and ``n``.
    """
    if not 0 <= successes <= n or n < 1:
        msg = f"a share needs 0 <= successes <= n and n >= 1, got {successes} of {n}"
        raise ValueError(msg)
    return _score_interval(successes / n, n, confidence, "wilson")


def bca_bootstrap(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] = np.mean,
    *,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Interval | None:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987), by SciPy, seeded.

    Args:
        values: One number per item, or one row of numbers per item (axis 0 = items); items are
            resampled with replacement.
        statistic: Maps an array of the same shape to one number.
        seed: Of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples.
        confidence: Nominal coverage.

    Returns:
        The interval. Above ``LARGE_SAMPLE`` items, or where BCa does not exist (the jackknife does not
        vary, or no resample lies below or above the estimate), it is the percentile interval and its
        method says so. None with fewer than two items, or when the statistic is the same in all resamples.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    from scipy import stats  # noqa: PLC0415 - a second to import

    rows = _finite(values)
    if len(rows) < 2:
        return None
    of_items, vectorized = _resampled_statistic(rows, statistic)
    large = len(rows) > LARGE_SAMPLE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        warnings.filterwarnings("ignore", "invalid value|divide by zero", RuntimeWarning)
        result = stats.bootstrap(
            (np.arange(len(rows)),),
            of_items,
            vectorized=vectorized,
            n_resamples=resamples,
            batch=max(1, BATCH_VALUES // len(rows)),
            confidence_level=confidence,
            method="percentile" if large else "BCa",
            rng=np.random.default_rng(seed),
        )
    low, high = result.confidence_interval.low, result.confidence_interval.high
    method = "percentile_bootstrap" if large else "bca_bootstrap"
    if not (np.isfinite(low) and np.isfinite(high)):
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        low, high = np.quantile(result.bootstrap_distribution, tails)
        method = "percentile_bootstrap"
    return Interval(float(low), float(high), method, confidence) if low < high else None


def student_t(values: ArrayLike, confidence: float = 0.95) -> Interval | None:
    """Student's interval of the mean of independent items; None with fewer than two or all equal."""
    from scipy import stats  # noqa: PLC0415 - a second to import

    numbers = _finite(values)
    if len(numbers) < 2 or _all_equal(numbers):
        return None
    return _t_interval(numbers.mean(), float(stats.sem(numbers)), len(numbers) - 1, confidence, "student_t")


def clustered_standard_error(values: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """Standard error of the mean when items of one cluster are not independent.

    The formula of Miller 2024, "Adding Error Bars to Evals" (arXiv:2411.00640), which is the square root
    of the sum over clusters of (sum of the cluster's residuals)², divided by n, times the small-sample
    factor sqrt(G / (G - 1)) for G clusters. It equals ``OLS(values, 1).fit(cov_type="cluster")`` of statsmodels
    (CR1), and the ordinary standard error when every item is its own cluster.

    Args:
        values: One number per item.
        clusters: The cluster of each item, parallel to ``values``.

    Returns:
        The standard error in the unit of the values; NaN with fewer than two clusters.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = _finite(values)
    codes = _cluster_codes(numbers, clusters)
    groups = int(codes.max(initial=-1)) + 1
    if groups < 2:
        return float("nan")
    sums = np.bincount(codes, weights=numbers - numbers.mean(), minlength=groups)
    return float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(numbers))


def clustered_interval(
    values: ArrayLike, clusters: Sequence[Hashable], confidence: float = 0.95, *, share: bool = True
) -> Interval | None:
    """Interval of a mean whose items come in clusters.

    Shares (all values 0 or 1, unless ``share`` is false) get Wilson's interval at the effective sample
    size n / design effect, with Student's quantile for G - 1 degrees of freedom (Korn and Graubard 1998;
    Franco et al. 2019): it stays inside 0 to 1 and has a width at 0 and 1, where the clusters count as
    the items. Other values get mean ± t · clustered standard error, again with G - 1 degrees of freedom.

    Returns:
        The interval, ``wilson_clustered`` or ``clustered_t``; None with fewer than two clusters, or
        when values on an open scale do not vary between clusters.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = _finite(values)
    groups = int(_cluster_codes(numbers, clusters).max(initial=-1)) + 1
    if groups < 2:
        return None
    error, mean = clustered_standard_error(numbers, clusters), float(numbers.mean())
    vanishing = error <= 1e-12 * max(1.0, float(np.abs(numbers).max()))
    if share and _is_share(numbers):
        from scipy import stats  # noqa: PLC0415 - a second to import

        independent = groups if vanishing else min(len(numbers), mean * (1 - mean) / error**2)
        normal, student = stats.norm.ppf((1 + confidence) / 2), stats.t.ppf((1 + confidence) / 2, groups - 1)
        return _score_interval(mean, independent * (normal / student) ** 2, confidence, "wilson_clustered")
    return None if vanishing else _t_interval(mean, error, groups - 1, confidence, "clustered_t")


def mean_interval(
    values: ArrayLike,
    *,
    clusters: Sequence[Hashable | None] | None = None,
    seed: int,
    resamples: int = 1000,
    confidence: float = 0.95,
    share: bool = True,
) -> Interval | None:
    """The interval that the mean of per-item scores gets.

    In this order: items that share a cluster get :func:`clustered_interval`; shares (all values 0 or 1)
    :func:`wilson`; fewer than ``SMALL_SAMPLE`` items :func:`student_t`; all others :func:`bca_bootstrap`.

    Args:
        values: One number per item.
        clusters: The cluster of each item; None stands for an item on its own.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        confidence: Nominal coverage.
        share: Whether values that are all 0 or 1 are a share. False for scales that go beyond 0 and 1
            (ratings, squared errors, percentages), where ten times 0 or 1 is a coincidence.

    Returns:
        The interval, or None when there is none: no item, one item on an open scale, all items equal on
        an open scale, all items in one cluster.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = _finite(values)
    if clusters is not None:
        alone = count()
        named = [("alone", next(alone)) if cluster is None else ("cluster", cluster) for cluster in clusters]
        if len(set(named)) < len(named):
            return clustered_interval(numbers, named, confidence, share=share)
    if share and len(numbers) and _is_share(numbers):
        return wilson(int(numbers.sum()), len(numbers), confidence)
    if _all_equal(numbers):
        return None
    if len(numbers) < SMALL_SAMPLE:
        return student_t(numbers, confidence)
    return bca_bootstrap(numbers, seed=seed, resamples=resamples, confidence=confidence)


def _resampled_statistic(
    rows: NDArray[np.float64], statistic: Callable[[NDArray[np.float64]], float]
) -> tuple[Callable[..., Any], bool]:
    """The statistic as a function of item indices, and whether it takes many resamples at once."""
    if statistic is np.mean and rows.ndim == 1:
        return lambda index, axis: rows[index].mean(axis=axis), True
    return lambda index: statistic(rows[index]), False


def _score_interval(share: float, n: float, confidence: float, method: str) -> Interval:
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415 - two seconds to import

    low, high = proportion_confint(share * n, n, alpha=1 - confidence, method="wilson")
    # Rounding leaves 1e-17 where the formula gives exactly 0 or 1.
    return Interval(0.0 if share == 0 else float(low), 1.0 if share == 1 else float(high), method, confidence)


def _t_interval(mean: float, error: float, freedom: int, confidence: float, method: str) -> Interval:
    from scipy import stats  # noqa: PLC0415 - a second to import

    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return Interval(float(mean) - reach, float(mean) + reach, method, confidence)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        msg = f"{int((~np.isfinite(numbers)).sum())} of {numbers.size} values are NaN or infinite"
        raise ValueError(msg)
    return numbers


def _cluster_codes(numbers: NDArray[np.float64], clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Clusters as integers from 0 in order of appearance."""
    if len(clusters) != len(numbers):
        msg = f"{len(numbers)} values but {len(clusters)} clusters"
        raise ValueError(msg)
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(cluster, len(known)) for cluster in clusters], dtype=np.int64)


def _is_share(numbers: NDArray[np.float64]) -> bool:
    return bool(np.isin(numbers, (0.0, 1.0)).all())


def _all_equal(numbers: NDArray[np.float64]) -> bool:
    return len(numbers) == 0 or bool(np.ptp(numbers) <= 1e-12 * max(1.0, float(np.abs(numbers).max())))
