"""Standard errors of means whose items come in clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.stats.interval import finite

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray


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
    numbers = finite(values)
    codes = cluster_codes(numbers, clusters)
    groups = int(codes.max(initial=-1)) + 1
    if groups < 2:
        return float("nan")
    sums = np.bincount(codes, weights=numbers - numbers.mean())
    return float(np.sqrt(groups / (groups - 1) * np.sum(sums**2)) / len(numbers))


def cluster_freedom(codes: NDArray[np.int64]) -> float:
    """Degrees of freedom of a clustered standard error: G - 1 for G clusters of one size, fewer where sizes differ.

    Where a few clusters have most of the items, the error is estimated from hardly more than their sums.
    Satterthwaite's number for items that are independent and equally spread (Bell and McCaffrey 2002, "Bias reduction
    in standard errors for linear regression with multi-stage samples", Survey Methodology 28:169), which for a mean is

        1 / (Σ w² + (Σ a)² − Σ a²),   a = w² / (1 − w),

    with w as a cluster's share of the items. It lies between 1 and G - 1.

    Args:
        codes: Cluster of each item, as integers from 0; at least two clusters.
    """
    sizes = np.bincount(codes)
    return freedom_of_sizes(sizes[sizes > 0])


def freedom_of_sizes(sizes: ArrayLike, copies: float = 1.0) -> float:
    """The same by the numbers of items, also for so many times as many clusters of the same sizes.

    Args:
        sizes: Items of each cluster, more than 0; at least two clusters.
        copies: How often each size is there. Where sizes differ, less than 1 counts as 1: fewer clusters are others.
    """
    items = np.asarray(sizes, dtype=np.float64)
    if items.min() == items.max():  # exactly, whatever rounding does
        return float(len(items) * copies - 1)
    copies = max(1.0, copies)
    shares = items / items.sum() / copies
    added = shares**2 / (1 - shares)
    return float(1 / (copies * np.sum(shares**2) + (copies * np.sum(added)) ** 2 - copies * np.sum(added**2)))


def clustered_difference(
    values: NDArray[np.float64], codes: NDArray[np.int64], subset: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Standard error and degrees of freedom of the mean of a subset minus that of the other items.

    A cluster may have items on both sides. It is the bias-reduced error (CR2) of the slope of values on membership,
    with Satterthwaite's degrees of freedom (Bell and McCaffrey 2002, as in :func:`cluster_freedom`): the residuals of a
    cluster that has the share w of its side's items are divided by sqrt(1 − w), since the mean follows them.

    Args:
        values: One number per item.
        codes: Cluster of each item, as integers from 0.
        subset: Which items are in it: neither none nor all.

    Returns:
        Both; None where one cluster has all items of a side, whose spread between clusters nobody then knows.
    """
    sums = np.zeros(int(codes.max()) + 1)
    spread, products = np.zeros(len(sums)), np.zeros((len(sums), 0))
    for side, sign in ((subset, 1.0), (~subset, -1.0)):
        n = int(side.sum())
        share = np.bincount(codes[side], minlength=len(sums)) / n
        if share.max() == 1:
            return None
        grown = 1 / np.sqrt(1 - share)
        residuals = np.bincount(codes[side], weights=values[side] - values[side].mean(), minlength=len(sums))
        sums += sign * grown * residuals / n
        spread += share * grown**2 / n
        products = np.column_stack([products, share * grown / np.sqrt(n)])
    # The expected squares and products of the sums are diag(spread) - products products', for independent items.
    crossed = products.T @ products
    squares = np.sum(spread**2) - 2 * spread @ np.sum(products**2, axis=1) + np.sum(crossed**2)
    trace = np.sum(spread) - np.trace(crossed)
    return float(np.sqrt(np.sum(sums**2))), float(trace**2 / squares)


def cluster_codes(numbers: NDArray[np.float64], clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Clusters as integers from 0 in order of appearance."""
    if len(clusters) != len(numbers):
        msg = f"{len(numbers)} values but {len(clusters)} clusters"
        raise ValueError(msg)
    places = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    return np.fromiter(map(places.__getitem__, clusters), dtype=np.int64, count=len(clusters))
