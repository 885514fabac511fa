"""Text files, read whole or refused with one line that says what to do, and the tables in them."""

from __future__ import annotations

import csv
import io
import stat
from typing import TYPE_CHECKING

from audit.core.filesystem import did_you_mean_path

if TYPE_CHECKING:
    from _csv import Reader
    from pathlib import Path

    from audit.core.errors import UsageError

LONGEST_CELL = 2**31 - 1
"""Characters of a cell of a table at most: Python's own limit of 131,072 is less than some outputs have."""


def read_bytes(file: Path, error: type[UsageError], missing: str | None = None, *, most: int | None = None) -> bytes:
    """The bytes of a file.

    Args:
        file: The file.
        error: Type of what is raised.
        missing: What to do where there is none; None suggests the nearest name.
        most: Bytes that it may have; pipes and devices, which may never end, are then refused. None is no limit.

    Raises:
        UsageError: It is missing, too large, or cannot be read.
    """
    try:
        if most is None:
            return file.read_bytes()
        return _read_at_most(file, error, most)
    except FileNotFoundError:
        advice = missing or f"check the path.{did_you_mean_path(file)}"
        msg = f"no such file: {advice}"
        raise error(msg, file) from None
    except OSError as fault:
        msg = f"cannot be read: {fault.strerror}: check the path and its permissions"
        raise error(msg, file) from fault


def _read_at_most(file: Path, error: type[UsageError], most: int) -> bytes:
    """The bytes of a regular file; of a larger one no more than needed to see that it is.

    Raises:
        UsageError: It is no regular file, or too large.
    """
    if not stat.S_ISREG(file.stat().st_mode):
        msg = f"{file}: not a file: name a regular file"
        raise error(msg)
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        msg = f"{file}: larger than {most // 1024} KiB: is it the right file?"
        raise error(msg)
    return data


def decode(file: Path, data: bytes, error: type[UsageError], damaged: str = "save it as UTF-8") -> str:
    """The text of a file, without the byte-order mark that spreadsheets put first.

    Args:
        file: The file that the bytes come from.
        data: The bytes.
        error: Type of what is raised.
        damaged: What to do about bytes that are no text.

    Raises:
        UsageError: It is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        msg = f"not UTF-8 text (byte {fault.start + 1}, line {line}): {damaged}"
        raise error(msg, file) from fault


def csv_rows(text: str, delimiter: str = ",") -> Reader:
    """The rows of delimited text as lists of cells; a quote that is not closed raises ``csv.Error``.

    The limit of a cell is one of the whole process, which the last reader to set it decides: all tables are read here.

    Args:
        text: All of it, with its own line ends.
        delimiter: Between two cells.
    """
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def csv_records(text: str, delimiter: str = ",") -> csv.DictReader[str]:
    """The rows below a header as mappings from its names; else as :func:`csv_rows`.

    Args:
        text: All of it, with its own line ends.
        delimiter: Between two cells.
    """
    csv.field_size_limit(LONGEST_CELL)
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
