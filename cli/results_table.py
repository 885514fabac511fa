"""Tables of metrics in the terminal: what was measured, by title and name, its value, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from audit.core.text import printable
from audit.core.words import direction_text, draws, figures, full_title, reference_text, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType

    from audit.core.records import Metric, RunManifest

WIDE = 120
"""Columns of a terminal from which on each row has a sentence; below, it has direction and reference alone."""
LEAST = 24
"""Columns of titles at least; names are never folded."""
INDENT = 2
"""Columns before the numbers of a paragraph."""
MOST = 40
"""Columns of titles in a table with many others; longer ones take several lines."""


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


def draw_lines(primary: Sequence[Metric], metrics: Sequence[Metric]) -> list[str]:
    """What several answers to each item show, one line for each primary metric that is their mean."""
    return [f"answers {printable(one.name)}: {text}" for one in primary if (text := draws(one, metrics))]


class TitledTable:
    """Rows with a title and, below it, the name that commands and policies use; without a title the name alone.

    Where the terminal is too narrow for a table, each row is a paragraph instead: no word, number or name is cut.

    Args:
        columns: Those after the metric. The last one holds text.
        lead: Column before the metric; its cell then begins the paragraph.
        caption: Below all rows.
        title: Above all rows.
    """

    def __init__(
        self, columns: Sequence[Column], *, lead: str | None = None, caption: str = "", title: str = ""
    ) -> None:
        self._columns, self._lead, self._caption, self._title = columns, lead, caption, title
        self._rows: list[tuple[Text, Text, list[Text]]] = []
        self._widths = [LEAST]

    def add(self, title: str, name: str, cells: Sequence[Text | str], lead: Text | None = None) -> None:
        """Add a row.

        Args:
            title: Of what was measured; empty where it has none, or the row goes on about the one above it.
            name: Its name; empty where the row goes on.
            cells: One for each column.
            lead: The cell before the metric.
        """
        self._widths += [cell_len(name), min(cell_len(title), MOST)]
        shown = [Text(cell) if isinstance(cell, str) else cell for cell in cells]
        self._rows.append((lead or Text(), measured(title, name), shown))

    def fitted(self, console: Console) -> RenderableType:
        """The table, or paragraphs where it is wider than the terminal."""
        table = self._table()
        last = table.columns[-1]
        last.width = last.min_width  # whatever its longest word is, such as a path: it may be folded
        needed = console.measure(table, options=console.options.update(max_width=10_000)).minimum
        last.width = None
        if needed <= console.width:
            return table
        head = [Text(self._title)] if self._title else []
        return Group(*head, *self._paragraphs(console.width), Text(self._caption, style="dim"))

    def _table(self) -> Table:
        leading = [Column(self._lead, no_wrap=True)] if self._lead is not None else []
        metric = Column("metric", min_width=max(self._widths), max_width=max(self._widths))
        table = Table(*leading, metric, *self._columns, caption=self._caption or None, title=self._title or None)
        table.caption_justify = table.title_justify = "left"
        table.title_style = ""
        for place, (lead, what, cells) in enumerate(self._rows):
            goes_on = not what
            last = place + 1 == len(self._rows) or bool(self._rows[place + 1][1])
            table.add_row(*([lead] if leading else []), what, *cells, end_section=goes_on and last)
        return table

    def _paragraphs(self, width: int) -> Iterator[RenderableType]:
        """What was measured, its numbers, and the text of the last column below each other."""
        for lead, what, cells in self._rows:
            room = width - INDENT - max(len(line) + 2 for line in lead.plain.split("\n"))
            *numbers, last = zip(self._columns, cells, strict=True)
            pairs = [f"{column.header} {cell}" for column, cell in numbers if cell]
            below = Group(*_filled(pairs, room), *([last[1]] if last[1] else []))
            text = Group(*([what] if what else []), Padding(below, (0, 0, 0, INDENT)))
            grid = Table.grid(padding=(0, 2, 0, 0))
            if self._lead is not None:
                grid.add_column(no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(*([lead] if self._lead is not None else []), text)
            yield grid


def _filled(parts: Sequence[str], width: int) -> list[Text]:
    """As many parts as fit into each line."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}   {part}" if lines else part
        if lines and cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return [Text(line) for line in lines]


def _measured(manifest: RunManifest, metric: Metric) -> Text:
    """Titles of task and metric, and below them the name that commands and policies use."""
    titled = metric.words is not None or metric.task in manifest.words
    return measured(full_title(manifest, metric) if titled else "", printable(metric.name))


def measured(title: str, name: str) -> Text:
    """A title with the name below it; the name alone where there is no title."""
    return Text(title, style="bold").append(f"\n{name}", style="not bold dim") if title else Text(name)


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
