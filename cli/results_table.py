"""The table that ``audit run`` ends with: what was measured, its value, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from audit.core.text import printable
from audit.core.words import direction_text, figures, full_title, reference_text, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, RunManifest

WIDE = 120
"""Columns of a terminal from which on each row has a sentence; below, it has direction and reference alone."""
LEAST = 24
"""Columns of titles at least; names are never folded."""


def results_table(manifest: RunManifest, metrics: Sequence[Metric], width: int) -> Table:
    """One row per metric: title with the name below it, value, interval, n, and a sentence or what to compare it with.

    Args:
        manifest: Of the run.
        metrics: Those to show.
        width: Of the terminal, in columns.
    """
    wide = width >= WIDE
    longest = max((len(metric.name) for metric in metrics), default=0)
    table = Table(
        Column("measured", width=max(longest, 50 if wide else LEAST)),
        Column("value", justify="right", no_wrap=True),
        "95 % interval",
        Column("n", justify="right", no_wrap=True),
        "what it shows" if wide else "better",
        title=manifest.run_id,
        title_justify="left",
        show_lines=False,
    )
    suite = None
    for metric in metrics:
        if metric.suite != suite and suite is not None:
            table.add_section()
        suite = metric.suite
        narrow = metric.task in manifest.looked_at
        table.add_row(_measured(manifest, metric), *_cells(metric, narrow=narrow, wide=wide))
    return table


def _measured(manifest: RunManifest, metric: Metric) -> Text:
    """Titles of task and metric, and below them the name that commands and policies use."""
    name = printable(metric.name)
    if metric.words is None and metric.task not in manifest.words:
        return Text(name)
    return Text(full_title(manifest, metric)).append(f"\n{name}", style="dim")


def _cells(metric: Metric, *, narrow: bool, wide: bool) -> tuple[str, ...]:
    """Value, interval, n, and what to make of them."""
    if metric.value is None:
        return "—", "—", f"{metric.n:,}", sentence(metric)
    shown = figures(metric)
    ends = "too narrow" if narrow else shown.interval
    if metric.ci_low is None and metric.no_interval:
        ends = f"none: {printable(metric.no_interval)}"
    shows = sentence(metric, narrow=narrow) if wide else compared_with(metric)
    return shown.value, ends, f"{metric.n:,}", shows


def compared_with(metric: Metric) -> str:
    """Direction and reference: ``higher; guessing 25 %``."""
    parts = [direction_text(metric).removesuffix(" is better"), reference_text(metric)]
    return "; ".join(filter(None, parts)) or "—"
