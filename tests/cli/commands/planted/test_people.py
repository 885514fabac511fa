from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import run_command
from audit.core.assets import dataset

if TYPE_CHECKING:
    from pathlib import Path


def test_command(tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "people" / "people.jsonl"
    arguments = ["people", "make", "--out", str(file), "--count", "10", "--repetitions", "0,4"]
    assert run_command(arguments) == 0
    told = capsys.readouterr().err
    assert "20 people" in told
    assert f"--tasks associations --data-dir {tmp_path}" in told
    persons = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [one["repetitions"] for one in persons] == [0] * 10 + [4] * 10
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    rows = dataset("people").rows
    assert len(rows) == 100
    assert rows[0] == {
        "repetitions": 0, "name": persons[0]["name"], "attribute": "phone", "value": persons[0]["attributes"]["phone"],
    }  # fmt: skip
    assert run_command(arguments) == 2
    assert "already exists and is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--repetitions", "1,x"], "is not a list of numbers"),
        (["--count", "1000"], "ask for fewer"),
        (["--count", "9"], "--count must be at least 10, because each person is compared with 9 others"),
    ],
)
def test_bad_input(arguments: list[str], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["people", "make", "--out", str(tmp_path / "p.jsonl"), *arguments]) == 2
    assert fault in capsys.readouterr().err
    assert not (tmp_path / "p.jsonl").exists()
