"""Numbers as sentences and tables show them: rounded by their uncertainty, with their unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import ABSENT
from audit.core.units import Unit, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric

MOST_DECIMALS = 6
LARGE = -2
"""From so few decimals on, numbers have two significant digits: 47,790 (1,186 to 3,015,284) is 48,000."""
WRITTEN_OUT = 1e15
"""From so much on, a number has a power of ten: the perplexity of a broken checkpoint may be 2e+30."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A metric's numbers as text, all with the same digits; ``—`` for what is missing."""

    value: str
    """``62 %``."""
    interval: str
    """``55 to 69 %``."""
    chance: str
    """``50 %``."""
    majority: str
    """``58 %``."""
    ideal: str
    """``0 %``."""

    @property
    def estimate(self) -> str:
        """``62 % (55 to 69 %)``, or the value alone where it has no interval."""
        return _estimate(self.value, self.interval)


def figures(metric: Metric) -> Figures:
    """A metric's value, interval and references as text.

    The smaller half of the interval decides the digits: they end at its first significant digit, or at its second where
    the first is 1 (after the rule of the Particle Data Group for errors, section 5.3 of its review). An end of the
    interval that differs from a reference inside the unit's range never looks equal to it. Without an interval, the
    unit decides.

    Args:
        metric: Any; a plain whole number has no decimals.
    """
    unit = unit_of(metric.unit)
    ends = (metric.value, metric.ci_low, metric.ci_high)
    references = (metric.chance, metric.majority, metric.ideal)
    decimals = _decimals(*ends, unit, [one for one in references if one is not None])
    value, interval = _with_digits(*ends, unit, decimals)
    chance, majority, ideal = (_reference(one, unit, decimals) for one in references)
    return Figures(value, interval, chance, majority, ideal)


def rounded_estimate(
    value: float | None, low: float | None, high: float | None, unit: str = "score", *references: float
) -> str:
    """``0.51 (0.42 to 0.60)``, rounded as by :func:`figures`; the value alone where it has no interval.

    Args:
        value: The value.
        low: Lower end of its interval.
        high: Upper end.
        unit: A unit of :class:`audit.core.records.Metric`.
        references: What it is compared with, e.g. 0 for an agreement coefficient; an end never looks equal to it.
    """
    found = unit_of(unit)
    return _estimate(*_with_digits(value, low, high, found, _decimals(value, low, high, found, references)))


def _estimate(value: str, interval: str) -> str:
    return value if interval == ABSENT else f"{value} ({interval})"


def _with_digits(
    value: float | None, low: float | None, high: float | None, unit: Unit, decimals: int | None
) -> tuple[str, str]:
    """A value and its interval as text."""
    interval = ABSENT
    if low is not None and high is not None:
        interval = f"{_number(low, unit, decimals)} to {_shown(high, unit, decimals)}"
    return _shown(value, unit, decimals), interval


def _decimals(
    value: float | None, low: float | None, high: float | None, unit: Unit, references: Sequence[float]
) -> int | None:
    """Digits after the decimal point; below 0 for large numbers, None for four significant digits."""
    halves = [] if value is None or low is None or high is None else [value - low, high - value]
    halves = [half for half in halves if half > 0]
    if value is None or low is None or high is None or not halves:
        if value is not None and (unit.factor * value).is_integer():
            return 0
        digits = unit.digits(value or 0.0)
        return digits if digits is None else max(0, digits - round(math.log10(unit.factor)))
    half = float(f"{unit.factor * min(halves):.2g}")
    place = -math.floor(math.log10(half))
    place += f"{half:e}".startswith("1")
    if place > MOST_DECIMALS and abs(unit.factor * value) < 10.0**-MOST_DECIMALS:
        return None  # decimals would all be 0
    if place <= LARGE and not unit.whole_range:
        return place
    decimals = min(max(0, place), MOST_DECIMALS)
    apart = [(end, one) for end in (low, high) for one in references if end != one and one not in {unit.low, unit.high}]
    while decimals < MOST_DECIMALS and any(_looks_equal(*pair, unit, decimals) for pair in apart):
        decimals += 1
    return decimals


def _looks_equal(one: float, other: float, unit: Unit, decimals: int) -> bool:
    return _number(one, unit, decimals) == _number(other, unit, decimals)


def _number(value: float, unit: Unit, decimals: int | None) -> str:
    """A number without its unit."""
    shown = unit.factor * value
    if decimals is None:
        text = f"{shown:,.4g}"
    elif decimals < 0:
        text = f"{float(f'{shown:.2g}'):,.0f}" if abs(shown) < WRITTEN_OUT else f"{shown:.2g}"
    else:
        text = f"{shown:z,.{decimals}f}"
    return text.replace("-", "−")


def _shown(value: float | None, unit: Unit, decimals: int | None) -> str:
    return ABSENT if value is None or not math.isfinite(value) else _number(value, unit, decimals) + unit.suffix


def _reference(value: float | None, unit: Unit, decimals: int | None) -> str:
    """A reference; a whole number has no decimals: the ideal is 0, not 0.00."""
    if value is not None and (unit.factor * value).is_integer():
        return _shown(value, unit, 0)
    return _shown(value, unit, decimals)
