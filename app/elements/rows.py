"""A table whose rows open by a click or by Enter, with columns that sort.

Streamlit's own table selects a row by a tick box, and by keyboard with Shift+Space alone. This one is an HTML table
with a button in each row: screen readers read it as a table, one tab stop leads into its rows, ↑ and ↓ walk through
them. Its script makes text of everything that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from audit.app import messages
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Tone = Literal["good", "bad", "warn", "muted"]
Kind = Literal["main", "text", "prose", "name", "number"]
"""``main`` and ``text`` are cut after three lines, ``prose`` is not, ``name`` and ``number`` stay on one line. On a
narrow screen, where headings find no room, a ``number`` has its heading in front of it."""


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    title: str
    """Its heading."""
    kind: Kind = "name"
    """How its cells are laid out; a row opens by a button, the first part of its cell of kind ``main``."""
    sort: str | None = None
    """What its heading sorts by; None where it does not."""
    minor: bool = False
    """Whether it is left out on a narrow screen."""
    help: str | None = None
    """Shown to who points at the heading."""


@dataclass(frozen=True)
class Cell:
    """A word with a colour; the word says what the colour says. Several in one cell stand below each other."""

    text: str
    """The word."""
    tone: Tone | None = None
    """The colour; None has that of other text."""


@dataclass(frozen=True)
class TableRow:
    """A row of the table."""

    key: str
    """What is opened."""
    cells: Sequence[str | Cell | Sequence[Cell] | None] = field(default_factory=tuple)
    """One per column; nothing shows as ``—``."""


@dataclass(frozen=True)
class Sorting:
    """How the rows are sorted, and what to do where the reader wants another order."""

    by: str
    """:attr:`Column.sort` of the column."""
    descending: bool
    """Whether the largest come first."""
    change: Callable[[str], None]
    """Given the column that was clicked."""


def rows_table(
    label: str,
    key: str,
    columns: Sequence[Column],
    rows: Sequence[TableRow],
    opened: Callable[[str], None],
    sorting: Sorting,
) -> None:
    """Put the table on the page.

    Args:
        label: What it holds, for screen readers.
        key: Of the element.
        columns: From left to right.
        rows: From top to bottom; foreign text in them is shown literally, hidden characters as codes.
        opened: Given the key of the row that was opened, before the page is drawn again.
        sorting: Of the rows.
    """
    data = {
        "label": label,
        "sort": sorting.by,
        "descending": sorting.descending,
        "columns": [_column(column) for column in columns],
        "rows": [{"key": row.key, "cells": [_cell(cell) for cell in row.cells]} for row in rows],
    }
    component = st.components.v2.component(
        "audit_rows", html='<div class="rows"></div>', css=_file("css"), js=_file("js")
    )
    component(
        data=data,
        key=key,
        on_opened_change=lambda: _tell(key, "opened", [row.key for row in rows], opened),
        on_sorted_change=lambda: _tell(key, "sorted", [one.sort for one in columns if one.sort], sorting.change),
    )


def _tell(key: str, event: str, offered: Sequence[str], listener: Callable[[str], None]) -> None:
    value = messages.received(key, event, messages.one_of(offered))
    if value is not None:
        listener(value)


def _column(column: Column) -> dict[str, Any]:
    return {
        "title": column.title,
        "kind": column.kind,
        "sort": column.sort,
        "minor": column.minor,
        "help": column.help,
        "opens": column.kind == "main",
    }


def _cell(cell: str | Cell | Sequence[Cell] | None) -> Any:  # noqa: ANN401 - as the script takes it
    if isinstance(cell, Cell):
        return {"text": printable(cell.text), "tone": cell.tone}
    if cell is None or isinstance(cell, str):
        return None if cell is None else printable(cell)
    return [_cell(one) for one in cell] or None


@lru_cache
def _file(suffix: str) -> str:
    return resources.files("audit.app.elements").joinpath(f"rows.{suffix}").read_text("utf-8")
