"""What was logged of a task, written and read again."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import RunFolderError
from audit.core.records.files import logged_file
from audit.core.records.logged import LoggedTask

if TYPE_CHECKING:
    from pathlib import Path


def test_half_of_a_surrogate_pair_comes_back_in_keys_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.json.gz"
    config = dict(zip(("a\udfff", "a\udffe", "a\ufffd", "a\\udfff"), (["x\ud800y"], "😀", 1.5, None), strict=True))
    logged_file.write(path, LoggedTask(task="mine", config=config))
    assert json.loads(gzip.decompress(path.read_bytes()))["config"] == config
    assert logged_file.read(path).config == config


def test_equal_records_are_equal_bytes(tmp_path: Path) -> None:
    record = LoggedTask(task="mine", results={"acc,none": 0.5, "acc_stderr,none": float("nan")})
    first, second = tmp_path / "first.json.gz", tmp_path / "second.json.gz"
    logged_file.write(first, record)
    logged_file.write(second, record)
    assert first.read_bytes() == second.read_bytes()
    assert logged_file.read(first).results == {"acc,none": 0.5, "acc_stderr,none": None}


@pytest.mark.parametrize("text", ['"results": {"acc": 1e999}', '"results": {"acc": 1, "acc": 0}', '"results": {"acc"'])
def test_a_broken_file_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json.gz"
    path.write_bytes(gzip.compress(f'{{"task": "mine", {text}}}'.encode()))
    with pytest.raises(RunFolderError, match=r"mine\.json\.gz: broken: .*: copy the run folder again"):
        logged_file.read(path)
