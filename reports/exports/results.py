"""Which numbers of a run may be published as evaluation results, and why the others may not.

Whoever reads a table of results elsewhere sees a value without its doubts. So only numbers without known doubts go
there: primary metrics over all items, with an interval, of a task of a fixed number of samples that were all scored and
not cut, that no rule left open, from a run that ended with a sound checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.formatting import metric_label
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from audit.core.records import Decision, Metric
    from audit.reports.contents import RunContents, TaskContents


@dataclass(frozen=True, slots=True)
class Result:
    """A number that may be published."""

    metric: Metric
    """The number."""
    value: float
    """Its value, which is known."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    verdict: str | None
    """``PASS`` or ``FAIL`` under the policy; null where no rule is about it."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A number that is not published."""

    name: str
    """The metric."""
    reason: str
    """Why not."""


def results(contents: RunContents) -> tuple[list[Result], list[Withheld]]:
    """Primary metrics that may be published, and those that may not."""
    published: list[Result] = []
    withheld: list[Withheld] = []
    for task in contents.tasks:
        for metric in task.primary:
            verdict = verdict_on(metric, contents.decision)
            reason = _reason(metric, task, contents, verdict)
            value, low, high = metric.value, metric.ci_low, metric.ci_high
            if reason or value is None or low is None or high is None:
                withheld.append(Withheld(metric_label(metric), reason or "no confidence interval"))
            else:
                published.append(Result(metric, value, low, high, verdict))
    return published, withheld


def require(found: list[Result], withheld: list[Withheld], contents: RunContents) -> list[Result]:
    """The results, of which there must be one.

    Raises:
        ConfigError: There is none.
    """
    if found:
        return found
    first = f", first {withheld[0].name}: {withheld[0].reason}" if withheld else ""
    msg = f"{contents.manifest.run_id}: no number of this run may be published as a result{first}"
    raise ConfigError(msg)


def verdict_on(metric: Metric, decision: Decision | None) -> str | None:
    """The worst verdict of rules on a metric's range: INCONCLUSIVE before FAIL before PASS, since open is not known."""
    checks = decision.checks if decision else []
    found = {check.verdict for check in checks if check.metric == metric.name and check.kind == "range"}
    return next((verdict for verdict in ("INCONCLUSIVE", "FAIL", "PASS") if verdict in found), None)


def _reason(metric: Metric, task: TaskContents, contents: RunContents, verdict: str | None) -> str:
    """Why a number may not be published; empty if it may."""
    manifest = contents.manifest
    if manifest.broken:
        return f"the checkpoint is broken: {manifest.broken}"
    if manifest.status not in {"complete", "partial"} or manifest.interrupted:
        return f"the run did not end: status {manifest.status}"
    if metric.value is None:
        return f"not computed: {metric.error or 'no reason given'}"
    if metric.ci_low is None or metric.ci_high is None:
        return f"no confidence interval{f': {metric.no_interval}' if metric.no_interval else ''}"
    if verdict == "INCONCLUSIVE":
        return "a rule on it is INCONCLUSIVE"
    doubt = _looked_at(metric, contents) or _corrected(metric, contents) or cut_text(metric, task.metrics)
    return doubt or _unscored(metric, task, verdict)


def _looked_at(metric: Metric, contents: RunContents) -> str:
    """Why the number of a task that was looked at may not be published; empty for other tasks."""
    if metric.task not in contents.looked_at:
        return ""
    return "looks at its results decided how many items there are, for which its interval is too narrow"


def _corrected(metric: Metric, contents: RunContents) -> str:
    """Why the number of a scorer that people correct may not be published; empty where nobody does."""
    checks = contents.decision.checks if contents.decision else []
    corrected = any(check.metric == metric.name and check.kind == "corrected" for check in checks)
    return "the policy judges what people find, not the scorer" if corrected else ""


def _unscored(metric: Metric, task: TaskContents, verdict: str | None) -> str:
    """Samples that the number leaves out; a PASS holds whatever they were."""
    if verdict == "PASS":
        return ""
    if task.unscored is None or task.unscored.value is None:
        return "the number of unscored samples is unknown"
    count = task.unscored.value + metric.missing
    return f"{count:,.0f} samples have no score" if count else ""
