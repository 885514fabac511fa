"""Journals are united without loss, and two answers to one request are an error that names both."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.engine.journal import Journal
from audit.engine.workers.journals import unite

if TYPE_CHECKING:
    from pathlib import Path


def made(path: Path, **answers: str) -> Path:
    with closing(Journal(path)) as journal:
        journal.write(answers.items())
    return path


def test_equal_answers_are_one_and_a_repeated_union_changes_nothing(tmp_path: Path) -> None:
    parts = [made(tmp_path / "1", a="1", b="2"), made(tmp_path / "2", b="2", c="ü"), made(tmp_path / "3")]
    assert unite(parts, tmp_path / "all") == 3
    assert unite(parts[::-1], tmp_path / "all") == 3
    with closing(Journal(tmp_path / "all")) as journal:
        assert journal.read(["a", "b", "c"]) == {"a": "1", "b": "2", "c": "ü"}  # each with its checksum


def test_another_answer_to_one_request_names_both_journals(tmp_path: Path) -> None:
    parts = [made(tmp_path / "1", x="1"), made(tmp_path / "2", key="2"), made(tmp_path / "3", key="3", z="0")]
    with pytest.raises(EvidenceInvalid) as raised:
        unite(parts, tmp_path / "all")
    assert all(str(part) in str(raised.value) for part in parts[1:])
    with closing(Journal(tmp_path / "all")) as journal:
        assert journal.read(["x", "key", "z"]) == {"x": "1", "key": "2"}  # of the third nothing was taken
    with pytest.raises(EvidenceInvalid, match="answer key is not that in"):
        unite(parts[2:], tmp_path / "all")


def test_damage_is_found_where_it_is(tmp_path: Path) -> None:
    sound, damaged = made(tmp_path / "1", a="1"), made(tmp_path / "2", b="2")
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("UPDATE answers SET answer = '3'")
    with pytest.raises(RunFolderError, match=f"{damaged}: damaged .answer b does not match"):
        unite([sound, damaged], tmp_path / "all")
    with pytest.raises(RunFolderError, match="nowhere: missing: copy"):
        unite([sound, tmp_path / "nowhere"], tmp_path / "all")
