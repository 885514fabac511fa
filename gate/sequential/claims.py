"""What a rule claims of the mean of its items, and whether the items have decided it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.stats.sequential import EARLY, decided

if TYPE_CHECKING:
    from audit.core.records import Verdict
    from audit.gate.sequential.items import ItemValues
    from audit.stats.sequential import Units


FURTHEST, PRECISION = 1_000.0, 0.01
"""Up to how many times as many items are looked ahead, and how exactly."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The mean lies above a limit, or below it."""

    passes: float
    """The rule holds if the mean is above this (or below, if not ``above``)."""
    fails: float
    """It is broken if the mean is below this (or above). Another value only where the limit itself is estimated."""
    above: bool
    """Which side is good."""


def verdict_of(claims: list[Claim], items: ItemValues, confidence: float, tests: int) -> Verdict:
    """Whether the items decide claims that must all hold, with the part of the error for looks before the last.

    Args:
        claims: All of them.
        items: The items.
        confidence: Nominal coverage that the rule asks for, over all looks.
        tests: Rules of which any may fail by chance.
    """
    error = (1 - confidence) / 2 * EARLY
    ends = items.ends()
    found = [_holds(claim, ends, error, tests) for claim in claims]
    if any(one is False for one in found):
        return "FAIL"
    return "PASS" if found and all(found) else "INCONCLUSIVE"


def _holds(claim: Claim, ends: tuple[Units, Units], error: float, tests: int) -> bool | None:
    """Whether one claim holds of units with the lowest and highest values; None if that is open."""
    low, high = ends
    if claim.above:
        inside = decided(low, high, claim.passes, None, error=error, tests=tests)
        outside = decided(low, high, claim.fails, None, error=error, tests=tests)
    else:
        inside = decided(high, low, None, claim.passes, error=error, tests=tests)
        outside = decided(high, low, None, claim.fails, error=error, tests=tests)
    if inside:
        return True
    return False if outside is False else None


def items_to_decide(claims: list[Claim], items: ItemValues, confidence: float, tests: int) -> int | None:
    """About how many items would decide claims, if more of them show what these show.

    None where they would decide nothing with ``FURTHEST`` times as many, and where these items decide them: what keeps
    the rule open then is something else.
    """
    low, high = items.ends()
    error = (1 - confidence) / 2 * EARLY

    def is_decided(times: float) -> bool:
        more = low.repeated(times), high.repeated(times)
        found = [_holds(claim, more, error, tests) for claim in claims]
        return False in found or all(found)

    if not claims or not items.low or is_decided(1.0) or not is_decided(FURTHEST):
        return None
    least, most = 1.0, FURTHEST
    while most / least > 1 + PRECISION:
        middle = math.sqrt(least * most)
        least, most = (least, middle) if is_decided(middle) else (middle, most)
    return math.ceil(len(items.low) * most)
