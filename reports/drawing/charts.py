"""Charts as inline SVG: Altair draws, vl-convert renders, CSS of the page colours them.

The colours below are in the SVG as attributes; the card's style sheet overrides each of them by attribute
selector, so that one picture serves light, dark and print. Text stays text. Nothing is fetched: the data
are in the specification, fonts are the reader's generic sans-serif.
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
from audit.reports.drawing.altair import alt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

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


def interval_marks(base: alt.Chart, line: alt.Chart | None, value: alt.X, low: alt.X) -> list[alt.Chart]:
    """The dashed reference line, the intervals and the points: what every interval chart consists of.

    Args:
        base: Of rows with ``value``, ``low`` and ``high``, with its order and colour encoded.
        line: Of one ``value``, the reference; None draws none.
        value: The axis of points and reference.
        low: The same axis for the lower ends.
    """
    spans = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    marks = [line.mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x=value)] if line is not None else []
    return [
        *marks,
        spans.mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45).encode(x=low, x2="high:Q"),
        base.mark_circle(size=72, opacity=1).encode(x=value),
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
    specification = json.loads(_template(title, suite, with_reference=reference is not None))
    specification["datasets"] = {
        "rows": [_datum(index, row) for index, row in enumerate(rows)],
        "line": [{"value": reference}],
    }
    specification["height"] = ROW_HEIGHT * len(rows)
    for layer in specification["layer"]:
        scale = layer["encoding"]["x"].get("scale")
        if scale is not None:
            scale["domain"] = list(domain(rows, unit, reference) if change is None else change_domain(rows))
    return svg_of(specification)


@lru_cache(maxsize=64)
def _template(title: str, suite: str, *, with_reference: bool) -> str:
    """The Vega-Lite specification without its data, height and domain, as JSON.

    Altair checks every part against the schema, which takes longer than drawing; a card has dozens of charts of
    a handful of kinds.
    """
    colour = SUITE_COLOURS.get(suite, INK)
    scale = alt.Scale(domain=[0, 1], nice=False, zero=False)
    base = alt.Chart(alt.NamedData(name="rows"))
    order = alt.Y("row:O", title=None, axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    axis = alt.X("value:Q", scale=scale, title=title, axis=alt.Axis(tickCount=6))
    line = alt.Chart(alt.NamedData(name="line")) if with_reference else None
    low = alt.X("low:Q", scale=scale)
    layers = [
        *interval_marks(base.encode(y=order, color=alt.value(colour)), line, axis, low),
        text_column(base, "label", x=-12, align="right", limit=LABEL_WIDTH).encode(y=order),
        text_column(base, "text", x=PLOT_WIDTH + 12, align="left", limit=VALUE_WIDTH).encode(y=order),
    ]
    return framed(layers, width=PLOT_WIDTH, left=LABEL_ROOM, right=VALUE_ROOM)


def framed(layers: Sequence[alt.Chart], *, width: int, left: int, right: int) -> str:
    """The Vega-Lite specification, as JSON, of a plot between its columns of labels and values.

    Args:
        layers: Bars, marks, columns of text.
        width: Of the plot, pixels.
        left: Room for labels, pixels.
        right: Room for values, pixels.
    """
    chart = alt.layer(*layers).properties(
        width=width,
        padding={"left": left, "right": right, "top": 6, "bottom": 44},
        autosize=alt.AutoSizeParams(type="none"),
        config=chart_config(),
    )
    return json.dumps(chart.to_dict())


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


def text_column(base: alt.Chart, field: str, *, x: float, align: Literal["left", "right"], limit: int) -> alt.Chart:
    """A column of text next to the plot, one line per row."""
    mark: alt.Chart = base.mark_text(align=align, baseline="middle", color=INK, fontSize=12, limit=limit)
    encoded: alt.Chart = mark.encode(x=alt.value(x), text=alt.Text(f"{field}:N"))
    return encoded


def chart_config() -> alt.Config:
    """Fonts, grid and axis in the sentinel colours."""
    axis = alt.AxisConfig(
        gridColor=GRID,
        domainColor=GRID,
        tickColor=GRID,
        labelColor=MUTED,
        titleColor=MUTED,
        labelFontSize=11,
        titleFontSize=11,
        titleFontWeight="normal",
    )
    view = alt.ViewConfig(stroke=None)
    return alt.Config(background="transparent", font="sans-serif", aria=False, axis=axis, view=view)


def svg_of(specification: dict[str, Any]) -> Markup:
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
