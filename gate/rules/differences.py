"""A rule on the baseline: where the interval of the difference lies relative to the margin.

The gain over what the rule asks for is s·d + margin, or s·d + share·b: d is the difference, s its good direction, b the
baseline's value. The rule passes where the interval of the gain lies above 0, and fails where it lies below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import estimate, signed
from audit.core.units import unit_of
from audit.stats.aggregate import UNSCORED
from audit.stats.definitions import counts_completions, is_mean_of_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import BaselineComparison, Metric, MetricDifference, Verdict
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much a candidate is better than a rule asks for; negative where it is worse."""

    low: float
    """Lower end of its interval."""
    value: float
    """Point estimate."""
    high: float
    """Upper end."""

    @property
    def verdict(self) -> Verdict:
        """Where the interval lies relative to 0."""
        if self.low > 0:
            return "PASS"
        return "FAIL" if self.high < 0 else "INCONCLUSIVE"


def gain_of(rule: Rule, found: BaselineComparison, *, cut: bool = True) -> Gain | None:
    """The gain; None where a difference or an interval is missing.

    A margin that is a share of the baseline's value is unknown without an interval of that value.

    Args:
        rule: Of kind ``no_worse`` or ``better``.
        found: The comparison.
        cut: Whether the gain is widened by what cut answers leave open.
    """
    loss = rule.no_worse_than_baseline
    if loss is not None and loss.relative is not None and None in (found.baseline_low, found.baseline_high):
        return None
    ends = _ends(found, cut=cut)
    return None if ends is None else _gain(rule, found, *ends)


def judge_difference(
    rule: Rule,
    metric: Metric,
    found: BaselineComparison,
    measured: Measured,
    tolerance: float,
    advice: Callable[[Rule, Metric, BaselineComparison, Gain], str],
) -> tuple[Verdict, str]:
    """Verdict and reason of a rule on the baseline, by itself.

    Args:
        rule: Of kind ``no_worse`` or ``better``.
        metric: Of the candidate.
        found: The comparison.
        measured: All metrics of the candidate: unscored samples are counted among them.
        tolerance: Share of the task's samples that may be unscored.
        advice: What would settle a rule whose margin lies inside the interval.
    """
    difference = found.difference
    if difference.error is not None:
        return "INCONCLUSIVE", f"not compared with the baseline: {difference.error}"
    gain = gain_of(rule, found)
    if gain is None:
        return "INCONCLUSIVE", _without_interval(rule, difference)
    said = f"{shown(found)} {_place(rule, gain.verdict)}{_cut_text(found)}"
    if gain.verdict == "FAIL":
        return "FAIL", said
    if gain.verdict == "INCONCLUSIVE":
        bare = gain_of(rule, found, cut=False)
        if bare is not None and bare.verdict != "INCONCLUSIVE":
            return "INCONCLUSIVE", f"{said}. Raise the token limit to decide it"
        return "INCONCLUSIVE", f"{said}: {advice(rule, metric, found, gain)}"
    verdict, why = _with_unpaired(rule, metric, found, measured, tolerance)
    return verdict, f"{said}{why}" if verdict == "PASS" else f"{said}, but {why}"


def shown(found: BaselineComparison, about: str = "") -> str:
    """``difference +0.020 (95 % interval −0.010 to 0.050)``, with the baseline's interval where the margin needs it.

    Args:
        found: The comparison.
        about: What else there is to say about the interval of the difference.
    """
    one = found.difference
    value, ends = estimate(one.difference, one.ci_low, one.ci_high, one.unit)
    value = signed(one.difference, one.unit) if one.difference else value
    text = f"difference {value} ({coverage(one.confidence)} interval {ends}{about})"
    if found.baseline_low is not None:
        own = estimate(one.baseline, found.baseline_low, found.baseline_high, one.unit)
        text += f", baseline {own[0]} ({own[1]})"
    return text


def coverage(confidence: float) -> str:
    """``97.5 %``."""
    return f"{100 * confidence:.4g} %"


def unpaired(difference: MetricDifference) -> int:
    """Items of either run that lack on one side, or have no value there."""
    return round(difference.n / difference.aligned) - difference.n if difference.aligned else 0


def _place(rule: Rule, verdict: Verdict) -> str:
    """Where the interval lies, in words."""
    if rule.kind == "better":
        return {"PASS": "is an improvement", "FAIL": "is no improvement", "INCONCLUSIVE": "spans 0"}[verdict]
    words = {"PASS": "clears the margin", "FAIL": "lies beyond the margin", "INCONCLUSIVE": "spans the margin"}
    return words[verdict]


def _ends(
    found: BaselineComparison, *, cut: bool = True, missing: int = 0
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Ends of the difference and of the baseline's value (0 where no margin needs it).

    Args:
        found: The comparison.
        cut: Whether they are widened by the cut answers, each of which may move the difference by the unit's range.
        missing: Items without a value on one side, which may have had any: with k of them next to n compared ones, the
            difference is (n · d + k · x) / (n + k).
    """
    one = found.difference
    if one.ci_low is None or one.ci_high is None or one.difference is None:
        return None
    own = (0.0, 0.0) if found.baseline_low is None else (found.baseline_low, found.baseline_high or 0.0)
    low, high = one.ci_low, one.ci_high
    unit, count = unit_of(one.unit), (found.cut if cut else 0)
    if not count and not missing:
        return (low, high), own
    if unit.whole_range is None:
        return None
    width, n = unit.high - unit.low, one.n
    low, high = low - width * count / n, high + width * count / n
    low, high = ((n * end + missing * most) / (n + missing) for end, most in ((low, -width), (high, width)))
    if found.baseline_low is not None:
        own = tuple(  # type: ignore[assignment] # two ends
            (n * min(max(end + side * width * count / n, unit.low), unit.high) + missing * most) / (n + missing)
            for end, side, most in ((own[0], -1, unit.low), (own[1], 1, unit.high))
        )
    return (low, high), own


def _gain(rule: Rule, found: BaselineComparison, ends: tuple[float, float], own: tuple[float, float]) -> Gain:
    """The gain of a difference with these ends."""
    one, loss = found.difference, rule.no_worse_than_baseline
    sign = 1.0 if one.higher_is_better else -1.0
    low, high = sorted(sign * end for end in ends)
    share, margin = (loss.relative or 0.0, loss.margin or 0.0) if loss else (0.0, 0.0)
    value = sign * (one.difference or 0.0) + margin + share * (one.baseline or 0.0)
    return Gain(low + margin + share * own[0], value, high + margin + share * own[1])


def _without_interval(rule: Rule, difference: MetricDifference) -> str:
    """Why there is nothing to judge."""
    if difference.identical:
        return f"every one of {difference.n:,} items gave the same in both runs, which shows no spread: no interval"
    loss = rule.no_worse_than_baseline
    what = "the baseline's value or the difference" if loss and loss.relative else "the difference"
    why = f": {difference.no_interval}" if difference.no_interval else ""
    return f"no interval of {what}{why}"


def _cut_text(found: BaselineComparison) -> str:
    many = "answers" if found.cut > 1 else "answer"
    return f" ({found.cut:,} {many} cut by the token limit in either run, at worst and best)" if found.cut else ""


def _with_unpaired(
    rule: Rule, metric: Metric, found: BaselineComparison, measured: Measured, tolerance: float
) -> tuple[Verdict, str]:
    """What items without a value on one side make of a rule that passes on the compared ones, and why."""
    count = measured.unscored(metric)
    if count is None or count.value is None:
        return "INCONCLUSIVE", f"{metric.task}/{UNSCORED} is missing, so the number of unscored samples is unknown"
    unscored = count.value + metric.missing
    if unscored and not 0 < unscored / max(count.n, 1) <= tolerance:
        tolerated = f", more than the tolerated share of {tolerance:g}" if tolerance else ""
        return "INCONCLUSIVE", f"{unscored:,.0f} of {count.n:,} samples could not be scored{tolerated}"
    missing = max(unpaired(found.difference), round(unscored))
    if not missing and not unscored:
        return "PASS", ""
    lost = found.difference.missing or f"{unscored:,.0f} without a value"
    worst = None
    if is_mean_of_items(metric) and not counts_completions(metric):
        ends = _ends(found, missing=missing)
        worst = _gain(rule, found, *ends) if ends else None
    if worst is None:
        return "INCONCLUSIVE", f"{lost}: what they could change is known for means over items in a unit with bounds"
    if worst.verdict == "PASS":
        return "PASS", f", also with the items that were not compared at their worst ({lost})"
    return "INCONCLUSIVE", f"not with the items that were not compared at their worst ({lost})"
