"""Two runs compared: differences, what else differs, and changed items as tables and a chart."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

import pandas as pd

from audit.core.errors import ConfigError, RunFolderError, did_you_mean
from audit.core.formatting import interval, metric_label, number, signed, unit_text
from audit.core.records.comparison import MIN_ALIGNED, MetricDifference, Mismatch
from audit.core.text import printable
from audit.public.inline import Page
from audit.public.options import texts_of
from audit.public.series import PAGE_HEIGHT, RunSeries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import altair as alt

    from audit.core.records import Comparison
    from audit.core.run_folder import RunFolder

ITEM_COLUMNS = [
    "sample_id", "change", "score_baseline", "score_candidate", "output_baseline", "output_candidate", "prompt",
]  # fmt: skip


class _Options(TypedDict, total=False):
    """The options of :func:`compare`."""

    by: str | None
    at: Sequence[float] | None
    tasks: str | Sequence[str] | None
    across: str | Sequence[str]
    everything: bool
    margin: float | None
    min_aligned: float
    confidence: float
    out: str | PathLike[str]


class RunComparison:
    """A candidate compared with a baseline. Made by :func:`compare`.

    Attributes:
        record: Everything that was found, field by field.
    """

    def __init__(self, baseline: RunFolder, candidate: RunFolder, record: Comparison) -> None:
        self._folders = baseline, candidate
        self.record = record

    @property
    def differences(self) -> pd.DataFrame:
        """One row per metric that both runs have, with the fields of :class:`audit.core.records.MetricDifference`."""
        return _frame(self.record.differences, list(MetricDifference.model_fields))

    @property
    def mismatches(self) -> pd.DataFrame:
        """One row for everything apart from the weights in which the runs differ."""
        return _frame(self.record.mismatches, list(Mismatch.model_fields))

    def changed(self, task: str) -> pd.DataFrame:
        """One row per item whose score changed, the candidate's worst losses first.

        Raises:
            RunFolderError: The task was not compared, or it is a group of tasks, which has no samples.
        """
        from audit.gate.comparison.changed import changed_items  # noqa: PLC0415 - only where asked for

        there = set.intersection(*(set(folder.tasks()) for folder in self._folders))
        compared = {
            one.task: one
            for one in reversed(self.record.differences)
            if one.error is None and (one.suite, one.task) in there
        }
        if task not in compared:
            hint = did_you_mean(str(task), compared)
            msg = f"{printable(repr(task), 60)} was not compared; {', '.join(compared) or 'none'} were.{hint}"
            raise RunFolderError(msg)
        found = compared[task]
        items = changed_items(
            *(folder.read_samples(found.suite, task) for folder in self._folders),
            higher_is_better=found.higher_is_better,
        )
        rows = [
            (
                item.sample_id, item.change, item.baseline.score, item.candidate.score,
                item.baseline.output, item.candidate.output, item.candidate.prompt,
            )
            for item in items
        ]  # fmt: skip
        return pd.DataFrame.from_records(rows, columns=ITEM_COLUMNS)

    def plot(self) -> alt.VConcatChart:
        """The differences with their intervals, one panel for each unit; an Altair chart.

        Raises:
            RunFolderError: No metric could be compared.
        """
        from audit.public.charts import difference_chart  # noqa: PLC0415 - altair takes a second to import

        compared = [one for one in self.record.differences if one.difference is not None]
        if not compared:
            msg = "no metric of the two runs could be compared: there is nothing to plot"
            raise RunFolderError(msg)
        return difference_chart(compared, self.record.looked_at)

    def page(self) -> Page:
        """Tables, charts and changed items as a page to show or save."""
        from audit.reports.comparison.page import page_of  # noqa: PLC0415 - slow to import

        return Page(page_of(self.record, self._folders), PAGE_HEIGHT)

    def __repr__(self) -> str:
        """Both runs and how many metrics were compared."""
        compared = sum(one.error is None for one in self.record.differences)
        return f"RunComparison({self.record.baseline.run_id!r}, {self.record.candidate.run_id!r}, {compared} metrics)"

    def _repr_html_(self) -> str:
        """A table of the differences, and what could not be compared."""
        titles = ("metric", "baseline", "candidate", "difference", "interval", "unit", "n", "outcome")
        head = "".join(f"<th>{title}</th>" for title in titles)
        rows = "".join(_row(one) for one in self.record.differences)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


@overload
def compare(
    baseline: str | PathLike[str], candidate: str | PathLike[str], **options: Unpack[_Options]
) -> RunComparison: ...


@overload
def compare(
    baseline: str | PathLike[str],
    candidate: str | PathLike[str],
    third: str | PathLike[str],
    /,
    *more: str | PathLike[str],
    repeats: Literal[False] = False,
    **options: Unpack[_Options],
) -> RunSeries: ...


@overload
def compare(
    baseline: str | PathLike[str],
    candidate: str | PathLike[str],
    third: str | PathLike[str],
    /,
    *more: str | PathLike[str],
    repeats: Literal[True],
    **options: Unpack[_Options],
) -> RunComparison: ...


def compare(  # noqa: PLR0913 - all but the runs by keyword
    baseline: str | PathLike[str],
    candidate: str | PathLike[str],
    *more: str | PathLike[str],
    by: str | None = None,
    at: Sequence[float] | None = None,
    repeats: bool = False,
    tasks: str | Sequence[str] | None = None,
    across: str | Sequence[str] = (),
    everything: bool = False,
    margin: float | None = None,
    min_aligned: float = MIN_ALIGNED,
    confidence: float = 0.95,
    out: str | PathLike[str] = "runs",
) -> RunComparison | RunSeries:
    """Compare runs on the items that all have scored: two, or three and more with their trend.

    Args:
        baseline: Path of the run to compare with, its id in ``out``, or ``latest``; or the log of another tool, which
            is imported into ``out`` first.
        candidate: The run or log that is judged.
        more: More runs.
        by: What orders three or more runs: ``order`` (as given; the default), ``step`` (in the checkpoint's name),
            ``date``, or a number of the manifest such as ``model.parameter_count``.
        at: Places of three or more runs on the axis, one for each.
        repeats: Whether the runs are repeats, two or more of each of two checkpoints, which are compared.
        tasks: Only these; none takes all that the runs have.
        across: Kinds of mismatch to compare across: ``prompts``, ``chat_template``, ``settings``, …
        everything: All metrics and slices; else the primary metrics over all items.
        margin: Difference that matters, of two runs, in each metric's unit; None takes 5 % of the unit's range.
        min_aligned: Share of the items of any run that all must have scored.
        confidence: Nominal coverage of the intervals.
        out: Folder of run folders.

    Returns:
        A :class:`RunComparison` of two runs or two checkpoints, a :class:`audit.public.series.RunSeries` of more.

    Raises:
        EvidenceInvalid: The files of a folder contradict each other.
        RunFolderError: A run cannot be read, has not ended, or is given twice.
        ConfigError: A task or kind is unknown, a number is out of range, or an option is not for so many runs.
    """
    _check(min_aligned, confidence, margin)
    from audit.gate.importers.opening.named_run import open_run  # noqa: PLC0415 - it is slow to import

    folders = [open_run(str(path), Path(out)) for path in (baseline, candidate, *more)]
    options: dict[str, Any] = {
        "tasks": [] if tasks is None else texts_of("audit.compare: tasks", tasks),
        "across": texts_of("audit.compare: across", across),
        "everything": everything,
        "min_aligned": min_aligned,
        "confidence": confidence,
    }
    if repeats and (by is not None or at is not None):
        msg = "audit.compare: by and at say nothing of repeats"
        raise ConfigError(msg)
    if repeats:
        return _repeats(folders, {**options, "margin": margin})
    if more:
        _check_axis(by, at)
        if margin is not None:
            msg = "audit.compare: margin is for two runs"
            raise ConfigError(msg)
        return _series(folders, {**options, "by": by or "order", "at": at})
    if by is not None or at is not None:
        msg = "audit.compare: by and at need three or more runs"
        raise ConfigError(msg)
    from audit.gate.comparison.compare import compare as compared  # noqa: PLC0415 - SciPy takes a second to import

    ends = folders[0], folders[1]
    return RunComparison(*ends, compared(*ends, **options, margin=margin))


def _series(folders: Sequence[RunFolder], options: dict[str, Any]) -> RunSeries:
    """Three or more runs."""
    from audit.gate.comparison.series import compare_series  # noqa: PLC0415 - SciPy takes a second to import

    record = compare_series(folders, **options)
    return RunSeries([folders[run.given] for run in record.runs], record)


def _repeats(folders: Sequence[RunFolder], options: dict[str, Any]) -> RunComparison:
    """Repeated runs of two checkpoints; changed items are those of the first run of each."""
    from audit.gate.comparison.repeats import compare_repeats, ends  # noqa: PLC0415 - SciPy takes a second to import

    record = compare_repeats(folders, **options)
    return RunComparison(*ends(folders, record), record)


def _check_axis(by: object, at: object) -> None:
    """Require a name and numbers; whether they suit the runs is seen later."""
    if by is not None and not isinstance(by, str):
        msg = f"audit.compare: by must be a name such as 'step' (found {printable(repr(by), 60)})"
        raise ConfigError(msg)
    if at is None:
        return
    numbers = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [None]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        msg = f"audit.compare: at must be numbers, one for each run (found {printable(repr(at), 60)})"
        raise ConfigError(msg)


def _check(min_aligned: float, confidence: float, margin: float | None) -> None:
    """Require numbers within their range."""
    for name, value, low, high in (("min_aligned", min_aligned, 0, 1), ("confidence", confidence, 0.5, 0.9999)):
        if not isinstance(value, int | float) or not low <= value <= high:
            msg = f"audit.compare: {name} must be a number from {low} to {high} (found {printable(repr(value), 60)})"
            raise ConfigError(msg)
    if margin is not None and not (isinstance(margin, int | float) and margin > 0):
        msg = f"audit.compare: margin must be a number above 0 (found {printable(repr(margin), 60)})"
        raise ConfigError(msg)


def _frame(records: Sequence[Any], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records([dict(record) for record in records], columns=columns).convert_dtypes()


def _row(one: MetricDifference) -> str:
    name = metric_label(one)
    if one.difference is None:
        name, reason = escape(printable(name, 200)), escape(printable(one.error or "", 400))
        return f"<tr><td>{name}</td><td colspan=7>{reason}</td></tr>"
    cells = (
        name, number(one.baseline, one.unit), number(one.candidate, one.unit), signed(one.difference, one.unit),
        interval(one.ci_low, one.ci_high, one.unit), unit_text(one.unit, one.higher_is_better), f"{one.n:,}",
        one.outcome or "",
    )  # fmt: skip
    return f"<tr>{''.join(f'<td>{escape(printable(cell, 200))}</td>' for cell in cells)}</tr>"
