"""From several answers to an item to one sample: its scores are means over the draws, its completions the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.core.records import Sample, SampledText
from audit.core.records.flags import OF_ANSWER
from audit.evals.draws.votes import votes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.evals.samples import Item

ANSWER = "answer"
"""Label of a completion that is equal for equal answers to the item; null for one that cannot be read."""


def joined_item(draws: Sequence[Item]) -> Item:
    """One item of all its draws: remarks of all, numbers as means, everything else that of the first.

    Args:
        draws: The same item, asked several times.
    """
    values: dict[str, list[Any]] = {}
    for draw in draws:
        for name, value in draw.values.items():
            values.setdefault(name, []).append(value)
    joined = {name: _mean(found) if isinstance(found[0], float) else found[0] for name, found in values.items()}
    return replace(draws[0], remarks=tuple(remark for draw in draws for remark in draw.remarks), values=joined)


def joined_sample(draws: Sequence[Sample], reader: str | None) -> Sample:
    """One sample of all draws.

    Args:
        draws: Samples of the same item.
        reader: Name of what reads answers that vote (:data:`audit.evals.draws.votes.READERS`); None where none does.
    """
    names = dict.fromkeys(name for draw in draws for name in draw.scores)
    error = next((draw.error for draw in draws if draw.error), None)
    labels = votes([draw.output for draw in draws], reader) if reader else None
    return draws[0].model_copy(
        update={
            "score": None if error else _mean(draw.score for draw in draws),
            "scores": {} if error else {name: _mean(draw.scores.get(name) for draw in draws) for name in names},
            "flags": list(dict.fromkeys(flag for draw in draws for flag in draw.flags)),
            "error": error,
            "tokens_out": sum(draw.tokens_out for draw in draws),
            "completions": [
                SampledText(
                    text=draw.output,
                    thinking=draw.thinking,
                    thinking_tokens=draw.thinking_tokens,
                    value=draw.score,
                    labels={**draw.scores, **({ANSWER: labels[place]} if labels else {})},
                    flags=[flag for flag in draw.flags if flag in OF_ANSWER],
                    tokens_out=draw.tokens_out,
                    error=draw.error,
                )
                for place, draw in enumerate(draws)
            ],
        }
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are there; NaN if one of them is NaN, None if there are none."""
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if numbers else None
