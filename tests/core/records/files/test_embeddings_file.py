"""Embeddings come back as they were written, for other readers, too; a broken file is one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core.errors import RunFolderError
from audit.core.records.files import embeddings_file
from audit.core.records.files.embeddings_file import SOURCE, Embeddings

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = np.array([[1.5, -2.0], [0.0, 1e-30]], dtype=np.float32)


def test_what_was_written_is_read_and_equal_records_are_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    for path in (first, second):
        embeddings_file.write(path, Embeddings(["a", "b"], VECTORS, "what from"))
    assert first.read_bytes() == second.read_bytes()
    found = embeddings_file.read(first)
    assert (found.sample_ids, found.source) == (["a", "b"], "what from")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert pq.ParquetFile(first).read().to_pylist()[0] == {"sample_id": "a", "vector": [1.5, -2.0]}


@pytest.mark.parametrize(
    ("ids", "vectors", "metadata"),
    [
        (["a", "a"], [[1.0], [2.0]], {SOURCE: b""}),
        (["a", None], [[1.0], [2.0]], {SOURCE: b""}),
        (["a", "b"], [[1.0], [float("nan")]], {SOURCE: b""}),
        (["a", "b"], [[1.0, 2.0], [3.0]], {SOURCE: b""}),
        (["a", "b"], [[1.0], [2.0]], None),
        (None, None, None),
    ],
)
def test_a_broken_file_is_one_line(
    ids: list[str | None] | None, vectors: list[list[float]], metadata: dict[bytes, bytes] | None, tmp_path: Path
) -> None:
    path = tmp_path / "boolq.parquet"
    if ids is None:
        path.write_bytes(b"no Parquet")
    else:
        table = pa.table({"sample_id": ids, "vector": vectors}).replace_schema_metadata(metadata)
        pq.write_table(table, path)
    with pytest.raises(RunFolderError, match=r"boolq\.parquet: broken embeddings file: .*: copy the run folder again"):
        embeddings_file.read(path)
