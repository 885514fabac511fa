"""One record as one JSON file: written atomically, refused when newer than this program."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from audit.core.errors import AuditError, RunFolderError
from audit.core.filesystem import write_text
from audit.core.records import SCHEMA_VERSION, Record
from audit.core.records.faults import fault_text, place_of
from audit.core.records.files.surrogates import escaped, has_surrogates, json_escaped, unescaped
from audit.core.text import printable
from audit.core.text_file import decode, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

R = TypeVar("R", bound=Record)
T = TypeVar("T")


def plain(record: BaseModel, inf_nan_mode: Literal["constants", "null"] = "constants") -> dict[str, Any]:
    """A record as the values that JSON has.

    ``model_dump(mode="json")`` does the same, except that it replaces lone surrogates in the keys of maps, or fails.

    Args:
        record: The record.
        inf_nan_mode: What becomes of NaN and infinity, which JSON lacks: they stay as they are, or become null.
    """
    values: dict[str, Any] = unescaped(to_jsonable_python(escaped(record.model_dump()), inf_nan_mode=inf_nan_mode))
    return values


def to_json(values: object) -> str:
    """Indented JSON with a final newline; floats by ``repr``, characters as they are but for lone surrogates.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return json_escaped(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def write_record(path: Path, record: Record) -> None:
    """Write one record.

    Raises:
        AuditError: A number is NaN or infinite.
        WriteError: It cannot be written.
    """
    try:
        text = to_json(plain(record))
    except ValueError as error:
        msg = f"{path}: not written: {error}"
        raise AuditError(msg) from error
    write_text(path, text)


def read_text(path: Path, advice: str = "the folder is incomplete: copy it again or run the audit again") -> str:
    """Read a text file of a run folder; ``advice`` says what to do when it is missing.

    Raises:
        RunFolderError: It is missing, unreadable, empty or not UTF-8.
    """
    if path.exists() and not path.is_file():  # a pipe would never end
        msg = "broken: it is not a regular file: copy the run folder again"
        raise RunFolderError(msg, path)
    text = decode(path, read_bytes(path, RunFolderError, advice), RunFolderError, "copy the run folder again")
    if not text.strip():
        msg = "broken: the file is empty: copy the run folder again or run the audit again"
        raise RunFolderError(msg, path)
    return text


def read_record(path: Path, model: type[R]) -> R:
    """Read one record that carries a ``schema_version``.

    Raises:
        RunFolderError: It is missing, broken, or of a newer schema than this program knows.
    """
    text = read_text(path)
    try:
        # The version comes before validation: a newer record may have fields that would be called unknown.
        found = read_plain(text)
        _check_version(path, found)
        return validated(text, found, TypeAdapter(model))
    except (ValueError, RecursionError) as error:
        raise broken(path, error) from error


def validated(text: str, found: object, kind: TypeAdapter[T]) -> T:
    """The records in JSON text; pydantic reads no lone surrogates, so they are escaped in between.

    Args:
        text: The JSON.
        found: The same, read by :func:`read_plain`.
        kind: One record, or a list of them.

    Raises:
        ValidationError: It is something else.
    """
    if "\\u" not in text or not has_surrogates(json.dumps(found, ensure_ascii=False)):
        return kind.validate_json(text, strict=True)
    read = kind.validate_json(json.dumps(escaped(found)), strict=True)
    return kind.validate_python(unescaped(kind.dump_python(read)), strict=True)


def read_plain(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """JSON as plain values; a key may be given once, or two readers may see two values.

    Raises:
        ValueError: It is no JSON, which knows neither NaN nor infinity, a number is too large to be a float, or a key
            is given twice in one object.
    """
    return json.loads(
        text, object_pairs_hook=once, parse_constant=_refuse, parse_float=finite_float, parse_int=_finite_int
    )


def _refuse(constant: str) -> None:
    msg = f"{constant} is not a JSON number"
    raise ValueError(msg)


def finite_float(written: str) -> float:
    """A number of JSON; Python reads ``1e999`` as infinity.

    Raises:
        ValueError: It is too large.
    """
    value = float(written)
    if math.isinf(value):
        msg = f"the number {printable(written, 20)} is too large"
        raise ValueError(msg)
    return value


def _finite_int(written: str) -> int:
    finite_float(written)  # fields of floats take integers, too
    return int(written)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The ``object_pairs_hook`` of :func:`json.loads` that accepts each key once.

    Raises:
        ValueError: A key is given twice in one object.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        msg = f"duplicate key {printable(repr(twice), 60)} in one object"
        raise ValueError(msg)
    return found


def _check_version(path: Path, found: object) -> None:
    version = found.get("schema_version") if isinstance(found, dict) else None
    if type(version) is not int or version < 1:
        msg = "broken: it has no schema_version: is this a file of an audit run?"
        raise RunFolderError(msg, path)
    if version < SCHEMA_VERSION:
        msg = f"schema version {version}, this program reads {SCHEMA_VERSION}: run the audit again"
        raise RunFolderError(msg, path)
    if version > SCHEMA_VERSION:
        msg = f"schema version {version}, this program reads {SCHEMA_VERSION}: upgrade checkpoint-audit"
        raise RunFolderError(msg, path)


def broken(path: Path, error: Exception) -> RunFolderError:
    """One line for a file with unexpected contents."""
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        where = place_of(fault)
        message = fault_text(fault)
        reason = f"{where}: {message}" if where else message
    else:
        reason = str(error) or "too deeply nested"
    return RunFolderError(f"broken: {reason}: copy the run folder again or run the audit again", path)
