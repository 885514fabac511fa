"""Do methods agree on which features matter? Spearman's rank correlation of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution


def rank_agreement(attributions: Sequence[Attribution]) -> list[list[float | None]]:
    """Spearman's correlation of the values of each attribution with those of each other.

    The values are taken as they are, with their signs: a method whose values have none, such as one of attention
    shares, ranks a feature that speaks against the target low only where it gives it little.

    Args:
        attributions: Of one prompt.

    Returns:
        A symmetric table, one row and column per attribution; null where two do not have the same features, where
        there are fewer than two, or where one gives all the same value.
    """
    return [[_spearman(one, other) for other in attributions] for one in attributions]


def mean_agreement(attributions: Sequence[Attribution]) -> float | None:
    """Mean of :func:`rank_agreement` over all pairs that have one; null where none has."""
    table = rank_agreement(attributions)
    found = [value for index, row in enumerate(table) for value in row[index + 1 :] if value is not None]
    return sum(found) / len(found) if found else None


def correlation_text(value: float | None) -> str:
    """Two decimals; ``–`` for none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _spearman(one: Attribution, other: Attribution) -> float | None:
    features = [[(feature.start, feature.end) for feature in a.features] for a in (one, other)]
    if features[0] != features[1] or min(len(set(one.values)), len(set(other.values))) < 2:
        return None
    return float(stats.spearmanr(one.values, other.values).statistic)
