"""Requests of a call, cut into units of work for workers or shards.

A *batch* is what must be computed together, so that an answer does not depend on who computes it: a pass of the
scoring plan, or a batch of texts. A *unit* is what is handed out: neighbouring batches, so that a prefix they share is
computed by one worker. Everything here is a function of its arguments alone: two processes cut the same requests the
same way.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.engine.requests import GenerateRequest, ScoreRequest

Batch = tuple[tuple[int, ...], float]
"""Indices of requests that are computed together, and the modelled cost of that in any unit."""

BATCH_TOKENS = 1024
"""Tokens of a batch where no plan says what is computed together."""
TEXTS = (16, 64)
"""Fewest and most texts of a batch, unless the engine says how many it generates together."""
BATCHES = 16
"""Batches that a call of :func:`generate_batches` is cut into if they are neither too small nor too large."""
STEP = 8
"""Cost of a generated token in tokens of a prompt: a step reads all weights for each, a prompt is read at once."""
LEFT_PER_WORKER = 4
"""A unit takes this fraction of each worker's share of what is left: large units first, single batches at the end."""


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """Work that is handed out as a whole."""

    indices: tuple[int, ...]
    """Indices of the requests."""
    cost: float
    """Modelled cost, in the unit of the batches."""


def score_batches(requests: Sequence[ScoreRequest]) -> list[Batch]:
    """Batches of scoring requests where no plan is at hand: neighbours in the prefix tree, by the tokens they add.

    A local engine knows better: the passes that it plans.
    """
    whole = [request.context_ids + request.target_ids for request in requests]
    order = sorted(range(len(requests)), key=lambda index: (whole[index], index))
    batches: list[Batch] = []
    held: list[int] = []
    cost = 0.0
    for index in order:
        ids = whole[index]
        shared = shared_length(whole[held[-1]], ids) if held else 0
        if held and cost + len(ids) - shared > BATCH_TOKENS:
            batches.append((tuple(held), cost))
            held, cost, shared = [], 0.0, 0
        held.append(index)
        cost += len(ids) - shared
    return [*batches, (tuple(held), cost)] if held else batches


def generate_batches(requests: Sequence[GenerateRequest], most: int = TEXTS[1]) -> list[Batch]:
    """Batches of prompts to be continued: texts of about equal length and prompt, generated in one batch.

    The batches depend on the requests alone, so that the number of workers changes no text.

    Args:
        requests: All distinct requests of a call.
        most: Texts that the engine generates together.
    """
    texts = sum(request.n for request in requests)
    size = max(min(TEXTS[0], most), min(most, ceil(texts / BATCHES)))
    order = sorted(range(len(requests)), key=lambda index: (-requests[index].max_new_tokens, requests[index].prompt))
    batches: list[Batch] = []
    held: list[int] = []
    count = 0
    for index in order:
        if held and count + requests[index].n > size:
            batches.append((tuple(held), sum(_text_cost(requests[i]) for i in held)))
            held, count = [], 0
        held.append(index)
        count += requests[index].n
    return [*batches, (tuple(held), sum(_text_cost(requests[i]) for i in held))] if held else batches


def missing_of(batches: Sequence[Batch], missing: Collection[int]) -> list[Batch]:
    """Batches without the requests that are answered; those that have none left are dropped."""
    wanted = missing if isinstance(missing, set | frozenset) else set(missing)
    left = (([index for index in indices if index in wanted], len(indices), cost) for indices, cost in batches)
    return [(tuple(indices), cost * len(indices) / count) for indices, count, cost in left if indices]


def cut(batches: Sequence[Batch], workers: int) -> list[WorkUnit]:
    """Units of neighbouring batches, large ones first; no batch is divided.

    A unit takes a fixed share of what is left, so that few units are handed out and the last ones are as small as a
    batch (factoring: Hummel, Schonberg and Flynn 1992, "Factoring: a method for scheduling parallel loops").

    Args:
        batches: In an order in which neighbours share prefixes.
        workers: Workers or shards that the units are for.
    """
    units: list[WorkUnit] = []
    left = sum(cost for _, cost in batches)
    held: list[int] = []
    cost = 0.0
    for indices, price in batches:
        aim = left / (LEFT_PER_WORKER * workers)
        if held and cost + price > aim:
            units.append(WorkUnit(tuple(held), cost))
            left -= cost
            held, cost = [], 0.0
        held.extend(indices)
        cost += price
    if held:
        units.append(WorkUnit(tuple(held), cost))
    return sorted(units, key=lambda unit: -unit.cost)  # stable: of equal ones in the order of the batches


def shard(units: Sequence[WorkUnit], number: int, of: int) -> list[int]:
    """Indices of the requests of one shard, ascending: each unit goes to the shard that has least so far.

    Args:
        units: From :func:`cut` with ``of`` workers.
        number: Of the shard, from 0.
        of: Number of shards.
    """
    loads = [(0.0, one) for one in range(of)]
    mine: list[int] = []
    for unit in units:
        load, least = loads[0]
        heapq.heapreplace(loads, (load + max(unit.cost, 1e-9), least))
        if least == number:
            mine.extend(unit.indices)
    return sorted(mine)


def shared_length(left: Sequence[int], right: Sequence[int]) -> int:
    """Number of leading tokens that two sequences share; slices are compared, which is faster than token by token."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _text_cost(request: GenerateRequest) -> float:
    """Modelled cost of a request's texts, in tokens of a prompt; four characters are taken for a token."""
    return len(request.prompt) / 4 + request.n * request.max_new_tokens * STEP
