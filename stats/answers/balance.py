"""How often each answer is given, against how often it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.multiplicity import holm
from audit.stats.pairing.means import of_shares
from audit.stats.subgroups.search import is_clustered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.stats.interval import Interval


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """One of the possible answers."""

    given: int
    """Items for which it is given."""
    right: int
    """Items for which it is right."""
    both: int
    """Items for which it is given and right."""
    difference: Interval | None
    """Interval of the share given minus the share right; those of all answers hold together."""
    p_value: float
    """Two-sided p-value of equal shares, adjusted over all answers by Holm's method."""


def answer_shares(
    given: NDArray[np.intp],
    right: NDArray[np.intp],
    classes: int,
    clusters: Sequence[str | None],
    *,
    seed: int,
    alpha: float = 0.05,
) -> list[AnswerShare]:
    """Every answer's share of what is given, compared with its share of what is right, on the same items.

    Both shares are of the same items, so that the test is McNemar's, and that of permuted signs with clusters
    (:func:`audit.stats.pairing.means.of_shares`). An answer that is always right where it is given, and never missed,
    has no difference.

    Args:
        given: The answer to each item, from 0.
        right: The right answer to each item.
        classes: Number of possible answers.
        clusters: The cluster of each item; None for an item that is its own cluster.
        seed: Of random signs.
        alpha: The intervals of all answers hold together with probability 1 - alpha at least (Bonferroni).
    """
    names = None
    if is_clustered(clusters):
        names = [f"item {place}" if name is None else f"cluster {name}" for place, name in enumerate(clusters)]
    found = []
    for code in range(classes):
        changes = (given == code).astype(np.float64) - (right == code)
        found.append(of_shares(changes, names, confidence=1 - alpha / classes, seed=seed))
    p_values = holm([1.0 if one.p_value is None else one.p_value for one in found])
    return [
        AnswerShare(
            given=int((given == code).sum()),
            right=int((right == code).sum()),
            both=int(((given == code) & (right == code)).sum()),
            difference=one.interval,
            p_value=p_value,
        )
        for code, (one, p_value) in enumerate(zip(found, p_values, strict=True))
    ]


def confusion(given: NDArray[np.intp], right: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """Number of items by right answer (rows) and given answer (columns)."""
    counts = np.bincount(right * classes + given, minlength=classes**2)
    return counts.reshape(classes, classes).astype(np.int64)
