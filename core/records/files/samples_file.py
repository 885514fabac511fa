"""The samples of one task as a Parquet file: one row per item, the columns of :class:`Sample`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from audit.core import collector
from audit.core.errors import RunFolderError
from audit.core.filesystem import atomic_file
from audit.core.records import Sample
from audit.core.records.faults import fault_text
from audit.core.records.files.finite import finite
from audit.core.records.files.json_file import once
from audit.core.records.files.surrogates import escaped, unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_TEXT, _INTEGER, _NUMBER = pa.string(), pa.int64(), pa.float64()
_TEXTS, _NUMBERS_BY_NAME = pa.list_(_TEXT), pa.map_(_TEXT, _NUMBER)
_SPANS = pa.list_(pa.struct([("name", _TEXT), ("kind", _TEXT), ("start", _INTEGER), ("end", _INTEGER)]))
_FINDINGS = pa.list_(
    pa.struct(
        [
            ("kind", _TEXT),
            ("field", _TEXT),
            ("start", _INTEGER),
            ("end", _INTEGER),
            ("digest", _TEXT),
            ("reserved", pa.bool_()),
        ]
    )
)
_COMPLETIONS = pa.list_(
    pa.struct(
        [
            ("text", _TEXT),
            ("thinking", _TEXT),
            ("thinking_tokens", _INTEGER),
            ("value", _NUMBER),
            ("labels", _NUMBERS_BY_NAME),
            ("flags", _TEXTS),
            ("findings", _FINDINGS),
            ("finish_reason", _TEXT),
            ("tokens_out", _INTEGER),
            ("error", _TEXT),
        ]
    )
)
_CHOICE = pa.struct(
    [
        ("options", _TEXTS),
        ("log_likelihoods", pa.list_(_NUMBER)),
        ("normalised", _TEXT),
        ("chosen", _INTEGER),
        ("right", _INTEGER),
        ("contrast", _INTEGER),
        ("gap", _NUMBER),
        ("gap_unit", _TEXT),
    ]
)

SCHEMA = pa.schema(
    [
        pa.field("sample_id", _TEXT, nullable=False),
        pa.field("suite", _TEXT, nullable=False),
        pa.field("task", _TEXT, nullable=False),
        pa.field("cluster", _TEXT),
        pa.field("pair", _TEXT),
        pa.field("prompt", _TEXT, nullable=False),
        pa.field("prompt_sha256", _TEXT),
        pa.field("reference", _TEXT),
        pa.field("output", _TEXT),
        pa.field("spans", _SPANS, nullable=False),
        pa.field("completions", _COMPLETIONS, nullable=False),
        pa.field("choice", _CHOICE),
        pa.field("answered_by", _TEXT),
        pa.field("thinking", _TEXT),
        pa.field("thinking_tokens", _INTEGER),
        pa.field("score", _NUMBER),
        pa.field("confidence", _NUMBER),
        pa.field("scores", _NUMBERS_BY_NAME, nullable=False),
        pa.field("slices", pa.map_(_TEXT, _TEXT), nullable=False),
        pa.field("flags", _TEXTS, nullable=False),
        pa.field("findings", _FINDINGS, nullable=False),
        pa.field("error", _TEXT),
        pa.field("tokens_in", _INTEGER, nullable=False),
        pa.field("tokens_out", _INTEGER, nullable=False),
        pa.field("seconds", _NUMBER, nullable=False),
    ]
)
"""Columns in order; ``scores`` and ``slices`` are maps, which DuckDB and pandas read as they are."""
LATER = frozenset({"thinking_tokens", "completions.thinking_tokens"})
"""Columns, and fields inside them, that files of earlier versions lack: null is read there."""
ESCAPED = {b"audit.surrogates": b"escaped"}
"""Metadata of a file in which lone surrogates, and so backslashes, are escaped."""
BATCH = 5_000
"""Rows that are turned into samples at a time: as Python objects they are ten times as large as in the file."""
_UNSET = {
    name: default
    for name, field in Sample.model_fields.items()
    if not field.is_required() and (default := field.get_default(call_default_factory=True)) in (None, [])
}
"""Fields that are null or an empty list where nothing is set."""


@collector.paused()
def write(path: Path, samples: Sequence[Sample]) -> None:
    r"""Write samples to a Parquet file atomically.

    Numbers that are NaN or infinite are stored as null (:mod:`audit.core.records.files.finite`). Parquet has no lone
    surrogates: a file with any holds all its texts with ``\ud800`` for a surrogate and ``\\`` for a backslash, and says
    so in its metadata.

    Raises:
        WriteError: The file cannot be written.
    """
    try:
        table = _table(samples, SCHEMA, lambda rows: rows)
    except UnicodeEncodeError:
        table = _table(samples, SCHEMA.with_metadata(ESCAPED), escaped)
    with atomic_file(path) as file:
        pq.write_table(table, file, compression="zstd")


def _table(
    samples: Sequence[Sample], schema: pa.Schema, prepared: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> pa.Table:
    """Samples as columns; some at a time, since their rows take much memory."""
    starts = range(0, len(samples), BATCH)
    parts = (prepared([_row(sample) for sample in samples[start : start + BATCH]]) for start in starts)
    return pa.Table.from_batches([pa.RecordBatch.from_pylist(rows, schema) for rows in parts], schema).combine_chunks()


@collector.paused()
def read(path: Path) -> list[Sample]:
    """Read samples from a Parquet file.

    Raises:
        RunFolderError: The file cannot be read, is no Parquet file, lacks a column or holds a wrong value.
    """
    with _faults_named(path), pq.ParquetFile(path) as file:  # pq.read_table would import pandas
        escaped_here = _is_escaped(file.schema_arrow)
        batches = file.iter_batches(BATCH)
        return [_sample(row) for batch in batches for row in _rows(batch, is_escaped=escaped_here)]


def is_escaped(path: Path) -> bool:
    """Whether the texts of a file are escaped, by its metadata; its columns are checked, its rows are not read.

    Raises:
        RunFolderError: The file cannot be read, is no Parquet file or lacks a column.
    """
    with _faults_named(path), pq.ParquetFile(path) as file:
        return _is_escaped(file.schema_arrow)


def records(path: Path, rows: pa.Table, *, is_escaped: bool) -> list[Sample]:
    """Some rows of a file as samples, however they were found.

    Args:
        path: The file, for messages.
        rows: All columns of :data:`SCHEMA`.
        is_escaped: Of the file (:func:`is_escaped`).

    Raises:
        RunFolderError: A row holds a wrong value.
    """
    with _faults_named(path):
        return [_sample(row) for batch in rows.to_batches(BATCH) for row in _rows(batch, is_escaped=is_escaped)]


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    """What libraries say of a broken file as one line that names it."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, TypeError) as error:
        fault = error.errors()[0] if isinstance(error, ValidationError) else None
        message = fault_text(fault) if fault else ""
        reason = f"{'.'.join(map(str, fault['loc']))}: {message}" if fault else str(error).split("\n", 1)[0]
        msg = f"broken samples file: {reason}: copy the run folder again or run the audit again"
        raise RunFolderError(msg, path) from error


def _is_escaped(schema: pa.Schema) -> bool:
    _check_columns(schema)
    return bool(ESCAPED.items() <= (schema.metadata or {}).items())


def _check_columns(schema: pa.Schema) -> None:
    """Compare columns, and the fields inside them, with those of :data:`SCHEMA`.

    Raises:
        ValueError: One is missing, unknown or there twice.
    """
    names = list(_names(schema))
    found, expected = set(names), set(_names(SCHEMA))
    twice = {name for name in names if names.count(name) > 1}
    both = (
        ("no column", expected - found - LATER),
        ("unknown column", found - expected),
        ("more than one column", twice),
    )
    faults = [f"{fault} {', '.join(sorted(_outermost(names)))}" for fault, names in both if names]
    if faults:
        raise ValueError("; ".join(faults))


def _names(fields: Iterable[pa.Field], start: str = "") -> Iterator[str]:
    """Names of columns and of the fields inside them, as ``completions.labels``; keys of maps are no fields."""
    for field in fields:
        yield (name := f"{start}{field.name}")
        inner = field.type
        while pa.types.is_list(inner):
            inner = inner.value_type
        if pa.types.is_struct(inner):
            yield from _names(inner, f"{name}.")


def _outermost(names: set[str]) -> set[str]:
    """The names without those inside a column, or field, that is among them itself."""
    return {name for name in names if name.rpartition(".")[0] not in names}


def _row(sample: Sample) -> dict[str, Any]:
    row = finite(sample).model_dump()
    for name in ("scores", "slices"):
        row[name] = list(row[name].items())
    for completion in row["completions"]:
        completion["labels"] = list(completion["labels"].items())
    return row


def _rows(batch: pa.RecordBatch, *, is_escaped: bool) -> list[dict[str, Any]]:
    """The rows as plain values, without columns that set nothing in any of them."""
    rows: list[dict[str, Any]] = batch.select([name for name in batch.schema.names if _sets(name, batch)]).to_pylist()
    return unescaped(rows) if is_escaped else rows


def _sets(name: str, batch: pa.RecordBatch) -> bool:
    """Whether a column holds anything but what its field is where nothing is set."""
    column = batch.column(name)
    if name not in _UNSET:
        return True
    if _UNSET[name] is None:
        return bool(column.null_count < len(column))
    return bool(column.null_count) or not pa.types.is_list(column.type) or len(column.flatten()) > 0


def _sample(row: dict[str, Any]) -> Sample:
    for name in ("scores", "slices"):
        row[name] = once(row[name])
    for completion in row.get("completions", ()):
        completion["labels"] = once(completion["labels"])
    return Sample.model_validate(row, strict=True)
