"""Curves of calibration: what is in the picture, and where the axes end."""

from __future__ import annotations

from typing import Any

from audit.reports.drawing.curves import CurvePoint, curve_svg, reliability_chart, risk_chart


def data(chart: dict[str, Any], layer: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart["layer"][layer]["data"]["values"]
    return found


POINTS = [CurvePoint(0.3, 0.2, 0.1, 0.4, 12), CurvePoint(0.9, 0.5, n=7)]


def test_a_reliability_curve_has_its_points_and_intervals() -> None:
    chart = reliability_chart(POINTS, "#0a5fb4")
    assert data(chart, 0) == [{"x": 0, "y": 0}, {"x": 1, "y": 1}]
    assert data(chart, 2)[0] == {"x": 0.3, "y": 0.2, "low": 0.1, "high": 0.4, "n": 12}
    assert chart["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 1]
    svg = curve_svg(reliability_chart(POINTS, "#0a5fb4"))
    assert svg.startswith('<svg class="chart"')
    assert svg.count('fill="#0a5fb4"') == 2  # points
    assert svg.count('stroke="#0a5fb4"') == 1  # the one interval


def test_a_risk_curve_shows_all_of_its_line() -> None:
    chart = risk_chart(POINTS, 0.6, "#0a5fb4")
    assert data(chart, 0) == [{"y": 0.6}]
    assert chart["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 1.15 * 0.6]
    assert risk_chart(POINTS, 0.95, "#0a5fb4")["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1.0]
    nothing = risk_chart([CurvePoint(1.0, 0.0)], 0.0, "#0a5fb4")
    assert nothing["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1.0]
