"""The curve of answers that are forced at thinking budgets, with that of the answers that come by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import number
from audit.core.names import FORCED, THINKING_BUDGET
from audit.core.units import UNITS
from audit.reports.drawing.budgets import ENDS, BudgetCurve
from audit.reports.drawing.charts import NOT_DRAWN, SUITE_COLOURS, ends_to_draw
from audit.reports.drawing.curves import CurvePoint, curve_svg
from audit.reports.drawing.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from audit.core.records import Metric

IN_TIME = "_in_time"
"""Ends the name of the metric of answers that come by themselves."""
CAPTION = (
    "Right answers within a thinking budget, where the trace is ended there and an answer is forced; in grey those that"
    " came in time by themselves"
)


def forced_curve(metrics: Sequence[Metric], looked_at: Collection[str] = ()) -> BudgetCurve | None:
    """The curve among the metrics of one task of forced answers; None where there is none, or it is of no share.

    Args:
        metrics: All of the task.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    first = next(
        (one for one in metrics if one.task.endswith(FORCED) and one.primary and UNITS[one.unit].is_share), None
    )
    if first is None:
        return None
    by_name: dict[str, dict[float, Metric]] = {}
    for one in metrics:
        budget = (one.slice or {}).get(THINKING_BUDGET, "")
        if budget.isdecimal() and one.value is not None:
            by_name.setdefault(one.metric, {})[float(budget)] = one
    points = _points(by_name.get(first.metric, {}), looked_at)
    in_time = _points(by_name.get(f"{first.metric}{IN_TIME}", {}), looked_at)
    low, high = (by_name.get(f"{first.metric}{ending}", {}) for ending in ENDS)
    left_open = [
        CurvePoint(one.x, one.y, low[one.x].value, high[one.x].value)
        for one in points
        if one.x in low and one.x in high and low[one.x].value != high[one.x].value
    ]
    if not points:
        return None
    return BudgetCurve(
        first.task, tuple(points), tuple(left_open), narrow=first.task in looked_at, in_time=tuple(in_time)
    )


def forced_figures(metrics: Sequence[Metric], looked_at: Collection[str] = ()) -> list[Figure]:
    """The curve of a task with its words; none where it has no curve. Arguments as of :func:`forced_curve`."""
    curve = forced_curve(metrics, looked_at)
    if curve is None:
        return []
    caption = CAPTION
    if curve.open_cases:
        caption += "; grey bars are what cut answers leave open"
    if curve.narrow:
        caption += f"; {NOT_DRAWN}"
    own = {point.x: point.y for point in curve.in_time}
    numbers = "; ".join(
        f"{number(one.x, 'count')} tokens: {number(one.y, 'share')}"
        + (f", {number(own[one.x], 'share')} by themselves" if one.x in own else "")
        for one in curve.points
    )
    title = f"Share of right answers by thinking budget, forced where need be. {numbers}"
    return [Figure(f"{caption}.", title, curve_svg(curve.chart(SUITE_COLOURS["evals"])), curve=True)]


def _points(metrics: Mapping[float, Metric], looked_at: Collection[str]) -> list[CurvePoint]:
    """Points with their intervals, by budget."""
    return [
        CurvePoint(budget, one.value or 0.0, *ends_to_draw(one.task, (one.ci_low, one.ci_high), looked_at), one.n)
        for budget, one in sorted(metrics.items())
    ]
