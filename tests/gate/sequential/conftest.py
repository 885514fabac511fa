"""Runs that were looked at while they went on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.core.records import Looks, TaskLooks
from audit.stats.sequential import STAKES
from tests.gate.rules.conftest import judge, make

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["judge", "make"]


def looks(limit: int, most: int | None = None, *tasks: str, **fields: Any) -> Looks:
    """One look at boolq, or at other tasks."""
    found = {task: TaskLooks(limit=limit, most=most) for task in tasks or ("boolq",)}
    given = {"policy": "policy.yaml", "policy_sha256": "0" * 64, "baseline": None, "looks": 1, "decided": False}
    return Looks(**{**given, "tasks": found, **fields})


def shares(right: int, n: int) -> list[float | None]:
    """So many ones among n, spread evenly."""
    return [float(place * right // n != (place + 1) * right // n) for place in range(n)]


def money_above(values: Sequence[float], limit: float, low: float) -> float:
    """What betting on a mean above a limit makes of 1, stake by stake and value by value."""
    each = [math.prod(1 + stake * (value - limit) / (limit - low) for value in values) for stake in STAKES]
    return math.fsum(each) / len(each)
