"""Reading text files: every kind of file that is none is one line of the type that the caller asked for."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError, RunFolderError, UsageError
from audit.core.text_file import csv_records, csv_rows, decode, read_bytes

if TYPE_CHECKING:
    from pathlib import Path


def fault_of(error: type[UsageError], file: Path, missing: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        decode(file, read_bytes(file, error, missing), error)
    assert type(caught.value) is error
    return str(caught.value)


def test_text_comes_back_without_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "text.csv"
    file.write_bytes(b"\xef\xbb\xbfa,\xc3\xbc\r\n\xef\xbb\xbf")
    assert decode(file, read_bytes(file, ConfigError), ConfigError) == "a,ü\r\n\ufeff"  # the first mark alone is one


def test_a_missing_file_names_the_nearest_or_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "audit.yaml").write_text("")
    wanted = tmp_path / "audti.yaml"
    nearest = f"{wanted}: no such file: check the path. Did you mean '{tmp_path / 'audit.yaml'}'?"
    assert fault_of(ConfigError, wanted) == nearest
    assert fault_of(RunFolderError, wanted, "run it again") == f"{wanted}: no such file: run it again"


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    fault = fault_of(ConfigError, tmp_path)
    assert fault == f"{tmp_path}: cannot be read: Is a directory: check the path and its permissions"


def test_bytes_that_are_no_text_are_counted_from_one(tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes("one\ntwo\nCafé".encode("latin-1"))
    assert fault_of(RunFolderError, file) == f"{file}: not UTF-8 text (byte 12, line 3): save it as UTF-8"


def test_tables_have_cells_of_any_length_whoever_read_before_and_quotes_that_close() -> None:
    long = "a" * 140_000
    csv.field_size_limit(10)
    assert list(csv_rows(f'x;"1;2"\r\n{long};"b\nc"\n', ";")) == [["x", "1;2"], [long, "b\nc"]]
    csv.field_size_limit(10)
    assert list(csv_records(f"x,y\n{long},2\n")) == [{"x": long, "y": "2"}]
    for read in (csv_rows, csv_records):
        with pytest.raises(csv.Error):
            list(read('x\n"1\n'))
