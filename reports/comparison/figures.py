"""Which charts a comparison shows: differences by unit, or the trend of every metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text, interval, metric_label, signed
from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.comparison.series_text import axis_title
from audit.reports.drawing.charts import NOT_DRAWN, IntervalRow, ends_to_draw, interval_chart
from audit.reports.drawing.figure import Figure
from audit.reports.drawing.trend import TrendPanel, TrendPoint, trend_svg

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.core.records import MetricDifference, SeriesComparison, SeriesMetric, Suite

MAX_ROWS = 40


def difference_figures(compared: Sequence[MetricDifference], looked_at: Collection[str] = ()) -> list[Figure]:
    """Differences with their intervals around a line at 0, one chart per suite and unit.

    Args:
        compared: Each with a difference.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    groups: dict[tuple[Suite, str], list[MetricDifference]] = {}
    for one in compared:
        if one.difference is not None:
            groups.setdefault((one.suite, one.unit), []).append(one)
    return [_difference_figure(suite, unit, ones, looked_at) for (suite, unit), ones in groups.items()]


def _difference_figure(suite: Suite, unit: str, ones: Sequence[MetricDifference], looked_at: Collection[str]) -> Figure:
    rows = [difference_row(one, looked_at) for one in ones[:MAX_ROWS]]
    name = printable(unit, 40)
    caption = f"Candidate minus baseline, in {name}: point estimate and confidence interval"
    if len(ones) > MAX_ROWS:
        caption += f"; the first {MAX_ROWS} of {len(ones)}"
    if any(one.task in looked_at for one in ones):
        caption += f"; {NOT_DRAWN}"
    svg = interval_chart(rows, unit=unit, suite=suite, reference=0.0, change=f"difference ({name})")
    return Figure(f"{caption}.", "; ".join(f"{row.label}: {row.text}" for row in rows), svg)


def difference_row(one: MetricDifference, looked_at: Collection[str]) -> IntervalRow:
    """A difference as a line of an interval chart.

    Args:
        one: With a difference.
        looked_at: As for :func:`difference_figures`.
    """
    low, high = ends_to_draw(one.task, (one.ci_low, one.ci_high), looked_at)
    value = one.difference or 0.0
    text = signed(value, one.unit) + (f" ({interval(low, high, one.unit)})" if low is not None else "")
    return IntervalRow(metric_label(one), value, low, high, text, one.suite, one.n)


def trend_panel(metric: SeriesMetric, found: SeriesComparison) -> TrendPanel:
    """The chart of one metric.

    Args:
        metric: With values.
        found: The comparison that it belongs to.
    """
    outcomes = {step.to: step.outcome for step in metric.steps}
    points = []
    for place, (run, one) in enumerate(zip(found.runs, metric.values, strict=True)):
        low, high = ends_to_draw(metric.task, (one.ci_low, one.ci_high), found.looked_at)
        points.append(
            TrendPoint(
                at=run.at,
                label=run.label if found.axis == "order" else run.at_text,
                value=one.value,
                low=low,
                high=high,
                letters=one.letters or "",
                outcome=outcomes.get(place),
                text=estimate_text(one.value, low, high, metric.unit),
            )
        )
    note = NOT_DRAWN if metric.task in found.looked_at else ""
    unit = unit_of(metric.unit).title
    return TrendPanel(metric_label(metric), axis_title(found), unit, metric.suite, points, note)


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
            caption = "; ".join(filter(None, (panel.title, panel.note)))
            figures[place] = Figure(caption, alternative, trend_svg(panel))
    return figures
