"""A table of shaded cells: rows and columns with labels, values on hover, small enough for thousands of cells.

A cell of a large grid is some 30 bytes: a class for the shade and a title of three significant digits, attributes
without quotation marks where HTML allows it. Cells of a small grid name their row and column too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from audit.core.text import printable
from audit.reports.drawing.colours import largest, shade

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL_LIMIT = 20
HEADING_LIMIT = 120
NAMED_CELLS = 1000
"""Cells up to which each names its row and column on hover."""
UNQUOTED = re.compile(r"[\w.+-]+", re.ASCII)
"""Attribute values that need no quotation marks."""


@dataclass(frozen=True)
class Row:
    """One line of a grid."""

    label: str
    """What it is about; any text."""
    values: Sequence[float | None]
    """One per column; null has no colour and shows as ``–``."""
    titles: Sequence[str] | None = None
    """Tooltips of the cells; null takes the values."""
    strongest: float | None = None
    """Magnitude of its fullest colour, where the row has its own scale; null takes the grid's."""


@dataclass(frozen=True)
class RowGroup:
    """Rows that belong together."""

    title: str
    """A heading over them; empty for none."""
    rows: Sequence[Row]
    """From top to bottom."""


@dataclass(frozen=True)
class Grid:
    """What a grid shows."""

    subject: str
    """What is drawn: the beginning of its caption."""
    columns: Sequence[str]
    """Labels; any text."""
    blocks: Sequence[RowGroup]
    """From top to bottom."""
    written: bool = False
    """Whether the cells show the values, instead of on hover alone."""
    strongest: float | None = None
    """Magnitude of the fullest colour; null takes the largest of all values."""
    detail: str = ""
    """The rest of the caption, after a colon; empty where the subject says it."""

    @property
    def caption(self) -> str:
        """The words over it."""
        return f"{self.subject}: {self.detail}" if self.detail else f"{self.subject}."

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.columns) * sum(len(block.rows) for block in self.blocks)

    @cached_property
    def scale(self) -> float:
        """Magnitude of the fullest colour of rows without their own scale."""
        if self.strongest is not None:
            return self.strongest
        return largest(v for block in self.blocks for row in block.rows for v in row.values if v is not None)


def compact(value: float | None) -> str:
    """A signed value in three significant digits: ``+0.123``; ``0`` has no sign, null is ``–``."""
    if value is None:
        return "–"
    return f"{value:+.3g}".replace("-", "−") if value else "0"


def cell_label(text: str, limit: int = LABEL_LIMIT) -> str:
    """A label as one harmless line; white space alone is shown as such."""
    shown = text.strip() or text.replace(" ", "␣")
    return printable(printable(shown, limit=limit), limit=2 * limit)


def grid_html(grid: Grid) -> Markup:
    """The grid as a ``<table>``; classes of ``style.css``."""
    top = "".join(f"<th scope=col><span>{escape(cell_label(name))}</span></th>" for name in grid.columns)
    names = [cell_label(name) for name in grid.columns] if grid.cells <= NAMED_CELLS and not grid.written else None
    bodies = "".join(_body(block, grid, names) for block in grid.blocks)
    kind = "grid written" if grid.written else "grid"
    # Every part is escaped or made of numbers and names of this module.
    says = escape(printable(grid.caption))
    return Markup(  # noqa: S704 - see above
        f'<p class="grid-says" aria-hidden="true">{says}</p>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{says}">'
        f'<table class="{kind}"><caption class="sr">{says}</caption>'
        f"<thead><tr><td></td>{top}</tr></thead>{bodies}</table></div>"
    )


def _body(block: RowGroup, grid: Grid, names: Sequence[str] | None) -> str:
    """The rows of a block under its heading, whose text stays in sight while the columns scroll."""
    title = escape(printable(block.title, limit=HEADING_LIMIT))
    wide = len(grid.columns) + 1
    heading = f"<tr><th scope=rowgroup colspan={wide}><span>{title}</span></th></tr>" if block.title else ""
    return f"<tbody>{heading}{''.join(_line(row, grid, names) for row in block.rows)}</tbody>"


def _line(row: Row, grid: Grid, names: Sequence[str] | None) -> str:
    label = cell_label(row.label)
    strongest = grid.scale if row.strongest is None else row.strongest
    titles = [compact(value) for value in row.values] if row.titles is None else row.titles
    if names is not None and row.titles is None:
        titles = [f"{label} · {name}: {title}" for name, title in zip(names, titles, strict=True)]
    pairs = zip(row.values, titles, strict=True)
    cells = "".join(_cell(value, title, strongest, written=grid.written) for value, title in pairs)
    return f"<tr><th scope=row>{escape(label)}</th>{cells}</tr>"


def _cell(value: float | None, title: str, strongest: float, *, written: bool) -> str:
    name = shade(value, strongest) if value is not None else ""
    shown = f" class={name}" if name else ""
    if written:
        return f"<td{shown}>{escape(title)}</td>"
    quoted = title if UNQUOTED.fullmatch(title) else f'"{escape(title)}"'
    return f"<td{shown} title={quoted}></td>"
