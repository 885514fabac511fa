"""Charts of an error analysis: the groups that differ from the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text
from audit.reports.drawing.charts import IntervalRow, interval_chart
from audit.reports.drawing.figure import Figure
from audit.reports.errors.words import group_label
from audit.reports.render.figures import NOT_DRAWN

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.reports.contents import TaskContents
    from audit.reports.errors.analysis import ErrorAnalysis


def error_figures(task: TaskContents, looked_at: Collection[str] = ()) -> list[Figure]:
    """The groups of samples that differ from the rest, in one chart; none where nothing was found.

    Args:
        task: The task.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    analysis = task.analysis
    if analysis is None or analysis.overall is None or not analysis.search.groups:
        return []
    narrow = task.task in looked_at
    rows = found_rows(analysis, narrow=narrow)
    caption = (
        f"{analysis.quantity.capitalize()} of the groups that differ from the rest: point estimate and confidence"
        " interval, adjusted for the search; the dashed line is the value over all samples"
    )
    if narrow:
        caption += f"; {NOT_DRAWN}"
    alternative = "; ".join(f"{row.label}: {row.text}" for row in rows)
    svg = interval_chart(rows, unit=analysis.unit, suite=task.suite, reference=analysis.overall.value)
    return [Figure(f"{caption}.", f"{analysis.quantity} by group. {alternative}", svg)]


def found_rows(analysis: ErrorAnalysis, *, narrow: bool = False) -> list[IntervalRow]:
    """The groups that were found as lines of an interval chart.

    Args:
        analysis: Of the task.
        narrow: Whether looks decided the number of items, so that intervals are left out.
    """
    rows = []
    for group in analysis.search.groups:
        ends = None if narrow else group.interval
        low, high = (ends.low, ends.high) if ends else (None, None)
        text = estimate_text(group.value, low, high, analysis.unit)
        rows.append(IntervalRow(group_label(group), group.value, low, high, text, analysis.suite, group.n))
    return rows
