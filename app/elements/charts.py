"""The charts of the reports as the app shows them: drawn by the browser in the app's theme, with values on hover."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import cycle
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.core.text import printable
from audit.reports.drawing.altair import alt
from audit.reports.drawing.charts import INK, SUITE_COLOURS, domain, interval_marks, quantitative
from audit.reports.drawing.trend import specification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.reports.drawing.charts import IntervalRow
    from audit.reports.drawing.trend import TrendPanel

ROW_HEIGHT, AXIS_HEIGHT, LEGEND_HEIGHT = 32, 70, 75
LABEL_WIDTH = 260
ON_DARK = {
    "#0a5fb4": "#7db8f5",
    "#a2480c": "#f2a26b",
    "#5b3fa8": "#b9a3f7",
    "#59636e": "#a3adb8",
    "#11682f": "#7fdc9a",
    "#b3151f": "#ff9a96",
    "#d8dee4": "#343c46",
}
"""The colours of groups and lines on a dark page: those of the report card."""
INK_ON_DARK = "#e6e8eb"
OTHER_COLOURS = ("#59636e", "#0a5fb4", "#a2480c", "#5b3fa8", "#11682f", "#b3151f")


def interval_chart(
    rows: Sequence[IntervalRow], *, unit: str, title: str, reference: float | None = None, legend: str | None = None
) -> alt.LayerChart:
    """Points with their confidence intervals on one axis, in the order given.

    Args:
        rows: From top to bottom.
        unit: Of all rows; it decides the axis.
        title: Of the axis.
        reference: A value drawn as a dashed line.
        legend: Title of the legend of groups; None draws no legend.
    """
    labels = [_distinct(index, row.label) for index, row in enumerate(rows)]
    values = [asdict(row) | {"label": label} for row, label in zip(rows, labels, strict=True)]
    marks = {
        "y": _label_axis(labels),
        "color": _colours(rows, legend),
        "tooltip": [quantitative(name, format=".4g") for name in ("value", "low", "high", "n")],
    }
    scale = {"domain": list(domain(rows, unit, reference)), "nice": False}
    value = quantitative("value", title=title, scale=scale, axis={"tickCount": 6})
    layers = interval_marks(marks, value, quantitative("low", title=title, scale=scale), reference)
    # The height is that of the whole picture: axis and legend take their share of it.
    height = ROW_HEIGHT * len(rows) + AXIS_HEIGHT + (LEGEND_HEIGHT if legend else 0)
    return _silent({"data": {"values": values}, "layer": layers, "height": height})


def curve_chart(drawn: dict[str, Any], height: int) -> alt.LayerChart:
    """A curve of :mod:`audit.reports.drawing.curves`, which has the colours of the theme, in another height."""
    made: alt.LayerChart = alt.LayerChart.from_dict({**drawn, "height": height})
    return made


def _silent(chart: dict[str, Any]) -> alt.LayerChart:
    """Without Vega's own words for screen readers: it calls groups of marks images without a name.

    What a chart shows is in the table or the text next to it.
    """
    drawn = _in_theme(chart)
    for layer in drawn["layer"]:
        layer["mark"]["aria"] = False
    made: alt.LayerChart = alt.LayerChart.from_dict(drawn)
    return made


def trend_chart(panel: TrendPanel) -> alt.LayerChart:
    """One metric over several runs, as wide as its place.

    Args:
        panel: Its title is left to the page.
    """
    drawn = {name: part for name, part in specification(panel).items() if name != "width"}
    return _silent({**drawn, "height": drawn["height"] + AXIS_HEIGHT})


def _in_theme(drawn: dict[str, Any]) -> dict[str, Any]:
    """A specification with the colours of the app's theme."""
    text = json.dumps(drawn)
    is_dark = st.context.theme.type == "dark"
    colours = ON_DARK | {INK: INK_ON_DARK} if is_dark else {}
    for light, dark in colours.items():
        text = text.replace(light, dark)
    found: dict[str, Any] = json.loads(text)
    colour = INK_ON_DARK if is_dark else INK
    axis = {"labelColor": colour, "titleColor": colour}  # Streamlit's own are too pale to read
    found["config"] = {**found.get("config", {}), "axis": {**found.get("config", {}).get("axis", {}), **axis}}
    return found


def _distinct(index: int, label: str) -> str:
    """A label that no other row has: the number in front keeps equal ones apart, and is not shown."""
    return f"{index}\t{printable(label, 60)}"


def _label_axis(labels: Sequence[str]) -> dict[str, Any]:
    """Rows from top to bottom, each with its label."""
    shown = "split(datum.label, '\\t')[1]"
    axis = {"labelExpr": shown, "labelLimit": LABEL_WIDTH, "labelOverlap": False, "title": None}
    return {"field": "label", "type": "nominal", "sort": list(labels), "axis": axis}


def _colours(rows: Sequence[IntervalRow], legend: str | None) -> dict[str, Any]:
    """One colour per group; suites have those of the report card."""
    groups = list(dict.fromkeys(row.group for row in rows))
    others = cycle(OTHER_COLOURS)
    colours = [SUITE_COLOURS.get(group) or next(others) for group in groups]
    if st.context.theme.type == "dark":
        colours = [ON_DARK[colour] for colour in colours]
    key = {"title": legend, "orient": "top", "symbolOpacity": 1} if legend else None
    return {"field": "group", "type": "nominal", "scale": {"domain": groups, "range": colours}, "legend": key}
