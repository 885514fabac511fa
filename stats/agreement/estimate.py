"""A coefficient with its interval over items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.stats.bootstrap import cluster_bootstrap
from audit.stats.interval import Interval  # noqa: TC001 - records that hold coefficients read the annotation

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


RESAMPLES = 2_000
"""Resamples of items for an interval of agreement."""
LEAST_ITEMS = 5
"""Items below which there is no interval."""


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
    seed: int,
    confidence: float,
    weights: NDArray[np.float64],
) -> Coefficient:
    """A coefficient whose interval comes from resampling items (:func:`audit.stats.bootstrap.cluster_bootstrap`).

    Args:
        name: Of the coefficient.
        statistic: The coefficient if item i counts ``weights[i]`` times; NaN where it has no value.
        items: Number of items.
        ratings: Number of ratings.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.
        weights: Ones, one per item.
    """
    value = statistic(weights) if items > 1 else math.nan
    if math.isnan(value):
        why = {0: "no item has two ratings", 1: "only one item has two ratings"}.get(
            items, "all ratings are the same, so that chance agreement is 1"
        )
        return Coefficient(name, None, None, items, ratings, why)
    interval = None
    if items >= LEAST_ITEMS:
        interval = cluster_bootstrap(statistic, value, items, seed=seed, resamples=RESAMPLES, confidence=confidence)
    return Coefficient(name, value, interval, items, ratings)
