"""Which charts a card shows of a task: its leading metric by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import estimate_text, slice_text
from audit.core.words import figures
from audit.reports.drawing.charts import NOT_DRAWN, IntervalRow, ends_to_draw, interval_chart
from audit.reports.drawing.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from audit.core.records import Metric, Suite
    from audit.ratings import RatingSummary
    from audit.reports.contents import TaskContents

MAX_ROWS = 24


def slice_figures(task: TaskContents, looked_at: Collection[str] = ()) -> list[Figure]:
    """The first primary metric by each slice; the dashed line is the value over all items.

    Args:
        task: The task.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    whole = next((metric for metric in task.primary if metric.value is not None), None)
    if whole is None:
        return []
    by_key: dict[str, list[Metric]] = {}
    for metric in task.slices:
        if metric.name == whole.name and metric.value is not None and metric.slice:
            by_key.setdefault(", ".join(sorted(metric.slice)), []).append(metric)
    return [
        _figure(
            [metric_row(metric, f"{_values(metric)} (n = {metric.n})", looked_at) for metric in metrics],
            whole.unit,
            task.suite,
            f"{whole.metric} by {key.replace('_', ' ')}",
            whole.value,
            narrow=task.task in looked_at,
        )
        for key, metrics in by_key.items()
        if len(metrics) > 1
    ]


def _figure(
    rows: Sequence[IntervalRow],
    unit: str,
    suite: Suite,
    title: str,
    reference: float | None = None,
    *,
    narrow: bool = False,
) -> Figure:
    kept = rows[:MAX_ROWS]
    caption = f"{title[0].upper()}{title[1:]}: point estimate and confidence interval"
    if reference is not None:
        caption += "; the dashed line is the value over all items"
    if narrow:
        caption += f"; {NOT_DRAWN}"
    if len(rows) > len(kept):
        caption += f"; the first {len(kept)} of {len(rows)}"
    alternative = "; ".join(f"{row.label}: {row.text}" for row in kept)
    svg = interval_chart(kept, unit=unit, suite=suite, reference=reference)
    return Figure(f"{caption}.", f"{title}. {alternative}", svg)


def metric_row(metric: Metric, label: str, looked_at: Collection[str] = ()) -> IntervalRow:
    """A metric as a line of an interval chart.

    Args:
        metric: The metric.
        label: What the line is called.
        looked_at: Tasks whose number of items looks decided: their intervals are too narrow and not drawn.
    """
    value = metric.value if metric.value is not None else float("nan")
    low, high = ends_to_draw(metric.task, (metric.ci_low, metric.ci_high), looked_at)
    text = figures(metric.model_copy(update={"ci_low": low, "ci_high": high})).estimate
    return IntervalRow(label, value, low, high, text, metric.suite, metric.n)


def rating_row(rating: RatingSummary) -> IntervalRow:
    """People's ratings of a task as a line of an interval chart."""
    text = estimate_text(rating.mean, rating.ci_low, rating.ci_high, "rating")
    return IntervalRow(rating.task, rating.mean, rating.ci_low, rating.ci_high, text, rating.suite, rating.n_ratings)


def _values(metric: Metric) -> str:
    """The slice's values alone: the caption names the key."""
    subset = metric.slice or {}
    return slice_text(subset) if len(subset) > 1 else next(iter(subset.values()), "")
