"""The audited checkpoints of a sweep, compared, and what the sweep leaves on disk."""

from __future__ import annotations

import contextlib
from shlex import quote
from typing import TYPE_CHECKING

from audit.core.errors import AuditError
from audit.core.filesystem import write_text
from audit.core.records import SWEEP_FILE, Sweep
from audit.core.records.files.json_file import read_record, write_record
from audit.core.records.many.sweep import COMPARED
from audit.core.run_folder import RunFolder
from audit.gate.comparison.axis import Axis
from audit.gate.comparison.series import compare_series, most_runs
from audit.pipeline.sweep.earlier import state_of
from audit.pipeline.sweep.places import placed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from audit.core.records import SeriesComparison, SweptCheckpoint

PAGE = "sweep.html"
"""Next to ``sweep.json``; not there where nothing is compared."""


def sweep_of(patterns: Sequence[str], checkpoints: Sequence[SweptCheckpoint], out: Path) -> Sweep:
    """The record of a sweep, with the comparison of its audited checkpoints.

    Of more checkpoints than can be compared, the first, the last and evenly spaced ones between them are.

    Args:
        patterns: What was looked for.
        checkpoints: In any order.
        out: Folder of their runs.
    """
    ordered, axis = placed(_with_twins(checkpoints))
    every = [place for place, one in enumerate(ordered) if one.state in COMPARED and one.run and one.same_as is None]
    at = [place for place in every if place < len(axis.places)]
    chosen = _spaced(at, most_runs())
    made = Sweep(
        patterns=[*patterns],
        axis=axis.name,
        checkpoints=ordered,
        left_out=[ordered[place].name for place in at if place not in chosen],
        unplaced=[ordered[place].name for place in every if place not in at],
    )
    places = Axis(axis.name, tuple(axis.places[one] for one in chosen), tuple(axis.texts[one] for one in chosen))
    found = _compared([out / (ordered[one].run or "") for one in chosen], places)
    return made.model_copy(update={"no_trend": found} if isinstance(found, str) else {"trend": found})


def _compared(runs: Sequence[Path], axis: Axis) -> SeriesComparison | str:
    """The comparison, or why there is none."""
    if len(runs) < 3:
        pair = (
            f": compare two with `audit compare {' '.join(quote(str(run)) for run in runs)}`" if len(runs) == 2 else ""
        )
        return f"a trend needs three audited checkpoints, and there are {len(runs)}{pair}"
    if len(set(axis.places)) < 2:
        return f"all audited checkpoints have the same place ({axis.name} {axis.texts[0]})"
    try:
        return compare_series([RunFolder.open(run) for run in runs], by=axis)
    except AuditError as error:
        return str(error)


def _with_twins(checkpoints: Sequence[SweptCheckpoint]) -> list[SweptCheckpoint]:
    """The checkpoints, each that has the run of an earlier one marked as the same."""
    first: dict[str, str] = {}
    marked = []
    for one in checkpoints:
        known = first.setdefault(one.run, one.name) if one.run else one.name
        marked.append(one.model_copy(update={"same_as": known if known != one.name else None}))
    return marked


def _spaced(places: Sequence[int], most: int) -> list[int]:
    """At most so many of them: all, or the first, the last and evenly spaced ones.

    >>> _spaced([0, 1, 2, 3, 4, 5, 6], 4)
    [0, 2, 4, 6]
    """
    if len(places) <= most:
        return [*places]
    return [places[round(index * (len(places) - 1) / (most - 1))] for index in range(most)]


def earlier_checkpoints(out: Path, patterns: Sequence[str]) -> list[SweptCheckpoint]:
    """The audited checkpoints of an earlier sweep for the same patterns, whose runs are still there.

    Training deletes old checkpoints; their runs stay a part of the series.

    Args:
        out: Folder of the runs.
        patterns: What is looked for.
    """
    try:
        before = read_record(out / SWEEP_FILE, Sweep)
    except AuditError:  # none, or another version's: it is written again
        return []
    if before.patterns != [*patterns]:
        return []
    return [one for one in before.checkpoints if one.state in COMPARED and one.run and _stands(out / one.run)]


def _stands(run: Path) -> bool:
    try:
        return state_of(RunFolder.open(run))[0] in COMPARED
    except AuditError:
        return False


def _readable(runs: Iterable[Path]) -> Iterator[tuple[str, RunFolder]]:
    """Ids and folders of the runs that are still there."""
    for path in runs:
        with contextlib.suppress(AuditError):
            yield RunFolder(path).run_id, RunFolder(path)


def write(made: Sweep, out: Path) -> str | None:
    """Write the record, and the page where checkpoints are compared.

    Returns:
        Why there is no page although checkpoints are compared; None where there is one.

    Raises:
        WriteError: They cannot be written.
    """
    write_record(out / SWEEP_FILE, made)
    (out / PAGE).unlink(missing_ok=True)
    if made.trend is None:
        return None
    from audit.reports.comparison.page import page_of  # noqa: PLC0415 - it is slow to import

    ran = dict(_readable(out / one.run for one in made.checkpoints if one.run))
    absent = [one.run_id for one in made.trend.runs if one.run_id not in ran]
    if absent:
        return f"{PAGE} is not written: the run {absent[0]} is not here any more: repeat the sweep"
    try:
        page = page_of(made.trend, [ran[one.run_id] for one in made.trend.runs], sweep=made)
    except AuditError as error:
        return f"{PAGE} is not written: {error}"
    write_text(out / PAGE, page)
    return None
