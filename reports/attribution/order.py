"""In which order explanations are shown: the one that is believed most comes first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution

VERDICTS = ("believable", "weak", "do not believe")
"""From what is believed to what is not."""


def best_first(attributions: Sequence[Attribution]) -> list[Attribution]:
    """Attributions by verdict, then by relative gain, the largest first; the order given decides between equals."""
    return sorted(attributions, key=_place)


def by_sample(attributions: Sequence[Attribution], most: int | None = None) -> list[list[Attribution]]:
    """Attributions of one sample, target and contrast together, the best of each group first.

    Samples are in the order given; of one sample the group that holds the best attribution comes first.

    Args:
        attributions: Of any samples.
        most: Attributions in all groups together; None takes all.
    """
    samples: dict[str | None, dict[tuple[str, str | None], list[Attribution]]] = {}
    for one in attributions:
        samples.setdefault(one.sample_id, {}).setdefault((one.target, one.against), []).append(one)
    ordered = [
        group
        for groups in samples.values()
        for group in sorted(map(best_first, groups.values()), key=lambda group: _place(group[0]))
    ]
    left = len(attributions) if most is None else most
    kept = []
    for group in ordered:
        kept += [group[:left]] if left > 0 else []
        left -= len(group)
    return kept


def of_samples(attributions: Sequence[Attribution], most: int | None = None) -> list[list[list[Attribution]]]:
    """The groups of :func:`by_sample`, those of one sample together; arguments as there."""
    groups = by_sample(attributions, most)
    return [list(mine) for _, mine in itertools.groupby(groups, key=lambda group: group[0].sample_id)]


def _place(attribution: Attribution) -> tuple[int, float]:
    """Sorts the best first; an attribution without a gain comes last of its verdict."""
    gain = attribution.faithfulness.get("relative_gain")
    return VERDICTS.index(attribution.verdict), float("inf") if gain is None else -gain
