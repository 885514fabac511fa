"""Altair charts of the app: intervals on one axis, waterfalls. Drawn by the browser, coloured by the app's theme."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import altair as alt

from audit.core.text import printable
from audit.core.units import unit_of
from audit.reports.attribution.waterfall import COLOURS as STEP_COLOURS
from audit.reports.attribution.waterfall import bounds
from audit.reports.drawing.charts import SUITE_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.reports.attribution.waterfall import Step

ROW_HEIGHT, STEP_HEIGHT, AXIS_HEIGHT, LEGEND_HEIGHT = 32, 24, 70, 75
LABEL_WIDTH = 260
OTHER_COLOURS = ("#59636e", "#0a5fb4", "#a2480c", "#5b3fa8", "#11682f", "#b3151f")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an interval chart."""

    label: str
    """What it is about."""
    group: str
    """Decides the colour: a suite, or what divides the samples."""
    value: float
    """Point estimate."""
    low: float | None
    """Lower end of its interval; null draws the point alone."""
    high: float | None
    """Upper end of its interval."""
    n: int
    """Items behind it."""


def interval_chart(
    rows: Sequence[Row], *, unit: str, title: str, reference: float | None = None, legend: str | None = None
) -> alt.LayerChart:
    """Points with their confidence intervals on one axis, in the order given.

    Args:
        rows: From top to bottom.
        unit: Decides the axis: the whole range of the unit where it has one.
        title: Of the axis.
        reference: A value drawn as a dashed line.
        legend: Title of the legend of groups; None draws no legend.
    """
    # Two rows may have one label: the number in front keeps them apart, and is not shown.
    labels = [f"{index}\t{printable(row.label, 60)}" for index, row in enumerate(rows)]
    data = [asdict(row) | {"label": label} for row, label in zip(rows, labels, strict=True)]
    base = alt.Chart(alt.InlineData(values=data)).encode(y=_label_axis(labels), color=_colours(rows, legend))
    whole = unit_of(unit).whole_range
    scale = alt.Scale(domain=list(whole)) if whole else alt.Scale(zero=True)
    spans = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    value = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))
    low = alt.X("low:Q", title=title, scale=scale)
    tips = [alt.Tooltip(name, type="quantitative", format=".4g") for name in ("value", "low", "high", "n")]
    layers: list[alt.Chart] = [
        spans.mark_rule(strokeWidth=3, opacity=0.5).encode(x=low, x2="high:Q"),
        base.mark_circle(size=90, opacity=1).encode(x=value, tooltip=tips),
    ]
    if reference is not None:
        line = alt.Chart(alt.InlineData(values=[{"value": reference}]))
        layers.insert(0, line.mark_rule(strokeDash=[4, 4], opacity=0.6).encode(x=value))
    # The height is that of the whole picture: axis and legend take their share of it.
    height = ROW_HEIGHT * len(rows) + AXIS_HEIGHT + (LEGEND_HEIGHT if legend else 0)
    return alt.LayerChart(layer=layers).properties(height=height)


def waterfall_chart(found: Sequence[Step], unit: str) -> alt.LayerChart:
    """The moves from one level to another, in the order given, each on hover with its value.

    Args:
        found: From :func:`audit.reports.attribution.waterfall.steps`.
        unit: Title of the axis.
    """
    labels = [f"{index}\t{printable(step.label, 60)}" for index, step in enumerate(found)]
    data = [asdict(step) | {"label": label, "move": step.text} for step, label in zip(found, labels, strict=True)]
    kinds = list(STEP_COLOURS)
    palette = alt.Scale(domain=kinds, range=[STEP_COLOURS[kind] for kind in kinds])
    base = alt.Chart(alt.InlineData(values=data)).encode(
        y=_label_axis(labels),
        color=alt.Color("kind:N", scale=palette, legend=None),
        tooltip=[alt.Tooltip("move:N", title=unit)],
    )
    scale = alt.Scale(domain=list(bounds(found)), nice=False, zero=False)
    start = alt.X("start:Q", title=unit, scale=scale, axis=alt.Axis(tickCount=6))
    layers: list[alt.Chart] = [
        base.transform_filter("datum.kind != 'end'").mark_bar().encode(x=start, x2="end:Q"),
        base.transform_filter("datum.kind == 'end'").mark_tick(thickness=3).encode(x=start),
    ]
    return alt.LayerChart(layer=layers).properties(height=STEP_HEIGHT * len(found) + AXIS_HEIGHT)


def _label_axis(labels: Sequence[str]) -> alt.Y:
    """Rows from top to bottom, each with its label."""
    axis = alt.Axis(labelExpr="split(datum.label, '\\t')[1]", labelLimit=LABEL_WIDTH, labelOverlap=False, title=None)
    return alt.Y("label:N", sort=list(labels), axis=axis)


def _colours(rows: Sequence[Row], legend: str | None) -> alt.Color:
    """One colour per group; suites have those of the report card."""
    groups = list(dict.fromkeys(row.group for row in rows))
    others = cycle(OTHER_COLOURS)
    palette = alt.Scale(domain=groups, range=[SUITE_COLOURS.get(group) or next(others) for group in groups])
    key = alt.Legend(title=legend, orient="top", symbolOpacity=1) if legend else None
    return alt.Color("group:N", scale=palette, legend=key)
