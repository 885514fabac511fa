"""The share of each call's requests that one shard answers, so that shards need not talk to each other."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from audit.engine.requests import ScoreRequest
from audit.engine.workers.units import cut, generate_batches, score_batches, shard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine.requests import Assignment, Batches


TEXTS = 4
"""Texts of a batch that is generated: a shard decodes all of its texts together, however many batches they are."""


def share_of(number: int, of: int) -> Assignment:
    """What a shard answers of each call. Every shard computes the same division, and takes its part of it.

    Args:
        number: Of the shard, from 0.
        of: Number of shards.
    """

    def share(requests: Sequence[Any], batches: Batches | None) -> list[int]:
        if not requests:
            return []
        if batches is None:
            scored = isinstance(requests[0], ScoreRequest)
            batches = score_batches(requests) if scored else generate_batches(requests, TEXTS)
        # Calls of a single batch must not all be the first shard's.
        first = zlib.crc32(repr(requests[0]).encode("utf-8", "surrogatepass"))
        return shard(cut(batches, of), (number + first) % of, of)

    return share
