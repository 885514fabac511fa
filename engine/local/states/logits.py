"""Logits over the whole vocabulary at each target position, for those who compare distributions.

:mod:`audit.engine.local.score` reduces them to four numbers per target as they arrive. Here they are kept, so that few
sequences go through the model at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.engine.local.memory import KINDS, give_back, is_out_of_memory
from audit.engine.local.model.head import whole
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import plan
from audit.engine.local.plan.prefix_tree import PrefixTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine.local.model.forward import Forward
    from audit.engine.local.plan.cost import Budget
    from audit.engine.local.plan.passes import Pass
    from audit.engine.requests import ScoreRequest


def logits_of(
    forward: Forward, requests: Sequence[ScoreRequest], max_length: int, budget: Budget
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Index of a request and its logits, shape (targets, vocabulary), in any order.

    Requests that do not fit into the context, without a target, or for which memory is too small are left out: nothing
    of a context is cut, since the positions of two checkpoints have to be the same.

    Args:
        forward: Runs the model.
        requests: Contexts and targets.
        max_length: Context length in tokens.
        budget: What fits into a pass.
    """
    by_ids: dict[tuple[int, ...], list[int]] = {}
    for index, request in enumerate(requests):
        ids = (*request.context_ids, *request.target_ids)[:-1]
        if request.target_ids and len(ids) <= max_length:
            by_ids.setdefault(ids, []).append(index)
    order = sorted(by_ids)
    first = [min(len(requests[index].context_ids) - 1 for index in by_ids[ids]) for ids in order]
    tree = PrefixTree([np.array(ids, dtype=np.int64) for ids in order], first)
    waiting = plan(tree, forward.cost, budget, share=forward.shares, alone=forward.alone)[::-1]
    while waiting:
        work = waiting.pop()
        found = _computed(forward, work, tree, first)
        if found is None:
            waiting += reversed(work.halves(tree))  # none of a single sequence
            continue
        for member, logits in found:
            for index in by_ids[order[member]]:
                yield index, logits[len(requests[index].context_ids) - 1 - first[member] :]


def _computed(
    forward: Forward, work: Pass, tree: PrefixTree, first: Sequence[int]
) -> list[tuple[int, NDArray[np.float32]]] | None:
    """Logits of the sequences of a pass from their first target on; None where memory is too small."""
    layout = lay_out(work, tree, forward.pad_id)
    columns = [
        (member, layout.places[member], layout.places[member].predicting(first[member], int(tree.lengths[member])))
        for member in work.members
    ]
    rows = np.concatenate([np.full(len(at), place.row) for _, place, at in columns])
    try:
        logits = whole(forward.tiles(work, layout, rows, np.concatenate([at for *_, at in columns]))).cpu().numpy()
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
        logits = None
    if logits is None:  # outside the handler, whose traceback holds what filled the memory
        forward.forget()
        give_back()
        return None
    ends = np.cumsum([len(at) for *_, at in columns])[:-1]
    return list(zip([member for member, *_ in columns], np.split(logits, ends), strict=True))
