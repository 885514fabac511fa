"""What was logged of a task as one compressed JSON file, the same bytes for the same record."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from audit.core.errors import RunFolderError
from audit.core.filesystem import atomic_file
from audit.core.records.base import SCHEMA_VERSION
from audit.core.records.files.json_file import read_plain
from audit.core.records.logged import LoggedTask

if TYPE_CHECKING:
    from pathlib import Path


_HALF = re.compile(r"[\ud800-\udfff]")


def write(path: Path, logged: LoggedTask) -> None:
    """Write the record.

    Raises:
        WriteError: It cannot be written.
    """
    with atomic_file(path) as file:
        file.write(gzip.compress(to_json(_encodable(logged.model_dump()), inf_nan_mode="null"), mtime=0))


def _encodable(value: Any) -> Any:  # noqa: ANN401 - whatever a task file or data set holds
    """The value with U+FFFD for half a surrogate pair, which UTF-8 cannot hold."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list) else value


def read(path: Path) -> LoggedTask:
    """Read the record.

    Raises:
        RunFolderError: It is missing, broken, or of a newer schema than this program knows.
    """
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        read_plain(text)  # pydantic accepts a key given twice, and numbers that no float holds
        logged = LoggedTask.model_validate_json(text)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        msg = f"{path}: broken: {reason}: copy the run folder again or run the audit again"
        raise RunFolderError(msg) from error
    if logged.schema_version > SCHEMA_VERSION:
        version = logged.schema_version
        msg = f"{path}: schema version {version}, this program reads {SCHEMA_VERSION}: upgrade checkpoint-audit"
        raise RunFolderError(msg)
    return logged
