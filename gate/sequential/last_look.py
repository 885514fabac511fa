"""The last look at a task: all items are there, and the interval of a fixed number has the rest of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import SequentialCheck
from audit.gate.judging import check, is_count_of_what_was_seen, judge_rule
from audit.gate.measured import Measured
from audit.gate.rules.differences import coverage, judge_difference
from audit.gate.rules.gap import judge_gap
from audit.gate.rules.truncated import judge_truncated
from audit.stats.recompute import recomputed
from audit.stats.sequential import last_confidence

if TYPE_CHECKING:
    from audit.core.records import GateCheck, Metric
    from audit.gate.policy import Policy, Rule
    from audit.gate.rules.baseline import Baseline
    from audit.stats.records import Records

OPEN = "the number of items is all there is: only another limit, margin or other data can decide it"


class LastLook:
    """Judges rules on tasks that have all their items.

    Args:
        measured: Metrics of the run.
        records: Its samples.
        policy: The policy.
        baseline: The run to compare with; None where no rule asks for one.
    """

    def __init__(self, measured: Measured, records: Records, policy: Policy, baseline: Baseline | None) -> None:
        self._measured, self._records, self._policy, self._baseline = measured, records, policy, baseline

    def check(self, rule: Rule, metric: Metric, tests: int, *, looked: bool) -> GateCheck:
        """Judge one rule.

        Args:
            rule: The rule.
            metric: Its metric.
            tests: Rules of which any may fail by chance, this one included.
            looked: Whether there were looks before, which had their part of the error.
        """
        nominal = rule.confidence or self._policy.confidence
        each = last_confidence(nominal) if looked else nominal
        found = self._judged(rule, metric, each)
        if found.verdict == "FAIL" and tests > 1:
            stricter = self._judged(rule, metric, 1 - (1 - each) / tests)
            if stricter.verdict != "FAIL":
                asked = coverage(1 - (1 - each) / tests)
                reason = f"{found.reason} by itself, but not with the {asked} that {tests} rules ask for: {OPEN}"
                found = found.model_copy(update={"verdict": "INCONCLUSIVE", "reason": reason})
        record = SequentialCheck(confidence=each, last=True, tests=tests)
        return found.model_copy(update={"sequential": record, "confidence": rule.confidence})

    def _judged(self, rule: Rule, metric: Metric, confidence: float) -> GateCheck:
        """By the interval with a coverage, as in a run of fixed size."""
        tolerance = self._policy.max_unscored if rule.max_unscored is None else rule.max_unscored
        if rule.kind == "truncated":
            return judge_truncated(rule, metric, self._measured, tolerance)
        if rule.kind == "gap":
            return judge_gap(rule, self._measured, self._records, confidence, tolerance, lambda *_: f". {OPEN}")
        if rule.needs_baseline:
            return self._on_baseline(rule, metric, confidence, tolerance)
        if is_count_of_what_was_seen(metric):
            return judge_rule(rule, metric, self._measured, self._policy, lambda *_: OPEN)
        again, measured = self._recomputed(metric, confidence)
        asked = rule.model_copy(update={"confidence": confidence})
        return judge_rule(asked, again, measured, self._policy, lambda *_: OPEN)

    def _on_baseline(self, rule: Rule, metric: Metric, confidence: float, tolerance: float) -> GateCheck:
        if self._baseline is None:
            return check(rule, metric, "INCONCLUSIVE", "there is no baseline")
        found = self._baseline.compared(rule, metric, confidence)
        said = judge_difference(rule, metric, found, self._measured, tolerance, lambda *_: OPEN)
        return check(rule, metric, *said).model_copy(update={"baseline": found})

    def _recomputed(self, metric: Metric, confidence: float) -> tuple[Metric, Measured]:
        """The metric and its bounds for cut answers, with intervals of a coverage."""
        bounds = self._measured.bounds_of_cut_answers(metric)
        again = [self._with(one, confidence) for one in (metric, *bounds)]
        replaced = {(one.name, str(one.slice)) for one in again}
        others = [one for one in self._measured.all if (one.name, str(one.slice)) not in replaced]
        return again[0], Measured([*again, *others])

    def _with(self, metric: Metric, confidence: float) -> Metric:
        if metric.definition is None or metric.value is None:
            return metric
        wider = metric.model_copy(update={"confidence": confidence})
        return recomputed(wider, self._records.of(wider))
