"""Which automatic metric orders outputs as people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.bootstrap import cluster_bootstrap
from audit.stats.interval import Interval, all_equal, finite

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray


LEAST_ITEMS = 10
"""Rated outputs below which there is no correlation."""
RESAMPLES = 2_000
"""Resamples of clusters for the interval."""


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Spearman's rank correlation of a score with people's mean ratings."""

    outputs: int
    """Outputs with both."""
    value: float | None
    """-1 to 1; None where there is none."""
    interval: Interval | None
    """Bootstrap interval over items."""
    why_none: str = ""
    """Why there is no value."""


def rank_correlation(
    scores: Sequence[float],
    ratings: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int,
    confidence: float = 0.95,
) -> RankCorrelation:
    """Spearman's rank correlation (1904, American Journal of Psychology 15), ties with their mean rank.

    Args:
        scores: One score per output.
        ratings: Mean rating of each output.
        clusters: The item of each output, drawn whole; None where each output is an item of its own.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.

    Raises:
        ValueError: The lengths differ, or a value is NaN or infinite.
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - a second to import

    x, y = finite(scores), finite(ratings)
    if len(x) != len(y):
        msg = f"{len(x)} scores and {len(y)} ratings"
        raise ValueError(msg)
    if len(x) < LEAST_ITEMS:
        return RankCorrelation(len(x), None, None, f"{len(x)} rated outputs: at least {LEAST_ITEMS} are needed")
    if all_equal(x) or all_equal(y):
        which = "scores" if all_equal(x) else "ratings"
        return RankCorrelation(len(x), None, None, f"all {which} are the same")
    names = list(range(len(x))) if clusters is None else list(clusters)
    place = {name: index for index, name in enumerate(dict.fromkeys(names))}
    codes = np.array([place[name] for name in names])

    def correlation(weights: NDArray[np.float64]) -> float:
        drawn = np.repeat(np.arange(len(x)), weights[codes].astype(np.intp))
        if len(drawn) < 2 or all_equal(x[drawn]) or all_equal(y[drawn]):
            return float("nan")
        return float(np.corrcoef(rankdata(x[drawn]), rankdata(y[drawn]))[0, 1])

    value = correlation(np.ones(len(place)))
    interval = cluster_bootstrap(correlation, value, len(place), seed=seed, resamples=RESAMPLES, confidence=confidence)
    return RankCorrelation(len(x), value, interval)
