"""The embeddings of one task's texts as a Parquet file: one row per sample, its id and its vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.errors import RunFolderError
from audit.core.filesystem import atomic_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SOURCE = b"audit.embeddings"
"""Metadata of a file: what its vectors were computed from."""


@dataclass(frozen=True)
class Embeddings:
    """A vector for each of some samples of a task."""

    sample_ids: list[str]
    """Ids, each once."""
    vectors: NDArray[np.float32]
    """Finite numbers, shape (samples, dimensions)."""
    source: str
    """Digest of the checkpoint, the method, the ids and the texts: equal vectors may be expected where it is equal."""


def write(path: Path, embeddings: Embeddings) -> None:
    """Write the file atomically.

    Raises:
        WriteError: It cannot be written.
    """
    dimensions = embeddings.vectors.shape[1]
    flat = pa.array(embeddings.vectors.astype(np.float32).ravel())
    schema = pa.schema(
        [
            pa.field("sample_id", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dimensions), nullable=False),
        ],
        metadata={SOURCE: embeddings.source.encode()},
    )
    columns = [pa.array(embeddings.sample_ids, pa.string()), pa.FixedSizeListArray.from_arrays(flat, dimensions)]
    with atomic_file(path) as file:
        pq.write_table(pa.Table.from_arrays(columns, schema=schema), file, compression="zstd")


def read(path: Path) -> Embeddings:
    """Read the file.

    Raises:
        RunFolderError: It cannot be read, or holds something else.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read().combine_chunks()
        ids, column = table.column("sample_id").to_pylist(), table.column("vector").combine_chunks()
        vectors = np.asarray(column.flatten(), dtype=np.float32).reshape(len(ids), -1)
        source = (table.schema.metadata or {})[SOURCE].decode()
        if len(set(ids)) < len(ids) or None in ids or not np.isfinite(vectors).all():
            msg = "an id is null or there twice, or a number is not finite"
            raise ValueError(msg)  # noqa: TRY301 - one line for all faults
    except (OSError, pa.ArrowException, ValueError, LookupError, AttributeError) as error:
        reason = str(error).split("\n", 1)[0]
        msg = f"broken embeddings file: {reason}: copy the run folder again or run the audit again"
        raise RunFolderError(msg, path) from error
    return Embeddings(ids, vectors, source)
