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
    assert files.LONGEST_LINE == 67_108_864
    monkeypatch.setattr(files, "LONGEST_LINE", 2**20)
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a": "' + "x" * 2**20 + '"}\n', "utf-8")
    with pytest.raises(UsageError, match=r"a\.jsonl: line 2: longer than 1 MiB"):
        list(files.read_lines(file))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, fault in (("pipe", "not a file"), (".", "not a file"), ("missing", "no such file")):
        with pytest.raises(UsageError, match=rf"^{tmp_path / name}: {fault}"):
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
    assert files.optional(owner, "n", int, "here") == 1
    assert files.optional(owner, "none", int, "here") is None
    assert files.optional(owner, "missing", int, "here") is None
    for name, fault in (("flag", "here: 'flag' is true or false"), ("none", "is null"), ("missing", "no 'missing'")):
        with pytest.raises(UsageError, match=fault):
            files.member(owner, name, (int, str), "here")
    with pytest.raises(UsageError, match=r"^here: 'n' is a number$"):
        files.optional(owner, "n", str, "here")


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


@pytest.mark.parametrize(("size", "fits"), [(9, True), (10, False)])
def test_files_and_lines_of_the_largest_size_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, fits: bool
) -> None:
    for limit, read in (("LARGEST_FILE", files.read_text), ("LONGEST_LINE", lambda file: list(files.read_lines(file)))):
        file = tmp_path / limit
        file.write_text('{"a":1}'.ljust(size), "utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(files, limit, 9)
            if fits:
                assert read(file)
            else:
                with pytest.raises(UsageError, match=f"{limit}: (larger|line 1: longer) than"):
                    read(file)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"a": 1}\n\n{"b": "\0"}\n', "line 3: a NUL byte: this is not a text file, or it is damaged: copy it again"),
        (b"\n\0", "line 2: a NUL byte"), (b'{"a": "\xff"}', "not UTF-8 text"),
        (b" \n", "the file is empty: copy it again"),
        (b'{"a": 1}\n{"a": [1}\n', "line 2: not valid JSON: .*: correct it, or copy it again"),
        (b'{"a": 1}\n{"a": ', "line 2: not valid JSON: .*: the file ends in the middle of a line: copy it again"),
        (b'{"a": {"c": 1, "b": 1, "b": 2}}', "line 1: not valid JSON: duplicate key 'b' in one object"),
        (b'{"a": %b}' % (b"9" * 301), "line 1: not valid JSON: a number of 301 digits"),
        (b'{"a": ["\\ud800"]}', "line 1: it contains half of a surrogate pair, which is no valid Unicode"),
        (b"[" * 100_000, "line 1: nested too deeply"),
        (b"null", "line 1: not a JSON object but null"), (b"1.5", "line 1: not a JSON object but a number"),
        (b'"x"', "line 1: not a JSON object but a text"), (b"true", "line 1: not a JSON object but true or false"),
        (b"[]", "line 1: not a JSON object but a list"),
    ],
)  # fmt: skip
def test_json_of_strangers_is_one_line(tmp_path: Path, data: bytes, fault: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=f"^{file}: {fault}"):
        list(files.read_lines(file))


def test_a_large_number_and_a_whole_surrogate_pair_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"n": ' + "9" * 300 + ', "smile": "\\ud83d\\ude00"}', "utf-8")
    assert files.read_json(file) == {"n": int("9" * 300), "smile": "\U0001f600"}
    file.write_text("[]", "utf-8")
    with pytest.raises(UsageError, match=rf"^{file}: not a JSON object but a list$"):
        files.read_json(file)


def test_a_long_fault_is_cut(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        files.parse_object('{"' + "k" * 300 + '": 1, "' + "k" * 300 + '": 2}', "f")
    said = "duplicate key '" + "k" * 300
    assert str(caught.value) == f"f: not valid JSON: {said[:199]}…: correct it, or copy it again"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, None), (-1, None), (True, None), (1.0, None), ("1", None), (None, None)],
)
def test_counts_are_whole_and_fit(value: object, expected: int | None) -> None:
    assert files.count(value) == expected


def test_true_is_a_member_only_where_it_is_wanted() -> None:
    assert files.member({"a": True}, "a", (bool, int), "f") is True
    with pytest.raises(UsageError, match=r"^f: 'a' is true or false$"):
        files.member({"a": True}, "a", int, "f")
    with pytest.raises(UsageError, match=r"^f: no 'b': is this file of another tool or version\?$"):
        files.member({"a": True}, "b", int, "f")


def test_a_long_difference_is_cut() -> None:
    logs = [(Path("x/a"), {"model": "m" * 200}), (Path("b"), {"model": "n" * 200})]
    with pytest.raises(UsageError) as caught:
        files.check_alike(logs)
    assert str(caught.value) == f"b: model {'n' * 99}…, in a {'m' * 99}…: import them separately"
