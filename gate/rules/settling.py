"""What would settle a rule on the baseline: how many items, if the difference stays, and how to get them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.units import unit_of
from audit.gate import settling
from audit.gate.advice import MORE, counted_in, rounded_up
from audit.gate.rules.differences import Gain, gain_of
from audit.gate.settling import ON_LIMIT, enough
from audit.stats.clusters import freedom_of_sizes
from audit.stats.interval import critical
from audit.stats.pairing.tango import items_that_reject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import BaselineComparison, Metric
    from audit.gate.advice import Advisor
    from audit.gate.policy import Rule

NORMAL = ("tango", "bounded_score")
"""Intervals with the normal quantile; that of all others is Student's, by the number of units."""
BY_SIZE = frozenset({"tango_clustered", "t"}) | settling.BY_SIZE
"""Intervals of means: of clusters, their sizes count, too."""


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
    shrinking = _without_cut_answers(rule, found, gain)
    if shrinking is None:
        return "the cut answers alone keep it open, however many items there are: raise the token limit"
    clustered = found.difference.units < found.difference.n and found.difference.ci_method in BY_SIZE
    needed = items_for_gain(shrinking, found, candidate.clusters(metric) if clustered else None)
    if math.isinf(needed):
        where = "is 0" if rule.kind == "better" else "lies on the margin"
        return f"the difference {where}: no number of items would decide it"
    difference = found.difference
    count, factor = rounded_up(needed), needed / difference.n
    what = counted_in(rule.task) + (" of the slice" if metric.slice else "")
    said = f"about {count:,} {what} would decide this if the difference stays; {difference.n:,} are compared"
    how = candidate.more(rule.task, count / difference.n)
    if not how:
        return f"{said}. {MORE[0].upper()}{MORE[1:]} in both runs" if factor > 1 else said
    other = baseline.command(rule.task, count / difference.n) if "Add items: " in how else ""
    return f"{said}{how}{f'; and of the baseline: {other}' if other else ''}"


def completing(candidate: Advisor, baseline: Advisor, task: str) -> str:
    """The command that gives one run the items of a task that only the other was asked for, as a further sentence.

    Empty where their limits do not say which run that is: they are equal or not known, or one is a share.
    """
    limits = candidate.limit(task), baseline.limit(task)
    if None in limits or limits[0] == limits[1] or min(one or 0.0 for one in limits) < 1:
        return ""
    larger = max(one or 0.0 for one in limits)
    typed = "all" if math.isinf(larger) else f"{larger:.0f}"
    if limits[0] == larger:
        return f". Add items to the baseline: {baseline.extending(typed)}"
    return f". Add items: {candidate.extending(typed)}"


def _without_cut_answers(rule: Rule, found: BaselineComparison, gain: Gain) -> Gain | None:
    """The gain at the worst of what cut answers leave open, which does not shrink with the items.

    None where its sign depends on them: a share of the answers that stays the same keeps the rule open.
    """
    bare = gain_of(rule, found, cut=False) if found.cut else None
    if bare is None:
        return gain
    reach = gain.low - bare.low if bare.value > 0 else gain.high - bare.high
    moved = Gain(bare.low + reach, bare.value + reach, bare.high + reach)
    return moved if moved.value * bare.value > 0 else None


def items_for_gain(gain: Gain, found: BaselineComparison, clusters: Sequence[int] | None = None) -> float:
    """Items at which the interval of the same gain ends at 0; infinite where the gain is 0.

    Exact for Tango's interval of two shares against a margin in their unit. Half the width of any other interval
    shrinks about with the square root of the items.

    Args:
        gain: What the comparison says about a rule.
        found: The comparison.
        clusters: Items of each cluster, where they count; None takes all units for alike.
    """
    difference = found.difference
    half = gain.value - gain.low if gain.value > 0 else gain.high - gain.value
    if abs(gain.value) <= ON_LIMIT * max(half, ON_LIMIT):
        return math.inf
    exactly = _by_score_test(gain, found)
    if exactly is not None:
        return max(float(difference.n), exactly)
    ratio = max(1.0, half / abs(gain.value))
    items = difference.n * ratio**2
    if difference.ci_method in NORMAL:
        return items
    units, each = max(2, difference.units), difference.confidence

    def quantile(count: float) -> float:
        copies = count / difference.n
        return critical(each, freedom_of_sizes(clusters, copies) if clusters else units * copies - 1)

    now = quantile(difference.n)

    def needed(count: float) -> float:
        return items * (quantile(count) / now) ** 2

    return enough(needed, difference.n, items)


def _by_score_test(gain: Gain, found: BaselineComparison) -> float | None:
    """Items of the score test behind the interval; None where it is another, or also about the baseline's value."""
    one = found.difference
    counts = (one.higher or 0, one.lower or 0)
    of_counts = one.ci_method == "tango" or (one.ci_method == "bounded_score" and not any(counts))
    unit = unit_of(one.unit)
    if not of_counts or found.baseline_low is not None or unit.whole_range is None or one.units != one.n:
        return None
    margin = (one.difference or 0.0) - (gain.value if one.higher_is_better else -gain.value)
    return items_that_reject(margin / (unit.high - unit.low), *counts, one.n, one.confidence)
