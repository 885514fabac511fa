"""Every rule of a policy judged on a run, each kind by its own module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from audit.core.records import NotJudged
from audit.gate.absence import why_absent
from audit.gate.advice import Advisor
from audit.gate.judging import check, judge_rule
from audit.gate.multiplicity import adjusted
from audit.gate.rules import limits
from audit.gate.rules.differences import judge_difference
from audit.gate.rules.family import Compared, holm
from audit.gate.rules.gap import judge_gap, parts_of
from audit.gate.rules.settling import advice_on
from audit.gate.rules.truncated import judge_truncated
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import BaselineComparison, GateCheck, Metric, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.gate.measured import Measured
    from audit.gate.multiplicity import Judged
    from audit.gate.policy import Policy, Rule
    from audit.gate.rules.baseline import Baseline
    from audit.gate.rules.differences import Gain


class Judge:
    """Judges the rules of a policy on a run.

    Args:
        run: Its folder.
        manifest: Its manifest.
        measured: Its metrics.
        policy: The policy.
        baseline: The run to compare with; None where no rule asks for one.
    """

    def __init__(
        self, run: RunFolder, manifest: RunManifest, measured: Measured, policy: Policy, baseline: Baseline | None
    ) -> None:
        self._manifest, self._measured, self._policy, self._baseline = manifest, measured, policy, baseline
        self._records = baseline.records if baseline else Records(run)
        self.advisor = Advisor(run, manifest, measured)
        self._on_difference: Callable[[Rule, Metric, BaselineComparison, Gain], str] = lambda *_: ""
        if baseline is not None:
            theirs = Advisor(baseline.folder, baseline.manifest, baseline.measured)
            self._on_difference = partial(advice_on, self.advisor, theirs)

    def judged(
        self, rules: Sequence[Rule], own: set[str], optional: set[str]
    ) -> tuple[list[GateCheck], list[NotJudged]]:
        """The checks in the order of the rules, and the rules on optional tasks that did not run.

        Raises:
            ConfigError: A rule names what cannot exist, or asks for what its unit does not have.
        """
        for rule in rules:
            limits.check_rule(rule, self._measured, self._baseline.measured if self._baseline else None)
        found: dict[int, Judged] = {}
        left_out: list[NotJudged] = []
        for place in sorted(range(len(rules)), key=lambda place: rules[place].task):  # samples are read task by task
            rule = rules[place]
            metric = self._metric(rule)
            if metric is not None:
                found[place] = rule, metric, self._check(rule, metric)
                continue
            if rule.is_pattern:
                reason = f"no task of the run matches {rule.task}"
                found[place] = rule, None, check(rule, None, "INCONCLUSIVE", reason)
                continue
            reason = why_absent(rule, self._manifest, self._measured, {*own, *self._of_baseline(rule)})
            if rule.task in optional and not self._measured.of_task(rule.task):
                left_out.append(NotJudged(task=rule.task, metric=rule.target, rule=rule.text, reason=reason))
            else:
                found[place] = rule, None, check(rule, None, "INCONCLUSIVE", reason)
        return self._together([found[place] for place in sorted(found)]), left_out

    def _together(self, judged: list[Judged]) -> list[GateCheck]:
        """The checks, with what only all of them together show."""
        checks = adjusted(judged, self._policy.confidence, self.advisor.on_ratio)
        family = {
            place: Compared(rule, metric, check_)
            for place, ((rule, metric, _), check_) in enumerate(zip(judged, checks, strict=True))
            if rule.needs_baseline and metric
        }
        for place, one in zip(family, holm(list(family.values()), self._again, self._on_difference), strict=True):
            checks[place] = one
        return checks

    def _metric(self, rule: Rule) -> Metric | None:
        """The metric of a rule; that of a gap may be measured on slices alone."""
        found = self._measured.find(rule.metric, rule.slice)
        if found is None and rule.kind == "gap" and parts_of(rule, self._measured):
            return self._measured.named(rule.metric)[0]
        return found

    def _of_baseline(self, rule: Rule) -> list[str]:
        """The task of a rule where the baseline has its metric: the candidate could have had it."""
        return [rule.task] if self._baseline and self._baseline.measured.named(rule.metric) else []

    def _tolerance(self, rule: Rule) -> float:
        return self._policy.max_unscored if rule.max_unscored is None else rule.max_unscored

    def _confidence(self, rule: Rule) -> float:
        return rule.confidence or self._policy.confidence

    def _check(self, rule: Rule, metric: Metric) -> GateCheck:
        """One rule, judged by itself."""
        if rule.kind == "range":
            return judge_rule(rule, metric, self._measured, self._policy, self.advisor.on_interval)
        if rule.kind == "truncated":
            return judge_truncated(rule, metric, self._measured, self._tolerance(rule))
        if rule.kind == "gap":
            coverage, tolerance = self._confidence(rule), self._tolerance(rule)
            return judge_gap(rule, self._measured, self._records, coverage, tolerance, self.advisor.more)
        return self._on_baseline(rule, metric)

    def _on_baseline(self, rule: Rule, metric: Metric) -> GateCheck:
        """A rule on the baseline, by itself."""
        if metric.value is None:
            return check(rule, metric, "INCONCLUSIVE", f"not computed: {metric.error or 'no reason given'}")
        if self._baseline is None or not self._baseline.has(metric):
            return check(rule, metric, "INCONCLUSIVE", "the baseline has no such metric")
        broken = self._baseline.manifest.broken
        if broken:  # nothing is worse than that
            return check(rule, metric, "INCONCLUSIVE", f"the checkpoint of the baseline is broken: {broken}")
        found = self._baseline.compared(rule, metric, self._confidence(rule))
        said = judge_difference(rule, metric, found, self._measured, self._tolerance(rule), self._on_difference)
        return check(rule, metric, *said).model_copy(update={"baseline": found})

    def _again(self, one: Compared, confidence: float) -> BaselineComparison | None:
        return self._baseline.compared(one.rule, one.metric, confidence) if self._baseline else None
