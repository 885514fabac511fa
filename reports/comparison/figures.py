"""Which charts a comparison shows: differences by unit, or the trend of every metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text, interval, metric_label, signed
from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.comparison.series_text import axis_title
from audit.reports.drawing.charts import IntervalRow, interval_chart
from audit.reports.drawing.figure import Figure
from audit.reports.drawing.trend import TrendPanel, TrendPoint, trend_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import MetricDifference, SeriesComparison, SeriesMetric, Suite

MAX_ROWS = 40


def difference_figures(compared: Sequence[MetricDifference]) -> list[Figure]:
    """Differences with their intervals around a line at 0, one chart per suite and unit.

    Args:
        compared: Each with a difference.
    """
    groups: dict[tuple[Suite, str], list[MetricDifference]] = {}
    for one in compared:
        if one.difference is not None:
            groups.setdefault((one.suite, one.unit), []).append(one)
    return [_difference_figure(suite, unit, ones) for (suite, unit), ones in groups.items()]


def _difference_figure(suite: Suite, unit: str, ones: Sequence[MetricDifference]) -> Figure:
    rows = [
        IntervalRow(
            metric_label(one),
            one.difference or 0.0,
            one.ci_low,
            one.ci_high,
            signed(one.difference or 0.0, unit)
            + (f" ({interval(one.ci_low, one.ci_high, unit)})" if one.ci_low is not None else ""),
        )
        for one in ones[:MAX_ROWS]
    ]
    name = printable(unit, 40)
    caption = f"Candidate minus baseline, in {name}: point estimate and confidence interval"
    if len(ones) > MAX_ROWS:
        caption += f"; the first {MAX_ROWS} of {len(ones)}"
    svg = interval_chart(rows, unit=unit, suite=suite, reference=0.0, change=f"difference ({name})")
    return Figure(f"{caption}.", "; ".join(f"{row.label}: {row.text}" for row in rows), svg)


def trend_panel(metric: SeriesMetric, found: SeriesComparison) -> TrendPanel:
    """The chart of one metric.

    Args:
        metric: With values.
        found: The comparison that it belongs to.
    """
    outcomes = {step.to: step.outcome for step in metric.steps}
    points = [
        TrendPoint(
            at=run.at,
            label=run.label if found.axis == "order" else run.at_text,
            value=one.value,
            low=one.ci_low,
            high=one.ci_high,
            letters=one.letters or "",
            outcome=outcomes.get(place),
            text=estimate_text(one.value, one.ci_low, one.ci_high, metric.unit),
        )
        for place, (run, one) in enumerate(zip(found.runs, metric.values, strict=True))
    ]
    return TrendPanel(metric_label(metric), axis_title(found), unit_of(metric.unit).title, metric.suite, points)


def trend_figures(found: SeriesComparison) -> dict[int, Figure]:
    """The chart of every compared metric, by its position in the comparison."""
    figures = {}
    for place, metric in enumerate(found.metrics):
        if metric.error is None:
            panel = trend_panel(metric, found)
            alternative = "; ".join(
                f"{printable(point.label, 40)}: {point.text}{f', {point.letters}' if point.letters else ''}"
                for point in panel.points
            )
            figures[place] = Figure(panel.title, alternative, trend_svg(panel))
    return figures
