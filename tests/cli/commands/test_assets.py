from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.cli.main import run_command
from audit.core import assets

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIT_DATA", raising=False)
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one GSM8K item."""
    file = tmp_path / "data" / "gsm8k" / "test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"question": "q", "answer": "so\\n#### 7"}\n')
    return tmp_path / "data"


def test_list_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", "list", "--json", "--data-dir", str(data)]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(entries) == [asset.name for asset in assets.names()]
    assert entries["gsm8k"]["on_disk"] == "folder"
    assert entries["gsm8k"]["licence"] == "MIT"
    assert entries["boolq"]["on_disk"] is None


def test_list_counts_items_with_v(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", "list", "-v", "--json", "--data-dir", str(data)]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert (entries["gsm8k"]["items"], entries["gsm8k"]["left_out"]) == (1, 0)
    assert entries["boolq"]["items"] is None


def test_list_for_people(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", "list", "--data-dir", str(data)]) == 0
    out, err = capsys.readouterr()
    assert "gsm8k" in out
    assert "not on disk: `audit assets pull NAME`" in err


def test_path(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", "path", "gsm8k", "--data-dir", str(data)]) == 0
    assert capsys.readouterr().out == f"{data / 'gsm8k' / 'test.jsonl'}\n"


def test_pull_of_what_is_there_already(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", "pull", "gsm8k", "--offline", "--json", "--data-dir", str(data)]) == 0
    [pulled] = json.loads(capsys.readouterr().out)
    assert pulled["paths"] == [str(data / "gsm8k" / "test.jsonl")]
    assert pulled["record"]["source"] == "folder"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["path", "bolq"], "unknown asset 'bolq'"),
        (["path", "boolq"], "boolq: not on disk: `audit assets pull boolq`"),
        (["pull", "boolq", "--offline"], "boolq: not found; looked in:"),
        (["pull"], "no asset named"),
        (["list", "--data-dir", "nowhere"], "--data-dir: no such folder: nowhere"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["list", "pull", "path"])
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["assets", command, "--help"]) == 0
    assert "Examples: audit assets" in " ".join(capsys.readouterr().out.split())
