"""Confidence intervals for means of per-item scores.

Which interval a mean gets is decided in one place, :func:`mean_interval`. If the data do not show the spread (no item,
one item, all items equal on an open scale, one cluster) there is no interval: the functions return None instead of an
interval of width zero that would look like certainty.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.stats.bootstrap import LARGE_SAMPLE, RESAMPLES, bca_bootstrap, studentised_bootstrap
from audit.stats.clusters import cluster_codes, cluster_freedom, clustered_standard_error
from audit.stats.interval import (
    UNBOUNDED,
    Interval,
    all_equal,
    clipped,
    critical,
    finite,
    is_share,
    score_interval,
    student_t,
    t_interval,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike

__all__ = [
    "FEWEST",
    "RESAMPLES",
    "SMALL_SAMPLE",
    "UNBOUNDED",
    "Interval",
    "bca_bootstrap",
    "clustered_interval",
    "clustered_standard_error",
    "mean_interval",
    "student_t",
    "studentised_bootstrap",
    "why_none",
    "wilson",
]

FEWEST = 5
"""Below this many items or clusters a bootstrap has too few different resamples: means get Student's t, other
statistics no interval."""
SMALL_SAMPLE = 10
"""Below this many clusters, scores of BBQ and correlations get no interval."""


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
    size n / design effect, with Student's quantile (Korn and Graubard 1998; Franco et al. 2019): it stays
    inside 0 to 1 and has a width at 0 and 1, where the clusters count as the items. Other values get
    :func:`studentised_bootstrap`, or with fewer than ``FEWEST`` clusters mean ± t · clustered standard error. Degrees
    of freedom are those of :func:`cluster_freedom`.

    Args:
        values: One number per item.
        clusters: The cluster of each item, parallel to ``values``.
        confidence: Nominal coverage.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
        share: Whether values that are all 0 or 1 are a share.
        bounds: Lowest and highest possible mean; the ends are clipped to them.

    Returns:
        The interval, ``wilson_clustered``, ``studentised_cluster_bootstrap`` or ``clustered_t``; None with fewer than
        two clusters, or when values on an open scale do not vary between clusters.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    numbers = finite(values)
    codes = cluster_codes(numbers, clusters)
    groups = int(codes.max(initial=-1)) + 1
    if groups < 2:
        return None
    error, mean, freedom = clustered_standard_error(numbers, clusters), float(numbers.mean()), cluster_freedom(codes)
    vanishing = error <= 1e-12 * max(1.0, float(np.abs(numbers).max()))
    if share and is_share(numbers):
        independent = groups if vanishing else min(len(numbers), mean * (1 - mean) / error**2)
        normal, student = critical(confidence, math.inf), critical(confidence, freedom)
        return score_interval(mean, independent * (normal / student) ** 2, confidence, "wilson_clustered")
    if vanishing:
        return None
    if groups < FEWEST or groups > LARGE_SAMPLE:
        return clipped(t_interval(mean, error, freedom, confidence, "clustered_t"), bounds)
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
    """The interval for the mean of per-item scores.

    In this order: items that share a cluster get :func:`clustered_interval`; shares (all values 0 or 1)
    :func:`wilson`; fewer than ``FEWEST`` items, or more than ``LARGE_SAMPLE``, :func:`student_t`; all others
    :func:`studentised_bootstrap`. What each covers on few items is in ``docs/explanation/statistics.md``.

    Args:
        values: One number per item.
        clusters: The cluster of each item; None stands for an item on its own.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
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
    numbers = finite(values)
    bootstrap: dict[str, Any] = {"seed": seed, "resamples": resamples, "confidence": confidence, "bounds": bounds}
    if clusters is not None:
        named = [object() if cluster is None else cluster for cluster in clusters]  # each object is its own
        if len(set(named)) < len(named):
            return clustered_interval(numbers, named, share=share, **bootstrap)
    if share and len(numbers) and is_share(numbers):
        return wilson(int(numbers.sum()), len(numbers), confidence)
    if FEWEST <= len(numbers) <= LARGE_SAMPLE:
        return studentised_bootstrap(numbers, **bootstrap)
    return clipped(student_t(numbers, confidence), bounds)


def why_none(values: ArrayLike, clusters: Sequence[Hashable | None]) -> str:
    """Why :func:`mean_interval` gave no interval for these values.

    Args:
        values: One number per item, at least one.
        clusters: The cluster of each item; None stands for an item on its own.
    """
    numbers = finite(values)
    if len(numbers) < 2:
        return "one item has no spread to estimate"
    if None not in clusters and len(set(clusters)) == 1:
        return f"all {len(numbers)} items are in one cluster"
    if all_equal(numbers):
        return f"all {len(numbers)} items have the same value"
    return "nearly all items have the same value, or all clusters the same mean"
