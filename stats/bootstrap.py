"""Bootstrap intervals: studentised for means, BCa for any statistic."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.stats.clusters import cluster_codes, clustered_standard_error
from audit.stats.interval import UNBOUNDED, Interval, all_equal, critical, finite, score_interval, t_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    Statistics = Callable[[NDArray[np.intp]], NDArray[np.float64]]

RESAMPLES = 10_000
"""Default number of resamples. With 1,000, the ends of one interval moved by a third of its width between seeds."""
LARGE_SAMPLE = 5_000
"""Above this many items BCa's jackknife, quadratic in items, takes seconds for a negligible correction."""
CACHED_VALUES = 125_000
"""Maximum number of values in one batch of resamples: 1 MB, which stays in a core's cache and takes half the time."""
MOST_DRAWN = 10_000_000
"""Maximum number of items in all resamples of a studentised bootstrap (at least 2,000 resamples): about a second."""
STUDENTISED = "studentised_bootstrap", "studentised_cluster_bootstrap"
"""Methods of :func:`studentised_bootstrap`: of independent items, and of clusters."""


@np.errstate(divide="ignore", invalid="ignore")
def bca_bootstrap(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], Any] = np.mean,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
    expanded: bool = True,
    stacked: bool = False,
) -> Interval | None:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987), seeded.

    Resamples of n items spread too little, by sqrt((n - 1) / n), and their quantiles are those of a normal
    distribution. ``expanded`` makes up for both: the tails are those that Student's quantile with n - 1 degrees of
    freedom, times sqrt(n / (n - 1)), has under the normal distribution (Hesterberg 2015, "What Teachers Should Know
    About the Bootstrap", The American Statistician 69, section 4.2).

    Args:
        values: One number per item, or one row of numbers per item (axis 0 = items); items are
            resampled with replacement.
        statistic: Maps an array of the same shape to one number.
        seed: Seed of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples.
        confidence: Nominal coverage.
        expanded: Whether the tails are expanded for few items.
        stacked: Whether ``statistic`` instead maps many resamples, stacked along axis 0, to one number of each.

    Returns:
        The interval. Above ``LARGE_SAMPLE`` items, or where BCa does not exist (the jackknife does not
        vary, or no resample lies below or above the estimate), it is the percentile interval and its
        method says so. None with fewer than two items, or when the statistic is the same in all resamples.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    rows = finite(values)
    n = len(rows)
    if n < 2:
        return None
    of_items = _of_items(rows, statistic, stacked=stacked)
    large = n > LARGE_SAMPLE
    level = _expanded(confidence, n) if expanded else confidence
    generator = np.random.default_rng(seed)
    batch = max(1, CACHED_VALUES // n)
    sizes = (min(batch, resamples - start) for start in range(0, resamples, batch))
    draws = np.concatenate([of_items(generator.integers(0, n, (size, n))) for size in sizes])
    tails = np.array([(1 - level) / 2, 1 - (1 - level) / 2])
    accelerated = None if large else _bca_tails(draws, of_items, n, tails[0])
    method = "bca_bootstrap" if accelerated is not None else "percentile_bootstrap"
    low, high = np.quantile(draws, tails if accelerated is None else accelerated)
    method = f"expanded_{method}" if expanded else method
    return Interval(float(low), float(high), method, confidence) if low < high else None


def _bca_tails(draws: NDArray[np.float64], of_items: Statistics, n: int, tail: float) -> NDArray[np.float64] | None:
    """The tails of the resamples that BCa's interval ends at; None where it does not exist.

    Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, equations 14.10, 14.14 and 14.15; resamples equal to
    the estimate count half, as by SciPy's ``bootstrap``, which takes a second to import.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - a tenth of a second to import

    value = of_items(np.arange(n)[None])[0]
    left_out = np.concatenate([of_items(one) for one in _without_each(n)])
    deviations = left_out.mean() - left_out
    bias = ndtri((np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws)))
    acceleration = np.sum(deviations**3) / (6 * np.sum(deviations**2) ** 1.5)
    reached = bias + ndtri(np.array([tail, 1 - tail]))
    tails = ndtr(bias + reached / (1 - acceleration * reached))
    return tails if np.isfinite(tails).all() else None


def _without_each(n: int) -> Iterator[NDArray[np.intp]]:
    """The places of n items without each of them in turn, in batches of shape (places left out, n - 1)."""
    places = np.arange(n - 1)
    batch = max(1, CACHED_VALUES // n)
    for start in range(0, n, batch):
        left_out = np.arange(start, min(n, start + batch))[:, None]
        yield places + (places >= left_out)


def _expanded(confidence: float, n: int) -> float:
    """The level whose normal quantile is Student's for n items, widened for the spread that resampling loses."""
    from scipy.special import ndtr  # noqa: PLC0415 - a tenth of a second to import

    return float(1 - 2 * ndtr(-critical(confidence, n - 1) * math.sqrt(n / (n - 1))))


def cluster_bootstrap(
    statistic: Callable[[NDArray[np.float64]], float],
    value: float,
    groups: int,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Expanded BCa bootstrap of any statistic whose items come in clusters: clusters are drawn whole.

    Davison and Hinkley 1997, *Bootstrap Methods and their Application*, section 3.8, the first of its two strategies:
    items within a drawn cluster are not drawn again.

    Args:
        statistic: The statistic if cluster i counts ``weights[i]`` times (shape: clusters); NaN if it has no value.
        value: The statistic of the data; that of a resample without one.
        groups: Number of clusters.
        seed: Seed of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples.
        confidence: Nominal coverage.

    Returns:
        As :func:`bca_bootstrap`, of clusters instead of items.
    """

    def of_drawn(drawn: NDArray[np.float64]) -> float:
        found = statistic(np.bincount(drawn.astype(np.intp), minlength=groups).astype(np.float64))
        return value if math.isnan(found) else found

    found = bca_bootstrap(np.arange(groups), of_drawn, seed=seed, resamples=resamples, confidence=confidence)
    return found and replace(found, method=found.method.replace("_bootstrap", "_cluster_bootstrap"))


def jackknife_t(
    statistic: Callable[[NDArray[np.float64]], float], value: float, groups: int, confidence: float = 0.95
) -> Interval | None:
    """Value ± Student's quantile · jackknife standard error over clusters, with one degree of freedom less than those.

    Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, equation 11.5. For a mean of clusters of equal size,
    the standard error is the clustered one.

    Args:
        statistic: As in :func:`cluster_bootstrap`.
        value: The statistic of the data.
        groups: Number of clusters.
        confidence: Nominal coverage.

    Returns:
        The interval; None with fewer than two clusters, if the statistic has no value without one of them, or if it is
        the same without any of them.
    """
    found = np.array([statistic(1.0 - one) for one in np.eye(groups)])
    if groups < 2 or not np.isfinite(found).all() or all_equal(found):
        return None
    error = math.sqrt((groups - 1) / groups * float(np.sum((found - found.mean()) ** 2)))
    return t_interval(value, error, groups - 1, confidence, "cluster_jackknife_t")


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
        seed: Seed of the NumPy generator; equal input and seed give equal intervals.
        resamples: Bootstrap resamples; fewer for more than 1,000 clusters (``MOST_DRAWN``).
        confidence: Nominal coverage.
        bounds: Lowest and highest possible value. Within two bounds no values spread more than those that lie on them:
            an end is never beyond Wilson's end for as many independent items.

    Returns:
        The interval; None with fewer than two clusters, when clusters do not vary, or when so many items are equal
        that resamples give no end and there are no bounds.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = finite(values)
    codes = np.arange(len(numbers)) if clusters is None else cluster_codes(numbers, clusters)
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
    method = STUDENTISED[clusters is not None]
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
    wide = score_interval(share, float(sizes.sum() ** 2 / np.sum(sizes**2)), confidence, "wilson")
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
    batch = max(1, CACHED_VALUES // groups)
    alike = sizes.max() == 1.0  # no clusters: nothing to draw
    tiny = 1e-12 * float(np.abs(sums).max())
    for start in range(0, resamples, batch):
        drawn = generator.integers(groups, size=(min(batch, resamples - start), groups))
        some, many = sums[drawn], np.broadcast_to(1.0, drawn.shape) if alike else sizes[drawn]
        means = some.sum(axis=1) / many.sum(axis=1)
        residuals = some - means[:, None] * many
        squares = groups / (groups - 1) * np.einsum("ij,ij->i", residuals, residuals)
        errors = np.sqrt(squares) / many.sum(axis=1)
        errors[np.sqrt(squares) <= tiny] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            found[start : start + len(drawn)] = means / errors
    return np.nan_to_num(found, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _of_items(rows: NDArray[np.float64], statistic: Callable[..., Any], *, stacked: bool) -> Statistics:
    """The statistic as a function of items' places, shape (resamples, items of each)."""
    if statistic is np.mean and rows.ndim == 1:
        return lambda places: rows[places].mean(axis=-1)
    if stacked:
        return lambda places: statistic(rows[places])
    return lambda places: np.array([statistic(rows[drawn]) for drawn in places], dtype=np.float64)
