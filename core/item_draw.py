"""Which items of a data set are run when a limit is set."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from audit.core.errors import ConfigError
from audit.core.records import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import Limit

Item = TypeVar("Item")


def choose(n: int, limit: Limit | None, seed: int, name: str) -> list[int]:
    """Draw at most ``limit`` of ``n`` items without replacement.

    All items are shuffled by Python's Mersenne Twister, seeded with ``"{seed}/{name}"``, and the first ``limit`` of
    them are taken: two checkpoints audited with the same seed get the same items, and a larger limit adds items to
    those of a smaller one.

    Args:
        n: Items there are.
        limit: Items wanted, or a share of them below 1, rounded up; None, ``"all"`` or more than ``n`` takes all.
        seed: The run's seed.
        name: Task or probe; two tasks on one data set draw independently.

    Returns:
        Item indices in ascending order.

    Raises:
        ConfigError: ``limit`` is 0 or negative, or no whole number above 1.
    """
    count = _count(n, limit, name)
    return sorted(_shuffled(n, seed, name)[:count])


def choose_clusters(clusters: Sequence[str], limit: Limit | None, seed: int, name: str) -> list[int]:
    """Draw whole clusters without replacement, until there are at least ``limit`` items.

    The order of the clusters is the shuffle of :func:`choose`: a larger limit adds clusters to those of a smaller one.

    Args:
        clusters: The cluster of each item.
        limit: As in :func:`choose`; the last cluster is complete, so that there may be more items.
        seed: The run's seed.
        name: Task or probe.

    Returns:
        Item indices in ascending order.

    Raises:
        ConfigError: As :func:`choose`.
    """
    count = _count(len(clusters), limit, name)
    places: dict[str, list[int]] = defaultdict(list)
    for place, cluster in enumerate(clusters):
        places[cluster].append(place)
    groups = list(places.values())
    drawn: list[int] = []
    for group in _shuffled(len(groups), seed, name):
        if len(drawn) >= count:
            break
        drawn += groups[group]
    return sorted(drawn)


def first_items(items: Sequence[Item], limit: Limit | None, name: str) -> Sequence[Item]:
    """The first items, in their order, where it must not be broken: a larger limit adds items, whatever the seed.

    Args:
        items: All there are.
        limit: As in :func:`choose`.
        name: Task.

    Raises:
        ConfigError: As :func:`choose`.
    """
    return items[: _count(len(items), limit, name)]


def _count(n: int, limit: Limit | None, name: str) -> int:
    """How many of ``n`` items a limit asks for."""
    if limit is None or limit == "all":
        return n
    if limit <= 0 or (limit > 1 and limit != int(limit)):
        msg = f"{name}: limit must be at least 1 or a share below 1, found {limit}: 'all' runs all {n} items"
        raise ConfigError(msg)
    return math.ceil(n * limit) if limit < 1 else int(limit)


def _shuffled(n: int, seed: int, name: str) -> list[int]:
    """All places in random order."""
    # A sample of all n is a shuffle; one of fewer may be drawn by another algorithm, whose items are others.
    return random.Random(f"{seed}/{name}").sample(range(n), n)  # noqa: S311 - a draw, not a secret


def place_in_draw(run_id: str, task: str, sample_id: str) -> str:
    """Where an output stands in the random order in which people rate or label a task: the first ones are drawn.

    Args:
        run_id: The run that it is drawn from, whose id is the seed.
        task: Its task.
        sample_id: Its sample.
    """
    return digest_of("draw", run_id, task, sample_id)
