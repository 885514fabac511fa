"""What a rule claims of the mean of its items, and whether the items have decided it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.stats.sequential import EARLY, decided

if TYPE_CHECKING:
    from audit.core.records import Verdict
    from audit.gate.sequential.items import ItemValues


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
    found = [_holds(claim, items, error, tests) for claim in claims]
    if any(one is False for one in found):
        return "FAIL"
    return "PASS" if found and all(found) else "INCONCLUSIVE"


def _holds(claim: Claim, items: ItemValues, error: float, tests: int) -> bool | None:
    """Whether one claim holds; None if that is open."""
    low, high = items.ends()
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
    """About how many items would decide claims if their values stay as they are: the evidence grows with the items.

    None where the evidence points nowhere yet.
    """
    low, high = items.ends()
    error = (1 - confidence) / 2 * EARLY
    holds, broken = math.log(1 / error), math.log(tests / error)
    inside = [low.evidence_above(one.passes) if one.above else high.evidence_below(one.passes) for one in claims]
    outside = [high.evidence_below(one.fails) if one.above else low.evidence_above(one.fails) for one in claims]
    share = max(min(inside, default=0.0) / holds, max(outside, default=0.0) / broken)
    if not 0 < share < math.inf:
        return None
    return math.ceil(len(items.low) / share)
