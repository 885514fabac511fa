"""Units of metrics: what a value is measured in, how it is written, and which values are possible."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of :class:`audit.core.records.Metric`."""

    name: str
    """As in ``metrics.json``, e.g. ``share``."""
    title: str
    """As on axes and in tables, e.g. ``share (0 to 1)``."""
    low: float = -math.inf
    """Lowest possible value."""
    high: float = math.inf
    """Highest possible value."""
    decimals: int | None = None
    """Digits behind the point; null: four significant digits."""


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("share", "share (0 to 1)", 0, 1, 3),
        Unit("percent", "percent (0 to 100)", 0, 100, 1),
        Unit("points", "percentage points (−100 to 100)", -100, 100, 1),
        Unit("correlation", "correlation (−1 to 1)", -1, 1, 3),
        Unit("score", "score"),
        Unit("nats", "nats", decimals=3),
        Unit("bits", "bits", decimals=2),
        Unit("tokens", "tokens", 0, decimals=1),
        Unit("count", "count", 0, decimals=0),
        Unit("squared_error", "squared error", 0),
    )
}
"""Every unit that a task of this package uses; tasks from elsewhere may have others."""


def unit_of(name: str) -> Unit:
    """The unit of that name; one that is not known has no bounds."""
    return UNITS.get(name) or Unit(name, name)
