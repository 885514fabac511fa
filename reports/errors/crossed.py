"""A share by two slices at once, such as attacks that succeed by category of harm and family of attack.

Each cell is the task's leading metric over the samples of that cell, as its definition computes it; it is derived from
the stored samples when a report is made and is not among the metrics of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audit.core import words
from audit.core.errors import ConfigError
from audit.core.formatting import counted
from audit.core.units import unit_of
from audit.reports.drawing.colours import shade
from audit.stats import definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Metric, Sample
    from audit.stats.definitions import Definition

ROWS, COLUMNS = "category", "family"
"""Slices that are crossed wherever the samples of a task have both."""
NONE = "no category"
"""Label of samples without a category."""
ALL = "all"
"""Label of the margins."""
MOST_ROWS, MOST_COLUMNS = 60, 16
"""Size of a table at most; a task with more is not shown so."""


@dataclass(frozen=True, slots=True)
class CrossedCell:
    """One field of the table."""

    value: str = "—"
    """``38 %``; a dash where nothing has a score."""
    counts: str = ""
    """``9 of 24``: samples that count as 1, and samples with a score; empty where there are no samples."""
    interval: str = ""
    """``21 to 57 %``; empty where there is none."""
    says: str = "no samples"
    """All of it, and the number of samples without a score, as a sentence."""
    shade: str = ""
    """Name of its colour (:mod:`audit.reports.drawing.colours`); empty for none."""


@dataclass(frozen=True, slots=True)
class CrossedTable:
    """A share by two slices, with the margins."""

    title: str
    """Of the metric."""
    metric: str
    """Its name; the last column is this metric of each category."""
    unscored: int
    """Samples without a score, which no cell counts."""
    columns: tuple[str, ...]
    """Values of the slice :data:`COLUMNS`, in the order of the samples."""
    rows: tuple[tuple[str, tuple[CrossedCell, ...]], ...]
    """Values of the slice :data:`ROWS` by name, each with its cells and the margin; the last row is all categories."""


def crossed(metrics: Iterable[Metric], samples: Sequence[Sample], *, narrow: bool = False) -> CrossedTable | None:
    """The leading share of a task by category and family.

    Args:
        metrics: Of the task, with those of its slices.
        samples: All samples of the task.
        narrow: Whether looks decided the number of items, so that intervals are left out.

    Returns:
        The table; None where the task has no share of items that count or do not, or its samples lack a slice.
    """
    known = list(metrics)
    whole = next((one for one in known if one.primary and one.slice is None), None)
    inside = [sample for sample in samples if COLUMNS in sample.slices]
    columns = tuple(dict.fromkeys(sample.slices[COLUMNS] for sample in inside))
    rows = sorted({_row_of(sample) for sample in inside}, key=lambda name: (name == NONE, name))
    if not {*rows} - {NONE} or len(rows) > MOST_ROWS or len(columns) > MOST_COLUMNS:
        return None
    if whole is None or not unit_of(whole.unit).is_share or not definitions.is_mean_of_items(whole):
        return None
    try:
        definition = definitions.read(whole.definition or {})
    except (TypeError, ConfigError):  # of a plug-in that is not here, or of a later version
        return None
    if not isinstance(definition, definitions.Mean) or _in_parts(definition, samples):
        return None
    # What the metric leaves out, such as requests without an attack, has a column of its own.
    definition = replace(definition, where=None)
    cells: dict[tuple[str, str], list[Sample]] = {}
    for sample in inside:
        cells.setdefault((_row_of(sample), sample.slices[COLUMNS]), []).append(sample)
        cells.setdefault((ALL, sample.slices[COLUMNS]), []).append(sample)
    margin = {
        one.slice[ROWS]: one for one in known if one.metric == whole.metric and one.slice and {*one.slice} == {ROWS}
    }
    margin[ALL] = whole
    lines, unscored = [], 0
    for row in (*rows, ALL):
        found = []
        for column in columns:
            mine = cells.get((row, column), [])
            metric = _over(definition, whole, mine) if mine else None
            without = len(mine) - metric.n if metric else 0
            unscored += without if row == ALL else 0
            found.append(_cell(metric, f"{row}, {column}", without, narrow=narrow))
        found.append(_cell(margin.get(row), f"{row}, {whole.metric}", 0, narrow=narrow))
        lines.append((row, tuple(found)))
    return CrossedTable(words.metric_title(whole), whole.metric, unscored, columns, tuple(lines))


def _in_parts(definition: definitions.Mean, samples: Sequence[Sample]) -> bool:
    """Whether items count in part, so that nobody can say how many of them do."""
    return bool({value for _, value in definition.values(samples)} - {0.0, 1.0})


def _row_of(sample: Sample) -> str:
    return sample.slices.get(ROWS, NONE)


def _over(definition: Definition, whole: Metric, samples: Sequence[Sample]) -> Metric:
    """A definition over some samples, with unit and direction of a metric."""
    return definitions.measured(
        definition,
        samples,
        metric=whole.metric,
        unit=whole.unit,
        higher_is_better=whole.higher_is_better,
        confidence=whole.confidence,
    )


def _cell(metric: Metric | None, place: str, unscored: int, *, narrow: bool) -> CrossedCell:
    """A metric as a field of the table."""
    if metric is None:
        return CrossedCell()
    without = f"; {counted(unscored, 'answer')} without a score" if unscored else ""
    if metric.value is None:
        return CrossedCell(counts="0 of 0", says=f"{place}: no answer has a score{without}")
    shown = words.figures(metric)
    counts = f"{round(metric.value * metric.n):,} of {metric.n:,}"
    interval = "" if narrow or metric.ci_low is None else shown.interval
    says = f"{place}: {shown.value}{f' ({interval})' if interval else ''}, {counts}{without}"
    signed = {True: metric.value, False: -metric.value, None: 0.0}[metric.higher_is_better]
    colour = shade(signed, 1.0)  # neither end is good: none
    return CrossedCell(shown.value, counts, interval, says, colour)
