"""Krippendorff's alpha: any number of raters, missing ratings, nominal, ordinal or interval scales.

Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability" (University of Pennsylvania), sections C and D.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from audit.stats.agreement.estimate import Coefficient, over_items

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

Scale = Literal["nominal", "ordinal", "interval"]


def krippendorff(
    units: Sequence[Sequence[Hashable]],
    scale: Scale,
    *,
    clusters: Sequence[Hashable] | None = None,
    seed: int,
    confidence: float = 0.95,
) -> Coefficient:
    """Krippendorff's alpha = 1 - observed disagreement / expected disagreement, with a bootstrap interval over items.

    Args:
        units: The ratings of each item, in any order; items with fewer than two are left out. Numbers for ordinal and
            interval scales, where ordinal categories are ordered by value.
        scale: What a difference between two ratings means.
        clusters: The cluster of each item, such as the prompt of several texts; None where each stands alone.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.

    Raises:
        ValueError: The scale is unknown, or a rating on an ordinal or interval scale is not a finite number.
    """
    if scale not in get_args(Scale):
        msg = f"unknown scale {scale!r}: use {', '.join(get_args(Scale))}"
        raise ValueError(msg)
    paired = [unit for unit in units if len(unit) >= 2]
    groups = None if clusters is None else [one for one, unit in zip(clusters, units, strict=True) if len(unit) >= 2]
    values = sorted({rating for unit in paired for rating in unit}, key=_number if scale != "nominal" else str)
    column = {value: place for place, value in enumerate(values)}
    counts = np.zeros((len(paired), len(values)))
    for row, unit in enumerate(paired):
        for rating in unit:
            counts[row, column[rating]] += 1
    sizes = counts.sum(1)

    def alpha(weights: NDArray[np.float64]) -> float:
        return _alpha(counts, sizes, weights, scale, values)

    name, ratings = f"krippendorff ({scale})", int(counts.sum())
    return over_items(name, alpha, len(paired), ratings, clusters=groups, seed=seed, confidence=confidence)


def _alpha(
    counts: NDArray[np.float64],
    sizes: NDArray[np.float64],
    weights: NDArray[np.float64],
    scale: Scale,
    values: list[Hashable],
) -> float:
    """Alpha if unit i counts ``weights[i]`` times; NaN where all ratings are the same.

    Args:
        counts: Ratings of each unit by value, shape (units, values).
        sizes: Ratings of each unit, all at least 2, shape (units,).
        weights: How often each unit counts, shape (units,).
        scale: What a difference means.
        values: What the columns stand for.
    """
    share = weights / (sizes - 1)
    # Coincidences: each ordered pair of ratings of a unit counts 1 / (ratings of the unit - 1).
    coincidences = (counts * share[:, None]).T @ counts - np.diag(share @ counts)
    totals = weights @ counts
    n = float(totals.sum())
    difference = _differences(totals, scale, values)
    expected = float(totals @ difference @ totals) / (n - 1)
    if expected <= 0:
        return math.nan
    return 1 - float((coincidences * difference).sum()) / expected


def _differences(totals: NDArray[np.float64], scale: Scale, values: list[Hashable]) -> NDArray[np.float64]:
    """Squared differences between all pairs of values, shape (values, values)."""
    if scale == "nominal":
        return 1 - np.eye(len(values))
    # Ordinal: sum of the ratings from one value to the other, the two of them by half.
    between = np.cumsum(totals) - totals / 2
    places = between if scale == "ordinal" else np.array([_number(value) for value in values])
    return np.asarray((places[:, None] - places[None, :]) ** 2, dtype=np.float64)


def _number(value: Hashable) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"{value!r} is not a number"
        raise ValueError(msg)
    return float(value)
