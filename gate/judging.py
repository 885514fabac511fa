"""One rule on one metric: where its interval lies, and what keeps it from being judged.

A count of what was seen is known: it has no interval and is judged as it is. Everything else is judged on its interval,
cut to the values that its unit can have and widened by what cut answers leave open. What was not scored keeps a rule
from passing, or, within the tolerance of the policy, widens the interval by the worst that it could be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.formatting import interval, number
from audit.core.records import GateCheck, RatedAs, Verdict
from audit.core.units import unit_of
from audit.gate.advice import MORE
from audit.gate.settling import SHARE, exact_tail
from audit.stats.aggregate import UNSCORED
from audit.stats.cut_answers import cut_text
from audit.stats.definitions import counts_completions, is_count, is_mean_of_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric
    from audit.gate.measured import Measured
    from audit.gate.policy import Policy, Rule


@dataclass(frozen=True, slots=True)
class Ends:
    """The values that a metric may have as far as the run shows."""

    low: float
    """Lowest."""
    high: float
    """Highest."""
    unit: str
    """Their unit."""

    @property
    def text(self) -> str:
        """``0.447 to 0.741``, or the one value that is possible."""
        return number(self.low, self.unit) if self.low == self.high else interval(self.low, self.high, self.unit)

    def verdict(self, rule: Rule) -> Verdict:
        """Where they lie relative to the range of a rule."""
        return judge_interval(self.low, self.high, rule.min, rule.max)


def judge_rule(
    rule: Rule,
    metric: Metric,
    measured: Measured,
    policy: Policy,
    advice: Callable[[Rule, Metric], str] = lambda *_: MORE,
) -> GateCheck:
    """Judge one rule on one metric.

    Args:
        rule: The range.
        metric: What was measured.
        measured: All metrics of the run: cut answers and unscored samples of the task are counted among them.
        policy: Says which coverage counts, and how many samples may be unscored.
        advice: What would settle a rule whose limit lies inside the interval.
    """
    hindrance = _hindrance(metric, rule.confidence or policy.confidence)
    if hindrance:
        return check(rule, metric, "INCONCLUSIVE", hindrance)
    if measured.lacks_bounds(metric):
        return check(
            rule, metric, "INCONCLUSIVE", "the token limit cut answers, and the run has no bounds of the slice"
        )
    seen = _seen(metric)
    ends = _with_cut_answers(seen, metric, measured)
    cut = cut_text(metric, measured.of_task(metric.task)) if ends != seen else ""
    aside = f" ({cut})" if cut else ""
    verdict = ends.verdict(rule)

    def todo() -> str:
        return ". Raise the token limit to decide it" if cut else f": {advice(rule, metric)}"

    tail = _tail(rule, metric, measured, verdict)
    if tail > 1 - metric.confidence:
        word = "satisfies" if verdict == "PASS" else "violates"
        but = f"but so would {100 * tail:.1f} % of runs whose true value is the limit (exact binomial test)"
        return check(rule, metric, "INCONCLUSIVE", f"{ends.text} {word} the rule, {but}{aside}{todo()}")
    if verdict == "PASS":
        tolerance = policy.max_unscored if rule.max_unscored is None else rule.max_unscored
        verdict, gap = _with_gap(rule, metric, ends, measured, tolerance)
        return check(rule, metric, verdict, f"{ends.text} satisfies the rule{aside}{gap}" if verdict == "PASS" else gap)
    if verdict == "FAIL":
        return check(rule, metric, "FAIL", f"{ends.text} violates the rule{aside}")
    return check(rule, metric, "INCONCLUSIVE", f"{ends.text} spans the limit{aside}{todo()}")


def _tail(rule: Rule, metric: Metric, measured: Measured, verdict: Verdict) -> float:
    """Greatest chance of so extreme a count if a verdict were wrong; 0 of a metric that is no share of items."""
    if verdict == "INCONCLUSIVE" or metric.ci_method != SHARE:
        return 0.0
    shares = [metric, *measured.bounds_of_cut_answers(metric)]
    found = (exact_tail(one, rule.min, rule.max, verdict) for one in shares)
    return max((one for one in found if one is not None), default=0.0)


def judge_interval(low: float, high: float, minimum: float | None, maximum: float | None) -> Verdict:
    """Where the interval ``[low, high]`` lies relative to the allowed range, limits included."""
    floor = -math.inf if minimum is None else minimum
    ceiling = math.inf if maximum is None else maximum
    if floor <= low and high <= ceiling:
        return "PASS"
    return "FAIL" if high < floor or low > ceiling else "INCONCLUSIVE"


def check(rule: Rule, metric: Metric | None, verdict: Verdict, reason: str) -> GateCheck:
    """The record of a rule and what became of it."""
    return GateCheck(
        metric=rule.target,
        rule=rule.text,
        minimum=rule.min,
        max_unscored=rule.max_unscored,
        value=metric.value if metric else None,
        ci_low=metric.ci_low if metric else None,
        ci_high=metric.ci_high if metric else None,
        verdict=verdict,
        reason=reason,
        unit=metric.unit if metric else None,
        higher_is_better=metric.higher_is_better if metric else None,
        **({"maximum": rule.max} | asked_of(rule)),
    )


def asked_of(rule: Rule) -> dict[str, Any]:
    """What a rule of one kind asks for, as fields of its check."""
    loss, gap = rule.no_worse_than_baseline, rule.max_gap
    limit = gap.value if gap else rule.max_truncated
    return {
        "kind": rule.kind,
        "margin": loss.margin if loss else None,
        "relative": loss.relative if loss else None,
        "by": gap.slice if gap else None,
        "rated_as": rated_as(rule),
        **({} if limit is None else {"maximum": limit}),
        **{name: getattr(rule, name) for name in ("confidence", "severity", "owner", "why")},
    }


def rated_as(rule: Rule) -> RatedAs | None:
    """What a rule asks of people's ratings; None where it asks for nothing."""
    asked = rule.corrected
    if asked is None:
        return None
    return RatedAs(at_least=asked.rated_at_least, at_most=asked.rated_at_most, labels=asked.labels)


def is_count_of_what_was_seen(metric: Metric) -> bool:
    """Whether the value is known as it is: a count over the samples of the run, not an estimate."""
    return metric.ci_low is None and metric.ci_high is None and metric.no_interval is None and is_count(metric)


def _seen(metric: Metric) -> Ends:
    """The ends of the interval, cut to the values that the unit can have; those of a count are its value."""
    low, high = metric.ci_low, metric.ci_high
    if low is None or high is None:
        low = high = math.nan if metric.value is None else metric.value
    unit = unit_of(metric.unit)
    return Ends(max(low, unit.low), min(high, unit.high), metric.unit)


def _with_cut_answers(ends: Ends, metric: Metric, measured: Measured) -> Ends:
    """Widened by what answers that the token limit cut leave open: nobody knows what they would say."""
    low, high = ends.low, ends.high
    for bound in measured.bounds_of_cut_answers(metric):
        known = [end for end in (bound.value, bound.ci_low, bound.ci_high) if end is not None and math.isfinite(end)]
        low, high = min(low, *known), max(high, *known)
    return Ends(low, high, ends.unit)


def _hindrance(metric: Metric, confidence: float) -> str | None:
    """Why a metric cannot be judged at all."""
    if metric.value is None or metric.error:
        return f"not computed: {metric.error or 'no reason given'}"
    if is_count_of_what_was_seen(metric):
        return None if 0 <= metric.value < math.inf and metric.n >= 1 else "not a usable count: it covers no samples"
    if metric.ci_low is None or metric.ci_high is None:
        return f"no confidence interval{f': {metric.no_interval}' if metric.no_interval else ''}"
    return _unusable(metric, metric.ci_low, metric.ci_high, confidence)


def _unusable(metric: Metric, low: float, high: float, confidence: float) -> str | None:
    """What is wrong with an interval."""
    unit, value = unit_of(metric.unit), metric.value or 0.0
    if not all(math.isfinite(end) for end in (value, low, high)) or low > high:
        return f"not a usable interval: {low} to {high}"
    if not unit.holds(value) or low > unit.high or high < unit.low:
        return f"not a possible value for {unit.words}: {value:g}, {low:g} to {high:g}"
    if metric.n < 1:
        return "the value is based on no items"
    if metric.confidence < confidence:
        return f"its interval covers {metric.confidence:.0%}, the policy asks for {confidence:.0%}"
    return None


def _with_gap(rule: Rule, metric: Metric, ends: Ends, measured: Measured, tolerance: float) -> tuple[Verdict, str]:
    """What unscored samples of the task make of a rule that passes on what was scored, and why."""
    if metric.metric == UNSCORED:
        return "PASS", ""
    count = measured.unscored(metric)
    if count is None or count.value is None:
        return (
            "INCONCLUSIVE",
            f"{metric.task}/{UNSCORED} is missing, so the number of unscored samples is unknown",
        )
    unknown = count.value + metric.missing
    if unknown == 0:
        return "PASS", ""
    counts = _counts(count, metric)
    tolerated = 0 < unknown <= count.n and unknown / count.n <= tolerance
    worst = widened_by_unscored(ends, metric, count, unknown) if tolerated else None
    if worst is not None and worst.verdict(rule) == "PASS":
        return "PASS", f", and so does {worst.text}: {counts}, which counts them at their worst and best"
    why = f", more than the tolerated share of {tolerance:g}" if tolerance else ""
    if worst is not None:
        why = f": with them at their worst or best, {worst.text} spans the limit"
    elif tolerated:
        why = ": what they could change is known for counts, and for means over items in a unit with bounds"
    return "INCONCLUSIVE", f"{counts}{why}"


def _counts(count: Metric, metric: Metric) -> str:
    """How many samples of the task have no score, and how many of those that have one the metric left out."""
    parts = []
    if count.value:
        parts.append(f"{number(count.value, 'count')} of {count.n} samples could not be scored")
    if metric.missing:
        parts.append(f"{metric.missing:,} of {metric.n + metric.missing:,} scored items have no value")
    return ", ".join(parts)


def widened_by_unscored(ends: Ends, metric: Metric, count: Metric, missing: float) -> Ends | None:
    """Widened by the lowest and highest values that unscored samples could have had; None where nobody knows.

    A mean over n items turns into (n · mean + k · x) / (n + k) with k more items of value x: x is each end of the unit
    in turn. All unscored samples of the task may belong to the metric's slice. A count grows by k at most. Items that
    could not be scored say nothing of how many completions have no value, and the other way round: a mean is widened
    only where ``n`` and the count of what is unscored count the same.
    """
    if is_count_of_what_was_seen(metric):
        return Ends(ends.low, ends.high + missing, ends.unit)
    whole = unit_of(metric.unit).whole_range
    if whole is None or not is_mean_of_items(metric) or counts_completions(metric) != counts_completions(count):
        return None
    (lowest, highest), n = whole, metric.n
    low, high = ((n * end + missing * x) / (n + missing) for end, x in ((ends.low, lowest), (ends.high, highest)))
    return Ends(low, high, ends.unit)
