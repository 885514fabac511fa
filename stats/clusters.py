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


def cluster_codes(numbers: NDArray[np.float64], clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Clusters as integers from 0 in order of appearance."""
    if len(clusters) != len(numbers):
        msg = f"{len(numbers)} values but {len(clusters)} clusters"
        raise ValueError(msg)
    places = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    return np.fromiter(map(places.__getitem__, clusters), dtype=np.int64, count=len(clusters))
