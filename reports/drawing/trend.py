"""One metric over several runs: points with intervals and letters, joined by a line that shows where it changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from audit.core.text import printable
from audit.reports.drawing.altair import alt
from audit.reports.drawing.charts import INK, SUITE_COLOURS, chart_config, svg_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

WIDTH, HEIGHT = 400, 190
CHANGE_COLOURS = {"better": "#1a7f37", "worse": "#b42318", "higher": "#8250df", "lower": "#8250df"}
"""Of the line where a change is shown; the page's style sheet has others for dark pages."""
NO_CHANGE = "#afb8c1"
SHOWN_LABELS = 12
"""Characters of a run's name below the axis."""


@dataclass(frozen=True)
class TrendPanel:
    """One metric."""

    title: str
    """Its name."""
    axis: str
    """Title of the axis of runs."""
    unit: str
    """Title of the axis of values."""
    suite: str
    """Decides the colour of points."""
    points: Sequence[TrendPoint]
    """In ascending order of their places."""
    note: str = ""
    """Said below the title."""


@dataclass(frozen=True)
class TrendPoint:
    """One run."""

    at: float
    """Its place on the axis."""
    label: str
    """Below the axis: its name, step or date."""
    value: float
    """The metric."""
    low: float | None
    """Lower end of its interval; null draws the point alone."""
    high: float | None
    """Upper end of the interval."""
    letters: str = ""
    """Shown above the interval."""
    outcome: str | None = None
    """Which way the metric changed since the run before: ``better``, ``worse``, ``higher``, ``lower``; null where no
    change is shown."""
    text: str = ""
    """Value and interval as written, for readers who point at it."""


def trend_chart(panels: Sequence[TrendPanel], columns: int = 2) -> alt.ConcatChart:
    """Small multiples, with their data in them.

    Args:
        panels: From left to right and top to bottom.
        columns: Panels in a row.
    """
    drawn = [{**specification(panel), "title": _title(panel)} for panel in panels]
    chart: alt.ConcatChart = alt.ConcatChart.from_dict({"concat": drawn, "columns": columns})
    return chart


def _title(panel: TrendPanel) -> str | dict[str, str]:
    text = printable(panel.title, 60)
    return {"text": text, "subtitle": panel.note} if panel.note else text


def trend_svg(panel: TrendPanel) -> Markup:
    """One panel as an ``<svg>`` element for inlining into HTML."""
    return svg_of({**specification(panel), "config": chart_config().to_dict()})


def specification(panel: TrendPanel) -> dict[str, Any]:
    """One panel in Vega-Lite."""
    points = panel.points
    found: dict[str, Any] = json.loads(_template(printable(panel.axis, 40), printable(panel.unit, 60), panel.suite))
    data = {"points": [_datum(one) for one in points], "line": _line(points)}
    room = 0.06 * (points[-1].at - points[0].at)
    places, names = [one.at for one in points], shown_labels([one.label for one in points])
    for layer in found["layer"]:
        layer["data"] = {"values": data[layer["data"]["name"]]}
        x, y = layer["encoding"]["x"], layer["encoding"]["y"]
        x["scale"]["domain"] = [places[0] - room, places[-1] + room]
        y["scale"]["domain"] = list(_domain(points))
        x["axis"]["values"] = places
        x["axis"]["labelExpr"] = f"{json.dumps(names)}[indexof({json.dumps(places)}, datum.value)]"
    return found


def shown_labels(labels: Sequence[str]) -> list[str]:
    """Names of runs as they fit below the axis: begun, or where the beginnings are equal ended, or else numbered."""
    whole = [printable(label, 200) for label in labels]
    begun = [printable(label, SHOWN_LABELS) for label in whole]
    ended = [label if len(label) <= SHOWN_LABELS else f"…{label[1 - SHOWN_LABELS :]}" for label in whole]
    numbered = [str(place) for place in range(1, len(labels) + 1)]
    return next(names for names in (begun, ended, numbered) if len(set(names)) == len(set(whole)) or names is numbered)


def _datum(one: TrendPoint) -> dict[str, Any]:
    return {
        "at": one.at,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "top": one.value if one.high is None else one.high,
        "letters": one.letters,
        "run": printable(one.label, 60),
        "written": one.text,
    }


def _line(points: Sequence[TrendPoint]) -> list[dict[str, Any]]:
    """Both ends of each step, with the outcome that colours it."""
    return [
        {"step": step, "at": end.at, "value": end.value, "outcome": after.outcome or "none"}
        for step, (before, after) in enumerate(pairwise(points))
        for end in (before, after)
    ]


def _domain(points: Sequence[TrendPoint]) -> tuple[float, float]:
    """The axis of values: all points and intervals, with room for letters; never zero wide."""
    ends = [end for one in points for end in (one.value, one.low, one.high) if end is not None]
    low, high = min(ends), max(ends)
    span = high - low or abs(high) or 1.0
    return low - 0.08 * span, high + 0.2 * span


@lru_cache(maxsize=64)
def _template(axis: str, unit: str, suite: str) -> str:
    """The Vega-Lite specification without data and domains, as JSON."""
    labels = alt.Axis(grid=False, labelOverlap="greedy", labelAngle=0, values=[])
    x = alt.X("at:Q", title=axis, scale=alt.Scale(nice=False, zero=False), axis=labels)
    scale, ticks = alt.Scale(nice=False, zero=False), alt.Axis(tickCount=5, titlePadding=16)
    vertical: dict[str, Any] = {"title": unit, "scale": scale, "axis": ticks}
    y = alt.Y("value:Q", **vertical)
    colours = alt.Scale(domain=[*CHANGE_COLOURS, "none"], range=[*CHANGE_COLOURS.values(), NO_CHANGE])
    line = alt.Chart(alt.NamedData(name="line")).mark_line(strokeWidth=2.5)
    colour = SUITE_COLOURS.get(suite, INK)
    base = alt.Chart(alt.NamedData(name="points")).encode(x=x, tooltip=["run:N", "written:N", "letters:N"])
    top = alt.Y("top:Q", **vertical)
    low = alt.Y("low:Q", **vertical)
    layers = [
        line.encode(x=x, y=y, detail="step:N", color=alt.Color("outcome:N", scale=colours, legend=None)),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45, color=colour)
        .encode(y=low, y2="high:Q"),
        base.mark_circle(size=64, opacity=1, color=colour).encode(y=y),
        base.mark_text(dy=-9, fontSize=12, color=INK, baseline="bottom").encode(y=top, text="letters:N"),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    # Without the theme's configuration and the schema, which a part of a larger chart cannot have.
    return json.dumps({name: part for name, part in chart.to_dict().items() if name in ("layer", "width", "height")})
