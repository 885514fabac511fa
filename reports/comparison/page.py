"""A comparison as one HTML file in the look of the report card: no script, nothing to load.

Model text is untrusted: Jinja2 escapes everything, :func:`audit.core.formatting.visible` shows what would hide or
reorder, and a content security policy forbids what might still slip through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core import formatting, words
from audit.core.errors import AuditError
from audit.core.formatting import interval, number, percent
from audit.core.records import Comparison
from audit.reports.comparison.changes import task_changes
from audit.reports.comparison.figures import difference_figures, trend_figures
from audit.reports.comparison.mismatch_text import by_reason
from audit.reports.comparison.series_text import axis_title, p_text
from audit.reports.comparison.titles import titles
from audit.reports.drawing.page import environment, page_style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import MetricDifference, SeriesComparison, SeriesMetric, Sweep
    from audit.core.run_folder import RunFolder
    from audit.reports.comparison.changes import TaskChanges

MAX_BYTES = 3_500_000
OUTCOMES = {"better": "is-pass", "worse": "is-fail", "too few items to tell": "is-unsure"}
NONE = "is-none"
STATES = {"audited": "is-pass", "broken": "is-fail", "failed": "is-fail"}
"""Of checkpoints of a sweep."""


@dataclass(frozen=True)
class ItemDetail:
    """How much a page shows of each task."""

    items: int
    """Changed items listed."""
    head: int
    """Characters kept at the start of a text."""
    tail: int
    """Characters kept at its end."""
    notice: str | None = None
    """Sentence about what is left out."""


DETAILS = (
    ItemDetail(10, 700, 500),
    ItemDetail(4, 200, 200, "Long texts and lists of items are shortened."),
    ItemDetail(0, 0, 0, "Changed items are left out: there are too many tasks."),
)
"""From fine to coarse."""


def page_of(
    found: Comparison | SeriesComparison,
    folders: Sequence[RunFolder],
    max_bytes: int = MAX_BYTES,
    sweep: Sweep | None = None,
) -> str:
    """The page, as HTML text of at most ``max_bytes`` bytes of UTF-8.

    Args:
        found: What was compared.
        folders: Of baseline and candidate, or of all runs in the order of ``found.runs``; samples of the first and last
            one are read.
        max_bytes: Size limit; the finest level of ``DETAILS`` that fits is taken.
        sweep: The checkpoints that three and more runs are of.

    Raises:
        AuditError: Not even the tables fit.
        RunFolderError: Samples cannot be read.
    """
    ends = folders[0], folders[-1]
    if isinstance(found, Comparison):
        return _of_two(found, ends, max_bytes)
    return _of_series(found, ends, max_bytes, sweep)


def _of_two(found: Comparison, folders: tuple[RunFolder, RunFolder], max_bytes: int) -> str:
    """Differences."""
    compared = [one for one in found.differences if one.error is None]
    names = ("baseline", "candidate")
    if found.baseline_repeats:
        names = ("the baseline's first run", "the candidate's first run")
    variables = {
        "found": found,
        "compared": compared,
        "not_compared": by_reason(found.differences),
        "figures": difference_figures(compared, found.looked_at),
        "outcome_class": lambda one: OUTCOMES.get(one.outcome or "", NONE),
        **_titles(folders[1]),
    }
    return _render("comparison.html.j2", variables, _changes_of(compared, folders), names, max_bytes)


def _of_series(
    found: SeriesComparison, folders: tuple[RunFolder, RunFolder], max_bytes: int, sweep: Sweep | None
) -> str:
    """Trends, letters, and the items that changed from the first to the last run."""
    compared = [one for one in found.metrics if one.error is None]
    variables = {
        "found": found,
        "sweep": sweep,
        "state_class": lambda one: STATES.get(one.state, "is-unsure"),
        "compared": compared,
        "not_compared": by_reason(found.metrics),
        "figures": trend_figures(found),
        "axis_title": axis_title(found),
        "outcome_class": lambda outcome: OUTCOMES.get(outcome or "", NONE),
        "p_text": p_text,
        **_titles(folders[1]),
    }
    names = (found.runs[0].label, found.runs[-1].label)
    return _render("series.html.j2", variables, _changes_of(compared, folders), names, max_bytes)


def _titles(run: RunFolder) -> dict[str, Any]:
    """Titles of metrics and tasks, as the later run has them; names where it has none."""
    manifest, known = run.read_manifest(), titles(run)
    return {
        "title_of": lambda one: known.get(formatting.metric_label(one), ""),
        "task_titles": {task: words.task_title(manifest, task) for task in manifest.words},
    }


def _render(
    name: str,
    variables: dict[str, Any],
    changes: Callable[[int], list[TaskChanges]],
    names: tuple[str, str],
    max_bytes: int,
) -> str:
    template = environment().get_template(name)
    shared = {
        **variables,
        "style": page_style(),
        "before_name": names[0],
        "after_name": names[1],
        "interval": interval,
        "number": number,
        "percent": percent,
    }
    for detail in DETAILS:
        html = template.render(shared, detail=detail, changes=changes(detail.items))
        if len(html.encode()) <= max_bytes:
            return html
    msg = f"the page would exceed {max_bytes:,} bytes: compare fewer tasks with --tasks, or without --all"
    raise AuditError(msg)


def _changes_of(
    compared: Sequence[MetricDifference | SeriesMetric], folders: tuple[RunFolder, RunFolder]
) -> Callable[[int], list[TaskChanges]]:
    """What changed in each compared task that has samples in both runs, for a number of items to list."""
    there = {*folders[0].tasks()} & {*folders[1].tasks()}  # a group of tasks has no samples
    tasks = {
        (one.suite, one.task): one
        for one in reversed(compared)
        if one.primary and one.slice is None and (one.suite, one.task) in there
    }

    def changes(most: int) -> list[TaskChanges]:
        return [
            task_changes(
                task,
                *(folder.read_samples(suite, task) for folder in folders),
                higher_is_better=one.higher_is_better,
                most=most,
            )
            for (suite, task), one in reversed(tasks.items())
        ]

    return changes
