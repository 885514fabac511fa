"""Digests of files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from audit.core.assets import digest
from audit.core.records import digest_of

if TYPE_CHECKING:
    from pathlib import Path


def test_digest_of_several_files_does_not_depend_on_where_they_lie(tmp_path: Path) -> None:
    for base in ("a", "b"):
        (tmp_path / base).mkdir()
        for name in ("x", "y"):
            (tmp_path / base / name).write_text(name)
    both = [{name: tmp_path / base / name for name in ("y", "x")} for base in ("a", "b")]
    expected = digest_of(*([name, hashlib.sha256(name.encode()).hexdigest()] for name in ("x", "y")))
    assert [digest.files_sha256(files) for files in both] == [expected, expected]


def test_a_changed_file_gets_a_new_digest(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in ("one", "two", "three"):
        file.write_text(text)
        assert digest.file_sha256(file) == hashlib.sha256(text.encode()).hexdigest()
