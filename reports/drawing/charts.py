"""Charts as inline SVG: specifications of Vega-Lite, which vl-convert draws and CSS of the page colours.

Specifications are plain data: Altair, which takes longer to import and to check its parts than a card to draw, is for
charts that a browser draws. The colours below are in the SVG as attributes; the card's style sheet overrides each of
them by attribute selector, so that one picture serves light, dark and print. Text stays text. Nothing is fetched: the
data are in the specification, fonts are the reader's generic sans-serif.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import vl_convert
from markupsafe import Markup

from audit.core.text import printable
from audit.core.units import axis_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from audit.core.records import Metric

INK = "#1c2128"
MUTED = "#59636e"
GRID = "#d8dee4"
SUITE_COLOURS = {"evals": "#0a5fb4", "safety": "#a2480c", "explain": "#5b3fa8"}

ROW_HEIGHT = 26
PLOT_WIDTH = 430
VALUE_WIDTH = 150
LABEL_WIDTH = 230
LABEL_ROOM, VALUE_ROOM = LABEL_WIDTH + 44, VALUE_WIDTH + 36
"""Next to the plot: a browser's letters are up to a tenth wider than those that the text was cut by."""

NOT_DRAWN = "no interval is drawn where looks decided the number of items: it would be too narrow"
"""Said next to charts with tasks that were looked at while they ran."""


@dataclass(frozen=True)
class IntervalRow:
    """One line of an interval chart."""

    label: str
    """What it is about; shown left of the axis."""
    value: float
    """Point estimate."""
    low: float | None
    """Lower end of the interval; null draws the point alone."""
    high: float | None
    """Upper end of the interval."""
    text: str = ""
    """Value as written, right of the plot."""
    group: str = ""
    """Decides the colour where a chart has several: a suite, or the slice that divides the samples."""
    n: int = 0
    """Items behind it; shown on hover where a chart can be hovered over."""


Ends = tuple[float | None, float | None]


def ends_to_draw(task: str, ends: Ends, looked_at: Collection[str]) -> Ends:
    """The interval of a value or a difference, as far as charts draw it.

    Args:
        task: Its task.
        ends: The interval that is stored.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    return (None, None) if task in looked_at else ends


WITH_INTERVAL: list[dict[str, str]] = [{"filter": "isValid(datum.low) && isValid(datum.high)"}]
"""Leaves rows that have an interval."""
INTERVAL: dict[str, Any] = {"type": "rule", "strokeWidth": 3, "strokeCap": "round", "opacity": 0.45}
REFERENCE: dict[str, Any] = {"type": "rule", "color": MUTED, "strokeDash": [3, 3]}


def quantitative(field: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever Vega-Lite knows
    """The channel of a number: ``scale``, ``title``, ``axis``."""
    return {"field": field, "type": "quantitative", **more}


def interval_marks(
    encoding: Mapping[str, Any], value: Mapping[str, Any], low: Mapping[str, Any], reference: float | None
) -> list[dict[str, Any]]:
    """The dashed reference line, the intervals and the points: what every interval chart consists of.

    Args:
        encoding: Order and colour of rows, which have ``value``, ``low`` and ``high``.
        value: The axis of points and reference.
        low: The same axis for the lower ends.
        reference: Where the line stands; None draws none.
    """
    line = {"data": {"values": [{"value": reference}]}, "mark": REFERENCE, "encoding": {"x": value}}
    spans = {"x": low, "x2": {"field": "high"}}
    return [
        *([] if reference is None else [line]),
        {"transform": WITH_INTERVAL, "mark": INTERVAL, "encoding": {**encoding, **spans}},
        {"mark": {"type": "circle", "size": 72, "opacity": 1}, "encoding": {**encoding, "x": value}},
    ]


def interval_chart(
    rows: Sequence[IntervalRow], *, unit: str, suite: str, reference: float | None = None, change: str | None = None
) -> Markup:
    """Points with their confidence intervals on one axis (a forest plot).

    Args:
        rows: From top to bottom.
        unit: Unit of all rows; it decides the axis.
        suite: ``evals``, ``safety`` or ``explain``; decides the colour.
        reference: A value drawn as a dashed vertical line, e.g. the value over all items.
        change: Title of the axis where the rows are differences of values in this unit, whose range says nothing.

    Returns:
        An ``<svg>`` element without namespace, width or height, for inlining into HTML.
    """
    title = unit_of(unit).title if change is None else change
    ends = domain(rows, unit, reference) if change is None else change_domain(rows)
    scale = {"domain": list(ends), "nice": False, "zero": False}
    order = row_order(0, 0)
    value = quantitative("value", scale=scale, title=title, axis={"tickCount": 6})
    marks = {"y": order, "color": {"value": SUITE_COLOURS.get(suite, INK)}}
    layers = [
        *interval_marks(marks, value, quantitative("low", scale=scale), reference),
        text_column("label", order, x=-12, align="right", limit=LABEL_WIDTH),
        text_column("text", order, x=PLOT_WIDTH + 12, align="left", limit=VALUE_WIDTH),
    ]
    data = [_datum(index, row) for index, row in enumerate(rows)]
    return framed_svg(layers, data, size=(PLOT_WIDTH, ROW_HEIGHT), left=LABEL_ROOM, right=VALUE_ROOM)


def row_order(inner: float, outer: float) -> dict[str, Any]:
    """The channel of rows from top to bottom, without an axis.

    Args:
        inner: Room between two rows, as a share of a row's height.
        outer: Room above the first and below the last, likewise.
    """
    scale = {"paddingInner": inner, "paddingOuter": outer}
    return {"field": "row", "type": "ordinal", "title": None, "axis": None, "scale": scale}


def framed_svg(
    layers: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    *,
    size: tuple[int, int],
    left: int,
    right: int,
) -> Markup:
    """The drawing of a plot between its columns of labels and values.

    Args:
        layers: Bars, marks, columns of text.
        rows: Data of the layers that have none of their own.
        size: Width of the plot and height of a row, pixels.
        left: Room for labels, pixels.
        right: Room for values, pixels.
    """
    width, height = size
    return svg_of(
        {
            "data": {"values": rows},
            "layer": layers,
            "width": width,
            "height": height * len(rows),
            "padding": {"left": left, "right": right, "top": 6, "bottom": 44},
            "autosize": {"type": "none"},
            "config": chart_config(),
        }
    )


def domain(rows: Sequence[IntervalRow], unit: str, reference: float | None = None) -> tuple[float, float]:
    """The axis: the whole range of the unit where it has one, else the data with a margin and zero in view."""
    whole = unit_of(unit).whole_range
    if whole:
        return whole
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None and math.isfinite(end)]
    ends += [0.0] + ([reference] if reference is not None else [])
    low, high = min(ends), max(ends)
    margin = 0.06 * (high - low) or 1.0
    return (low - margin if low < 0 else 0.0), high + margin


def change_domain(rows: Sequence[IntervalRow]) -> tuple[float, float]:
    """The axis of differences: all points and intervals with a margin, and 0 in view."""
    ends = [0.0] + [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    low, high = min(ends), max(ends)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def by_axis(metrics: Iterable[Metric]) -> dict[str, list[Metric]]:
    """The metrics that have a value by the title of the axis that they share: no number on another's axis."""
    axes: dict[str, list[Metric]] = {}
    for metric in metrics:
        if metric.value is not None:
            axes.setdefault(axis_of(metric.unit, metric.metric), []).append(metric)
    return axes


def _datum(index: int, row: IntervalRow) -> dict[str, Any]:
    """The row as data of the chart; labels come from data sets and are made harmless."""
    return {
        "row": index,
        "label": printable(row.label, limit=60),
        "value": row.value,
        "low": row.low,
        "high": row.high,
        "text": printable(row.text, limit=40),
    }


def text_column(
    field: str, order: Mapping[str, Any], *, x: float, align: Literal["left", "right"], limit: int
) -> dict[str, Any]:
    """A column of text next to the plot, one line per row.

    Args:
        field: Of the rows, with the text.
        order: Of the rows, from :func:`row_order`.
        x: Where it stands, pixels from the left end of the plot.
        align: Which of its ends stands there.
        limit: Its width, pixels.
    """
    mark = {"type": "text", "align": align, "baseline": "middle", "color": INK, "fontSize": 12, "limit": limit}
    return {"mark": mark, "encoding": {"x": {"value": x}, "y": order, "text": {"field": field, "type": "nominal"}}}


def chart_config() -> dict[str, Any]:
    """Fonts, grid and axis in the sentinel colours."""
    axis = {
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    }
    return {"background": "transparent", "font": "sans-serif", "aria": False, "axis": axis, "view": {"stroke": None}}


def svg_of(specification: Mapping[str, Any]) -> Markup:
    """Render; the page sets the size, and inline SVG needs no namespace."""
    return _drawn(json.dumps(specification))


@lru_cache(maxsize=256)
def _drawn(specification: str) -> Markup:
    """A chart by its specification as JSON: pages of the app are drawn again and again, with the same charts."""
    svg: str = vl_convert.vegalite_to_svg(specification)
    start = svg.index(">")
    view = re.search(r'viewBox="[^"]+"', svg[:start])
    if view is None:
        msg = "vl-convert gave an SVG without a viewBox"
        raise ValueError(msg)
    return Markup('<svg class="chart" {} aria-hidden="true">{}').format(Markup(view.group()), Markup(svg[start + 1 :]))  # noqa: S704 - vl-convert's own markup; text in it is escaped by Vega
