"""The share of right answers by thinking budget: which metrics of a task make up its curve, and their chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import number
from audit.reports.drawing.charts import NOT_DRAWN, SUITE_COLOURS, ends_to_draw
from audit.reports.drawing.curves import CurvePoint, budget_chart, curve_svg
from audit.reports.drawing.figure import Figure
from audit.stats.aggregate import IF_RIGHT, IF_WRONG
from audit.stats.definitions import SaturationBudget, WithinBudget

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from audit.core.records import Metric


@dataclass(frozen=True)
class BudgetCurve:
    """The curve of one task."""

    task: str
    """The task."""
    points: tuple[CurvePoint, ...]
    """By budget, in tokens."""
    open_cases: tuple[CurvePoint, ...] = ()
    """Budgets at which cut answers leave the share open, with its two bounds."""
    saturation: float | None = None
    """Budget that keeps most right answers."""
    narrow: bool = False
    """Whether looks decided the number of items, so that intervals are not drawn."""
    in_time: tuple[CurvePoint, ...] = ()
    """Of answers that are forced: the share of those that came by themselves, by budget."""

    def chart(self, colour: str) -> dict[str, Any]:
        """The curve in Vega-Lite."""
        return budget_chart(self.points, self.open_cases, self.saturation, colour, self.in_time)


def budget_curve(metrics: Sequence[Metric], looked_at: Collection[str] = ()) -> BudgetCurve | None:
    """The curve among the metrics of one task; None where there is none.

    Args:
        metrics: All of the task.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    within = [metric for metric in metrics if _kind(metric) == WithinBudget.NAME and metric.value is not None]
    whole = [metric for metric in within if not metric.metric.endswith((IF_WRONG, IF_RIGHT))]
    if not whole:
        return None
    points = [
        CurvePoint(_budget(one), one.value or 0.0, *ends_to_draw(one.task, (one.ci_low, one.ci_high), looked_at), one.n)
        for one in whole
    ]
    bounds = {ending: {_budget(m): m.value for m in within if m.metric.endswith(ending)} for ending in ENDS}
    low, high = (bounds[ending] for ending in ENDS)
    values = {point.x: point.y for point in points}
    left_open = [CurvePoint(x, values[x], low[x], high[x]) for x in sorted(low.keys() & high.keys() & values.keys())]
    saturation = next((m.value for m in metrics if _kind(m) == SaturationBudget.NAME and m.slice is None), None)
    task = whole[0].task
    ordered = tuple(sorted(points, key=lambda point: point.x))
    return BudgetCurve(task, ordered, tuple(left_open), saturation, task in looked_at)


ENDS = (IF_WRONG, IF_RIGHT)


def budget_figures(metrics: Sequence[Metric], looked_at: Collection[str] = ()) -> list[Figure]:
    """The curve of a task with its words; none where it has no curve. Arguments as of :func:`budget_curve`."""
    curve = budget_curve(metrics, looked_at)
    if curve is None:
        return []
    caption = "Right answers within a thinking budget, from one generation: an answer that took longer counts as none"
    if curve.saturation == 0:
        caption += "; 95 % of them came without any thinking"
    elif curve.saturation is not None:
        caption += (
            f"; the dashed line is the budget that keeps 95 % of them, {number(curve.saturation, 'count')} tokens"
        )
    if curve.open_cases:
        caption += "; grey bars are what cut answers leave open"
    if curve.narrow:
        caption += f"; {NOT_DRAWN}"
    numbers = "; ".join(f"{number(one.x, 'count')} tokens: {number(one.y, 'share')}" for one in curve.points)
    return [
        Figure(
            f"{caption}.",
            f"Share of right answers by thinking budget. {numbers}",
            curve_svg(curve.chart(SUITE_COLOURS["evals"])),
            curve=True,
        )
    ]


def _kind(metric: Metric) -> object:
    return (metric.definition or {}).get("name")


def _budget(metric: Metric) -> float:
    return float((metric.definition or {})["budget"])
