"""Every number of a run derived again from its samples, and its decision from these numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.errors import AuditError
from audit.core.records.base import Record
from audit.gate import decisions
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.decide import decide
from audit.gate.metrics_file import read_metrics
from audit.gate.rules.again import folder_of, same_packages
from audit.gate.waivers.waiver_file import recorded
from audit.stats.recompute import differences
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from audit.core.records import Decision, Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

ANYWHERE = {"decided", "policy"}
"""Fields of a decision that depend on when and where it is made."""


class Recomputed(Record):
    """What was derived again, and what differs."""

    metrics: int
    """Metrics that were derived again."""
    without_definition: int
    """Metrics that cannot be: they have a value and no definition."""
    intervals: bool
    """Whether intervals were derived, too: not under other versions of the packages that compute them."""
    decision: str
    """How far the decision was derived again; empty where the run has none."""
    faults: list[str]
    """Every difference."""


def recompute(
    run: RunFolder, policy: PolicyFile | None, known: Collection[str], baseline: RunFolder | None = None
) -> Recomputed:
    """Derive every metric and the decision of a run again.

    Args:
        run: Its folder.
        policy: The policy of the decision; None where it is not at hand.
        known: Names of this installation's attribution methods, as :func:`audit.gate.decide.decide` has them.
        baseline: The run that the decision compares with; None looks for it next to the run.

    Raises:
        RunFolderError: A file is broken.
    """
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    defined = [metric for metric in metrics if metric.definition is not None]
    same = same_packages(manifest)
    faults = list(_in_metrics(run, defined, intervals=same))
    decision = run.read_decision()
    how = ""
    if decision is not None:
        faults += _in_decision(run, decision, policy, known, folder_of(run, decision, baseline))
        _, why = decisions.current(run, manifest, metrics, digest, baseline)
        faults += [f"decision.json: {why}"] if why else []
        how = (
            "from its policy"
            if policy and policy.sha256 == decision.policy_sha256
            else "check by check: its policy is not at hand"
        )
    without = sum(metric.definition is None and metric.value is not None for metric in metrics)
    return Recomputed(
        metrics=len(defined),
        without_definition=without,
        intervals=same,
        decision=how,
        faults=list(dict.fromkeys(faults)),
    )


def _in_metrics(run: RunFolder, metrics: list[Metric], *, intervals: bool) -> Iterator[str]:
    """How metrics differ from what their definitions give."""
    records = Records(run)
    for metric in metrics:
        for fault in differences(metric, records.of(metric), interval=intervals):
            yield f"metrics.json: {fault}"


def _in_decision(
    run: RunFolder,
    decision: Decision,
    policy: PolicyFile | None,
    known: Collection[str],
    baseline: RunFolder | None,
) -> Iterator[str]:
    """How a decision differs from the one that the gate reaches with the policy."""
    if policy is None or policy.sha256 != decision.policy_sha256:
        return  # another policy is a fault already without deriving anything
    if decision.baseline is not None and baseline is None:
        return  # said in a remark
    try:
        again = decide(
            run, policy, known, baseline, recorded(decision), decision.judged_for, RatedOutputs.of_decision(decision)
        )
    except AuditError as error:
        yield f"decision.json: the gate cannot reach it again: {error}"
        return
    old, new = (_content(one) for one in (decision, again))
    for name in new:
        if old[name] != new[name]:
            detail = _first_check(decision, again) if name == "checks" else ""
            yield f"decision.json: its field {name} is not what the gate finds{detail}"


def _content(decision: Decision) -> dict[str, Any]:
    """A decision without what depends on when and where it is made.

    It is the time, the name of the policy's file, and the advice on open rules, which names the folder of the run.
    """
    content = decision.model_dump(mode="json", exclude=ANYWHERE)
    for check in content["checks"]:
        if check["verdict"] == "INCONCLUSIVE":
            del check["reason"]
    return content


def _first_check(decision: Decision, again: Decision) -> str:
    """The first check that differs, in words."""
    pairs = zip(decision.checks, again.checks, strict=False)
    other = next(((one, two) for one, two in pairs if one.verdict != two.verdict), None)
    if other is None and len(decision.checks) == len(again.checks):
        return ", though its verdicts are"
    if other is None:
        return f": it has {len(decision.checks)} checks, the gate makes {len(again.checks)}"
    return f": {other[0].metric} {other[0].rule} is {other[0].verdict}, the gate finds {other[1].verdict}"
