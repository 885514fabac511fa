"""Curves: right answers by confidence or by thinking budget, and error rate by how many answers are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.reports.drawing.altair import alt
from audit.reports.drawing.charts import GRID, MUTED, chart_config, svg_of

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def reliability_chart(points: Sequence[CurvePoint], colour: str) -> alt.LayerChart:
    """Share of right answers by confidence, with the diagonal on which a calibrated checkpoint lies.

    Args:
        points: Bins, by confidence.
        colour: Of points and intervals.
    """
    whole = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("x:Q", scale=whole, title="confidence", axis=alt.Axis(tickCount=5))
    y = alt.Y("y:Q", scale=whole, title="share of right answers", axis=alt.Axis(tickCount=5))
    low = alt.Y("low:Q", scale=whole, title="share of right answers", axis=alt.Axis(tickCount=5))
    diagonal = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
    base = alt.Chart(alt.InlineData(values=_data(points))).encode(x=x, color=alt.value(colour), tooltip=_tooltip())
    layers = [
        diagonal.mark_line(color=MUTED, strokeDash=[3, 3], strokeWidth=1).encode(x=x, y=y),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45)
        .encode(y=low, y2="high:Q"),
        base.mark_circle(size=60, opacity=1).encode(y=y),
    ]
    return alt.LayerChart(layer=layers).properties(width=SIDE, height=SIDE)


def risk_chart(points: Sequence[CurvePoint], reference: float, colour: str) -> alt.LayerChart:
    """Error rate among the most confident answers, with the error rate of all as a dashed line.

    Args:
        points: By share of answers that are kept.
        reference: Error rate of all answers.
        colour: Of the line.
    """
    top = min(1.0, 1.15 * max([reference, *(point.y for point in points)]) or 1.0)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        title="share of answers kept, most confident first",
        axis=alt.Axis(tickCount=5),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, top], nice=False), title="error rate", axis=alt.Axis(tickCount=5))
    line = alt.Chart(alt.InlineData(values=[{"y": reference}]))
    base = alt.Chart(alt.InlineData(values=_data(points))).encode(x=x, y=y, tooltip=_tooltip())
    layers = [
        line.mark_rule(color=MUTED, strokeDash=[3, 3]).encode(y=y),
        base.mark_line(color=colour, strokeWidth=2),
        base.mark_circle(color=colour, size=26, opacity=1),
    ]
    return alt.LayerChart(layer=layers).properties(width=SIDE, height=SIDE)


def budget_chart(
    points: Sequence[CurvePoint],
    open_cases: Sequence[CurvePoint],
    saturation: float | None,
    colour: str,
    others: Sequence[CurvePoint] = (),
) -> alt.LayerChart:
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
    doubling = alt.Scale(type="log", base=2, domain=[min(ends) / 1.1, max(ends) * 1.1], nice=False)
    ticks = alt.Axis(values=sorted({*ends}), format="~d", labelOverlap="greedy", grid=False)
    x = alt.X("x:Q", scale=doubling, title="thinking budget, tokens", axis=ticks)
    whole, title = alt.Scale(domain=[0, 1], nice=False), "share of right answers"
    y, low = (alt.Y(f"{name}:Q", scale=whole, title=title, axis=alt.Axis(tickCount=5)) for name in ("y", "low"))
    base = alt.Chart(alt.InlineData(values=_data(points))).encode(x=x, color=alt.value(colour), tooltip=_tooltip())
    left_open = alt.Chart(alt.InlineData(values=_data(open_cases))).encode(x=x)
    line = alt.Chart(alt.InlineData(values=[{"x": saturation}] if saturation else []))
    layers = [
        left_open.mark_rule(strokeWidth=9, color=GRID).encode(y=low, y2="high:Q"),
        line.mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x=x),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45)
        .encode(y=low, y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y),
        base.mark_circle(size=44, opacity=1).encode(y=y),
    ]
    if others:
        second = alt.Chart(alt.InlineData(values=_data(others))).encode(x=x, y=y, tooltip=_tooltip())
        layers += [second.mark_line(color=MUTED, strokeWidth=2), second.mark_circle(color=MUTED, size=26, opacity=1)]
    return alt.LayerChart(layer=layers).properties(width=1.6 * SIDE, height=SIDE)


def curve_svg(chart: alt.LayerChart) -> Markup:
    """A curve as an ``<svg>`` element for inlining into HTML."""
    specification: dict[str, Any] = chart.properties(config=chart_config()).to_dict()
    return svg_of(specification)


def _data(points: Sequence[CurvePoint]) -> list[dict[str, Any]]:
    return [{"x": one.x, "y": one.y, "low": one.low, "high": one.high, "n": one.n} for one in points]


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip(name, type="quantitative", format=".3g") for name in ("x", "y", "low", "high", "n")]
