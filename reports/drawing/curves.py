"""Curves: right answers by confidence or by thinking budget, and error rate by how many answers are kept.

Each is a specification of Vega-Lite as plain data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.reports.drawing.charts import (
    GRID,
    INTERVAL,
    MUTED,
    REFERENCE,
    WITH_INTERVAL,
    chart_config,
    quantitative,
    svg_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

SIDE = 260
"""Width and height of a plot, pixels."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of a curve, all numbers from 0 to 1."""

    x: float
    """Along the horizontal axis."""
    y: float
    """Along the vertical one."""
    low: float | None = None
    """Lower end of the interval of ``y``; null draws the point alone."""
    high: float | None = None
    """Upper end."""
    n: int = 0
    """Answers behind it."""


def reliability_chart(points: Sequence[CurvePoint], colour: str) -> dict[str, Any]:
    """Share of right answers by confidence, with the diagonal on which a calibrated checkpoint lies.

    Args:
        points: Bins, by confidence.
        colour: Of points and intervals.
    """
    whole, ticks, title = {"domain": [0, 1], "nice": False}, {"tickCount": 5}, "share of right answers"
    x = quantitative("x", scale=whole, title="confidence", axis=ticks)
    y, low = (quantitative(name, scale=whole, title=title, axis=ticks) for name in ("y", "low"))
    line = {"type": "line", "color": MUTED, "strokeDash": [3, 3], "strokeWidth": 1}
    base = {"x": x, "color": {"value": colour}, "tooltip": _tooltip()}
    layers = [
        {"data": _values([{"x": 0, "y": 0}, {"x": 1, "y": 1}]), "mark": line, "encoding": {"x": x, "y": y}},
        _intervals(points, base, low),
        _points(points, base, y, size=60),
    ]
    return {"layer": layers, "width": SIDE, "height": SIDE}


def risk_chart(points: Sequence[CurvePoint], reference: float, colour: str) -> dict[str, Any]:
    """Error rate among the most confident answers, with the error rate of all as a dashed line.

    Args:
        points: By share of answers that are kept.
        reference: Error rate of all answers.
        colour: Of the line.
    """
    top = min(1.0, 1.15 * max([reference, *(point.y for point in points)]) or 1.0)
    title, ticks = "share of answers kept, most confident first", {"tickCount": 5}
    x = quantitative("x", scale={"domain": [0, 1], "nice": False}, title=title, axis=ticks)
    y = quantitative("y", scale={"domain": [0, top], "nice": False}, title="error rate", axis=ticks)
    curve = {"data": _values(_data(points)), "encoding": {"x": x, "y": y, "tooltip": _tooltip()}}
    layers = [
        {"data": _values([{"y": reference}]), "mark": REFERENCE, "encoding": {"y": y}},
        {**curve, "mark": {"type": "line", "color": colour, "strokeWidth": 2}},
        {**curve, "mark": {"type": "circle", "color": colour, "size": 26, "opacity": 1}},
    ]
    return {"layer": layers, "width": SIDE, "height": SIDE}


def budget_chart(
    points: Sequence[CurvePoint],
    open_cases: Sequence[CurvePoint],
    saturation: float | None,
    colour: str,
    others: Sequence[CurvePoint] = (),
) -> dict[str, Any]:
    """Share of right answers by thinking budget, on an axis where each step doubles the budget.

    Args:
        points: By budget, in tokens, from 1 on.
        open_cases: ``low`` and ``high`` of the budgets at which cut answers leave the share open.
        saturation: The budget that keeps most right answers, drawn as a dashed line; None, and 0, which such an axis
            does not have, draw none.
        colour: Of line, points and intervals.
        others: A second curve on the same budgets, drawn in grey.
    """
    ends = [point.x for point in points]
    doubling = {"type": "log", "base": 2, "domain": [min(ends) / 1.1, max(ends) * 1.1], "nice": False}
    ticks = {"values": sorted({*ends}), "format": "~d", "labelOverlap": "greedy", "grid": False}
    x = quantitative("x", scale=doubling, title="thinking budget, tokens", axis=ticks)
    whole, title = {"domain": [0, 1], "nice": False}, "share of right answers"
    y, low = (quantitative(name, scale=whole, title=title, axis={"tickCount": 5}) for name in ("y", "low"))
    base = {"x": x, "color": {"value": colour}, "tooltip": _tooltip()}
    layers: list[dict[str, Any]] = [
        {
            "data": _values(_data(open_cases)),
            "mark": {"type": "rule", "strokeWidth": 9, "color": GRID},
            "encoding": {"x": x, "y": low, "y2": {"field": "high"}},
        },
        {"data": _values([{"x": saturation}] if saturation else []), "mark": REFERENCE, "encoding": {"x": x}},
        _intervals(points, base, low),
        {
            "data": _values(_data(points)),
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {**base, "y": y},
        },
        _points(points, base, y, size=44),
    ]
    if others:
        second = {"data": _values(_data(others)), "encoding": {"x": x, "y": y, "tooltip": _tooltip()}}
        layers.append({**second, "mark": {"type": "line", "color": MUTED, "strokeWidth": 2}})
        layers.append({**second, "mark": {"type": "circle", "color": MUTED, "size": 26, "opacity": 1}})
    return {"layer": layers, "width": 1.6 * SIDE, "height": SIDE}


def curve_svg(chart: Mapping[str, Any]) -> Markup:
    """A curve as an ``<svg>`` element for inlining into HTML."""
    return svg_of({**chart, "config": chart_config()})


def _intervals(points: Sequence[CurvePoint], base: Mapping[str, Any], low: Mapping[str, Any]) -> dict[str, Any]:
    """Vertical intervals of the points that have one."""
    encoding = {**base, "y": low, "y2": {"field": "high"}}
    return {"data": _values(_data(points)), "transform": WITH_INTERVAL, "mark": INTERVAL, "encoding": encoding}


def _points(points: Sequence[CurvePoint], base: Mapping[str, Any], y: Mapping[str, Any], size: int) -> dict[str, Any]:
    mark = {"type": "circle", "size": size, "opacity": 1}
    return {"data": _values(_data(points)), "mark": mark, "encoding": {**base, "y": y}}


def _values(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"values": rows}


def _data(points: Sequence[CurvePoint]) -> list[dict[str, Any]]:
    return [{"x": one.x, "y": one.y, "low": one.low, "high": one.high, "n": one.n} for one in points]


def _tooltip() -> list[dict[str, Any]]:
    return [quantitative(name, format=".3g") for name in ("x", "y", "low", "high", "n")]
