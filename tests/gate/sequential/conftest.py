"""Runs that were looked at while they went on."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from audit.core.records import Looks, TaskLooks
from audit.stats.sequential import STAKES
from tests.gate.rules.conftest import judge, make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample

__all__ = ["judge", "make"]


def looks(limit: int, most: int | None = None, *tasks: str, largest: int | None = None, **fields: Any) -> Looks:
    """One look at boolq, or at other tasks; their largest cluster, if whole clusters were drawn."""
    found = {task: TaskLooks(limit=limit, most=most, largest_cluster=largest) for task in tasks or ("boolq",)}
    given = {"policy": "policy.yaml", "policy_sha256": "0" * 64, "baseline": None, "looks": 1, "decided": False}
    return Looks(**{**given, "tasks": found, **fields})


def shares(right: int, n: int) -> list[float | None]:
    """So many ones among n, spread evenly."""
    return [float(place * right // n != (place + 1) * right // n) for place in range(n)]


def in_clusters(given: Sequence[Sample], sizes: Sequence[int]) -> list[Sample]:
    """The samples in clusters of these sizes, again and again."""
    names = [f"c{place}" for place, size in enumerate(sizes * len(given)) for _ in range(size)]
    return [one.model_copy(update={"cluster": name}) for one, name in zip(given, names, strict=False)]


def in_units(values: Sequence[float], sizes: Sequence[int], limit: float, largest: int) -> list[float]:
    """One value for each cluster: as far from the limit as the sum of its items is, divided by the largest cluster."""
    ends = [0, *accumulate(sizes * len(values))]
    parts = [values[start:end] for start, end in pairwise(ends) if start < len(values)]
    return [limit + math.fsum(value - limit for value in part) / largest for part in parts]


def money_above(values: Sequence[float], limit: float, low: float) -> float:
    """What betting on a mean above a limit makes of 1, stake by stake and value by value."""
    each = [math.prod(1 + stake * (value - limit) / (limit - low) for value in values) for stake in STAKES]
    return math.fsum(each) / len(each)
