"""Whether a verdict in ``decision.json`` is one that the gate reached on this very evidence.

Anybody can write the file. A verdict is shown where it names this run, checkpoint and metrics, follows from its checks,
and where every check is the one that the gate reaches with the limits and settings that the file holds: the same
numbers, verdict and words. One under the shipped policy has to be the one that the gate reaches again.

Checks on a baseline follow from the numbers that they hold, which are computed again where the baseline's folder is at
hand: next to the run, or given.

The gate leaves its policy next to the decision, which names it by its digest. Without that file, what the policy alone
says cannot be found out: rules that were left out or loosened together with their verdict, severities, owners, tasks
that were called optional, a tolerance or a coverage that is not theirs. :func:`unchecked` says so.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from audit.core.errors import AuditError, ConfigError, RunFolderError
from audit.gate import rule_checks
from audit.gate.binding.certified import CERTIFICATE_CHECK, certificate_checks, recorded_bounds
from audit.gate.binding.kept_policy import policy_of
from audit.gate.binding.registered import REGISTERED_CHECK, registered_checks
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.decide import POLICY_CHECK, RUN_CHECK, decide, nothing_judged, overall, run_check
from audit.gate.judging import asked_of, judge_rule
from audit.gate.measured import Measured, target
from audit.gate.multiplicity import Judged, adjusted
from audit.gate.policy import Policy, Rule
from audit.gate.rules import again
from audit.gate.rules.expanding import clauses
from audit.gate.sequential import again as sequential
from audit.gate.sequential.looked import is_looked_at
from audit.gate.waivers.budget import BUDGET_CHECK, budget_checks
from audit.gate.waivers.judging import expired, is_on_waiver, waiver_faults
from audit.gate.waivers.waiver_file import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from audit.core.records import Decision, GateCheck, Metric, NotJudged, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.stats.recount import Recount

OWN_CHECKS = {RUN_CHECK, REGISTERED_CHECK, BUDGET_CHECK, CERTIFICATE_CHECK}
"""Checks that are on no rule and on no waiver."""
NO_POLICY = "its policy is not at hand: rules that were left out, severities and owners were not checked"
"""Of a verdict without the file that the gate leaves next to it."""

REACHED = "the gate reaches the same decision"


def current(
    run: RunFolder,
    manifest: RunManifest,
    metrics: Sequence[Metric],
    digest: str,
    baseline: RunFolder | None = None,
    today: date | None = None,
    numbers: Recount | None = None,
) -> tuple[Decision | None, str | None]:
    """The verdict to show.

    Args:
        run: The folder.
        manifest: Its manifest.
        metrics: Its metrics.
        digest: SHA-256 of ``metrics.json``.
        baseline: The run that it was compared with; None looks for it next to the run.
        today: The day, UTC, on which it is shown: waivers that it rests on may have expired. None lets them be.
        numbers: From :func:`audit.gate.evidence.check_files`, where that was called; spares the gate to do it again.

    Returns:
        The verdict, or None; and why there is none though the folder holds a ``decision.json``.
    """
    try:
        decision = run.read_decision()
    except RunFolderError as error:
        return None, f"it cannot be read: {error}"
    if decision is None:
        return None, None
    faults = chain(_on_other_evidence(decision, manifest, digest), _in_checks(decision, manifest, metrics))
    fault = next(faults, None)
    if fault is None and (otherwise := _decided_otherwise(run, decision, baseline, numbers)) != REACHED:
        beyond = _beyond_ranges(run, decision, manifest, metrics, baseline)
        fault = next(beyond, None) or otherwise  # what is wrong with one check is said before what all of them show
    fault = fault or (expired(decision, today) if today else None)
    return (None, fault) if fault else (decision, None)


def _on_other_evidence(decision: Decision, manifest: RunManifest, digest: str) -> Iterator[str]:
    """Why a verdict is on another run, checkpoint or measurement."""
    if decision.run_id != manifest.run_id:
        yield f"it was reached on another run, {decision.run_id}"
    if decision.model_digest != manifest.model.digest:
        yield f"it was reached on another checkpoint, {decision.model_digest[:16]}"
    if decision.metrics_sha256 != digest:
        yield "it was reached on other metrics than these"


def _in_checks(decision: Decision, manifest: RunManifest, metrics: Sequence[Metric]) -> Iterator[str]:
    """Why a verdict does not follow from its checks, or its checks not from the metrics."""
    if decision.verdict != overall(check.blocking for check in decision.checks):
        yield "its verdict does not follow from its checks"
    measured = Measured(metrics)
    yield from _on_run(decision, manifest, measured)
    yield from _left_out(decision, measured)
    known = {target(metric): metric for metric in reversed(metrics)}
    own = [check for check in decision.checks if check.metric in OWN_CHECKS or is_on_waiver(check)]
    rules = [(check, known.get(check.metric)) for check in decision.checks if check not in own]
    yield from _on_registered(decision, manifest)
    yield from _on_budget(decision, manifest)
    yield from _on_certificate(decision, manifest, [check for check, _ in rules])
    yield from waiver_faults(decision, [check for check, _ in rules if check.metric != POLICY_CHECK], manifest)
    if not rules:
        yield "it judges no rule"
    for check, metric in rules:
        yield from _in_check(check, metric)
    fixed = [(check, metric) for check, metric in rules if not is_looked_at(check, manifest)]
    yield from _judged_otherwise(decision, fixed, measured)


def _on_run(decision: Decision, manifest: RunManifest, measured: Measured) -> Iterator[str]:
    """Why a verdict does not judge the run as it is, taking its word for which tasks its policy calls optional."""
    on_run = [check for check in decision.checks if check.metric == RUN_CHECK]
    optional = {*decision.optional, *(one.task for one in manifest.not_run if one.optional)}
    reached = run_check(manifest, measured, optional, manifest.run_id)
    if len(on_run) != 1 or not _says(on_run[0], run_check(manifest, measured, optional, None)):
        yield f"it does not judge the run as it is, {reached.reason}"
    elif on_run[0].verdict != reached.verdict:
        yield f"it finds the run {on_run[0].verdict}, which is {reached.verdict}: {reached.reason}"
    elif on_run[0].model_copy(update={"reason": reached.reason}) != reached:
        yield f"its check {RUN_CHECK} is not the gate's"


def _on_registered(decision: Decision, manifest: RunManifest) -> Iterator[str]:
    """Why a verdict does not judge its policy by the one that was registered before the run."""
    judged = [check for check in decision.checks if check.metric == REGISTERED_CHECK]
    if judged != registered_checks(manifest, decision.policy, decision.policy_sha256):
        yield "it does not judge its policy by the one that was registered before the run"


def _on_budget(decision: Decision, manifest: RunManifest) -> Iterator[str]:
    """Why a verdict does not judge what the run cost as the gate does."""
    judged = [check for check in decision.checks if check.metric == BUDGET_CHECK]
    try:
        if judged != budget_checks(decision.budget, manifest):
            yield "it does not judge what the run cost by its budget"
    except ValueError:
        yield "no policy can have its budget"


def _on_certificate(decision: Decision, manifest: RunManifest, rules: Sequence[GateCheck]) -> Iterator[str]:
    """Why a verdict does not judge the certificate of the run as the gate does."""
    judged = [check for check in decision.checks if check.metric == CERTIFICATE_CHECK]
    try:
        if judged != certificate_checks(decision.certificate, manifest, rules):
            yield "it does not judge the certificate of the engine that answered"
    except ValueError:
        yield "no policy can have its bounds of the certificate"


def _left_out(decision: Decision, measured: Measured) -> Iterator[str]:
    """Why a rule that a verdict leaves out had to be judged."""
    for one in decision.not_judged:
        absent = one.task in decision.optional and not measured.of_task(one.task)
        if one.rule is not None and not (absent and one.metric.startswith(f"{one.task}/")):
            yield f"it leaves out {one.metric}, which is measured or not optional"


def _in_check(check: GateCheck, metric: Metric | None) -> Iterator[str]:
    """Why a check does not quote its metric, or is not on a rule."""
    names = ("value", "ci_low", "ci_high", "unit", "higher_is_better")
    derived = check.kind in {"gap", "truncated", "corrected"}  # their numbers are derived again
    own = derived or check.sequential is not None
    if not own and any(getattr(check, name) != getattr(metric, name, None) for name in names):
        yield f"its value of {check.metric} is not the one that was measured"
    if not own and metric is None and check.verdict != "INCONCLUSIVE":
        yield f"it finds {check.verdict} for {check.metric}, which was not measured"
    if check.metric == POLICY_CHECK and check != nothing_judged():
        yield f"its check {POLICY_CHECK} is not the gate's"
    elif check.metric != POLICY_CHECK and _rule(check, metric) is None:
        yield f"{check.rule} on {check.metric} is not a rule"


def _judged_otherwise(
    decision: Decision, checks: Sequence[tuple[GateCheck, Metric | None]], measured: Measured
) -> Iterator[str]:
    """Why the gate does not reach the checks on what was measured again, with their rules and the decision's settings.

    Checks on slices are judged together: the number of slices decides which violations count.
    """
    ranges = [(check, metric) for check, metric in checks if check.kind == "range"]
    known = [(check, metric, rule) for check, metric in ranges if metric and (rule := _rule(check, metric))]
    judged: list[Judged] = []
    try:
        for _, metric, rule in known:
            rule_checks.check_limits(rule, measured)
            policy = Policy(
                rules=[rule.model_copy(update={"severity": "block"})],
                confidence=decision.confidence,
                max_unscored=decision.max_unscored,
            )
            judged.append((rule, metric, judge_rule(rule, metric, measured, policy, _no_advice)))
    except ConfigError as error:
        yield str(error)
    except ValueError:
        asked = f"coverage {decision.confidence:g}, unscored samples {decision.max_unscored:g}"
        yield f"no policy can ask for what its policy asks for: {asked}"
    else:
        for (check, _, _), reached in zip(known, adjusted(judged, decision.confidence, _no_advice), strict=True):
            if check.verdict != reached.verdict:
                passes = f"it passes {check.metric}, which {check.rule} does not allow"
                other = f"it finds {check.verdict} for {check.metric}, for which {check.rule} gives {reached.verdict}"
                yield passes if check.verdict == "PASS" else other
            elif not _says(check, reached):
                yield f"its reason on {check.metric} is not the gate's: {reached.reason}"


def _no_advice(*_: object) -> str:
    """In place of what would settle a rule: it names the folder of the run, which may have moved since."""
    return ""


def _says(check: GateCheck, reached: GateCheck) -> bool:
    """Whether a check gives the gate's reason, which for an open one is followed by what to do."""
    if reached.verdict == "INCONCLUSIVE":
        return check.reason.startswith(reached.reason)
    return check.reason == reached.reason


def _rule(check: GateCheck, metric: Metric | None) -> Rule | None:
    """The rule of a check; None where its limits are not those of one, or its words say something else."""
    name, part = (metric.name, metric.slice) if metric else (check.metric, None)
    fields: dict[str, Any] = {
        name: getattr(check, name) for name in ("max_unscored", "confidence", "severity", "owner", "why")
    }
    match check.kind:
        case "range":
            fields |= {"min": check.minimum, "max": check.maximum}
        case "no_worse":
            fields["no_worse_than_baseline"] = {"margin": check.margin, "relative": check.relative}
        case "better":
            fields["better_than_baseline"] = True
        case "gap":
            fields["max_gap"] = {"slice": check.by, "value": check.maximum}
        case "truncated":
            fields["max_truncated"] = check.maximum
        case _:
            fields |= {"min": check.minimum, "max": check.maximum, "corrected": _asked_of_ratings(check)}
    try:
        rule = Rule(metric=name, slice=part, **fields)
    except ValueError:
        return None
    asked = {"minimum": rule.min, "maximum": rule.max} | asked_of(rule)
    same = all(getattr(check, name) == value for name, value in asked.items())
    return rule if same and rule.text == check.rule else None


def _asked_of_ratings(check: GateCheck) -> dict[str, int | None] | None:
    """What a check on a corrected metric asks of the ratings, as a policy writes it; None for nothing."""
    asked = check.rated_as
    if asked is None:
        return None
    return {"rated_at_least": asked.at_least, "rated_at_most": asked.at_most, "labels": asked.labels}


def _beyond_ranges(
    run: RunFolder, decision: Decision, manifest: RunManifest, metrics: Sequence[Metric], baseline: RunFolder | None
) -> Iterator[str]:
    """Why checks that are more than a range, or on tasks that were looked at, are not those that the gate reaches."""
    known = {target(metric): metric for metric in reversed(metrics)}
    rules = [
        (check, rule, metric)
        for check in decision.checks
        for metric in [known.get(check.metric)]
        if (rule := _rule(check, metric))
    ]
    more = [one for one in rules if one[0].kind != "range"]
    looked_at = [one for one in rules if is_looked_at(one[0], manifest)]
    try:
        if more or decision.baseline is not None:
            yield from again.faults(run, decision, more, Measured(metrics), baseline)
        if looked_at:
            every = [rule for _, rule, _ in rules]
            yield from sequential.faults(run, decision, looked_at, every, Measured(metrics), baseline)
    except (AuditError, TypeError, ValueError) as error:
        yield f"its checks cannot be made again: {error}"


def _decided_otherwise(
    run: RunFolder, decision: Decision, baseline: RunFolder | None, numbers: Recount | None
) -> str | None:
    """Why a verdict is not the one that the gate reaches under its policy, where that is at hand.

    Returns:
        :data:`REACHED` where the gate reaches it to the last word, so that nothing has to be compared again; None where
        policy or baseline is not at hand, or its advice names another place of the folder.
    """
    try:
        policy = policy_of(run, decision)
    except AuditError as error:
        return str(error)
    if policy is None:
        return None
    tasks = {rule.metric.rpartition("/")[0] for rule in policy.policy.rules}
    other = again.folder_of(run, decision, baseline) if decision.baseline else None
    if decision.baseline is not None and other is None:
        # reports say that the differences were not recomputed
        return next(_not_of_policy(decision, policy.policy), None)
    kept = RatedOutputs.of_decision(decision)
    try:
        reached = decide(run, policy, tasks, other, recorded(decision), decision.judged_for, kept, numbers)
    except AuditError as error:
        return f"the gate cannot reach it again: {error}"
    if decision == reached:
        return REACHED
    other_checks = f"the gate reaches {reached.verdict} under the same policy, with other checks"
    return None if _content(decision) == _content(reached) else other_checks


def _not_of_policy(decision: Decision, policy: Policy) -> Iterator[str]:
    """Why checks are not on the rules of a policy, as far as it shows without the baseline."""
    asked = [clause for rule in policy.rules for clause in clauses(rule)]
    own = {*OWN_CHECKS, POLICY_CHECK}
    judged = [check for check in decision.checks if check.metric not in own and not is_on_waiver(check)]
    for check in judged:
        if not any(_is_on(check, rule) and _is_asked(check, rule) for rule in asked):
            yield f"{check.rule} on {check.metric}, as it has it, is not a rule of its policy"
    known: list[GateCheck | NotJudged] = [*judged, *decision.not_judged]
    for rule in asked:
        if not any(_is_on(one, rule) for one in known):
            yield f"it does not judge {rule.text} on {rule.target}, a rule of its policy"
    settings = ("confidence", "max_unscored", "min_aligned", "across", "share_error_over")
    if any(getattr(decision, name) != getattr(policy, name) for name in settings):
        yield "its settings are not those of its policy"
    if decision.certificate != recorded_bounds(policy.certificate):
        yield "its bounds of the certificate are not those of its policy"


def _is_on(one: GateCheck | NotJudged, rule: Rule) -> bool:
    """Whether a check is on a rule, or on one of the tasks of its pattern."""
    there = rule.model_copy(update={"metric": f"{one.task}/{rule.metric.rpartition('/')[2]}"})
    return rule.covers(one.task) and one.metric == there.target and one.rule == rule.text


def _is_asked(check: GateCheck, rule: Rule) -> bool:
    """Whether a check holds what a rule asks for."""
    fields = {"minimum": rule.min, "maximum": rule.max, "max_unscored": rule.max_unscored} | asked_of(rule)
    return all(getattr(check, name) == value for name, value in fields.items())


def unchecked(run: RunFolder, decision: Decision, baseline: RunFolder | None = None) -> str | None:
    """What of a verdict that :func:`current` accepts was not checked, because a file is not at hand; None for nothing.

    Args:
        run: The judged run.
        decision: The verdict.
        baseline: The baseline's folder; None looks for it next to the run.
    """
    policy = None if policy_of(run, decision) else NO_POLICY
    return "; ".join(filter(None, (policy, again.not_recomputed(run, decision, baseline)))) or None


def _content(decision: Decision) -> tuple[object, ...]:
    """What does not depend on the place of the folder and the time."""
    names = ("metric", "rule", "verdict", "max_unscored", "confidence", "severity", "owner", "why", "waived_by")
    checks = [tuple(getattr(check, name) for name in names) for check in decision.checks]
    settings = (
        "verdict",
        "optional",
        "confidence",
        "max_unscored",
        "not_judged",
        "budget",
        "certificate",
        "min_aligned",
        "across",
        "share_error_over",
    )
    return checks, *(getattr(decision, name) for name in settings)
