"""Cohen's kappa of two raters and Fleiss' kappa of several, by statsmodels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.stats.agreement.estimate import Coefficient, over_items

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

Weights = Literal["none", "linear", "quadratic"]


def cohen(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    order: Sequence[Hashable] | None = None,
    weights: Weights = "none",
    clusters: Sequence[Hashable] | None = None,
    seed: int,
    confidence: float = 0.95,
) -> Coefficient:
    """Cohen's kappa (1960, Educational and Psychological Measurement 20), weighted (1968, Psychological Bulletin 70).

    Args:
        first: One person's rating of each item.
        second: The other person's ratings of the same items.
        order: All possible ratings in order, for weights; those that were given where it is None.
        weights: How much ratings that differ count: ``none`` all the same, ``linear`` by distance, ``quadratic`` by
            its square.
        clusters: The cluster of each item; None where each stands alone.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.

    Raises:
        ValueError: The lengths differ, or a rating is not in ``order``.
    """
    from statsmodels.stats.inter_rater import cohens_kappa  # noqa: PLC0415 - two seconds to import

    places = _places([*first, *second], order)
    pairs = np.array([[places[a], places[b]] for a, b in zip(first, second, strict=True)], dtype=np.intp).reshape(-1, 2)
    shape, wt = len(places), None if weights == "none" else weights

    def kappa(counts: NDArray[np.float64]) -> float:
        table = np.zeros((shape, shape))
        np.add.at(table, (pairs[:, 0], pairs[:, 1]), counts)
        share = table / max(table.sum(), 1)
        if float(share.sum(0) @ share.sum(1)) >= 1 - 1e-12:
            return math.nan
        return float(cohens_kappa(table, wt=wt, return_results=False))

    name = "cohen" if weights == "none" else f"cohen ({weights} weights)"
    n = len(pairs)
    return over_items(name, kappa, n, 2 * n, clusters=clusters, seed=seed, confidence=confidence)


def fleiss(
    units: Sequence[Sequence[Hashable]],
    *,
    clusters: Sequence[Hashable] | None = None,
    seed: int,
    confidence: float = 0.95,
) -> Coefficient:
    """Fleiss' kappa (1971, Psychological Bulletin 76): several raters, not always the same, equally many per item.

    Args:
        units: The ratings of each item. Items with fewer ratings than the others cannot be used, and are left out.
        clusters: The cluster of each item; None where each stands alone.
        seed: Seed of the bootstrap.
        confidence: Nominal coverage.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa  # noqa: PLC0415 - two seconds to import

    most = max((len(unit) for unit in units), default=0)
    whole = [unit for unit in units if len(unit) == most >= 2]
    named = range(len(units)) if clusters is None else clusters
    groups = [one for one, unit in zip(named, units, strict=True) if len(unit) == most >= 2]
    places = _places([rating for unit in whole for rating in unit], None)
    table = np.zeros((len(whole), max(len(places), 1)))
    for row, unit in enumerate(whole):
        for rating in unit:
            table[row, places[rating]] += 1

    def kappa(counts: NDArray[np.float64]) -> float:
        rows = np.repeat(table, counts.astype(np.intp), axis=0)
        if (rows.sum(0) > 0).sum() < 2:
            return math.nan
        return float(fleiss_kappa(rows))

    ratings = int(table.sum())
    return over_items("fleiss", kappa, len(whole), ratings, clusters=groups, seed=seed, confidence=confidence)


def _places(values: Sequence[Hashable], order: Sequence[Hashable] | None) -> dict[Hashable, int]:
    """Column of each rating.

    Raises:
        ValueError: A rating is not in the order.
    """
    found = {value: place for place, value in enumerate(order if order is not None else sorted(set(values), key=_key))}
    unknown = [value for value in values if value not in found]
    if unknown:
        msg = f"the rating {unknown[0]!r} is not among the possible ones"
        raise ValueError(msg)
    return found


def _key(value: Hashable) -> tuple[str, float, str]:
    """Numbers by value, everything else by its text."""
    number = isinstance(value, int | float)
    return (type(value).__name__ if not number else "", float(value) if number else 0.0, str(value))  # type: ignore[arg-type]
