from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import run_command
from audit.core.assets import dataset

if TYPE_CHECKING:
    from pathlib import Path


def test_command(tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "canaries" / "canaries.jsonl"
    arguments = ["canaries", "make", "--out", str(file), "--count", "2", "--repetitions", "0,4"]
    assert run_command(arguments) == 0
    told = capsys.readouterr().err
    assert "4 canaries" in told
    assert f"--tasks canaries --data-dir {tmp_path}" in told
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["repetitions"] for row in rows] == [0, 0, 4, 4]
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    assert [row["secret"] for row in dataset("canaries").rows] == [row["secret"] for row in rows]
    assert run_command(arguments) == 2
    assert "already exists and is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--repetitions", "1,x"], "is not a list of numbers"),
        (["--repetitions", "1,1"], "has a negative or repeated number"),
        (["--repetitions", "-1"], "has a negative or repeated number"),
        (["--count", "1000"], "ask for fewer"),
    ],
)
def test_bad_input(arguments: list[str], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["canaries", "make", "--out", str(tmp_path / "c.jsonl"), *arguments]) == 2
    assert fault in capsys.readouterr().err
    assert not (tmp_path / "c.jsonl").exists()


def test_unpredictable_unless_seeded(tmp_path: Path) -> None:
    def secrets(name: str, *more: str) -> list[str]:
        file = tmp_path / name / "canaries.jsonl"
        assert run_command(["canaries", "make", "--out", str(file), "--count", "2", *more]) == 0
        return [json.loads(line)["secret"] for line in file.read_text().splitlines()]

    assert secrets("a") != secrets("b")
    assert secrets("c", "--seed", "5") == secrets("d", "--seed", "5")
