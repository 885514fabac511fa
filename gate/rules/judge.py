"""Every rule of a policy judged on a run, each kind by its own module."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from audit.core.records import NotJudged, SequentialCheck
from audit.gate.absence import why_absent
from audit.gate.advice import Advisor
from audit.gate.corrected.believed import why_not_believed
from audit.gate.corrected.judging import judge_corrected
from audit.gate.judging import check, judge_rule
from audit.gate.multiplicity import adjusted
from audit.gate.rules import limits
from audit.gate.rules.differences import judge_difference
from audit.gate.rules.family import Compared, holm
from audit.gate.rules.gap import judge_gap, parts_of
from audit.gate.rules.settling import advice_on, completing
from audit.gate.rules.truncated import judge_truncated
from audit.gate.sequential.items import AT_END
from audit.gate.sequential.judge import SequentialJudge
from audit.gate.sequential.looked import Looked, family_of
from audit.stats.records import Records
from audit.stats.sequential import last_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.core.records import BaselineComparison, GateCheck, Metric, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.gate.corrected.ratings import RatedOutputs
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
        ratings: What people say about outputs.
        going_on: The command that adds items until the rules are decided; empty where that is not known.
    """

    def __init__(
        self,
        run: RunFolder,
        manifest: RunManifest,
        measured: Measured,
        policy: Policy,
        baseline: Baseline | None,
        ratings: RatedOutputs,
        going_on: str = "",
    ) -> None:
        self._ratings, self._going_on = ratings, going_on
        self._manifest, self._measured, self._policy, self._baseline = manifest, measured, policy, baseline
        self.records = baseline.records if baseline else Records(run)
        """Samples of the run."""
        self.advisor = Advisor(run, manifest, measured, self.records)
        self._on_difference: Callable[[Rule, Metric, BaselineComparison, Gain], str] = lambda *_: ""
        self._completing: Callable[[str], str] = lambda _task: ""
        if baseline is not None:
            theirs = Advisor(baseline.folder, baseline.manifest, baseline.measured)
            self._on_difference = partial(advice_on, self.advisor, theirs)
            self._completing = partial(completing, self.advisor, theirs)
        self._looked = Looked(manifest, baseline.manifest if baseline else None)
        self._sequential = SequentialJudge(self._looked, measured, self.records, policy, baseline, going_on)

    def judged(
        self, rules: Sequence[Rule], own: set[str], optional: set[str], checked: Iterable[str] = ()
    ) -> tuple[list[GateCheck], list[NotJudged]]:
        """The checks in the order of the rules, and the rules on optional tasks that did not run.

        Args:
            rules: All of them.
            own: Names of the tasks, probes and methods of this installation.
            optional: Tasks that the release can do without.
            checked: Tasks, each given when its evidence has been checked. Its rules are judged before the next is asked
                for, so that its samples are still in memory; rules on other tasks are judged at the end.

        Raises:
            ConfigError: A rule names what cannot exist, or asks for what its unit does not have.
        """
        for rule in rules:
            limits.check_rule(rule, self._measured, self._baseline.measured if self._baseline else None)
        found: dict[int, Judged] = {}
        left_out: list[NotJudged] = []
        places: dict[str, list[int]] = {}
        for place, rule in enumerate(rules):
            places.setdefault(rule.task, []).append(place)
        for place in chain.from_iterable(places.pop(task, ()) for task in chain(checked, sorted(places))):
            rule = rules[place]
            metric = self._metric(rule)
            if metric is not None and (doubt := self._not_believed(rule, metric)) is not None:
                found[place] = rule, None, check(rule, metric, "INCONCLUSIVE", doubt)
                continue
            if metric is not None and (looked := self.looked_at(rule, metric, rules)) is not None:
                found[place] = rule, None, looked  # of no family here: it had its part of the error
                continue
            if metric is not None:
                found[place] = rule, metric, self._check(rule, metric)
                continue
            if rule.is_pattern:
                reason = self._why_no_task(rule)
                found[place] = rule, None, check(rule, None, "INCONCLUSIVE", reason)
                continue
            reason = why_absent(rule, self._manifest, self._measured, {*own, *self._of_baseline(rule)})
            if rule.task in optional and not self._measured.of_task(rule.task):
                left_out.append(NotJudged(task=rule.task, metric=rule.target, rule=rule.text, reason=reason))
            else:
                found[place] = rule, None, check(rule, None, "INCONCLUSIVE", reason)
        return self._together([found[place] for place in sorted(found)]), left_out

    def _not_believed(self, rule: Rule, metric: Metric) -> str | None:
        """Why a rule cannot rest on what a model judged, in this run or in the baseline; None where it can.

        A rule on cut answers rests on no judge, and one that people's ratings correct has its errors in its interval.
        """
        if rule.kind in ("truncated", "corrected"):
            return None
        doubt = why_not_believed(metric)
        baseline = self._baseline if rule.needs_baseline else None
        other = baseline.measured.find(rule.metric, rule.slice) if baseline else None
        if doubt is None and other is not None and (of_baseline := why_not_believed(other)) is not None:
            return f"the baseline's: {of_baseline}"
        return doubt

    def _why_no_task(self, rule: Rule) -> str:
        """Why a pattern stands for no metric of the run."""
        if any(rule.covers(task) for task in self._measured.tasks()):
            return f"no task of the run that {rule.task} matches has the metric {rule.metric.rpartition('/')[2]}"
        return f"no task of the run matches {rule.task}"

    def looked_at(self, rule: Rule, metric: Metric, rules: Sequence[Rule]) -> GateCheck | None:
        """The check of a rule on a task that was looked at while it ran; None of another, or if nothing can be judged.

        Args:
            rule: The rule.
            metric: Its metric.
            rules: All rules.
        """
        if not self._looked.concerns(rule) or self._hindrance(rule, metric):
            return None
        if rule.needs_baseline and self._baseline is not None and self._baseline.hindrance(metric):
            return None
        if rule.kind == "range" and self._measured.lacks_bounds(metric):
            return None
        if rule.kind == "corrected":
            return self._with_command(rule, self._corrected_at_end(rule, metric))
        over = self._policy.share_error_over if rule.needs_baseline else 1
        found = self._with_items(self._sequential.check(rule, metric, family_of(rule, rules) * over))
        return self._with_command(rule, found)

    def _with_command(self, rule: Rule, found: GateCheck) -> GateCheck:
        """A check; one that more items can decide says how to measure them, if its reason does not yet."""
        if found.verdict != "INCONCLUSIVE" or "audit run --" in found.reason:
            return found
        needed = found.sequential.needed if found.sequential else None
        limit = self._looked.limit_of_more(rule, needed, self._manifest.items_available)
        how = self._going_on or (limit and self.advisor.extending(str(limit)))
        return found.model_copy(update={"reason": f"{found.reason}. Add items: {how}"}) if limit and how else found

    def _corrected_at_end(self, rule: Rule, metric: Metric) -> GateCheck:
        """A corrected rule on a task that was looked at: people rate a random sample of all its items."""
        nominal, complete = self._confidence(rule), self._looked.is_complete(rule)
        each = last_confidence(nominal) if complete else nominal
        if complete:
            found = self._corrected(rule.model_copy(update={"confidence": each}), metric)
        else:
            reason = f"people rate a random sample of all items: {AT_END}"
            found = check(rule, metric, "INCONCLUSIVE", reason).model_copy(update={"ci_low": None, "ci_high": None})
        record = SequentialCheck(confidence=each, last=complete, tests=1)
        return found.model_copy(update={"sequential": record, "confidence": rule.confidence})

    def _corrected(self, rule: Rule, metric: Metric) -> GateCheck:
        samples = self.records.of(metric) if metric.definition else []
        run_id = self._manifest.run_id
        return judge_corrected(rule, metric, self._measured, self._policy, samples, run_id, self._ratings)

    def _together(self, judged: list[Judged]) -> list[GateCheck]:
        """The checks, with what only all of them together show."""
        checks = adjusted(judged, self._policy.confidence, self.advisor.on_ratio)
        family = {
            place: Compared(rule, metric, check_)
            for place, ((rule, metric, _), check_) in enumerate(zip(judged, checks, strict=True))
            if rule.needs_baseline and metric
        }
        over = self._policy.share_error_over
        for place, one in zip(family, holm(list(family.values()), self._again, self._on_difference, over), strict=True):
            checks[place] = one
        return checks

    def _metric(self, rule: Rule) -> Metric | None:
        """The metric of a rule; that of a gap may be measured on slices alone."""
        found = self._measured.find(rule.metric, rule.slice)
        if found is None and rule.kind == "gap":
            return next(iter(parts_of(rule, self._measured)), None)
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
            return judge_gap(rule, self._measured, self.records, coverage, tolerance, self.advisor.more)
        if rule.kind == "corrected":
            return self._corrected(rule, metric)
        return self._on_baseline(rule, metric)

    def _hindrance(self, rule: Rule, metric: Metric) -> str | None:
        """Why a metric cannot be judged, or compared with the baseline's."""
        if metric.value is None:
            return f"not computed: {metric.error or 'no reason given'}"
        if not rule.needs_baseline:
            return None
        if self._baseline is None or not self._baseline.has(metric):
            return "the baseline has no such metric"
        broken = self._baseline.manifest.broken  # nothing is worse than that
        return f"the checkpoint of the baseline is broken: {broken}" if broken else None

    def _on_baseline(self, rule: Rule, metric: Metric) -> GateCheck:
        """A rule on the baseline, by itself."""
        hindrance = self._hindrance(rule, metric)
        if hindrance or self._baseline is None:
            return check(rule, metric, "INCONCLUSIVE", hindrance or "the baseline has no such metric")
        found = self._baseline.compared(rule, metric, self._confidence(rule))
        said = judge_difference(rule, metric, found, self._measured, self._tolerance(rule), self._on_difference)
        return self._with_items(check(rule, metric, *said).model_copy(update={"baseline": found}))

    def _with_items(self, found: GateCheck) -> GateCheck:
        """A check; one that too few common items leave open says which run to give the others, and how."""
        lost = found.baseline.difference if found.baseline else None
        if lost is None or not lost.missing or lost.aligned >= self._policy.min_aligned:
            return found
        return found.model_copy(update={"reason": f"{found.reason}{self._completing(found.task)}"})

    def _again(self, one: Compared, confidence: float) -> BaselineComparison | None:
        return self._baseline.compared(one.rule, one.metric, confidence) if self._baseline else None
