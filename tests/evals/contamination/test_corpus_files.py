"""A corpus on disk: formats, chunks, faults."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from audit.core.errors import ConfigError
from audit.evals.contamination import corpus_files as corpus
from audit.evals.contamination.corpus_files import corpus_record, documents

if TYPE_CHECKING:
    from pathlib import Path


def read(file: Path) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for chunk in documents(file):
        if chunk is None:
            found.append([])
        else:
            found[-1].append(chunk)
    assert found.pop() == []
    return found


def test_every_format_gives_its_texts(tmp_path: Path) -> None:
    inner = tmp_path / "b"
    inner.mkdir()
    lines = [{"text": "Ä one", "meta": {"n": 1, "tags": ["t", 2]}}, ["two"], "three"]
    written = "\n".join(map(json.dumps, lines)) + "\n\n"
    (inner / "x.jsonl").write_text(written)
    with gzip.open(tmp_path / "y.json.gz", "wt") as file:
        file.write(written)
    (tmp_path / "a.txt").write_text("plain text")
    (tmp_path / "skipped.png").write_bytes(b"x")
    table = pa.table({"id": [1, 2], "text": ["p one", None], "raw": [b"no", b"no"]})
    parquet.write_table(table, tmp_path / "z.parquet")
    found = corpus.corpus_files([tmp_path, tmp_path / "a.txt"])
    assert [file.name for file in found] == ["a.txt", "x.jsonl", "y.json.gz", "z.parquet"]
    expected = [["Ä one", "t"], ["two"], ["three"]]
    assert [read(file) for file in found] == [[["plain ", "text"]], expected, expected, [["p one"], []]]
    record = corpus_record(found)
    assert record.source.endswith("a.txt and 3 more")
    assert corpus_record(found[:1]).sha256 != record.sha256


def test_a_long_text_is_read_in_chunks_that_end_between_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "CHUNK", 8)
    file = tmp_path / "a.txt"
    for text in ("one two three four five six", "averyveryverylongwordthatendsatlast and more", "short", ""):
        file.write_text(text)
        chunks = [chunk for document in read(file) for chunk in document]
        assert "".join(chunks) == text
        assert max(map(len, chunks), default=0) <= 16
    file.write_text("one two three four five six")
    assert next(chunk for document in read(file) for chunk in document) == "one two "
    file.write_bytes(b"caf\xff one")
    assert read(file) == [["caf� ", "one"]]


def test_faults_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.jsonl").write_text('{"text": "ok"}\n{"text": \n')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not")
    (tmp_path / "broken.txt.gz").write_bytes(b"not gzip")
    (tmp_path / "wide.txt").write_text("words in UTF-16", "utf-16")
    (tmp_path / "empty").mkdir()
    (tmp_path / "data.csv").write_text("a,b")
    for name, words in (
        ("broken.jsonl", "line 2 is not JSON: give JSON Lines"),
        ("broken.parquet", "cannot be read"),
        ("broken.txt.gz", "cannot be read"),
        ("wide.txt", "holds NUL characters, so it is no UTF-8 text"),
    ):
        with pytest.raises(ConfigError, match=words):
            read(tmp_path / name)
    for name, words in (
        ("empty", "holds no file that can be read: give .txt"),
        ("data.csv", "is not a file that can be read"),
        ("none", "no such file or folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            corpus.corpus_files([tmp_path / name])
    monkeypatch.setattr(corpus, "LONGEST_LINE", 5)
    with pytest.raises(ConfigError, match="line 1 is longer than 5 characters"):
        read(tmp_path / "broken.jsonl")
    with pytest.raises(ConfigError, match="cannot be read"):
        corpus_record([tmp_path / "gone.txt"])
