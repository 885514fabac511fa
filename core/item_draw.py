"""Which items of a data set are run when a limit is set."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from audit.core.config import Limit


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
    if limit is None or limit == "all":
        return list(range(n))
    if limit <= 0 or (limit > 1 and limit != int(limit)):
        msg = f"{name}: limit must be at least 1 or a share below 1, found {limit}: 'all' runs all {n} items"
        raise ConfigError(msg)
    count = math.ceil(n * limit) if limit < 1 else int(limit)
    if count >= n:
        return list(range(n))
    # A sample of all n is a shuffle; one of fewer may be drawn by another algorithm, whose items are others.
    return sorted(random.Random(f"{seed}/{name}").sample(range(n), n)[:count])  # noqa: S311 - a draw, not a secret
