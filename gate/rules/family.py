"""All rules on the baseline of a policy: the more there are, the likelier one is violated by chance.

Violations count as by Holm's procedure (Holm 1979, "A simple sequentially rejective multiple test procedure", Scand J
Stat 6): of m rules, those first whose interval with coverage 1 − α / m lies beyond the margin, then those whose
interval with 1 − α / (m − k) does when k count already. Comparing again with a larger coverage needs no p-value, so
that it is as exact as the intervals, with few clusters, too. That all rules pass needs no adjustment: each has to by
itself (Berger 1982, Technometrics 24).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.gate.rules.differences import coverage, gain_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import BaselineComparison, GateCheck, Metric
    from audit.gate.policy import Rule
    from audit.gate.rules.differences import Gain


@dataclass(frozen=True, slots=True)
class Compared:
    """A rule on the baseline, judged by itself."""

    rule: Rule
    """The rule."""
    metric: Metric
    """Of the candidate."""
    check: GateCheck
    """The verdict on it alone."""


def holm(
    family: Sequence[Compared],
    again: Callable[[Compared, float], BaselineComparison | None],
    advice: Callable[[Rule, Metric, BaselineComparison, Gain], str],
    over: int = 1,
) -> list[GateCheck]:
    """The checks, where a violation that so many rules make likely is INCONCLUSIVE.

    Rules of severity ``warn`` and those without an interval are no part of the family.

    Args:
        family: Every rule on the baseline.
        again: Compares once more with another coverage; None where that is not known.
        advice: What would settle a rule.
        over: Number of decisions that share the error: each gets an equal part of it (Bonferroni).
    """
    members = [place for place, one in enumerate(family) if _is_member(one)]
    open_ = [place for place in members if family[place].check.verdict == "FAIL"]
    checks = [one.check for one in family]
    if len(members) * over < 2:
        return checks
    counting, among = 0, _among(len(members), over)
    while open_:
        left = (len(members) - counting) * over
        found = {place: again(family[place], _needed(family[place], left)) for place in open_}
        shown_ = [place for place, one in found.items() if one and _is_beyond(family[place].rule, one)]
        for place in shown_:
            checks[place] = _shown(checks[place], found[place], among)
        open_ = [place for place in open_ if place not in shown_]
        counting += len(shown_)
        if not shown_:
            for place in open_:
                checks[place] = _not_shown(family[place], found[place], among, advice)
            break
    return checks


def _among(rules: int, over: int) -> str:
    """How many rules share the error, in words."""
    said = f"{rules} rules" if rules > 1 else "1 rule"
    return f"{said} in each of {over:,} decisions" if over > 1 else said


def _is_member(one: Compared) -> bool:
    found = one.check.baseline
    return one.check.severity == "block" and found is not None and gain_of(one.rule, found) is not None


def _needed(one: Compared, among: int) -> float:
    """The coverage that an interval needs among so many rules."""
    alone = one.check.baseline.confidence if one.check.baseline else 0.95
    return 1 - (1 - alone) / among


def _is_beyond(rule: Rule, found: BaselineComparison) -> bool:
    gain = gain_of(rule, found)
    return gain is not None and gain.verdict == "FAIL"


def _shown(check: GateCheck, found: BaselineComparison | None, among: str) -> GateCheck:
    """A violation that counts among all rules."""
    reason = f"{check.reason}, also with {coverage(found.confidence if found else 0)} coverage, which Holm's procedure"
    return check.model_copy(update={"adjusted": found, "reason": f"{reason} asks for among {among}"})


def _not_shown(
    one: Compared,
    found: BaselineComparison | None,
    among: str,
    advice: Callable[[Rule, Metric, BaselineComparison, Gain], str],
) -> GateCheck:
    """A violation that one of so many rules shows by chance too often."""
    gain = gain_of(one.rule, found) if found else None
    ends = f", {shown(found)} does not" if found else ""
    todo = f": {advice(one.rule, one.metric, found, gain)}" if found and gain else ""
    reason = f"{one.check.reason} by itself, but with the coverage that Holm's procedure asks for among {among}"
    changes = {"verdict": "INCONCLUSIVE", "adjusted": found, "reason": f"{reason}{ends}{todo}"}
    return one.check.model_copy(update=changes)
