"""A coefficient with its interval over items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.bootstrap import cluster_bootstrap
from audit.stats.clusters import cluster_codes
from audit.stats.interval import Interval  # noqa: TC001 - records that hold coefficients read the annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray


RESAMPLES = 2_000
"""Resamples of items for an interval of agreement."""
LEAST_ITEMS = 5
"""Items, or clusters of them, below which there is no interval."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An agreement coefficient: 1 where all agree, 0 where they agree as often as by chance."""

    name: str
    """``cohen``, ``fleiss`` or ``krippendorff``, with its scale: ``krippendorff (ordinal)``."""
    value: float | None
    """The coefficient; None where it is not defined."""
    interval: Interval | None
    """Bootstrap interval over items; None where there is none."""
    items: int
    """Items that at least two people rated."""
    ratings: int
    """Ratings of these items."""
    why_none: str = ""
    """Why there is no value."""


def over_items(
    name: str,
    statistic: Callable[[NDArray[np.float64]], float],
    items: int,
    ratings: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    seed: int,
    confidence: float,
) -> Coefficient:
    """A coefficient whose interval comes from resampling items, or clusters of them, whole.

    By :func:`audit.stats.bootstrap.cluster_bootstrap`.

    Args:
        name: Of the coefficient.
        statistic: The coefficient if item i counts ``weights[i]`` times; NaN where it has no value.
        items: Number of items.
        ratings: Number of ratings.
        clusters: The cluster of each item; None where each stands alone.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.
    """
    ones = np.ones(items)
    codes = np.arange(items) if clusters is None else cluster_codes(ones, clusters)
    value = statistic(ones) if items > 1 else math.nan
    if math.isnan(value):
        why = {0: "no item has two ratings", 1: "only one item has two ratings"}.get(
            items, "all ratings are the same, so that chance agreement is 1"
        )
        return Coefficient(name, None, None, items, ratings, why)
    interval, groups = None, int(codes.max()) + 1
    if groups >= LEAST_ITEMS:

        def of_clusters(counts: NDArray[np.float64]) -> float:
            return statistic(counts[codes])

        interval = cluster_bootstrap(of_clusters, value, groups, seed=seed, resamples=RESAMPLES, confidence=confidence)
    return Coefficient(name, value, interval, items, ratings)
