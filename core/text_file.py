"""Text files, read whole or refused with one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.filesystem import did_you_mean_path

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.errors import UsageError


def read_bytes(file: Path, error: type[UsageError], missing: str | None = None) -> bytes:
    """The bytes of a file.

    Args:
        file: The file.
        error: Type of what is raised.
        missing: What to do where there is none; None suggests the nearest name.

    Raises:
        UsageError: It is missing, or cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        advice = missing or f"check the path.{did_you_mean_path(file)}"
        msg = f"no such file: {advice}"
        raise error(msg, file) from None
    except OSError as fault:
        msg = f"cannot be read: {fault.strerror}: check the path and its permissions"
        raise error(msg, file) from fault


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
