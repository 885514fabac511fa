"""Confidence intervals for means of per-item scores.

Which interval a mean gets is decided in one place, :func:`mean_interval`. Where the data say nothing
about the spread (no item, one item, all items equal on an open scale, one cluster) there is no
interval: the functions return None rather than one of width zero that would pass for certainty.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
"""Of a bootstrap. With 1,000 the ends of one interval moved by a third of its width between seeds."""
FEWEST = 5
"""Below this many items or clusters a bootstrap has too few different resamples; Student's t is used."""
SMALL_SAMPLE = 10
"""Below this many items statistics other than the mean get no interval."""
LARGE_SAMPLE = 5_000
"""Above this many items BCa's jackknife, quadratic in items, takes seconds for a vanishing correction."""
BATCH_VALUES = 2_000_000
"""Values that one batch of resamples may hold: 16 MB."""
MOST_DRAWN = 10_000_000
"""Items that all resamples of a studentised bootstrap may hold, down to 2,000 resamples: it takes about a second."""
UNBOUNDED = (-math.inf, math.inf)


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
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    expanded: bool = True,
) -> Interval | None:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987), by SciPy, seeded.

    Resamples of n items spread too little, by sqrt((n - 1) / n), and their quantiles are those of a normal
    distribution. ``expanded`` makes up for both: the tails are those that Student's quantile with n - 1 degrees of
    freedom, times sqrt(n / (n - 1)), has under the normal distribution (Hesterberg 2015, "What Teachers Should Know
    About the Bootstrap", The American Statistician 69, section 4.2).

    Args:
        values: One number per item, or one row of numbers per item (axis 0 = items); items are
            resampled with replacement.
        statistic: Maps an array of the same shape to one number.
        seed: Of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples.
        confidence: Nominal coverage.
        expanded: Whether the tails are expanded for few items.

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
    level = _expanded(confidence, len(rows)) if expanded else confidence
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        warnings.filterwarnings("ignore", "invalid value|divide by zero", RuntimeWarning)
        result = stats.bootstrap(
            (np.arange(len(rows)),),
            of_items,
            vectorized=vectorized,
            n_resamples=resamples,
            batch=max(1, BATCH_VALUES // len(rows)),
            confidence_level=level,
            method="percentile" if large else "BCa",
            rng=np.random.default_rng(seed),
        )
    low, high = result.confidence_interval.low, result.confidence_interval.high
    method = "percentile_bootstrap" if large else "bca_bootstrap"
    if not (np.isfinite(low) and np.isfinite(high)):
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(result.bootstrap_distribution, tails)
        method = "percentile_bootstrap"
    method = f"expanded_{method}" if expanded else method
    return Interval(float(low), float(high), method, confidence) if low < high else None


def _expanded(confidence: float, n: int) -> float:
    """The level whose normal quantile is Student's for n items, widened for the spread that resampling loses."""
    from scipy import stats  # noqa: PLC0415 - a second to import

    quantile = stats.t.ppf((1 + confidence) / 2, n - 1) * math.sqrt(n / (n - 1))
    return float(1 - 2 * stats.norm.sf(quantile))


def studentised_bootstrap(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    bounds: tuple[float, float] = UNBOUNDED,
) -> Interval | None:
    """Studentised (bootstrap-t) interval of a mean (Efron and Tibshirani 1993, section 12.5), seeded.

    The quantiles that Student's interval takes from the t distribution are taken from resamples of the data, so that
    the interval follows their skewness. Clusters are resampled whole, and the standard error is the clustered one
    (Cameron, Gelbach and Miller 2008, "Bootstrap-Based Improvements for Inference with Clustered Errors", section III);
    an item on its own is a cluster of one.

    Args:
        values: One number per item.
        clusters: The cluster of each item, parallel to ``values``; None when items are independent.
        seed: Of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples; fewer for more than 1,000 clusters (``MOST_DRAWN``).
        confidence: Nominal coverage.
        bounds: Lowest and highest possible value. Within two bounds no values spread more than those that lie on them:
            an end is never beyond Wilson's end for as many independent items.

    Returns:
        The interval; None with fewer than two clusters, when clusters do not vary, or when so many items are equal
        that resamples do not tell an end and there are no bounds.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = _finite(values)
    codes = np.arange(len(numbers)) if clusters is None else _cluster_codes(numbers, clusters)
    sizes = np.bincount(codes).astype(np.float64)
    if len(sizes) < 2:
        return None
    mean, error = float(numbers.mean()), clustered_standard_error(numbers, codes.tolist())
    if error <= 1e-12 * max(1.0, float(np.abs(numbers).max())):
        return None
    sums = np.bincount(codes, weights=numbers - mean).astype(np.float64)
    resamples = min(resamples, max(2_000, MOST_DRAWN // len(sums)))
    t = _studentised_means(sums, sizes, np.random.default_rng(seed), resamples)
    # Not interpolated: a resample without spread is infinitely far out.
    low, high = np.quantile(t, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    within = _widest(mean, sizes, bounds, confidence)
    ends = max(within[0], mean - high * error), min(within[1], mean - low * error)
    if not all(math.isfinite(end) for end in ends):
        return None
    method = "studentised_bootstrap" if clusters is None else "studentised_cluster_bootstrap"
    return Interval(float(ends[0]), float(ends[1]), method, confidence)


def _widest(
    mean: float, sizes: NDArray[np.float64], bounds: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Wilson's interval of the mean as a share of the way between two bounds; the bounds where one is infinite.

    The variance of values between 0 and 1 is at most mean · (1 - mean), that of a share. Clusters count as items:
    (sum of sizes)² / sum of squared sizes of them.
    """
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high)):
        return bounds
    share = min(1.0, max(0.0, (mean - low) / (high - low)))
    wide = _score_interval(share, float(sizes.sum() ** 2 / np.sum(sizes**2)), confidence, "wilson")
    return low + (high - low) * wide.low, low + (high - low) * wide.high


def _studentised_means(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], generator: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """(mean of a resample of clusters - mean of the data) / clustered standard error of the resample.

    Args:
        sums: Sum of each cluster's deviations from the mean of the data, shape (clusters,).
        sizes: Items of each cluster, shape (clusters,).
        generator: Draws the clusters.
        resamples: Number of resamples.

    Returns:
        Shape (resamples,); infinite where all drawn clusters are alike.
    """
    groups = len(sums)
    found = np.empty(resamples)
    batch = max(1, BATCH_VALUES // groups)
    tiny = 1e-12 * float(np.abs(sums).max())
    for start in range(0, resamples, batch):
        drawn = generator.integers(groups, size=(min(batch, resamples - start), groups))
        some, many = sums[drawn], sizes[drawn]
        means = some.sum(axis=1) / many.sum(axis=1)
        residuals = some - means[:, None] * many
        squares = groups / (groups - 1) * np.einsum("ij,ij->i", residuals, residuals)
        errors = np.sqrt(squares) / many.sum(axis=1)
        errors[np.sqrt(squares) <= tiny] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            found[start : start + len(drawn)] = means / errors
    return np.nan_to_num(found, nan=0.0, posinf=np.inf, neginf=-np.inf)


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
    values: ArrayLike,
    clusters: Sequence[Hashable],
    confidence: float = 0.95,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    share: bool = True,
    bounds: tuple[float, float] = UNBOUNDED,
) -> Interval | None:
    """Interval of a mean whose items come in clusters.

    Shares (all values 0 or 1, unless ``share`` is false) get Wilson's interval at the effective sample
    size n / design effect, with Student's quantile for G - 1 degrees of freedom (Korn and Graubard 1998;
    Franco et al. 2019): it stays inside 0 to 1 and has a width at 0 and 1, where the clusters count as
    the items. Other values get :func:`studentised_bootstrap`, or with fewer than ``FEWEST`` clusters
    mean ± t · clustered standard error, with G - 1 degrees of freedom.

    Args:
        values: One number per item.
        clusters: The cluster of each item, parallel to ``values``.
        confidence: Nominal coverage.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        share: Whether values that are all 0 or 1 are a share.
        bounds: Lowest and highest possible mean; the ends are clipped to them.

    Returns:
        The interval, ``wilson_clustered``, ``studentised_cluster_bootstrap`` or ``clustered_t``; None with fewer than
        two clusters, or when values on an open scale do not vary between clusters.

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
    if vanishing:
        return None
    if groups < FEWEST or groups > LARGE_SAMPLE:
        return _clipped(_t_interval(mean, error, groups - 1, confidence, "clustered_t"), bounds)
    return studentised_bootstrap(
        numbers, clusters, seed=seed, resamples=resamples, confidence=confidence, bounds=bounds
    )


def mean_interval(
    values: ArrayLike,
    *,
    clusters: Sequence[Hashable | None] | None = None,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    share: bool = True,
    bounds: tuple[float, float] = UNBOUNDED,
) -> Interval | None:
    """The interval that the mean of per-item scores gets.

    In this order: items that share a cluster get :func:`clustered_interval`; shares (all values 0 or 1)
    :func:`wilson`; fewer than ``FEWEST`` items, or more than ``LARGE_SAMPLE``, :func:`student_t`; all others
    :func:`studentised_bootstrap`. What each covers on few items is in ``docs/statistics.md``.

    Args:
        values: One number per item.
        clusters: The cluster of each item; None stands for an item on its own.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        confidence: Nominal coverage.
        share: Whether values that are all 0 or 1 are a share. False for scales that go beyond 0 and 1
            (ratings, squared errors, percentages), where ten times 0 or 1 is a coincidence.
        bounds: Lowest and highest possible mean; the ends are clipped to them.

    Returns:
        The interval, or None when there is none: no item, one item on an open scale, all items equal on
        an open scale, all items in one cluster, nearly all items equal without bounds.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = _finite(values)
    bootstrap: dict[str, Any] = {"seed": seed, "resamples": resamples, "confidence": confidence, "bounds": bounds}
    if clusters is not None:
        alone = count()
        named = [("alone", next(alone)) if cluster is None else ("cluster", cluster) for cluster in clusters]
        if len(set(named)) < len(named):
            return clustered_interval(numbers, named, share=share, **bootstrap)
    if share and len(numbers) and _is_share(numbers):
        return wilson(int(numbers.sum()), len(numbers), confidence)
    if _all_equal(numbers):
        return None
    if FEWEST <= len(numbers) <= LARGE_SAMPLE:
        return studentised_bootstrap(numbers, **bootstrap)
    return _clipped(student_t(numbers, confidence), bounds)


def _clipped(interval: Interval | None, bounds: tuple[float, float]) -> Interval | None:
    """An interval whose ends stay within the possible values."""
    if interval is None:
        return None
    return replace(interval, low=max(bounds[0], interval.low), high=min(bounds[1], interval.high))


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
