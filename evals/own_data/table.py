"""A user's table in CSV, TSV, JSON Lines or Parquet: read whole, or refused with the rows at fault.

Nothing is guessed or left out: a row with too many cells, a line that is not JSON or a byte that is not UTF-8 ends the
reading. Cells become text once, here; the text is data, never a template or code.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.core.records.files.json_file import finite_float, once
from audit.core.text import printable
from audit.core.text_file import csv_rows, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Cell = str | list[str] | None
"""Text, a list of texts, or None for an empty cell."""
DELIMITERS = {".csv": ",", ".tsv": "\t"}
LINES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = (*DELIMITERS, *sorted(LINES), ".parquet")
PLAIN = (str, bytes, int, float, Decimal, date, type(None))  # a bool is an int, a datetime a date
"""Types of values with one text form; Parquet files often store text as bytes."""
INPUT = re.compile(r"^Could not open Parquet input source '[^']*': ")
"""What pyarrow says first: a name for bytes in memory."""
NAMED = 5
"""Maximum number of rows that a message lists; of the others it gives the number."""


@dataclass(frozen=True)
class DataTable:
    """The rows of a file."""

    file: Path
    sha256: str
    """Digest of the file's bytes."""
    columns: tuple[str, ...]
    """In the file's order."""
    rows: list[dict[str, Cell]]
    """Each with every column."""
    numbers: list[int]
    """Number of each row, as people count: in CSV and TSV as a spreadsheet does (the header is row 1), else from 1."""
    unit: str = "row"
    """What the numbers count: ``row``, or ``line`` for JSON Lines."""

    def fault(self, numbers: Sequence[int], what: str) -> ConfigError:
        """One line about rows: which, and what is wrong with them.

        Args:
            numbers: Numbers of the rows, ascending.
            what: What is wrong and what to do.
        """
        return fault(self.file, self.unit, numbers, what)


def fault(file: Path, unit: str, numbers: Sequence[int], what: str) -> ConfigError:
    """``FILE: rows 3, 8 and 9: what``; of many rows the first ones and the number of others."""
    shown = [str(number) for number in numbers[:NAMED]]
    if len(numbers) > NAMED:
        shown.append(f"{len(numbers) - NAMED} more")
    listed = " and ".join([*([", ".join(shown[:-1])] if shown[:-1] else []), shown[-1]])
    return ConfigError(f"{file}: {unit}{'s' if len(numbers) > 1 else ''} {listed}: {what}")


def read(file: Path) -> DataTable:
    """Read a table.

    Raises:
        ConfigError: It is not there, of another format or encoding, damaged, ragged, or has no rows.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        msg = f"{file}: unsupported format: give a file that ends in {', '.join(SUFFIXES)}"
        raise ConfigError(msg)
    data = read_bytes(file, ConfigError)
    if suffix in DELIMITERS:
        columns, rows, numbers = _delimited(file, decode(file, data, ConfigError), DELIMITERS[suffix])
    elif suffix in LINES:
        columns, rows, numbers = _json_lines(file, decode(file, data, ConfigError))
    else:
        columns, rows, numbers = _parquet(file, data)
    if not rows:
        msg = f"{file}: no rows: give at least one question"
        raise ConfigError(msg)
    _check_columns(file, columns)
    unit = "line" if suffix in LINES else "row"
    cells = [
        {column: _cell(file, unit, number, column, row.get(column)) for column in columns}
        for number, row in zip(numbers, rows, strict=True)
    ]
    return DataTable(file, hashlib.sha256(data).hexdigest(), tuple(columns), cells, numbers, unit)


Read = tuple[list[str], list[dict[str, Any]], list[int]]
"""Columns, rows, and the number of each row."""


def _delimited(file: Path, text: str, delimiter: str) -> Read:
    """Rows of CSV or TSV; blank lines are ignored.

    Raises:
        ConfigError: A quote is not closed, a row has more or fewer cells than the header, or semicolons separate them.
    """
    reader = csv_rows(text, delimiter)
    try:
        records = [(number, cells) for number, cells in enumerate(reader, 1) if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        msg = f"{file}: line {reader.line_num}: not valid CSV: {error}: check the quotes around its cells"
        raise ConfigError(msg) from error
    if not records:
        return [], [], []
    header = [name.strip() for name in records[0][1]]
    if delimiter == "," and len(header) == 1 and header[0].count(";") >= 1:
        msg = f"{file}: its cells are separated by semicolons: save it with commas"
        raise ConfigError(msg)
    ragged = [number for number, cells in records[1:] if len(cells) != len(header)]
    if ragged:
        what = f"not {len(header)} cells as in the header: put quotes around cells that hold {delimiter!r}"
        raise fault(file, "row", ragged, what)
    return header, [dict(zip(header, cells, strict=True)) for _, cells in records[1:]], [n for n, _ in records[1:]]


def _json_lines(file: Path, text: str) -> Read:
    """Rows of JSON Lines; blank lines are ignored.

    Raises:
        ConfigError: A line is not a JSON object, gives a key twice, or has a number that is too large.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    found = [(number, _json_object(line)) for number, line in lines]
    wrong = [number for number, row in found if row is None]
    if wrong:
        raise fault(file, "line", wrong, "not a JSON object: write one object per line")
    for number, row in found:
        if isinstance(row, str):
            raise fault(file, "line", [number], f"{row}: correct it")
    rows = [row for _, row in found if isinstance(row, dict)]
    return list(dict.fromkeys(name for row in rows for name in row)), rows, [number for number, _ in found]


def _json_object(line: str) -> dict[str, Any] | str | None:
    """A JSON object, or what is wrong with one; None for anything else. NaN is an empty cell, as pandas writes it."""
    try:
        found = json.loads(line, object_pairs_hook=once, parse_float=finite_float)
    except (json.JSONDecodeError, RecursionError):
        return None
    except ValueError as error:
        return str(error)
    return found if isinstance(found, dict) else None


def _parquet(file: Path, data: bytes) -> Read:
    """Rows of Parquet.

    Raises:
        ConfigError: It is no Parquet file.
    """
    from pyarrow import ArrowException, BufferReader, parquet  # noqa: PLC0415 - only this format needs it

    try:
        found = parquet.read_table(BufferReader(data))
        rows = found.to_pylist()
    except (ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        said = printable(INPUT.sub("", str(error).splitlines()[0]), 120)
        msg = f"{file}: not a Parquet file that can be read ({said}): write it again"
        raise ConfigError(msg) from error
    return list(found.column_names), rows, list(range(1, len(rows) + 1))


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    """Refuse columns without a name, names with a NUL character, and names that occur twice.

    Raises:
        ConfigError: There is one.
    """
    if not all(column.strip() for column in columns):
        msg = f"{file}: column {[bool(c.strip()) for c in columns].index(False) + 1} has no name: name it in the header"
        raise ConfigError(msg)
    nul = next((column for column in columns if "\0" in column), None)
    if nul is not None:
        msg = f"{file}: the name of column {printable(nul, 60)} contains a NUL character: remove it"
        raise ConfigError(msg)
    twice = next((column for column in columns if list(columns).count(column) > 1), None)
    if twice is not None:
        msg = f"{file}: two columns are called {printable(twice, 60)}: rename one"
        raise ConfigError(msg)


def _cell(file: Path, unit: str, number: int, column: str, value: object) -> Cell:
    """A cell as text.

    Raises:
        ConfigError: It holds what has no text, or what is no valid Unicode.
    """
    entries = value if isinstance(value, list) else [value]
    if any(isinstance(entry, list | dict) for entry in entries):
        raise fault(file, unit, [number], f"{printable(column, 60)} has an object: give a string or a list of strings")
    strange = next((entry for entry in entries if not isinstance(entry, PLAIN)), None)
    if strange is not None:
        what = f"contains a value of type {type(strange).__name__}: give strings, numbers or dates"
        raise fault(file, unit, [number], f"{printable(column, 60)} {what}")
    try:
        texts = [_word(entry) for entry in entries]
    except UnicodeDecodeError:
        raise fault(file, unit, [number], f"{printable(column, 60)} contains bytes that are not UTF-8 text") from None
    if any(text is not None and not _is_unicode(text) for text in texts):
        raise fault(file, unit, [number], f"{printable(column, 60)} is not valid Unicode: save it as UTF-8")
    if any(text is not None and "\0" in text for text in texts):
        raise fault(file, unit, [number], f"{printable(column, 60)} contains a NUL character: remove it")
    return [text or "" for text in texts] if isinstance(value, list) else texts[0]


def _word(value: object) -> str | None:
    """A value as text: 3.0 is ``3``, because tables with gaps store whole numbers this way; None if empty or NaN.

    Raises:
        UnicodeDecodeError: It is bytes that are not UTF-8.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    return text if text.strip() and text.strip().lower() != "nan" else None


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: JSON may contain lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
