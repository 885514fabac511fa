"""Divergence of a compressed checkpoint from the original at the original's positions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import CheckpointError
from audit.core.records.many.compression import Divergence, TaskDivergence
from audit.core.text import printable
from audit.stats.distributions.divergence import Distances, distances, mean, quantiles, root_mean_square

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.engine import Engine
    from audit.pipeline.compression.kept_logits import KeptLogits
    from audit.pipeline.compression.positions import AnsweredItem

NOT_FINITE = "a logit that is not finite, or a token that is impossible for the compressed checkpoint alone"
TOO_LONG = "longer than the compressed checkpoint's context, or than memory holds"


def why_not_defined(
    original: PreTrainedTokenizerBase, compressed: PreTrainedTokenizerBase, sizes: tuple[int, int]
) -> str | None:
    """Why distributions of two checkpoints cannot be compared token by token; None where they can.

    Args:
        original: Its tokenizer.
        compressed: That of the compressed checkpoint.
        sizes: Logits per position of both.
    """
    ours, theirs = original.get_vocab(), compressed.get_vocab()
    if ours != theirs:
        other = next((token for token in ours if theirs.get(token) != ours[token]), "")
        count = f"{len(ours):,} and {len(theirs):,} tokens"
        which = f"{printable(repr(other), 40)} is {ours.get(other)} and {theirs.get(other, 'none')}" if other else count
        return f"the vocabularies differ ({which}), so that no two probabilities are of the same token"
    if sizes[0] != sizes[1]:
        return f"the output layers have {sizes[0]:,} and {sizes[1]:,} tokens, so that P and Q are over different sets"
    return None


def vocabulary_of(engine: Engine) -> int:
    """Logits per position."""
    head = engine.model.get_output_embeddings()  # type: ignore[operator]
    return int(head.weight.shape[0])


def keep_logits(engine: Engine, items: Sequence[AnsweredItem], kept: KeptLogits) -> None:
    """Compute the original's logits of all items."""
    for place, logits in engine.logits([one.request for one in items]):
        kept.keep(place, logits)


def diverged(engine: Engine, items: Sequence[AnsweredItem], kept: KeptLogits) -> dict[int, Distances | None]:
    """Distances at the positions of each item that both could compute, by its place; None where one is not finite.

    Args:
        engine: The compressed checkpoint.
        items: As the original was asked.
        kept: The original's logits.
    """
    places = sorted(kept.there)
    found = {}
    for index, logits in engine.logits([items[place].request for place in places]):
        place = places[index]
        found[place] = distances(kept.of(place), logits, items[place].request.target_ids)
    return found


def divergence(
    items: Sequence[AnsweredItem],
    found: Mapping[int, Distances | None],
    left_out: Mapping[str, int],
    confidence: float,
) -> Divergence:
    """All of what the distances say.

    Args:
        items: What was asked.
        found: From :func:`diverged`.
        left_out: Items that were not asked, by the reason.
        confidence: Nominal coverage of the intervals.

    Raises:
        CheckpointError: No item could be compared, or a position has no finite divergence: the mean would be about
            the easier positions alone.
    """
    broken = sum(one is None for one in found.values())
    if broken:
        msg = f"{broken} of {len(found)} items have {NOT_FINITE}"
        raise CheckpointError(msg)
    order = sorted(found)
    if not order:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        msg = f"no item of the original's run could be compared{f' ({reasons})' if reasons else ''}"
        raise CheckpointError(msg)
    missing = Counter(left_out)
    missing[TOO_LONG] += len(items) - len(order)
    by_item = {place: one for place in order if (one := found[place]) is not None}
    whole, clusters = _joined(items, by_item)
    tasks: dict[tuple[str, str], dict[int, Distances]] = {}
    for place, one in by_item.items():
        sample = items[place].sample
        tasks.setdefault((sample.suite, sample.task), {})[place] = one
    by_task = [_of_task(items, parts, confidence) for parts in tasks.values()]
    return Divergence(
        items=len(order),
        positions=len(whole.kl),
        left_out={reason: count for reason, count in missing.items() if count},
        kl_divergence=mean(whole.kl, clusters, confidence=confidence),
        top1_agreement=mean(whole.same_top, clusters, confidence=confidence, share=True),
        rms_delta_p=root_mean_square(whole.delta_p, clusters, confidence=confidence),
        mean_delta_p=mean(whole.delta_p, clusters, confidence=confidence, low=-1.0),
        kl_quantiles=quantiles(whole.kl),
        by_task=sorted(by_task, key=lambda one: one.kl_divergence.value, reverse=True),
    )


def _joined(items: Sequence[AnsweredItem], parts: Mapping[int, Distances]) -> tuple[Distances, list[str]]:
    """Positions of several items, and the cluster of each position."""
    clusters = np.repeat([items[place].cluster for place in parts], [len(one.kl) for one in parts.values()])
    return Distances.joined([*parts.values()]), [str(one) for one in clusters]


def _of_task(items: Sequence[AnsweredItem], parts: Mapping[int, Distances], confidence: float) -> TaskDivergence:
    """Divergence on the items of one task."""
    whole, clusters = _joined(items, parts)
    sample = items[next(iter(parts))].sample
    return TaskDivergence(
        suite=sample.suite,
        task=sample.task,
        items=len(parts),
        positions=len(whole.kl),
        kl_divergence=mean(whole.kl, clusters, confidence=confidence),
        top1_agreement=mean(whole.same_top, clusters, confidence=confidence, share=True),
    )
