"""Three or more runs compared: values, pairs, changes and trends as tables, charts and a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.core.errors import RunFolderError
from audit.core.formatting import estimate_text, metric_label, signed, slice_text, unit_text
from audit.core.text import printable
from audit.public.inline import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from audit.core.records import SeriesComparison, SeriesMetric
    from audit.core.run_folder import RunFolder

VALUES = ["value", "ci_low", "ci_high", "letters"]
PAIRS = ["difference", "ci_low", "ci_high", "p_value", "p_adjusted", "test", "detectable", "differ"]
STEPS = ["difference", "ci_low", "ci_high", "p_adjusted", "outcome"]
TRENDS = ["change", "per_unit", "ci_low", "ci_high", "p_value", "p_adjusted", "test", "outcome"]
PAGE_HEIGHT = 720
"""Pixels of the page's frame in a notebook."""


class RunSeries:
    """Three or more runs in an order. Made by :func:`audit.compare`.

    Attributes:
        record: Everything that was found, field by field.
    """

    def __init__(self, folders: Sequence[RunFolder], record: SeriesComparison) -> None:
        self._folders = folders
        self.record = record

    @property
    def values(self) -> pd.DataFrame:
        """One row per metric and run: value, interval, and letters; runs that share one are not shown to differ."""
        rows = [
            {**_name(metric), **self._run(place), **{name: getattr(value, name) for name in VALUES}, "n": metric.n}
            for metric in self.record.metrics
            for place, value in enumerate(metric.values)
        ]
        return _frame(rows, ["name", "slice", "run", "at", *VALUES, "n"])

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per metric and pair of runs: later minus earlier, adjusted for all pairs of the metric (Holm)."""
        rows = [
            {
                **_name(metric),
                "first": self.record.runs[one.first].label,
                "second": self.record.runs[one.second].label,
                **{name: getattr(one, name) for name in PAIRS},
            }
            for metric in self.record.metrics
            for one in metric.pairs
        ]
        return _frame(rows, ["name", "slice", "first", "second", *PAIRS])

    @property
    def changes(self) -> pd.DataFrame:
        """One row per metric and run but the first: its change since the run before.

        The outcome is of those that are shown when adjusted for all consecutive runs of the metric (Holm).
        """
        rows = [
            {**_name(metric), **self._run(one.to), **{name: getattr(one, name) for name in STEPS}}
            for metric in self.record.metrics
            for one in metric.steps
        ]
        return _frame(rows, ["name", "slice", "run", "at", *STEPS])

    @property
    def trends(self) -> pd.DataFrame:
        """One row per metric: change along the least-squares line, adjusted for all metrics (Benjamini–Hochberg)."""
        rows = [
            {
                **_name(metric),
                **{name: getattr(metric.trend, name, None) for name in TRENDS},
                "error": metric.error or metric.no_trend,
            }
            for metric in self.record.metrics
        ]
        return _frame(rows, ["name", "slice", *TRENDS, "error"])

    @property
    def mismatches(self) -> pd.DataFrame:
        """One row for everything apart from the weights in which runs differ."""
        columns = ["kind", "task", "metric", "what", "values", "pairs"]
        return _frame([dict(one) for one in self.record.mismatches], columns)

    def plot(self) -> alt.ConcatChart:
        """Every metric over the runs, with intervals, letters and the changes that are shown; an Altair chart.

        Raises:
            RunFolderError: No metric could be compared.
        """
        from audit.public.charts import series_chart  # noqa: PLC0415 - altair takes a second to import
        from audit.reports.comparison.figures import trend_panel  # noqa: PLC0415 - see above

        compared = [metric for metric in self.record.metrics if metric.error is None]
        if not compared:
            msg = "no metric of the runs could be compared: there is nothing to plot"
            raise RunFolderError(msg)
        return series_chart([trend_panel(metric, self.record) for metric in compared])

    def page(self) -> Page:
        """Tables, charts, and the items that changed from the first to the last run, as a page to show or save."""
        from audit.reports.comparison.page import page_of  # noqa: PLC0415 - slow to import

        return Page(page_of(self.record, self._folders), PAGE_HEIGHT)

    def __repr__(self) -> str:
        """What orders the runs, and how many there are."""
        compared = sum(metric.error is None for metric in self.record.metrics)
        return f"RunSeries({len(self.record.runs)} runs by {self.record.axis}, {compared} metrics)"

    def _repr_html_(self) -> str:
        """A table of the values with letters and trends, and what could not be compared."""
        runs = [run.label for run in self.record.runs]
        titles = ["metric", *runs, "trend", "outcome", "unit", "n"]
        head = "".join(f"<th>{_safe(title)}</th>" for title in titles)
        rows = "".join(_row(metric, len(runs)) for metric in self.record.metrics)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _run(self, place: int) -> dict[str, Any]:
        return {"run": self.record.runs[place].label, "at": self.record.runs[place].at}


def _name(metric: SeriesMetric) -> dict[str, Any]:
    return {"name": metric.name, "slice": slice_text(metric.slice) or None}


def _frame(rows: Sequence[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records(rows, columns=columns).convert_dtypes()


def _row(metric: SeriesMetric, count: int) -> str:
    name = f"<td>{_safe(metric_label(metric))}</td>"
    if metric.error is not None:
        return f"<tr>{name}<td colspan={count + 4}>{escape(printable(metric.error, 400))}</td></tr>"
    line = metric.trend
    cells = [
        *(
            f"{estimate_text(one.value, one.ci_low, one.ci_high, metric.unit)} {one.letters or ''}".strip()
            for one in metric.values  # noqa: PD011 - no data frame
        ),
        signed(line.change, metric.unit) if line else "",
        (line.outcome if line else None) or "no trend shown",
        unit_text(metric.unit, metric.higher_is_better),
        f"{metric.n:,}",
    ]
    return f"<tr>{name}{''.join(f'<td>{_safe(cell)}</td>' for cell in cells)}</tr>"


def _safe(text: str) -> str:
    return escape(printable(text, 200))
