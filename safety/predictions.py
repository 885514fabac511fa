"""Answers that were produced elsewhere: the publisher's rows, each with the answer's text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.core.assets import dataset
from audit.core.assets.readers.files import read_jsonl, read_table
from audit.core.errors import AssetError, UsageError, did_you_mean
from audit.core.filesystem import did_you_mean_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

FIELDS = ("prediction", "completion")
"""Names under which an answer is looked for."""
DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Predictions:
    """The rows of a file of answers."""

    file: Path
    field: str
    """Column that holds the answer."""
    lines: list[int]
    """Line of each row in the file."""
    rows: list[dict[str, Any]]

    @property
    def texts(self) -> list[str]:
        """The answers, in order."""
        return [row[self.field] for row in self.rows]

    @property
    def places(self) -> list[str]:
        """Where each row is, for messages."""
        return [f"{self.file}, line {line}" for line in self.lines]

    def rows_with(self, columns: Iterable[str]) -> list[dict[str, Any]]:
        """The rows.

        Raises:
            UsageError: One lacks a column.
        """
        for where, row in zip(self.places, self.rows, strict=True):
            missing = [column for column in columns if column not in row]
            if missing:
                found = ", ".join(map(str, row))
                msg = (
                    f"{where}: no column {', '.join(map(repr, missing))} (found: {found}):"
                    " keep the publisher's columns next to the answer"
                )
                raise UsageError(msg)
        return self.rows

    def completed(self, data: str, columns: Sequence[str], key: Callable[[dict[str, Any]], str]) -> Predictions:
        """The same with the columns of a data set, where rows have only what is in the publisher's files.

        Args:
            data: Name of the data set; it is looked for only where a row lacks a column.
            columns: What the rows are to have.
            key: What identifies one row of the data set, from a row of either kind; empty where a row does
                not say it.

        Raises:
            UsageError: A row lacks a column, and what identifies it, too, or the data set has no such row.
            AssetMissing: The data set is not at hand.
        """
        if all(column in row for row in self.rows for column in columns):
            return self
        if not all(map(key, self.rows)):
            self.rows_with(columns)
        known = {key(row): row for row in dataset(data).rows}
        unknown = next(
            (place for place, row in zip(self.places, self.rows, strict=True) if key(row) not in known), None
        )
        if unknown:
            msg = f"{unknown}: {data} has no such row: keep the publisher's columns unchanged next to the answer"
            raise UsageError(msg)
        return replace(self, rows=[{**known[key(row)], **row} for row in self.rows])

    def once(self, *columns: str) -> None:
        """Make sure that no item occurs twice: what is compared within an item would be mixed up.

        Raises:
            UsageError: Two rows agree in these columns.
        """
        seen: dict[tuple[str, ...], int] = {}
        for line, where, row in zip(self.lines, self.places, self.rows, strict=True):
            first = seen.setdefault(tuple(str(row[column]) for column in columns), line)
            if first != line:
                msg = f"{where}: the same {' and '.join(columns)} as in line {first}: give one answer per item"
                raise UsageError(msg)


def read(
    file: Path, field: str | None = None, option: str = "--predictions", naming: str = "name it with --field"
) -> Predictions:
    """Read answers from JSON Lines (``.jsonl``), CSV or TSV.

    Args:
        file: The file.
        field: Column of the answer; None takes ``prediction``, else ``completion``. An object with ``text`` (a
            prompt or continuation of RealToxicityPrompts) stands for its text; its other fields become columns.
        option: Of the command, which names the file.
        naming: What to do where there is no such column.

    Raises:
        UsageError: The file cannot be read, has no rows, or no text in that column.
    """
    if not file.is_file():
        fault = "a folder, not a file" if file.is_dir() else "no such file"
        msg = f"{file}: {fault}: name a file with {option}.{did_you_mean_path(file)}"
        raise UsageError(msg)
    delimiter = DELIMITERS.get(file.suffix.lower())
    read_rows = read_table(file, (), delimiter=delimiter) if delimiter else read_jsonl(file, ())
    lines, rows = [], []
    try:
        for line, row in read_rows:
            lines.append(line)
            rows.append(dict(row))
    except AssetError as error:
        msg = f"{error.fault}: write one answer per line, as JSON Lines, CSV or TSV"
        raise UsageError(msg, error.path) from error
    if not rows:
        msg = f"{file}: no rows: expected one answer per line"
        raise UsageError(msg)
    name = field or next((name for name in FIELDS if name in rows[0]), FIELDS[0])
    rows = [_opened(row, name) for row in rows]
    for line, row in zip(lines, rows, strict=True):
        if name not in row:
            found = ", ".join(map(str, row))
            hint = did_you_mean(name, list(row))
            msg = f"{file}, line {line}: no field {name!r} (found: {found}): {naming}.{hint}"
            raise UsageError(msg)
        if not isinstance(row[name], str):
            msg = f"{file}, line {line}: {name!r} is not text: write the answer as text"
            raise UsageError(msg)
    return Predictions(file, name, lines, rows)


def _opened(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row whose answer is an object with ``text``, as one with the text and the object's other members as columns."""
    answer = row.get(name)
    if not isinstance(answer, dict) or "text" not in answer:
        return row
    return {**row, **{key: value for key, value in answer.items() if key != "text"}, name: answer["text"]}
