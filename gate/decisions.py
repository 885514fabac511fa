"""Whether a verdict in ``decision.json`` is one that the gate reached on this very evidence.

Anybody can write the file. A verdict is shown where it names this run, checkpoint and metrics, follows from its checks,
quotes the metrics as they are, and says of every rule what the gate says of it; one under the shipped policy has to be
the one that the gate reaches again.

Other policies are not at hand. What they alone say cannot be found out: rules that were left out or loosened together
with their verdict, tasks that were called optional, a tolerance or a coverage that is not theirs. The verdict names the
policy by its digest: whoever has the file judges the run again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.errors import AuditError, ConfigError, RunFolderError
from audit.core.formatting import slice_text
from audit.gate import rule_checks
from audit.gate.decide import RUN_CHECK, decide, overall, run_check
from audit.gate.judging import judge_rule
from audit.gate.measured import Measured
from audit.gate.policy import Policy, Rule, load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Decision, GateCheck, Metric, RunManifest, Verdict
    from audit.core.run_folder import RunFolder

_RULE = re.compile(r"(?:min (?P<min>[^ ,]+))?(?:, )?(?:max (?P<max>[^ ,]+))?")
"""The words of :attr:`audit.gate.policy.Rule.text`."""
ANY_COVERAGE, ANY_UNSCORED = 1e-9, 1 - 1e-9
"""Of the policy that judges and passes the most."""
WITHOUT = ", without the optional "
"""Before the tasks, in the reason why a run passes without them."""
HOLM = "Holm-adjusted p = "
"""In the reason of a violation that several slices make likely."""


def current(
    run: RunFolder, manifest: RunManifest, metrics: Sequence[Metric], digest: str
) -> tuple[Decision | None, str | None]:
    """The verdict to show.

    Args:
        run: The folder.
        manifest: Its manifest.
        metrics: Its metrics.
        digest: SHA-256 of ``metrics.json``.

    Returns:
        The verdict, or None; and why there is none though the folder holds a ``decision.json``.
    """
    try:
        decision = run.read_decision()
    except RunFolderError as error:
        return None, f"it cannot be read: {error}"
    if decision is None:
        return None, None
    faults = (*_on_other_evidence(decision, manifest, digest), *_in_checks(decision, manifest, metrics))
    fault = next(iter(faults), None) or _decided_otherwise(run, decision)
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
    if decision.verdict != overall([check.verdict for check in decision.checks]):
        yield "its verdict does not follow from its checks"
    measured = Measured(metrics)
    yield from _on_run(decision, manifest, measured)
    known = {_target(metric): metric for metric in metrics}
    rules = [check for check in decision.checks if check.metric != RUN_CHECK]
    if not rules:
        yield "it judges no rule"
    for check in rules:
        yield from _in_check(check, known.get(check.metric), measured, rules)


def _on_run(decision: Decision, manifest: RunManifest, measured: Measured) -> Iterator[str]:
    """Why a verdict does not judge the run as it is, taking its word for which tasks its policy calls optional."""
    on_run = [check for check in decision.checks if check.metric == RUN_CHECK]
    status = f"status {manifest.status}"
    if len(on_run) != 1 or not on_run[0].reason.startswith(status):
        yield f"it does not judge the run as it is, {status}"
        return
    named = on_run[0].reason.partition(WITHOUT)[2].split(", ")
    left_out = [text.partition(" ")[0].rpartition("/")[0] for text in decision.not_judged if ": optional, " in text]
    optional = {*named, *left_out, *(one.task for one in manifest.not_run if one.optional)}
    reached = run_check(manifest, measured, optional, manifest.run_id)
    if on_run[0].verdict != reached.verdict:
        yield f"it finds the run {on_run[0].verdict}, which is {reached.verdict}: {reached.reason}"


def _in_check(check: GateCheck, metric: Metric | None, measured: Measured, rules: Sequence[GateCheck]) -> Iterator[str]:
    """Why a check is not one of this metric."""
    quoted = (check.value, check.ci_low, check.ci_high)
    if quoted != ((metric.value, metric.ci_low, metric.ci_high) if metric else (None, None, None)):
        yield f"its value of {check.metric} is not the one that was measured"
    elif metric is None:
        if check.verdict != "INCONCLUSIVE":
            yield f"it finds {check.verdict} for {check.metric}, which was not measured"
    else:
        yield from _judged_otherwise(check, metric, measured, rules)


def _judged_otherwise(
    check: GateCheck, metric: Metric, measured: Measured, rules: Sequence[GateCheck]
) -> Iterator[str]:
    """Why the gate does not reach the verdict of a check, under any policy with its rule."""
    rule = _rule(check, metric)
    if rule is None:
        yield f"{check.rule} on {check.metric} is not a rule"
        return
    try:
        rule_checks.check_limits(rule, measured)
    except ConfigError as error:
        yield str(error)
    at_most = judge_rule(
        rule, metric, measured, Policy(rules=[rule], confidence=ANY_COVERAGE, max_unscored=ANY_UNSCORED)
    )
    at_least = judge_rule(rule, metric, measured, Policy(rules=[rule], confidence=ANY_COVERAGE))
    if check.verdict == at_most.verdict:
        # What passes by a tolerance has to say so.
        holds = at_most.verdict == at_least.verdict or check.reason == at_most.reason
    else:
        softer = at_least.verdict == "INCONCLUSIVE" or _is_softened(check, metric, at_most.verdict, rules)
        holds = check.verdict == "INCONCLUSIVE" and softer
    if not holds and check.verdict == "PASS":
        yield f"it passes {check.metric}, which {check.rule} does not allow"
    elif not holds:
        yield f"it finds {check.verdict} for {check.metric}, for which {check.rule} gives {at_least.verdict}"


def _is_softened(check: GateCheck, metric: Metric, verdict: Verdict, rules: Sequence[GateCheck]) -> bool:
    """Whether the reason of a check is one that leaves open what its interval decides.

    That is a coverage below the policy's, and the number of slices that the policy has rules on.
    """
    if check.reason.startswith(f"its interval covers {metric.confidence:.0%}, the policy asks for "):
        return True
    slices = {one.metric for one in rules if one.metric.startswith(f"{metric.name} [")}
    return verdict == "FAIL" and metric.slice is not None and len(slices) > 1 and HOLM in check.reason


def _rule(check: GateCheck, metric: Metric) -> Rule | None:
    """The rule that a check writes down; None where its words are not those of one."""
    found = _RULE.fullmatch(check.rule)
    try:
        limits = {word: float(limit) for word, limit in found.groupdict().items() if limit} if found else {}
        rule = Rule(metric=metric.name, slice=metric.slice, min=limits.get("min"), max=limits.get("max"))
    except ValueError:
        return None
    return rule if rule.text == check.rule else None


def _target(metric: Metric) -> str:
    """A metric as :attr:`audit.gate.policy.Rule.target` names it."""
    return f"{metric.name} [{slice_text(metric.slice)}]" if metric.slice else metric.name


def _decided_otherwise(run: RunFolder, decision: Decision) -> str | None:
    """Why a verdict under the shipped policy is not the one that the gate reaches; other policies are not at hand."""
    shipped = load_policy()
    if decision.policy_sha256 != shipped.sha256:
        return None
    tasks = {rule.metric.rpartition("/")[0] for rule in shipped.policy.rules}
    try:
        again = decide(run, shipped, tasks)
    except AuditError as error:
        return f"the gate cannot reach it again: {error}"
    said, reached = ([(check.metric, check.rule, check.verdict) for check in one.checks] for one in (decision, again))
    return None if said == reached else f"the gate reaches {again.verdict} under the same policy, with other checks"
