"""Whether a verdict in ``decision.json`` is one that the gate reached on this very evidence.

Anybody can write the file. A verdict is shown where it names this run, checkpoint and metrics, follows from its checks,
quotes the metrics as they are, and passes nothing that its own rules forbid; one under the shipped policy has to be the
one that the gate reaches again.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from audit.core.errors import AuditError, RunFolderError
from audit.reports.formatting import metric_label
from audit.reports.gate import RUN_CHECK, decide, overall
from audit.reports.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Decision, GateCheck, Metric, RunManifest
    from audit.core.run_folder import RunFolder

_BOUND = re.compile(r"(min|max) (-?\d[\d.]*(?:e[-+]?\d+)?)")
"""A limit in the words of :attr:`audit.reports.policy.Rule.text`."""
ROUNDING = 1e-5
"""Share of a limit that its words may leave out: they have six digits."""


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
    verdicts = [check.verdict for check in decision.checks]
    if decision.verdict != overall(verdicts):
        yield "its verdict does not follow from its checks"
    on_run = [check for check in decision.checks if check.metric == RUN_CHECK]
    status = f"status {manifest.status}"
    if len(on_run) != 1 or not on_run[0].reason.startswith(status):
        yield f"it does not judge the run as it is, {status}"
    known = {metric_label(metric): metric for metric in metrics}
    for check in decision.checks:
        if check.metric != RUN_CHECK:
            yield from _in_check(check, known.get(check.metric))


def _in_check(check: GateCheck, metric: Metric | None) -> Iterator[str]:
    """Why a check is not one of this metric."""
    quoted = (check.value, check.ci_low, check.ci_high)
    measured = (metric.value, metric.ci_low, metric.ci_high) if metric else (None, None, None)
    if quoted != measured:
        yield f"its value of {check.metric} is not the one that was measured"
    if check.verdict == "PASS" and not _allows(check):
        yield f"it passes {check.metric}, which {check.rule} does not allow"


def _allows(check: GateCheck) -> bool:
    """Whether the interval of a check, or the count that it is about, satisfies the rule as it is written down."""
    low = check.value if check.ci_low is None else check.ci_low
    high = check.value if check.ci_high is None else check.ci_high
    bounds = {word: float(number) for word, number in _BOUND.findall(check.rule)}
    if low is None or high is None or not bounds:
        return False
    floor, ceiling = bounds.get("min", -math.inf), bounds.get("max", math.inf)
    return not (_beyond(floor, low) or _beyond(high, ceiling))


def _beyond(one: float, other: float) -> bool:
    """Whether a number is above another by more than the words of a limit leave out."""
    return one > other and not math.isclose(one, other, rel_tol=ROUNDING)


def _decided_otherwise(run: RunFolder, decision: Decision) -> str | None:
    """Why a verdict under the shipped policy is not the one that the gate reaches; other policies are not at hand."""
    shipped = load_policy()
    if decision.policy_sha256 != shipped.sha256:
        return None
    tasks = {rule.metric.rpartition("/")[0] for rule in shipped.policy.rules}
    try:
        again = decide(run, shipped, lambda: tasks)
    except AuditError as error:
        return f"the gate cannot reach it again: {error}"
    said, reached = ([(check.metric, check.rule, check.verdict) for check in one.checks] for one in (decision, again))
    return None if said == reached else f"the gate reaches {again.verdict} under the same policy, with other checks"
