"""HumanEval's file, packed and not, whole and broken."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from audit.core.assets.readers import programs
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from pathlib import Path

ROW = {
    "task_id": "HumanEval/0",
    "prompt": 'def one():\n    """One."""\n',
    "entry_point": "one",
    "canonical_solution": "    return 1\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
}


def test_spaces_and_line_ends_stay(tmp_path: Path) -> None:
    text = f"{json.dumps(ROW)}\n\n{json.dumps({**ROW, 'more': 1})}\n"
    (tmp_path / "a.jsonl").write_text(text, "utf-8")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.jsonl", "a.jsonl.gz"):
        assert programs.humaneval({name: tmp_path / name}).rows == [ROW, ROW]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2.*not valid JSON"),
        ("[]", "line 2.*expected an object, found a list"),
        (json.dumps({**ROW, "test": None}), "line 2.*'test' is not text"),
        (json.dumps({**ROW, "entry_point": "one()"}), "line 2.*entry_point 'one.*' is no name of a function"),
        (json.dumps({"task_id": "x"}), "line 2.*no column 'prompt'"),
    ],
)
def test_broken_lines(tmp_path: Path, line: str, fault: str) -> None:
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(ROW)}\n{line}\n", "utf-8")
    with pytest.raises(AssetError, match=fault):
        programs.humaneval({"a.jsonl": tmp_path / "a.jsonl"})


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"x" * 99)[:-12], gzip.compress(b"\xff\xfe"), gzip.compress(b"x" * 200)],
    ids=["no gzip", "cut", "no text", "too long"],  # the bytes hold the time at which they were made
)
def test_broken_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(programs, "MOST_BYTES", 100)
    (tmp_path / "a.jsonl.gz").write_bytes(content)
    with pytest.raises(AssetError, match=r"cannot be read|has more than 100 bytes"):
        programs.humaneval({"a.jsonl.gz": tmp_path / "a.jsonl.gz"})
