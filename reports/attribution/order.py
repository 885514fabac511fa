"""In which order explanations are shown: the one that is believed most comes first, an attention sink never does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution

VERDICTS = ("believable", "weak", "do not believe")
"""From what is believed to what is not."""
SHARES = "share"
"""Unit of methods that give shares of attention."""


def best_first(attributions: Sequence[Attribution]) -> list[Attribution]:
    """Attributions by verdict, then by relative gain, the largest first; the order given decides between equals.

    Attention sinks come last, whatever their verdict.
    """
    return sorted(attributions, key=place)


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
        for group in sorted(map(best_first, groups.values()), key=lambda group: place(group[0]))
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


def is_sink(attribution: Attribution) -> bool:
    """Whether it says that most attention goes to where the prompt begins, which it does whatever stands there.

    Xiao et al. 2024, "Efficient Streaming Language Models with Attention Sinks" (ICLR, arXiv:2309.17453).
    """
    values = attribution.values
    return attribution.unit == SHARES and len(values) > 1 and max(values) == values[0]


def is_worth_showing(attribution: Attribution) -> bool:
    """Whether it may be shown unasked: it may be believed, and is no attention sink."""
    return attribution.verdict != "do not believe" and not is_sink(attribution)


def place(attribution: Attribution) -> tuple[bool, int, float]:
    """Sorts the best first; an attribution without a gain comes last of its verdict, an attention sink of all."""
    gain = attribution.faithfulness.get("relative_gain")
    return (
        is_sink(attribution),
        VERDICTS.index(attribution.verdict),
        float("inf") if gain is None else -gain,
    )
