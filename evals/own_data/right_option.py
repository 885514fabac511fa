"""Which option is right: people write its text, its letter, the name of its column, or its number.

The whole column is read in one way. A way is used if it fits every row; if two ways fit and disagree, nothing is
guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.evals.own_data.columns import LETTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.errors import ConfigError
    from audit.evals.own_data.columns import Columns
    from audit.evals.own_data.table import DataTable


@dataclass(frozen=True)
class Right:
    """The positions of the right options."""

    positions: list[int]
    """One per row, from 0."""
    way: str
    """How the column was read, for display."""


def read(table: DataTable, columns: Columns, options: Sequence[Sequence[str]], answers: Sequence[str]) -> Right:
    """The right option of each row.

    Args:
        table: For messages.
        columns: Columns of the table.
        options: Options of each row.
        answers: Cells of the answer's column.

    Raises:
        ConfigError: An answer is none of the options, or the column can be read in two ways that disagree.
    """
    found = {
        way: [reader(answer.strip(), row) for answer, row in zip(answers, options, strict=True)]
        for way, reader in _ways(columns).items()
    }
    whole = {way: positions for way, positions in found.items() if None not in positions}
    if not whole:
        raise _none_fits(table, columns, found, answers)
    if columns.classes:  # their names are what the column is written in
        whole = dict([next(iter(whole.items()))])
    (way, positions), *others = whole.items()
    for other, differing in others:
        rows = [n for n, one, two in zip(table.numbers, positions, differing, strict=True) if one != two]
        if rows:
            what = f"{columns.answer} can be {way} or {other}: write letters (A, B, …) to make it unambiguous"
            raise table.fault(rows, what)
    return Right([position for position in positions if position is not None], way)


def _ways(columns: Columns) -> dict[str, Callable[[str, Sequence[str]], int | None]]:
    """The ways to read an answer, the simplest first."""
    names = [name.strip() for name in columns.options]
    return {
        "the option's text": lambda answer, options: _index(answer, [option.strip() for option in options]),
        "the option's letter": lambda answer, options: _index(answer.upper(), LETTERS[: len(options)]),
        "the name of the option's column": lambda answer, _: _index(answer, names),
        "the option's number, from 0": lambda answer, options: _number(answer, len(options), 0),
        "the option's number, from 1": lambda answer, options: _number(answer, len(options), 1),
    }


def _index(answer: str, known: Sequence[str]) -> int | None:
    """The position of an answer; None if it is not one of them."""
    return list(known).index(answer) if answer in list(known) else None


def _number(answer: str, options: int, first: int) -> int | None:
    """The position that a number stands for."""
    number = int(answer) - first if answer.isascii() and answer.isdecimal() and len(answer) < 4 else -1
    return number if 0 <= number < options else None


def _none_fits(
    table: DataTable, columns: Columns, found: dict[str, list[int | None]], answers: Sequence[str]
) -> ConfigError:
    """The error if no way fits every row: the rows at fault are those of the way that fits most rows."""
    positions = min(found.values(), key=lambda one: one.count(None))
    rows = [number for number, position in zip(table.numbers, positions, strict=True) if position is None]
    first = answers[table.numbers.index(rows[0])]
    what = f"{columns.answer} is none of the options (the first is {first[:60]!r}): write the option's text or letter"
    return table.fault(rows, what)
