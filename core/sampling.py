"""Which items of a data set are run when a limit is set."""

from __future__ import annotations

import random

from audit.core.errors import ConfigError


def choose(n: int, limit: int | None, seed: int, name: str) -> list[int]:
    """Draw at most ``limit`` of ``n`` items without replacement.

    Python's Mersenne Twister seeded with ``"{seed}/{name}"``: the draw depends on nothing else, so that
    two checkpoints audited with one seed meet the same items.

    Args:
        n: Items there are.
        limit: Items wanted; None or more than ``n`` takes all.
        seed: The run's seed.
        name: Task or probe; two tasks on one data set draw independently.

    Returns:
        Item indices in ascending order.

    Raises:
        ConfigError: ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        msg = f"{name}: limit must be at least 1, found {limit}: leave it out to run all {n} items"
        raise ConfigError(msg)
    if limit is None or limit >= n:
        return list(range(n))
    return sorted(random.Random(f"{seed}/{name}").sample(range(n), limit))  # noqa: S311 - a draw, not a secret
