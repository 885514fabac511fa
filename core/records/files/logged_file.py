"""What was logged of a task as one compressed JSON file, the same bytes for the same record."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from audit.core.errors import RunFolderError
from audit.core.filesystem import atomic_file
from audit.core.records.base import SCHEMA_VERSION
from audit.core.records.files.json_file import plain, read_plain, validated
from audit.core.records.files.surrogates import json_escaped
from audit.core.records.logged import LoggedTask

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, logged: LoggedTask) -> None:
    """Write the record.

    Raises:
        WriteError: It cannot be written.
    """
    values = plain(logged, inf_nan_mode="null")
    text = json_escaped(json.dumps(values, ensure_ascii=False, separators=(",", ":")))
    with atomic_file(path) as file:
        file.write(gzip.compress(text.encode(), mtime=0))


def read(path: Path) -> LoggedTask:
    """Read the record.

    Raises:
        RunFolderError: It is missing, broken, or of a newer schema than this program knows.
    """
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        found = read_plain(text)  # pydantic accepts a key given twice, and numbers that no float holds
        logged = validated(text, found, TypeAdapter(LoggedTask))
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:200]
        msg = f"broken: {reason}: copy the run folder again or run the audit again"
        raise RunFolderError(msg, path) from error
    if logged.schema_version > SCHEMA_VERSION:
        version = logged.schema_version
        msg = f"schema version {version}, this program reads {SCHEMA_VERSION}: upgrade checkpoint-audit"
        raise RunFolderError(msg, path)
    return logged
