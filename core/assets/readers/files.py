"""The formats that publishers use: JSON Lines, JSON, delimited tables, plain lines. A fault names file and line."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, NoReturn

from audit.core.errors import AssetError
from audit.core.text_file import csv_records, csv_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from audit.core.assets.asset import Row

DEEP = "not valid JSON (too deeply nested)"


def broken(file: Path, line: int | None, fault: str) -> NoReturn:
    """Refuse a file.

    Raises:
        AssetError: Always; the message names the file, the line and the fault.
    """
    where = f"{file}, line {line}" if line else str(file)
    raise AssetError(fault, where, "replace it with the publisher's file")


def read_text(file: Path) -> str:
    """The whole file, decoded as UTF-8.

    Raises:
        AssetError: It cannot be read, is not UTF-8, or is empty.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        broken(file, line, "not UTF-8 text")
    except OSError as error:
        broken(file, None, f"cannot be read ({error.strerror})")
    if not text.strip():
        broken(file, None, "the file is empty")
    return text


def read_lines(file: Path) -> list[str]:
    """The lines of a text file, stripped; empty lines are kept, a final newline is not a line.

    Raises:
        AssetError: As :func:`read_text`.
    """
    return [line.strip() for line in read_text(file).removesuffix("\n").split("\n")]


def read_jsonl(file: Path, texts: Iterable[str], others: Iterable[str] = ()) -> Iterator[tuple[int, Row]]:
    """The objects of a JSON Lines file with their line numbers, all text stripped.

    Args:
        file: The file.
        texts: Keys that every object must have, with a text.
        others: Keys that every object must have, with whatever value.

    Raises:
        AssetError: A line is not a JSON object, lacks a key, or has no text where one belongs.
    """
    texts = tuple(texts)
    for number, row in read_objects(file, (*texts, *others)):
        for column in texts:
            if not isinstance(row[column], str):
                broken(file, number, f"{column!r} is not text")
        try:
            plain = stripped(row)
        except RecursionError:
            broken(file, number, DEEP)
        yield number, plain


def read_objects(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """The objects of a JSON Lines file with their line numbers, as they are.

    Args:
        file: The file.
        needed: Keys that every object must have.

    Raises:
        AssetError: A line is not a JSON object, or lacks a key.
    """
    for number, line in enumerate(read_lines(file), start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            broken(file, number, f"not valid JSON ({error})")
        except RecursionError:
            broken(file, number, DEEP)
        if not isinstance(row, dict):
            broken(file, number, f"expected an object, found a {type(row).__name__}")
        require(file, number, row, needed)
        yield number, row


def read_json(file: Path) -> Any:  # noqa: ANN401 - JSON is any
    """A JSON file, all text stripped.

    Raises:
        AssetError: It is not valid JSON.
    """
    try:
        return stripped(json.loads(read_text(file)))
    except json.JSONDecodeError as error:
        broken(file, error.lineno, f"not valid JSON ({error.msg})")


def read_table(
    file: Path, columns: Sequence[str], *, delimiter: str = ",", comment: str | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a delimited table with a header line, with their line numbers, all text stripped.

    Args:
        file: The file.
        columns: Those that must be there.
        delimiter: Between two fields.
        comment: What lines above the header begin with that are none of the table.

    Raises:
        AssetError: A column is missing, or a row has too few or too many fields.
    """
    lines = read_text(file).splitlines(keepends=True)
    above = next((place for place, line in enumerate(lines) if not comment or not line.startswith(comment)), 0)
    table = csv_records("".join(lines[above:]), delimiter)
    require(file, above + 1, dict.fromkeys(table.fieldnames or ()), columns)
    try:
        for row in table:
            if None in row or None in row.values():
                broken(file, above + table.line_num, f"expected {len(table.fieldnames or ())} fields")
            yield above + table.line_num, {key: value.strip() for key, value in row.items()}
    except csv.Error as error:
        broken(file, above + table.line_num, f"not a valid table ({error})")


def read_headless(file: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a comma-separated table without a header line, with their line numbers, all text stripped.

    Raises:
        AssetError: A row does not have that many fields.
    """
    table = csv_rows(read_text(file))
    try:
        for row in table:
            if len(row) != fields:
                broken(file, table.line_num, f"expected {fields} fields, found {len(row)}")
            yield table.line_num, [value.strip() for value in row]
    except csv.Error as error:
        broken(file, table.line_num, f"not a valid table ({error})")


def require(file: Path, line: int, row: Row, columns: Iterable[str]) -> None:
    """Refuse a row that lacks a column.

    Raises:
        AssetError: It does; the message names the columns that are there.
    """
    missing = [column for column in columns if column not in row]
    if missing:
        found = ", ".join(map(str, row)) or "none"
        broken(file, line, f"no column {', '.join(map(repr, missing))} (found: {found})")


def stripped(value: Any) -> Any:  # noqa: ANN401 - JSON is any
    """The same value with surrounding white space removed from every string in it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return [stripped(inner) for inner in value]
    if isinstance(value, dict):
        return {key: stripped(inner) for key, inner in value.items()}
    return value
