"""The mean of a subset minus that of all other items, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import clustered_difference
from audit.stats.interval import Interval, finite
from audit.stats.subgroups.search import codes_of, is_clustered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    MeanInterval = Callable[[Sequence[float], Sequence[str | None], float], Interval | None]


@dataclass(frozen=True, slots=True)
class SubsetContrast:
    """A subset and the rest of the items."""

    n: int
    """Items of the subset."""
    value: float
    """Their mean."""
    interval: Interval | None
    """Its interval."""
    rest: float
    """Mean of all other items."""
    difference: Interval | None
    """Interval of the subset's mean minus that of the rest."""


def contrast(
    values: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str | None],
    subset: NDArray[np.bool_],
    *,
    confidence: float,
    mean_interval: MeanInterval,
) -> SubsetContrast:
    """A subset against the rest.

    The interval of the difference combines those of both means, which are independent: the distances from each mean to
    the ends of its interval add up in squares (Newcombe 1998, *Statistics in Medicine* 17:873, method 10, for shares;
    Zou and Donner 2008, *Statistics in Medicine* 27:1693). If items come in clusters, which may have items on both
    sides, it is difference ± t · standard error, by :func:`audit.stats.clusters.clustered_difference`.

    Args:
        values: One number per item.
        clusters: The cluster of each item; None for an item that is its own cluster.
        subset: Which items it has: not all of them, nor none.
        confidence: Nominal coverage of each interval.
        mean_interval: Interval of a mean, of values and their clusters, with a coverage.
    """
    numbers = finite(values)
    sides = [(numbers[side], [clusters[i] for i in np.flatnonzero(side).tolist()]) for side in (subset, ~subset)]
    means = [float(side.mean()) for side, _ in sides]
    found = [mean_interval(side.tolist(), names, confidence) for side, names in sides]
    if is_clustered(clusters):
        difference = _clustered(clustered_difference(numbers, codes_of(clusters), subset), means, confidence)
    else:
        difference = _combined(means, found, confidence)
    return SubsetContrast(len(sides[0][0]), means[0], found[0], means[1], difference)


def _combined(means: Sequence[float], found: Sequence[Interval | None], confidence: float) -> Interval | None:
    inside, outside = found
    if inside is None or outside is None:
        return None
    middle = means[0] - means[1]
    down = math.hypot(means[0] - inside.low, outside.high - means[1])
    up = math.hypot(inside.high - means[0], means[1] - outside.low)
    return Interval(middle - down, middle + up, "combined", confidence)


def _clustered(found: tuple[float, float] | None, means: Sequence[float], confidence: float) -> Interval | None:
    from scipy import special  # noqa: PLC0415 - half a second to import

    if found is None or found[0] == 0:
        return None
    error, freedom = found
    reach = float(special.stdtrit(freedom, (1 + confidence) / 2)) * error
    middle = means[0] - means[1]
    return Interval(middle - reach, middle + reach, "clustered_t", confidence)
