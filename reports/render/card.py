"""The report card: one HTML file with everything a reader needs, no script and nothing to load.

It is rendered at the finest level of detail that fits ``MAX_BYTES``. Model text is untrusted: Jinja2 escapes
everything, :func:`audit.core.formatting.visible` shows what would hide or reorder, and a content security
policy forbids what might still slip through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from audit.core import formatting
from audit.core.errors import AuditError
from audit.core.filesystem import write_text
from audit.core.words import draw_count
from audit.reports import contents as run_contents
from audit.reports.attribution import views
from audit.reports.attribution.order import of_samples
from audit.reports.attribution.views import Room
from audit.reports.contents import SUITES, RunContents
from audit.reports.drawing.budgets import budget_figures
from audit.reports.drawing.colours import shade
from audit.reports.drawing.forced import forced_figures
from audit.reports.drawing.page import environment, page_style
from audit.reports.errors.words import (
    LOOKED_AT,
    answer_lines,
    calibration_lines,
    calibration_rows,
    format_lines,
    group_label,
    option_lines,
    scoring_line,
    search_lines,
)
from audit.reports.explain_command import explain_command
from audit.reports.failures import typical_failures
from audit.reports.lost_metrics import lost_metrics
from audit.reports.render import drivers
from audit.reports.render.anchors import anchor
from audit.reports.render.error_figures import calibration_figures, error_figures
from audit.reports.render.figures import slice_figures
from audit.reports.render.parts import page_links, part_variables
from audit.reports.render.sections import sections
from audit.reports.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from audit.ratings import RatingSummary
    from audit.ratings.results.of_run import RunRatings
    from audit.reports.drawing.figure import Figure

MAX_BYTES = 3_500_000


_WHOLE = Room(cells=1200)
_SMALL = Room(features=100, head=60, tail=60, cells=100, waterfall=False)


@dataclass(frozen=True)
class Detail:
    """How much a card shows of each task."""

    listed: int
    """Samples listed."""
    head: int
    """Characters kept at the start of a text."""
    tail: int
    """Characters kept at its end."""
    attributions: int
    """Explanations."""
    slices: int
    """Rows of the table of slices."""
    room: Room = _WHOLE
    """How much of each explanation."""
    failures: int = 24
    """Tasks with a typical failure."""

    charts: bool = True
    """Charts of slices and errors."""
    tasks: bool = True
    """Whether there is a section per task at all."""
    notice: str | None = None
    """Sentence about what is left out."""

    @property
    def failure_room(self) -> Room:
        """How much of a typical failure's explanation: the coloured prompt alone; the rest stands with its task."""
        return replace(self.room, cells=0, waterfall=False)


DETAILS = (
    Detail(listed=5, head=900, tail=900, attributions=12, slices=400),
    Detail(5, 900, 900, 8, 400, room=Room(cells=300)),
    Detail(
        listed=3,
        head=300,
        tail=400,
        attributions=4,
        slices=100,
        room=_SMALL,
        failures=12,
        notice="Long texts and lists are shortened.",
    ),
    Detail(
        listed=1,
        head=100,
        tail=200,
        attributions=1,
        slices=20,
        room=_SMALL,
        failures=4,
        notice="Most samples and slices are left out.",
    ),
    Detail(
        listed=0,
        head=0,
        tail=0,
        attributions=0,
        slices=0,
        failures=0,
        charts=False,
        notice="Samples, slices and charts of tasks are left out: the run is too large.",
    ),
    Detail(
        0,
        0,
        0,
        0,
        0,
        failures=0,
        charts=False,
        tasks=False,
        notice="Sections of tasks are left out: the run is too large.",
    ),
)
"""From fine to coarse."""


@dataclass(frozen=True)
class TaskCharts:
    """The charts of one task."""

    slices: list[Figure]
    """Right answers by thinking budget, and the primary metric by slice."""
    errors: list[Figure]
    """Groups in which errors gather."""
    calibration: list[Figure]
    """Curves of calibration."""


def write_card(run: RunFolder, *, ratings: Iterable[RatingSummary] = (), people: Iterable[RunRatings] = ()) -> Path:
    """Render the card of a run into ``report/index.html``.

    Args:
        run: The run folder.
        ratings: ``audit.ratings.summary(database_url, run_id)`` where people rated.
        people: ``audit.ratings.results.of_run.results_of_run(database_url, run_id)`` where they rated in projects.

    Returns:
        The path written.

    Raises:
        RunFolderError: The run cannot be read.
        WriteError: The file cannot be written.
    """
    write_text(run.report_file(run.report_path.name), render(run_contents.read(run, ratings=ratings, people=people)))
    return run.report_path


def render(contents: RunContents, max_bytes: int = MAX_BYTES) -> str:
    """The card as HTML text of at most ``max_bytes`` bytes of UTF-8.

    Args:
        contents: What to show.
        max_bytes: Size limit; the finest level of ``DETAILS`` that fits is taken.

    Raises:
        AuditError: Not even the summary fits.
    """
    made = environment()
    template = made.get_template("card.html.j2")
    shared = _shared_variables(contents)
    charts = _task_charts(contents)
    without = dict.fromkeys(charts, TaskCharts([], [], []))
    for detail in DETAILS:
        variables = {**shared, "detail": detail, "charts": charts if detail.charts else without}
        variables["href"] = page_links(charts if detail.tasks else ())
        html = template.render(variables, sections=sections(made, variables))
        # A lone surrogate has no UTF-8; every text passes `visible` or `printable`, which show it as a code point.
        if len(html.encode()) <= max_bytes:
            return html
    msg = f"the report card of {contents.manifest.run_id} exceeds {max_bytes:,} bytes: audit fewer tasks per run"
    raise AuditError(msg)


def _shared_variables(contents: RunContents) -> dict[str, Any]:
    """What every level of detail shows."""
    manifest = contents.manifest
    span = manifest.finished - manifest.started if manifest.finished else None
    failed = lost_metrics(contents.metrics)
    unscored = [task for task in contents.tasks if task.unscored and task.unscored.value]
    return {
        "style": page_style(),
        "manifest": manifest,
        "metrics_sha256": contents.metrics_sha256,
        **part_variables(
            manifest,
            contents.metrics,
            contents.decision,
            contents.stale_reason,
            contents.unchecked,
            contents.baseline,
        ),
        "no_baseline": contents.no_baseline,
        "before_name": "the baseline",
        "after_name": "this run",
        "drivers": _drivers(contents),
        "ratings": contents.ratings,
        "people": contents.people,
        "suites": [(suite, contents.of(suite)) for suite in SUITES],
        "anchor": lambda task: anchor(task.suite, task.task),
        "totals": _totals(contents),
        "draws_per_item": next(filter(None, map(draw_count, contents.metrics)), 0),
        "failed": failed,
        "unscored_tasks": unscored,
        "problems": bool(
            manifest.not_run
            or manifest.remarks
            or failed
            or unscored
            or contents.stale_decision
            or manifest.status in {"running", "failed"}
        ),
        "failures": typical_failures(contents.tasks),
        "unexplained": _how_to_explain(contents),
        "intended_use": manifest.config.get("intended_use"),
        "explained_samples": of_samples,
        "looked_at_note": LOOKED_AT,
        "explain_command": partial(explain_command, manifest.run_id),
        "view": views.view,
        "settings_of": settings_of,
        "search_lines": search_lines,
        "answer_lines": answer_lines,
        "format_lines": format_lines,
        "option_lines": option_lines,
        "scoring": contents.scoring,
        "scoring_line": scoring_line,
        "calibration_lines": calibration_lines,
        "calibration_rows": calibration_rows,
        "shade": shade,
        "group_label": group_label,
        "comparison": views.comparison,
        "duration": formatting.duration_text(span),
        "config_yaml": yaml.safe_dump(manifest.config, sort_keys=False, allow_unicode=True),
    }


def _how_to_explain(contents: RunContents) -> str | None:
    """The command that explains the worst listed sample; None where no sample can be explained."""
    listed = [sample for task in contents.tasks if task.analysis for sample in task.analysis.listed]
    commands = (explain_command(contents.manifest.run_id, sample) for sample in listed)
    return next((command for command in commands if command), None)


def _drivers(contents: RunContents) -> dict[str, Any] | None:
    """What drives answers: sentences, rows, rows that a reader must ask for, and how to read them."""
    found = contents.drivers
    if found is None:
        return None
    return {
        "sentences": drivers.sentences(found),
        "shown": drivers.rows(found, hidden=False),
        "hidden": drivers.rows(found, hidden=True),
        "reading": drivers.reading(found),
    }


def _totals(contents: RunContents) -> Mapping[str, int]:
    analyses = [task.analysis for task in contents.tasks if task.analysis]
    return {
        "tasks": sum(task.suite != "explain" for task in contents.tasks),
        "samples": sum(analysis.n for analysis in analyses),
        "unscored": sum(analysis.unscored for analysis in analyses),
    }


def _task_charts(contents: RunContents) -> dict[str, TaskCharts]:
    """Charts by the anchor of the task."""
    return {
        anchor(task.suite, task.task): TaskCharts(
            [
                *budget_figures([*task.metrics, *task.slices], contents.looked_at),
                *forced_figures([*task.metrics, *task.slices], contents.looked_at),
                *slice_figures(task, contents.looked_at),
            ],
            error_figures(task, contents.looked_at),
            calibration_figures(task.analysis.calibration if task.analysis else None, task.suite),
        )
        for task in contents.tasks
    }
