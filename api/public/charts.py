"""Charts: a run's primary metrics, the differences of two runs, the metrics of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from audit.core.text import printable
from audit.reports.comparison.figures import difference_row
from audit.reports.drawing.altair import alt
from audit.reports.drawing.charts import INK, NOT_DRAWN, SUITE_COLOURS, by_axis, domain
from audit.reports.drawing.trend import trends
from audit.reports.render.figures import metric_row

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.core.records import Metric, MetricDifference
    from audit.reports.drawing.budgets import BudgetCurve
    from audit.reports.drawing.trend import TrendPanel

WIDTH, ROW_HEIGHT = 420, 26
OUTCOME_COLOURS = {"better": "#1a7f37", "worse": "#b42318", "higher": "#1f6feb", "lower": "#1f6feb"}
NO_OUTCOME = "#8c959f"
"""Where no difference is shown, or too few items tell."""


def primary_chart(
    metrics: Sequence[Metric], looked_at: Collection[str], curves: Sequence[BudgetCurve] = ()
) -> alt.VConcatChart:
    """Points with their 95 % intervals; metrics that share an axis share a panel.

    Args:
        metrics: Each with a value.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
        curves: Right answers by thinking budget: a panel each, below the metrics.
    """
    panels = [_panel(title, group, looked_at) for title, group in by_axis(metrics).items()]
    panels += [
        alt.LayerChart.from_dict({**one.chart(SUITE_COLOURS["evals"]), "title": printable(one.task, 80)})
        for one in curves
    ]
    return _joined(panels, narrow=any(metric.task in looked_at for metric in metrics))


def _joined(panels: Sequence[alt.LayerChart | alt.FacetChart], *, narrow: bool) -> alt.VConcatChart:
    """Panels from top to bottom; with a line that says so where intervals are not drawn."""
    chart: alt.VConcatChart = alt.vconcat(*panels)
    return chart.properties(title=f"{NOT_DRAWN[0].upper()}{NOT_DRAWN[1:]}.") if narrow else chart


def _panel(title: str, metrics: Sequence[Metric], looked_at: Collection[str]) -> alt.LayerChart | alt.FacetChart:
    """The metrics of one axis, from top to bottom as the run has them."""
    rows = [metric_row(metric, printable(metric.name, 80), looked_at) for metric in metrics]
    frame = pd.DataFrame(
        {
            "metric": [row.label for row in rows],
            "suite": [metric.suite for metric in metrics],
            "value": [row.value for row in rows],
            "low": pd.Series([row.low for row in rows], dtype="float64"),
            "high": pd.Series([row.high for row in rows], dtype="float64"),
            "n": [metric.n for metric in metrics],
            "written": [row.text for row in rows],
        }
    )
    known = {metric.suite for metric in metrics}
    colours = {suite: SUITE_COLOURS.get(suite, INK) for suite in sorted(known)}
    scale = alt.Scale(domain=list(domain(rows, str(metrics[0].unit))), nice=False, zero=False)
    base = alt.Chart(frame).encode(
        y=alt.Y("metric:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        color=alt.Color("suite:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), title=None),
        tooltip=["metric:N", "written:N", "n:Q"],
    )
    spans = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, opacity=0.45)
    points = base.mark_circle(size=72, opacity=1)
    layers = [
        spans.encode(x=alt.X("low:Q", scale=scale, title=title), x2="high:Q"),
        points.encode(x=alt.X("value:Q", scale=scale, title=title)),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=ROW_HEIGHT * len(metrics))


def difference_chart(differences: Sequence[MetricDifference], looked_at: Collection[str]) -> alt.VConcatChart:
    """Candidate minus baseline with intervals around a line at 0; metrics of one unit share a panel.

    Args:
        differences: Each with a difference.
        looked_at: As for :func:`primary_chart`.
    """
    units = list(dict.fromkeys(one.unit for one in differences))
    panels = [_difference_panel(unit, [one for one in differences if one.unit == unit], looked_at) for unit in units]
    return _joined(panels, narrow=any(one.task in looked_at for one in differences))


def _difference_panel(
    unit: str, differences: Sequence[MetricDifference], looked_at: Collection[str]
) -> alt.LayerChart | alt.FacetChart:
    """The differences of one unit, from top to bottom as the run has them."""
    rows = [difference_row(one, looked_at) for one in differences]
    frame = pd.DataFrame(
        {
            "metric": [row.label for row in rows],
            "difference": [row.value for row in rows],
            "low": pd.Series([row.low for row in rows], dtype="float64"),
            "high": pd.Series([row.high for row in rows], dtype="float64"),
            "n": [one.n for one in differences],
            "outcome": [one.outcome for one in differences],
            "written": [row.text for row in rows],
        }
    )
    found = list(dict.fromkeys(one.outcome or "" for one in differences))
    colours = [OUTCOME_COLOURS.get(outcome, NO_OUTCOME) for outcome in found]
    title = f"candidate − baseline ({printable(unit, 40)})"
    base = alt.Chart(frame).encode(
        y=alt.Y("metric:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        color=alt.Color("outcome:N", scale=alt.Scale(domain=found, range=colours), title=None),
        tooltip=["metric:N", "written:N", "n:Q", "outcome:N"],
    )
    layers = [
        alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="zero:Q"),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=3, opacity=0.45)
        .encode(x=alt.X("low:Q", title=title), x2="high:Q"),
        base.mark_circle(size=72, opacity=1).encode(x=alt.X("difference:Q", title=title)),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=ROW_HEIGHT * len(differences))


def series_chart(panels: Sequence[TrendPanel]) -> alt.ConcatChart:
    """Every metric over several runs, two panels in a row."""
    chart: alt.ConcatChart = alt.ConcatChart.from_dict(trends(panels))
    return chart
