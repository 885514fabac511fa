"""Comparisons as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from audit.core.formatting import slice_text
from audit.core.records import MetricDifference
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from audit.core.records import SeriesComparison, SeriesMetric

OF_METRIC = ("name", "unit", "higher_is_better", "primary", "n", "aligned", "missing", "error")
OF_VALUE = ("value", "ci_low", "ci_high", "letters")
OF_STEP = ("difference", "ci_low", "ci_high", "p_adjusted", "outcome")
OF_TREND = ("change", "per_unit", "ci_low", "ci_high", "p_value", "p_adjusted", "outcome")
NO_CHANGE, NO_TREND = "no change shown", "no trend shown"
"""Outcomes of what was tested and not shown."""
FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""
SERIES_COLUMNS = [
    "name", "slice", *OF_METRIC[1:], "run", "label", "at", *OF_VALUE,
    *(f"step_{name}" for name in OF_STEP), *(f"trend_{name}" for name in OF_TREND),
]  # fmt: skip


def of_differences(differences: Sequence[MetricDifference]) -> str:
    """One line per metric, with the fields of the record.

    Args:
        differences: Of two runs.
    """
    rows = ({**one.model_dump(mode="json"), "slice": slice_text(one.slice)} for one in differences)
    return _written(list(MetricDifference.model_fields), rows)


def of_series(found: SeriesComparison) -> str:
    """One line per metric and run, with the change since the run before and the trend of all; see ``--json`` for pairs.

    Args:
        found: Three or more runs.
    """
    return _written(SERIES_COLUMNS, (row for metric in found.metrics for row in _rows(metric, found)))


def _rows(metric: SeriesMetric, found: SeriesComparison) -> Iterator[dict[str, Any]]:
    """The lines of a metric; a single one, without a run, where the runs could not be compared."""
    common = {name: getattr(metric, name) for name in OF_METRIC} | {"slice": slice_text(metric.slice)}
    if metric.trend:
        common |= {f"trend_{name}": getattr(metric.trend, name) for name in OF_TREND}
        common["trend_outcome"] = metric.trend.outcome or NO_TREND
    steps = {
        step.to: {f"step_{name}": getattr(step, name) for name in OF_STEP} | {"step_outcome": step.outcome or NO_CHANGE}
        for step in metric.steps
    }
    if not metric.values:
        yield common
    for place, (run, value) in enumerate(zip(found.runs, metric.values, strict=False)):
        where = {"run": run.run_id, "label": run.label, "at": run.at}
        yield common | where | {name: getattr(value, name) for name in OF_VALUE} | steps.get(place, {})


def _written(columns: list[str], rows: Iterable[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    """A value as a spreadsheet shows it: names from other people's logs are no formulas and no control characters."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(FORMULA) else text
