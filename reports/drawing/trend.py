"""One metric over several runs: points with intervals and letters, joined by a line that shows where it changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from audit.core.text import printable
from audit.reports.drawing.charts import (
    INK,
    INTERVAL,
    SUITE_COLOURS,
    WITH_INTERVAL,
    chart_config,
    quantitative,
    svg_of,
)

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


def trends(panels: Sequence[TrendPanel], columns: int = 2) -> dict[str, Any]:
    """Small multiples in Vega-Lite, with their data in them.

    Args:
        panels: From left to right and top to bottom.
        columns: Panels in a row.
    """
    return {"concat": [{**specification(panel), "title": _title(panel)} for panel in panels], "columns": columns}


def _title(panel: TrendPanel) -> str | dict[str, str]:
    text = printable(panel.title, 60)
    return {"text": text, "subtitle": panel.note} if panel.note else text


def trend_svg(panel: TrendPanel) -> Markup:
    """One panel as an ``<svg>`` element for inlining into HTML."""
    return svg_of({**specification(panel), "config": chart_config()})


def specification(panel: TrendPanel) -> dict[str, Any]:
    """One panel in Vega-Lite, without a configuration: that of a larger chart is its own."""
    points = panel.points
    room = 0.06 * (points[-1].at - points[0].at)
    places, names = [one.at for one in points], shown_labels([one.label for one in points])
    text = f"{json.dumps(names)}[indexof({json.dumps(places)}, datum.value)]"
    labels = {"grid": False, "labelOverlap": "greedy", "labelAngle": 0, "values": places, "labelExpr": text}
    ends = [places[0] - room, places[-1] + room]
    x = quantitative(
        "at", title=printable(panel.axis, 40), scale={"nice": False, "zero": False, "domain": ends}, axis=labels
    )
    layers = _layers(x, printable(panel.unit, 60), list(_domain(points)), SUITE_COLOURS.get(panel.suite, INK))
    data = {"points": {"values": [_datum(one) for one in points]}, "line": {"values": _line(points)}}
    drawn = [{**layer, "data": data["line" if place == 0 else "points"]} for place, layer in enumerate(layers)]
    return {"layer": drawn, "width": WIDTH, "height": HEIGHT}


def _layers(x: dict[str, Any], unit: str, ends: list[float], colour: str) -> list[dict[str, Any]]:
    """The line with its changes, then intervals, points and letters.

    Args:
        x: The axis of runs.
        unit: Title of the axis of values.
        ends: Of that axis.
        colour: Of intervals and points.
    """
    vertical: dict[str, Any] = {
        "title": unit,
        "scale": {"nice": False, "zero": False, "domain": ends},
        "axis": {"tickCount": 5, "titlePadding": 16},
    }
    y, top, low = (quantitative(name, **vertical) for name in ("value", "top", "low"))
    colours = {"domain": [*CHANGE_COLOURS, "none"], "range": [*CHANGE_COLOURS.values(), NO_CHANGE]}
    outcome = {"field": "outcome", "type": "nominal", "scale": colours, "legend": None}
    base = {"x": x, "tooltip": [_words(name) for name in ("run", "written", "letters")]}
    letters = {"type": "text", "dy": -9, "fontSize": 12, "color": INK, "baseline": "bottom"}
    return [
        {
            "mark": {"type": "line", "strokeWidth": 2.5},
            "encoding": {"x": x, "y": y, "detail": _words("step"), "color": outcome},
        },
        {
            "transform": WITH_INTERVAL,
            "mark": {**INTERVAL, "color": colour},
            "encoding": {**base, "y": low, "y2": {"field": "high"}},
        },
        {"mark": {"type": "circle", "size": 64, "opacity": 1, "color": colour}, "encoding": {**base, "y": y}},
        {"mark": letters, "encoding": {**base, "y": top, "text": _words("letters")}},
    ]


def _words(field: str) -> dict[str, str]:
    return {"field": field, "type": "nominal"}


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
