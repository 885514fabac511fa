"""Charts of an error analysis: the groups that differ from the rest, and the curves of calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text, number, percent
from audit.reports.drawing.charts import NOT_DRAWN, SUITE_COLOURS, IntervalRow, interval_chart
from audit.reports.drawing.curves import CurvePoint, curve_svg, reliability_chart, risk_chart
from audit.reports.drawing.figure import Figure
from audit.reports.errors.words import group_label

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.core.records import Suite
    from audit.reports.contents import TaskContents
    from audit.reports.errors.analysis import ErrorAnalysis
    from audit.reports.errors.calibrated import ConfidenceAnalysis


def error_figures(task: TaskContents, looked_at: Collection[str] = ()) -> list[Figure]:
    """The groups of samples that differ from the rest, in one chart; none where nothing was found.

    Args:
        task: The task.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    analysis = task.analysis
    if analysis is None or analysis.overall is None or not analysis.search.groups:
        return []
    narrow = task.task in looked_at
    rows = found_rows(analysis, narrow=narrow)
    caption = (
        f"{analysis.quantity.capitalize()} of the groups that differ from the rest: point estimate and confidence"
        " interval, adjusted for the search; the dashed line is the value over all samples"
    )
    if narrow:
        caption += f"; {NOT_DRAWN}"
    alternative = "; ".join(f"{row.label}: {row.text}" for row in rows)
    svg = interval_chart(rows, unit=analysis.unit, suite=task.suite, reference=analysis.overall.value)
    return [Figure(f"{caption}.", f"{analysis.quantity} by group. {alternative}", svg)]


def calibration_figures(found: ConfidenceAnalysis | None, suite: Suite) -> list[Figure]:
    """The reliability curve and the risk–coverage curve; none where calibration was not computed.

    Args:
        found: Of the task.
        suite: Its suite; decides the colour.
    """
    if found is None or found.refused:
        return []
    colour = SUITE_COLOURS[suite]
    bins = "; ".join(
        f"{number(one.confidence, 'share')}: {number(one.right, 'share')} of {one.n}" for one in found.bins
    )
    risks = "; ".join(f"{percent(one.coverage)}: {number(one.risk, 'share')}" for one in found.curve)
    return [
        Figure(
            "Reliability: share of right answers by confidence, with confidence intervals; on the dashed line a"
            " checkpoint is right as often as it is sure.",
            f"Share of right answers by mean confidence. {bins}",
            curve_svg(reliability_chart(reliability_points(found), colour)),
        ),
        Figure(
            "Risk and coverage: error rate among the most confident answers; the dashed line is that of all answers.",
            f"Error rate by share of answers kept. {risks}",
            curve_svg(risk_chart(risk_points(found), 1 - found.right, colour)),
        ),
    ]


def reliability_points(found: ConfidenceAnalysis) -> list[CurvePoint]:
    """The bins of a reliability curve."""
    return [
        CurvePoint(
            one.confidence,
            one.right,
            one.interval.low if one.interval else None,
            one.interval.high if one.interval else None,
            one.n,
        )
        for one in found.bins
    ]


def risk_points(found: ConfidenceAnalysis) -> list[CurvePoint]:
    """The points of a risk–coverage curve."""
    return [CurvePoint(one.coverage, one.risk, n=one.n) for one in found.curve]


def found_rows(analysis: ErrorAnalysis, *, narrow: bool = False) -> list[IntervalRow]:
    """The groups that were found as lines of an interval chart.

    Args:
        analysis: Of the task.
        narrow: Whether looks decided the number of items, so that intervals are left out.
    """
    rows = []
    for group in analysis.search.groups:
        ends = None if narrow else group.interval
        low, high = (ends.low, ends.high) if ends else (None, None)
        text = estimate_text(group.value, low, high, analysis.unit)
        rows.append(IntervalRow(group_label(group), group.value, low, high, text, analysis.suite, group.n))
    return rows
