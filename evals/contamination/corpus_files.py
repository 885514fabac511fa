"""The documents of a corpus on disk: text, JSON Lines and Parquet, read chunk by chunk."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, TextIO

from pyarrow import ArrowException, parquet, types

from audit.core.assets.digest import file_sha256
from audit.core.errors import ConfigError
from audit.core.filesystem import did_you_mean_path
from audit.core.records import AssetRecord, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TEXT, LINES, PARQUET = (".txt", ".md", ".text"), (".jsonl", ".json", ".ndjson"), (".parquet",)
FORMATS = f"{', '.join((*TEXT, *LINES))} (also with .gz) and {PARQUET[0]}"
CHUNK = 2**20
"""Characters that are read at once."""
ROWS = 1_000
"""Rows of a Parquet file that are read at once."""
LONGEST_LINE = 2**27
"""Characters of a line of JSON at most: it is one document and must fit into memory."""
LICENCE = "LicenseRef-yours"


def corpus_files(places: Sequence[Path]) -> list[Path]:
    """The files of a corpus, sorted inside each folder.

    Raises:
        ConfigError: A place is missing, holds no file of a known format, or is a file of another one.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            msg = f"--corpus {place}: no such file or folder: check the path.{did_you_mean_path(place)}"
            raise ConfigError(msg)
        inside = sorted(file for file in place.rglob("*") if file.is_file() and _kind(file)) if place.is_dir() else []
        if place.is_file() and _kind(place):
            inside = [place]
        if not inside:
            what = "holds no file" if place.is_dir() else "is not a file"
            msg = f"--corpus {place}: {what} that can be read: give {FORMATS}"
            raise ConfigError(msg)
        found += inside
    return list(dict.fromkeys(found))


def corpus_record(files: Sequence[Path]) -> AssetRecord:
    """The corpus as the manifest names it; reads every byte once, until a file changes."""
    try:
        digests = [[file.name, file_sha256(file)] for file in files]
    except OSError as error:
        msg = f"--corpus: cannot be read: {error}"
        raise ConfigError(msg) from error
    digest = digest_of(*digests)
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return AssetRecord(
        name="corpus",
        kind="dataset",
        source=f"file {files[0].resolve()}{more}",
        version=digest[:12],
        sha256=digest,
        licence=LICENCE,
    )


def documents(file: Path) -> Iterator[str | None]:
    """The documents of a file in chunks, None after each: a text file is one document, of the others each row is one.

    Raises:
        ConfigError: It cannot be read, or is not of its format.
    """
    try:
        if _kind(file) == PARQUET:
            yield from _rows(file)
        elif _kind(file) == LINES:
            with _opened(file) as stream:
                yield from _lines(stream, file)
        else:
            with _opened(file) as stream:
                yield from _chunks(stream, file)
            yield None
    except (OSError, EOFError, UnicodeDecodeError, ArrowException) as error:
        msg = f"--corpus {file}: cannot be read: {str(error).splitlines()[0]}: replace it, or leave it out"
        raise ConfigError(msg) from error


def _kind(file: Path) -> tuple[str, ...] | None:
    """The format of a file, by its name."""
    name = file.name.lower().removesuffix(".gz")
    found = next((kind for kind in (TEXT, LINES, PARQUET) if name.endswith(kind)), None)
    return None if found == PARQUET and file.name.lower().endswith(".gz") else found


def _opened(file: Path) -> TextIO:
    """The text of a file; bytes that are no UTF-8 are replaced: a crawl has some, and they are no words."""
    if file.name.lower().endswith(".gz"):
        return gzip.open(file, "rt", encoding="utf-8", errors="replace")
    return file.open(encoding="utf-8", errors="replace")


def _chunks(stream: TextIO, file: Path) -> Iterator[str]:
    """The text of a stream in chunks that end between two words; a word longer than a chunk is cut.

    Raises:
        ConfigError: The first chunk has a NUL character, as UTF-16 and binary files have: its words would not be found.
    """
    kept, first = "", True
    while chunk := stream.read(CHUNK):
        if first and "\0" in chunk:
            msg = f"--corpus {file}: holds NUL characters, so it is no UTF-8 text: convert it, or leave it out"
            raise ConfigError(msg)
        first = False
        whole = kept + chunk
        cut = max(whole.rfind(" "), whole.rfind("\n")) + 1
        if not cut and len(whole) < 2 * CHUNK:
            kept = whole
            continue
        end = cut or len(whole)
        yield whole[:end]
        kept = whole[end:]
    if kept:
        yield kept


def _lines(stream: TextIO, file: Path) -> Iterator[str | None]:
    """The texts of each line of JSON."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = f"longer than {LONGEST_LINE:,} characters" if len(line) == LONGEST_LINE else "not JSON"
            msg = f"--corpus {file}: line {number} is {what}: give JSON Lines, or rename it to .txt"
            raise ConfigError(msg) from error
        yield from _texts(value)
        yield None


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """All texts in a value, in order, but not the names of its fields."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            stack += reversed(list(one.values()))
        elif isinstance(one, list):
            stack += reversed(one)


def _rows(file: Path) -> Iterator[str | None]:
    """The texts of each row of a Parquet file."""
    table = parquet.ParquetFile(file)
    columns = [field.name for field in table.schema_arrow if not _is_bytes(field.type)]
    for batch in table.iter_batches(batch_size=ROWS, columns=columns):
        for row in batch.to_pylist():
            yield from _texts(row)
            yield None


def _is_bytes(kind: Any) -> bool:  # noqa: ANN401 - pyarrow is not typed
    """Whether a column holds no text but bytes: pictures and sound."""
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))
