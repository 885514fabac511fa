"""The primary metrics of a run on one scale, so that metrics in different units can be compared at a glance.

The scale runs from the worst possible value of a unit (0) to the best possible one (1). A metric whose good value lies
inside its range (a stereotype score of 50 %) is placed by its distance from it. A unit without two ends has no scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from audit.core.formatting import number
from audit.core.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from audit.core.records import Decision, GateCheck, Metric, Verdict
    from audit.reports.comparison.baseline_contents import BaselineContents

MarkKind = Literal["chance", "limit", "baseline"]
ORDER: tuple[Verdict | None, ...] = ("FAIL", "INCONCLUSIVE", "PASS", None)
"""Metrics by the verdict on them: what needs a reader first."""


@dataclass(frozen=True, slots=True)
class GlanceMark:
    """A value to compare a metric with."""

    kind: MarkKind
    """What it is: what guessing gives, a limit of the policy, the baseline's value."""
    at: float
    """Its place on the scale, 0 to 1."""
    text: str
    """In words, with the number: ``guessing 0.500``."""


@dataclass(frozen=True, slots=True)
class GlanceRow:
    """A primary metric on the common scale."""

    metric: Metric
    """The metric."""
    verdict: Verdict | None
    """The worst verdict of the rules on it; null where no rule is about it."""
    at: float | None
    """Place of the value, 0 to 1; null where the unit has no scale or there is no value."""
    low: float | None
    """Place of the end of the interval on the bad side; null where no interval is drawn."""
    high: float | None
    """Place of the other end."""
    marks: tuple[GlanceMark, ...]
    """What it is compared with, from bad to good."""
    other: Metric | None = None
    """The baseline's metric; null without one that may be compared."""

    def percent(self, place: float) -> str:
        """A place as CSS takes it: ``37.5%``."""
        return f"{100 * place:.4g}%"


def place(value: float, metric: Metric) -> float | None:
    """Where a value of a metric lies between the worst (0) and the best possible (1); None where nobody knows.

    ``(value − low) / (high − low)`` where higher is better, one minus that where lower is. With an ideal value i and no
    direction: ``1 − |value − i| / max(i − low, high − i)``.
    """
    ends = unit_of(metric.unit).whole_range
    if ends is None:
        return None
    low, high = ends
    if metric.higher_is_better is None:
        if metric.ideal is None:
            return None
        found = 1 - abs(value - metric.ideal) / max(metric.ideal - low, high - metric.ideal)
    else:
        found = (value - low) / (high - low)
        found = found if metric.higher_is_better else 1 - found
    return min(1.0, max(0.0, found))


def rows(
    metrics: Iterable[Metric],
    decision: Decision | None = None,
    looked_at: Collection[str] = (),
    baseline: BaselineContents | None = None,
) -> list[GlanceRow]:
    """The rows of the picture: by verdict, then from bad to good; what has no place on the scale comes last.

    Args:
        metrics: Primary metrics over all items.
        decision: The verdict on the run.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
        baseline: The run to show them next to.
    """
    checks: dict[str, list[GateCheck]] = {}
    for check in decision.checks if decision else ():
        checks.setdefault(check.metric, []).append(check)
    found = [
        _row(metric, checks.get(metric.name, []), baseline.of(metric) if baseline else None, metric.task in looked_at)
        for metric in metrics
    ]
    return sorted(found, key=lambda row: (ORDER.index(row.verdict), row.at is None, row.at or 0.0))


def _row(metric: Metric, checks: Sequence[GateCheck], other: Metric | None, looked_at: bool) -> GlanceRow:
    verdict = min((check.verdict for check in checks), key=ORDER.index, default=None)
    at = None if metric.value is None else place(metric.value, metric)
    low, high = (None, None) if looked_at or at is None else _ends(metric)
    return GlanceRow(metric, verdict, at, low, high, _marks(metric, checks, other) if at is not None else (), other)


def _ends(metric: Metric) -> tuple[float | None, float | None]:
    """The interval on the scale: one that holds the ideal value reaches the best place."""
    if metric.ci_low is None or metric.ci_high is None:
        return None, None
    ends = [found for end in (metric.ci_low, metric.ci_high) if (found := place(end, metric)) is not None]
    if metric.higher_is_better is None and metric.ideal is not None and metric.ci_low <= metric.ideal <= metric.ci_high:
        ends.append(1.0)
    return min(ends), max(ends)


def _marks(metric: Metric, checks: Sequence[GateCheck], other: Metric | None) -> tuple[GlanceMark, ...]:
    guessing = None if metric.chance == metric.ideal else metric.chance
    values: list[tuple[MarkKind, str, float | None]] = [("chance", "guessing", guessing)]
    for check in checks:
        if check.kind == "range":
            values += [("limit", "at least", check.minimum), ("limit", "at most", check.maximum)]
        if check.baseline and other is None:
            values.append(("baseline", "baseline", check.baseline.difference.baseline))
    values += [("baseline", "baseline", other.value)] if other else []
    marks = [
        GlanceMark(kind, at, f"{words} {number(value, metric.unit)}")
        for kind, words, value in values
        if value is not None and (at := place(value, metric)) is not None
    ]
    return tuple(sorted(dict.fromkeys(marks), key=lambda mark: mark.at))
