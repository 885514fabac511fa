"""Rules on tasks that were looked at: judged at any look, and once more when all items are there.

A tenth of a rule's error is for all looks before the last one, at which evidence by betting decides
(:mod:`audit.stats.sequential`). The rest is for the interval of a fixed number of items, where the task has exactly as
many as was fixed before the first look. Violations are Bonferroni-adjusted over the rules of a family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.core.formatting import interval, number
from audit.core.records import BaselineComparison, MetricDifference, SequentialCheck
from audit.core.records.comparison import fields_of
from audit.gate.judging import check, is_count_of_what_was_seen
from audit.gate.rules.differences import coverage, shown
from audit.gate.sequential import items as values
from audit.gate.sequential.claims import Claim, items_to_decide, verdict_of
from audit.gate.sequential.items import AT_END, NotEarlyError
from audit.gate.sequential.last_look import LastLook
from audit.stats.aggregate import TRUNCATED_OUTPUT
from audit.stats.pairing.alignment import aligned
from audit.stats.sequential import EARLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import GateCheck, Metric, Verdict
    from audit.gate.measured import Measured
    from audit.gate.policy import Policy, Rule
    from audit.gate.rules.baseline import Baseline
    from audit.gate.sequential.items import ItemValues
    from audit.gate.sequential.looked import Looked
    from audit.stats.records import Records


class SequentialJudge:
    """Judges rules on tasks that were looked at.

    Args:
        looked: Which they are.
        measured: Metrics of the run.
        records: Its samples.
        policy: The policy.
        baseline: The run to compare with; None where no rule asks for one.
        command: The command that goes on until the rules are decided; empty leaves it out.
    """

    def __init__(
        self,
        looked: Looked,
        measured: Measured,
        records: Records,
        policy: Policy,
        baseline: Baseline | None,
        command: str = "",
    ) -> None:
        self._looked, self._measured, self._records = looked, measured, records
        self._policy, self._baseline, self._command = policy, baseline, command
        self._last = LastLook(measured, records, policy, baseline)

    def check(self, rule: Rule, metric: Metric, tests: int) -> GateCheck:
        """Judge one rule.

        Args:
            rule: One on a task that was looked at, or in a family with one.
            metric: Its metric, with a value that can be compared.
            tests: Rules of which any may fail by chance, this one included.
        """
        if not self._looked.at_task(rule):  # one of the family that was not looked at
            return self._last.check(rule, metric, tests, looked=False)
        early, why = self._early(rule, metric, tests)
        if early is not None and early.verdict != "INCONCLUSIVE":
            return early
        if self._looked.is_complete(rule):
            return self._last.check(rule, metric, tests, looked=True)
        return early or self._made(rule, metric, "INCONCLUSIVE", why, self._without_items(rule, tests))

    def _early(self, rule: Rule, metric: Metric, tests: int) -> tuple[GateCheck | None, str]:
        """The verdict of the items so far; None with the reason where only all of them can decide."""
        if rule.kind == "gap":
            return None, f"a gap is no mean of one value per item: {AT_END}"
        if rule.kind == "range" and is_count_of_what_was_seen(metric):
            return self._count(rule, metric, tests), f"the count may still grow: {AT_END}"
        judges = {"truncated": self._truncated, "range": self._range}
        try:
            return judges.get(rule.kind, self._difference)(rule, metric, tests), ""
        except (NotEarlyError, TypeError, ValueError, UsageError) as error:  # beyond its unit; ids twice
            return None, f"{error}: {AT_END}"

    def _count(self, rule: Rule, metric: Metric, tests: int) -> GateCheck | None:
        """A count only grows: what it has passed stays passed."""
        value = metric.value or 0.0
        said = f"{number(value, metric.unit)} of {metric.n:,} items so far"
        if rule.max is not None and value > rule.max:
            return self._made(rule, metric, "FAIL", f"{said} violates the rule", self._without_items(rule, tests))
        if rule.max is None and rule.min is not None and value >= rule.min:
            return self._made(rule, metric, "PASS", f"{said} satisfies the rule", self._without_items(rule, tests))
        return None

    def _truncated(self, rule: Rule, metric: Metric, tests: int) -> GateCheck:
        """The share of cut answers."""
        samples = self._records.samples(metric.suite, metric.task)
        if metric.n != len(samples):
            reason = "cut answers are not counted by item"
            raise NotEarlyError(reason)
        found = values.of_flag(samples, TRUNCATED_OUTPUT, self._looked.largest_cluster(metric.task))
        limit = rule.max_truncated or 0.0
        made = self._by_items(rule, metric, [Claim(limit, limit, above=False)], found, tests, unit="share")
        share = (metric.value or 0.0) / max(1, metric.n)
        return made.model_copy(update={"value": share, "unit": "share", "higher_is_better": False})

    def _range(self, rule: Rule, metric: Metric, tests: int) -> GateCheck:
        """A mean between limits."""
        samples = self._records.samples(metric.suite, metric.task)
        bounds, largest = self._measured.bounds_of_cut_answers(metric), self._looked.largest_cluster(metric.task)
        found = values.of_metric(metric, samples, bounds, largest)
        claims = [Claim(rule.min, rule.min, above=True)] if rule.min is not None else []
        claims += [Claim(rule.max, rule.max, above=False)] if rule.max is not None else []
        return self._by_items(rule, metric, claims, found, tests, unit=metric.unit)

    def _by_items(
        self, rule: Rule, metric: Metric, claims: list[Claim], found: ItemValues, tests: int, unit: str
    ) -> GateCheck:
        """A verdict on the mean of the items of one run."""
        confidence = self._confidence(rule)
        verdict = verdict_of(claims, found, confidence, tests)
        low, high = self._interval(found, confidence)
        each = coverage(1 - (1 - confidence) * EARLY)
        said = f"mean {interval(low, high, unit)} ({each} coverage{_looked_at(found)})"
        words = {"PASS": "satisfies the rule", "FAIL": "violates the rule", "INCONCLUSIVE": "spans the limit"}
        verdict, said = self._tolerated(rule, metric, found, verdict, f"{said} {words[verdict]}")
        made = self._made(rule, metric, verdict, said, self._record(verdict, claims, found, confidence, tests))
        return made.model_copy(update={"ci_low": low, "ci_high": high})

    def _difference(self, rule: Rule, metric: Metric, tests: int) -> GateCheck:
        """A rule on the baseline."""
        baseline = self._baseline
        if baseline is None:
            reason = "there is no baseline"
            raise NotEarlyError(reason)
        found = values.of_pairs(metric, baseline, self._looked.largest_cluster(metric.task))
        confidence = self._confidence(rule)
        loss = rule.no_worse_than_baseline
        relative = loss is not None and loss.relative is not None
        each = (1 + confidence) / 2 if relative else confidence  # one half for the baseline's own interval
        own = self._own(metric, baseline, 1 - (1 - each) * EARLY) if relative else (None, None)
        if relative and None in own:
            reason = "no interval of the baseline's value"
            raise NotEarlyError(reason)
        claims = [_claim(rule, metric, own)]
        verdict = verdict_of(claims, found, each, tests)
        compared = self._compared(metric, found, each, own, baseline)
        words = {"PASS": "clears the margin", "FAIL": "lies beyond the margin", "INCONCLUSIVE": "spans the margin"}
        said = shown(compared, _looked_at(found))
        verdict, said = self._tolerated(rule, metric, found, verdict, f"{said} {words[verdict]}")
        if found.known < self._policy.min_aligned * len(found.low):
            verdict = "INCONCLUSIVE"
            lost = compared.difference.missing
            said = f"only {found.known:,} of {len(found.low):,} items are scored in both runs ({lost})"
        made = self._made(rule, metric, verdict, said, self._record(verdict, claims, found, each, tests))
        return made.model_copy(update={"baseline": compared})

    def _own(self, metric: Metric, baseline: Baseline, confidence: float) -> tuple[float | None, float | None]:
        """The interval of the baseline's own value; if its size was chosen by looks, one that holds at all of them."""
        if not self._looked.at_baseline(metric.task):
            return baseline.own_interval(metric, confidence)
        theirs, samples = baseline.own(metric)
        bounds = baseline.measured.bounds_of_cut_answers(theirs)
        largest = self._looked.largest_cluster_of_baseline(metric.task)
        lowest, highest = values.of_metric(theirs, samples, bounds, largest).ends()
        return lowest.interval(confidence).low, highest.interval(confidence).high

    def _compared(
        self,
        metric: Metric,
        found: ItemValues,
        confidence: float,
        own: tuple[float | None, float | None],
        baseline: Baseline,
    ) -> BaselineComparison:
        """The comparison as a record, with the interval that holds whenever one looks."""
        before, after = baseline.sides(metric)
        names = [name for name in after.about if name in before.valued and name in after.valued]
        lost = replace(aligned(before, after), not_in_candidate=()).missing()  # those are not drawn yet
        scale = float(getattr(values.mean_of(metric), "scale", 1.0))
        sides = [scale * _mean([one.values[name] for name in names]) if names else None for one in (before, after)]
        low, high = self._interval(found, confidence)
        difference = MetricDifference(
            **fields_of(metric),
            confidence=1 - (1 - confidence) * EARLY,
            n=found.known,
            aligned=found.known / len(found.low) if found.low else 0.0,
            missing=lost or None,
            baseline=sides[0],
            candidate=sides[1],
            difference=None if sides[0] is None or sides[1] is None else sides[1] - sides[0],
            ci_low=low,
            ci_high=high,
            ci_method="betting",
            units=found.independent,
        )
        return BaselineComparison(
            confidence=1 - (1 - confidence) * EARLY,
            difference=difference,
            baseline_low=own[0],
            baseline_high=own[1],
            cut=len(baseline.cut_items(metric) & set(names)),
        )

    def _tolerated(
        self, rule: Rule, metric: Metric, found: ItemValues, verdict: Verdict, said: str
    ) -> tuple[Verdict, str]:
        """What passes with more unscored samples than are tolerated does not pass; fewer are counted at their worst."""
        count = self._measured.unscored(metric)
        if verdict != "PASS":
            return verdict, said
        if count is None or count.value is None:
            return "INCONCLUSIVE", f"{metric.task}/unscored is missing, so the number of unscored samples is unknown"
        tolerance = self._policy.max_unscored if rule.max_unscored is None else rule.max_unscored
        unknown = count.value + (0 if rule.kind == "truncated" else metric.missing)
        if unknown and unknown > tolerance * count.n:
            return "INCONCLUSIVE", f"{said}, but {unknown:,.0f} of {count.n:,} samples could not be scored"
        lost = len(found.low) - found.known
        return verdict, f"{said}, also with {lost:,} items without a value at their worst" if lost else said

    def _interval(self, found: ItemValues, confidence: float) -> tuple[float, float]:
        """The values that the mean may have, whenever one looks."""
        lowest, highest = found.ends()
        each = 1 - (1 - confidence) * EARLY
        return lowest.interval(each).low, highest.interval(each).high

    def _record(
        self, verdict: Verdict, claims: list[Claim], found: ItemValues, confidence: float, tests: int
    ) -> SequentialCheck:
        """How a verdict on items came about."""
        needed = items_to_decide(claims, found, confidence, tests) if verdict == "INCONCLUSIVE" else None
        each = 1 - (1 - confidence) * EARLY
        return SequentialCheck(confidence=each, last=False, tests=tests, items=len(found.low), needed=needed)

    def _confidence(self, rule: Rule) -> float:
        return rule.confidence or self._policy.confidence

    def _without_items(self, rule: Rule, tests: int) -> SequentialCheck:
        """Of a rule that all items decide, or a count as it is."""
        return SequentialCheck(confidence=1 - (1 - self._confidence(rule)) * EARLY, last=False, tests=tests)

    def _made(
        self, rule: Rule, metric: Metric, verdict: Verdict, reason: str, record: SequentialCheck | None = None
    ) -> GateCheck:
        """The check; an open one says how many items would decide it, and how to go on if that is possible."""
        if verdict == "INCONCLUSIVE" and record:
            needed = record.needed
            reason += f": about {needed:,} items would decide it if the value stays" if needed else ""
            reason += f". Go on: {self._command}" if self._command else ""
        update: dict[str, Any] = {"sequential": record, "ci_low": None, "ci_high": None}
        return check(rule, metric, verdict, reason).model_copy(update=update)


def _looked_at(found: ItemValues) -> str:
    """When an interval holds, and how many items it rests on."""
    return f" at all looks together, {len(found.low):,} items"


def _claim(rule: Rule, metric: Metric, own: tuple[float | None, float | None]) -> Claim:
    """What a rule on the baseline claims; a relative margin is as uncertain as the baseline's value."""
    loss, above = rule.no_worse_than_baseline, bool(metric.higher_is_better)
    sign = 1.0 if above else -1.0
    if loss is None:
        return Claim(0.0, 0.0, above=above)
    if loss.relative is None:
        return Claim(-sign * (loss.margin or 0.0), -sign * (loss.margin or 0.0), above=above)
    least, most = (loss.relative * (end or 0.0) for end in own)
    return Claim(-sign * least, -sign * most, above=above)


def _mean(numbers: Sequence[Sequence[float]]) -> float:
    return sum(sum(one) / len(one) for one in numbers) / len(numbers)
