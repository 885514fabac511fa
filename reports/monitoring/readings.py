"""What a run shows as gauges: one list of numbers with labels, which every monitoring format is written from.

What the run does not report is absent, never 0: a metric without a value has no reading, one without an interval has no
ends, and a run without a verdict on exactly these numbers has no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from audit.core.records.decision import Verdict
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.records import Decision, Metric
    from audit.reports.contents import RunContents

GAUGES = {
    "audit.run.info": "Always 1: how the run stands, and its signature.",
    "audit.run.started.timestamp.seconds": "Start of the run, Unix time.",
    "audit.run.finished.timestamp.seconds": "End of the run, Unix time.",
    "audit.metric.value": "Point estimate, in the unit of the label unit.",
    "audit.metric.ci.low": "Lower end of the confidence interval, in the same unit.",
    "audit.metric.ci.high": "Upper end of the confidence interval, in the same unit.",
    "audit.metric.confidence": "Nominal coverage of the interval, 0 to 1.",
    "audit.metric.items": "Items that the value is based on.",
    "audit.metric.missing.items": "Items that the task scored but the metric could not use.",
    "audit.task.unscored.items": "Items of the task that could not be scored.",
    "audit.gate.verdict": "1 for the verdict of the gate on these numbers, 0 for the two others.",
    "audit.gate.blocking.rules": "Rules that keep the checkpoint from passing, by their verdict.",
}
"""Help text of every gauge, by its name in OpenTelemetry; Prometheus has ``_`` for ``.``."""


@dataclass(frozen=True, slots=True)
class GaugeReading:
    """One number with its labels."""

    gauge: str
    """A name of :data:`GAUGES`; all readings of a gauge have the same labels."""
    value: float
    """The number."""
    labels: dict[str, str]
    """Values by label, without control characters."""


def readings(contents: RunContents) -> list[GaugeReading]:
    """Every reading of a run, in the order of its tasks."""
    run = run_labels(contents)
    return [
        *_of_run(contents, run),
        *(one for metric in contents.metrics for one in _of_metric(metric, run)),
        *(_of_decision(contents.decision, run) if contents.decision else ()),
    ]


def slice_label(metric: Metric) -> str:
    """``bias_type=gender, kind=intrasentence``, however long: it makes series distinct; empty for all items."""
    return ", ".join(f"{key}={value}" for key, value in sorted((metric.slice or {}).items()))


def run_labels(contents: RunContents) -> dict[str, str]:
    """The labels that every reading of a run has: its id, the checkpoint's name and digest."""
    manifest = contents.manifest
    return _printable(run=manifest.run_id, model=manifest.model.name, digest=manifest.model.digest)


def _of_run(contents: RunContents, run: dict[str, str]) -> Iterator[GaugeReading]:
    manifest = contents.manifest
    state = _printable(status=manifest.status, signature=manifest.signature)
    yield GaugeReading("audit.run.info", 1, run | state)
    yield GaugeReading("audit.run.started.timestamp.seconds", manifest.started.timestamp(), run)
    if manifest.finished is not None:
        yield GaugeReading("audit.run.finished.timestamp.seconds", manifest.finished.timestamp(), run)


def _of_metric(metric: Metric, run: dict[str, str]) -> Iterator[GaugeReading]:
    """Value, interval and counts of a metric; nothing where it has no value."""
    if metric.value is None:
        return
    if metric.metric == "unscored" and metric.slice is None:
        yield GaugeReading(
            "audit.task.unscored.items", metric.value, run | _printable(suite=metric.suite, task=metric.task)
        )
        return
    part = slice_label(metric)
    labels = run | _printable(suite=metric.suite, task=metric.task, metric=metric.metric, slice=part, unit=metric.unit)
    yield GaugeReading("audit.metric.value", metric.value, labels)
    if metric.ci_low is not None and metric.ci_high is not None:
        yield GaugeReading("audit.metric.ci.low", metric.ci_low, labels)
        yield GaugeReading("audit.metric.ci.high", metric.ci_high, labels)
        yield GaugeReading("audit.metric.confidence", metric.confidence, labels)
    yield GaugeReading("audit.metric.items", metric.n, labels)
    yield GaugeReading("audit.metric.missing.items", metric.missing, labels)


def _of_decision(decision: Decision, run: dict[str, str]) -> Iterator[GaugeReading]:
    by = run | _printable(policy=decision.policy)
    blocking: list[str] = [check.blocking for check in decision.checks]
    for verdict in get_args(Verdict):
        yield GaugeReading("audit.gate.verdict", float(decision.verdict == verdict), by | {"verdict": verdict})
    for verdict in ("FAIL", "INCONCLUSIVE"):
        yield GaugeReading("audit.gate.blocking.rules", blocking.count(verdict), by | {"verdict": verdict})


def _printable(**labels: str) -> dict[str, str]:
    return {name: printable(text) for name, text in labels.items()}
