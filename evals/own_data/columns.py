"""The meaning of each column in a user's table: as the task says, or by the usual names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import TaskConfig
    from audit.evals.own_data.table import Cell, DataTable

QUESTION = ("question", "prompt", "input", "text")
OPTIONS = ("options", "choices")
ANSWER = ("answer", "label", "target", "correct", "gold")
"""Usual names, in order of preference; upper and lower case are the same."""
OPTION_SERIES = (
    "{letter}",
    "option_{letter}",
    "option {letter}",
    "choice_{letter}",
    "option{number}",
    "option_{number}",
)
"""Usual names of one column per option, for the first, the second, … of them."""
RESERVED = (READ_OPTIONS, READ_RIGHT, READ_ANSWERS) = ("_options", "_right", "_answers")
"""Columns that a task adds to those of the file: a row's options, the position of the right one, the right answers."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Columns:
    """Which column has what."""

    question: str
    answer: str
    options: tuple[str, ...] = ()
    """One column per option."""
    option_list: str | None = None
    """Or one column of lists."""
    classes: tuple[str, ...] = ()
    """Or the options themselves, the same for every question."""
    slices: tuple[str, ...] = ()
    cluster: str | None = None

    @property
    def is_choice(self) -> bool:
        """Whether questions have options."""
        return bool(self.options or self.option_list or self.classes)

    @property
    def shown(self) -> dict[str, str]:
        """The columns found, for display: ``{"question": "frage", "options": "a, b, c"}``."""
        options = self.option_list or ", ".join(self.options)
        found = {
            "question": self.question,
            "options": options,
            "classes": ", ".join(self.classes),
            "answer": self.answer,
            "slices": ", ".join(self.slices),
            "cluster": self.cluster or "",
        }
        return {name: columns for name, columns in found.items() if columns}


def find(task: TaskConfig, table: DataTable) -> Columns:
    """The columns of a task.

    Raises:
        ConfigError: One that is named is not there, or one that is needed has no usual name.
    """
    named = [task.options] if isinstance(task.options, str) else task.options
    several, one = _options(task, table, named)
    _refuse_reserved(table)
    question = _one(table, "question", task.question, QUESTION)
    answer = _one(table, "answer", task.answer, [name for name in ANSWER if name != question.lower()])
    for name, columns in (("slices", task.slices), ("cluster", [task.cluster] if task.cluster else None)):
        _check(table, name, columns or [])
    return Columns(question, answer, several, one, tuple(task.classes or ()), tuple(task.slices or ()), task.cluster)


def _options(task: TaskConfig, table: DataTable, named: Sequence[str] | None) -> tuple[tuple[str, ...], str | None]:
    """The columns with one option each, or the column with all options."""
    if task.classes is not None or task.match is not None:
        return (), None
    if named is not None:
        _check(table, "options", named, "; if every question has the same options, use classes: [first, second]")
        return (tuple(named), None) if isinstance(task.options, list) else ((), named[0])
    one = _usual(table, OPTIONS)
    return ((), one) if one else (_series(table), None)


def _series(table: DataTable) -> tuple[str, ...]:
    """Columns with the usual names of options: at least two consecutive ones of one kind."""
    by_name = {column.lower(): column for column in table.columns}
    for pattern in OPTION_SERIES:
        names = [pattern.format(letter=letter.lower(), number=n) for n, letter in enumerate(LETTERS, 1)]
        there = [name in by_name for name in names]
        length = there.index(False) if False in there else len(there)
        if length >= 2:
            return tuple(by_name[name] for name in names[:length])
    return ()


def _one(table: DataTable, what: str, named: str | None, usual: Sequence[str]) -> str:
    """A required column."""
    if named is not None:
        _check(table, what, [named])
        return named
    found = _usual(table, usual)
    if found is None:
        names = ", ".join(usual)
        msg = f"{table.file}: no column {names}: name the column with the {what}. {_known(table)}"
        raise ConfigError(msg)
    return found


def _refuse_reserved(table: DataTable) -> None:
    """Refuse columns with names that a task needs itself.

    Raises:
        ConfigError: There is one.
    """
    taken = next((column for column in table.columns if column in RESERVED), None)
    if taken is not None:
        msg = f"{table.file}: the column name {taken} is reserved: rename the column"
        raise ConfigError(msg)


def _usual(table: DataTable, names: Sequence[str]) -> str | None:
    """The first of the names that a column has."""
    by_name = {column.lower(): column for column in table.columns}
    return next((by_name[name] for name in names if name in by_name), None)


def _check(table: DataTable, what: str, named: Sequence[str], advice: str = "") -> None:
    """Refuse missing columns."""
    missing = next((column for column in named if column not in table.columns), None)
    if missing is not None:
        hint = did_you_mean(missing, table.columns)
        msg = f"{table.file}: {what}: no column {printable(missing, 60)!r}{advice}.{hint} {_known(table)}"
        raise ConfigError(msg)


def _known(table: DataTable) -> str:
    """The columns of a table."""
    return f"Its columns: {printable(', '.join(table.columns), 300)}."


def option_texts(columns: Columns, row: dict[str, Cell]) -> list[str] | None:
    """The options of a row; None if a list cannot be read."""
    if columns.classes:
        return list(columns.classes)
    if columns.option_list is None:
        return [text if isinstance(text := row[column], str) else "" for column in columns.options]
    cell = row[columns.option_list]
    return cell if isinstance(cell, list) else _json_list(cell or "")


def _json_list(text: str) -> list[str] | None:
    """A list written as JSON in a cell, because CSV has no lists; None for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    plain = isinstance(found, list) and all(isinstance(entry, str | int | float) for entry in found)
    return [str(entry) for entry in found] if plain else None
