"""Many subsets against the rest of the items: which differ, adjusted for having looked at all of them.

The largest difference of many is large by chance. Its distribution without any difference comes from permutations that
keep the subsets as they overlap (Westfall and Young 1993, *Resampling-Based Multiple Testing*, algorithm 4.1): the
chance of any false finding is bounded, and alike subsets cost less than by Holm's method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_codes
from audit.stats.interval import finite
from audit.stats.permutation import TIE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PERMUTATIONS = 2_000
"""Number of permutations: the smallest p-value is 1 / 2,001."""
FEWEST_ITEMS = 10
"""A subset needs so many items, and so many outside it."""
FEWEST_CLUSTERS = 5
"""If items come in clusters, a subset needs items of so many, and so many with items outside it."""
MOST_VALUES = 20_000_000
"""Numbers in all permutations; of more, half as many permutations are made."""
BATCH_VALUES = 4_000_000
"""Numbers in one batch of permutations: 16 MB."""
VANISHING = 1e-5
"""Up to this standard deviation of its permutations, values do not vary."""


@dataclass(frozen=True, slots=True)
class SubgroupSearch:
    """What a search found, in the order of the subsets."""

    statistics: list[float]
    """Standardised difference from the rest: positive where the subset's mean is higher."""
    p_values: list[float]
    """Two-sided, adjusted: with findings at p ≤ α, the chance of any false one is at most α."""
    critical: float
    """The standardised difference that some subset exceeds by chance in a share α of all searches."""

    @property
    def confidence(self) -> float:
        """Coverage of one interval with which intervals of all subsets hold together."""
        return math.erf(self.critical / math.sqrt(2))


def search(
    values: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str | None],
    subsets: NDArray[np.bool_],
    *,
    seed: int,
    alpha: float = 0.05,
    permutations: int = PERMUTATIONS,
) -> SubgroupSearch:
    """Compare the mean of each subset with that of all other items.

    Values are permuted, whole clusters of them together: a cluster gets the values of another one of similar size, in a
    random rotation, so that what items of a cluster have in common stays with them. Clusters of equal size, such as
    independent items, are exchanged exactly; others with one of the same power of two, whose values are repeated or cut
    as needed. The difference of a subset is standardised by mean and standard deviation of its permutations. Random
    signs of clusters' scores were tried and dropped: where errors are rare, they called every second search a finding
    that was none.

    Args:
        values: One number per item.
        clusters: The cluster of each item; None for an item that is its own cluster.
        subsets: Which items (columns) each subset (row) has, each comparable with the rest (:func:`is_comparable`).
        seed: Of the permutations.
        alpha: Chance of any false finding.
        permutations: Their number; of many items half of it.

    Raises:
        ValueError: There is no subset, the lengths differ, or a value is NaN or infinite.
    """
    numbers = finite(values)
    if not len(subsets) or subsets.shape[1] != len(numbers):
        msg = f"{subsets.shape[0]} subsets of {subsets.shape[1]} items for {len(numbers)} values"
        raise ValueError(msg)
    members = subsets.astype(np.float32)
    members -= members.mean(axis=1, keepdims=True)
    centred = numbers - numbers.mean()
    # In standard deviations, so that values in a small unit have no vanishing spread.
    centred = (centred / (float(centred.std()) or 1.0)).astype(np.float32)
    generator = np.random.default_rng(seed)
    codes = codes_of(clusters)
    draws = permutations if len(numbers) * permutations <= MOST_VALUES else permutations // 2
    sums = np.concatenate(
        [rows @ members.T for rows in _permuted(centred, codes, generator, draws)], dtype=np.float64, casting="unsafe"
    )
    middle, spread = sums.mean(axis=0), sums.std(axis=0)
    scale = np.where(spread > VANISHING, spread, np.inf)
    observed = (members @ centred - middle) / scale
    drawn = np.abs(sums - middle) / scale
    return SubgroupSearch(observed.tolist(), _step_down(np.abs(observed), drawn), _critical(drawn, alpha))


def _permuted(
    numbers: NDArray[np.float32], codes: NDArray[np.int64], generator: np.random.Generator, draws: int
) -> Iterator[NDArray[np.float32]]:
    """Batches of permutations (rows) of the values."""
    n, sizes = len(numbers), np.bincount(codes)
    batch = max(1, BATCH_VALUES // n)
    order = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    places = np.empty(n, dtype=np.intp)
    places[order] = np.arange(n) - np.repeat(starts, sizes)
    classes = np.log2(sizes).astype(np.intp)
    alike = [np.flatnonzero(classes == one) for one in np.unique(classes)]
    for start in range(0, draws, batch):
        count = min(batch, draws - start)
        if len(sizes) == n:
            yield generator.permuted(np.tile(numbers, (count, 1)), axis=1)
            continue
        rows = np.empty((count, n), dtype=np.float32)
        for row in rows:
            donors = np.empty(len(sizes), dtype=np.intp)
            for group in alike:
                donors[group] = generator.permutation(group)
            turned = generator.integers(sizes[donors])
            giver = donors[codes]
            row[:] = numbers[order[starts[giver] + (places + turned[codes]) % sizes[giver]]]
        yield rows


def is_clustered(clusters: Sequence[str | None]) -> bool:
    """Whether two items share a cluster."""
    named = [cluster for cluster in clusters if cluster is not None]
    return len(set(named)) < len(named)


def is_comparable(subset: NDArray[np.bool_], codes: NDArray[np.int64] | None) -> bool:
    """Whether a subset and the rest are large enough to be compared.

    Args:
        subset: Which items it has.
        codes: The cluster of each item as a number from 0; None if each item is on its own.
    """
    inside = int(subset.sum())
    if min(inside, len(subset) - inside) < FEWEST_ITEMS:
        return False
    return codes is None or min(len(np.unique(codes[side])) for side in (subset, ~subset)) >= FEWEST_CLUSTERS


def codes_of(clusters: Sequence[str | None]) -> NDArray[np.int64]:
    """Clusters as numbers from 0; an item without one is its own."""
    return cluster_codes(np.zeros(len(clusters)), [object() if name is None else name for name in clusters])


def _step_down(observed: NDArray[np.float64], drawn: NDArray[np.float64]) -> list[float]:
    """Adjusted p-values: each statistic against the largest one of itself and all smaller ones in each permutation."""
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    above = np.count_nonzero(largest >= observed[order] * (1 - 1e-5) - TIE, axis=0)
    steps = np.maximum.accumulate((1 + above) / (1 + len(drawn)))
    found = np.empty_like(steps)
    found[order] = steps
    return [float(value) for value in found]


def _critical(drawn: NDArray[np.float64], alpha: float) -> float:
    """The 1 - alpha quantile of the largest statistic."""
    return float(np.quantile(drawn.max(axis=1), 1 - alpha, method="higher"))
