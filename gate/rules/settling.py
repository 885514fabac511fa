"""What would settle a rule on the baseline: how many items, if the difference stays, and how to get them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.gate.advice import MORE, rounded_up
from audit.gate.settling import ON_LIMIT, STEPS
from audit.stats.pairing.tango import critical

if TYPE_CHECKING:
    from audit.core.records import BaselineComparison, Metric
    from audit.gate.advice import Advisor
    from audit.gate.policy import Rule
    from audit.gate.rules.differences import Gain

NORMAL = ("tango", "bounded_score")
"""Intervals with the normal quantile; that of all others is Student's, by the number of units."""


def advice_on(
    candidate: Advisor, baseline: Advisor, rule: Rule, metric: Metric, found: BaselineComparison, gain: Gain
) -> str:
    """What would settle a rule whose margin lies inside the interval of the difference.

    Args:
        candidate: Knows the limits of the judged run.
        baseline: Knows those of the baseline.
        rule: The rule.
        metric: Of the judged run.
        found: The comparison.
        gain: What it says about the rule.
    """
    needed = items_for_gain(gain, found)
    if math.isinf(needed):
        return "the difference lies on the margin: no number of items would decide it"
    difference = found.difference
    count, factor = rounded_up(needed), needed / difference.n
    where = "of the slice " if metric.slice else ""
    said = f"about {count:,} items {where}would decide this if the difference stays; {difference.n:,} are compared"
    how = candidate.more(rule.task, count / difference.n)
    if not how:
        return f"{said}. {MORE[0].upper()}{MORE[1:]} in both runs" if factor > 1 else said
    other = baseline.command(rule.task, count / difference.n) if "Add items: " in how else ""
    return f"{said}{how}{f'; and of the baseline: {other}' if other else ''}"


def items_for_gain(gain: Gain, found: BaselineComparison) -> float:
    """Items at which the interval of the same gain ends at 0; infinite where the gain is 0.

    Half the width of an interval shrinks with the square root of the items. Of one that has a width although no item
    changed, it shrinks with their number.
    """
    difference = found.difference
    half = gain.value - gain.low if gain.value > 0 else gain.high - gain.value
    if abs(gain.value) <= ON_LIMIT * max(half, ON_LIMIT):
        return math.inf
    ratio = max(1.0, half / abs(gain.value))
    method = difference.ci_method or ""
    if difference.higher == difference.lower == 0 and method in NORMAL:
        return difference.n * ratio
    items = difference.n * ratio**2
    if method in NORMAL:
        return items
    units, each = max(2, difference.units), difference.confidence
    now = critical(each, units - 1)
    for _ in range(STEPS):
        grown = critical(each, max(1.0, units * items / difference.n - 1))
        items = difference.n * (ratio * grown / now) ** 2
    return items
