"""The chart of a run's primary metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from audit.core.formatting import estimate_text
from audit.core.text import printable
from audit.reports.drawing.charts import INK, SUITE_COLOURS, IntervalRow, by_axis, domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric

WIDTH, ROW_HEIGHT = 420, 26


def primary_chart(metrics: Sequence[Metric]) -> alt.VConcatChart:
    """Points with their 95 % intervals; metrics that share an axis share a panel.

    Args:
        metrics: Each with a value.
    """
    chart: alt.VConcatChart = alt.vconcat(*(_panel(title, group) for title, group in by_axis(metrics).items()))
    return chart


def _panel(title: str, metrics: Sequence[Metric]) -> alt.LayerChart | alt.FacetChart:
    """The metrics of one axis, from top to bottom as the run has them."""
    rows = [_row(metric) for metric in metrics]
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


def _row(metric: Metric) -> IntervalRow:
    """A metric as a line of the chart; names may come from task files and are made harmless."""
    return IntervalRow(
        label=printable(metric.name, 80),
        value=metric.value or 0.0,
        low=metric.ci_low,
        high=metric.ci_high,
        text=estimate_text(metric.value, metric.ci_low, metric.ci_high, metric.unit),
    )
