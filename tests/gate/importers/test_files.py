"""JSON of strangers."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from audit.core.errors import UsageError
from audit.gate.importers import files


def test_lines_are_numbered_and_blank_ones_ignored(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n {"b": NaN}\n')
    (one, first), (three, second) = files.read_lines(file)
    assert (one, first, three, math.isnan(second["b"])) == (1, {"a": 1}, 3, True)


def test_a_line_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 2**20)
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a": "' + "x" * 2**20 + '"}\n', "utf-8")
    with pytest.raises(UsageError, match=r"a\.jsonl: line 2: longer than 1 MiB"):
        list(files.read_lines(file))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, fault in (("pipe", "not a file"), (".", "not a file"), ("missing", "no such file")):
        with pytest.raises(UsageError, match=fault):
            files.read_text(tmp_path / name)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(files.LARGEST_FILE + 1)
    with pytest.raises(UsageError, match="larger than 4 GiB"):
        files.read_text(file)


def test_members_have_the_wanted_type() -> None:
    owner = {"n": 1, "flag": True, "none": None}
    assert files.member(owner, "n", int, "here") == 1
    assert files.optional(owner, "none", int, "here") is None
    assert files.optional(owner, "missing", int, "here") is None
    for name, fault in (("flag", "here: 'flag' is true or false"), ("none", "is null"), ("missing", "no 'missing'")):
        with pytest.raises(UsageError, match=fault):
            files.member(owner, name, (int, str), "here")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (True, 1.0), (0.5, 0.5), (math.nan, None), (math.inf, None), (10**400, None), ("1", None), (None, None)],
)
def test_numbers_are_finite(value: object, expected: float | None) -> None:
    assert files.number(value) == expected


def test_logs_of_two_models_are_refused() -> None:
    logs = [(Path(name), {"model": model, "version": "1"}) for name, model in (("a", "x"), ("b", "x"), ("c", "y"))]
    files.check_alike(logs[:1])
    files.check_alike(logs[:2])
    with pytest.raises(UsageError, match=r"^c: model y, in a x: import them separately$"):
        files.check_alike(logs)
