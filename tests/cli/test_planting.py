"""Texts to plant: how often, into which file, and what is said about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.planting import numbers_of_repetitions, write_planted
from audit.core.errors import UsageError

if TYPE_CHECKING:
    import random
    from pathlib import Path


@pytest.mark.parametrize(("text", "meant"), [("0,1,4,16", [0, 1, 4, 16]), ("3", [3]), (" 2 , 1", [2, 1])])
def test_repetitions(text: str, meant: list[int]) -> None:
    assert numbers_of_repetitions(text) == meant


@pytest.mark.parametrize("text", ["", "1,", "x", "1.5", "1,1", "-1,2"])
def test_repetitions_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--repetitions: .*: write for example 0,1,4,16$"):
        numbers_of_repetitions(text)


def drawn(draws: random.Random) -> list[dict[str, Any]]:
    return [{"text": f"größer {draws.random()}", "repetitions": 1}]


def test_a_seed_decides_the_rows_and_none_is_unpredictable(tmp_path: Path) -> None:
    def row(name: str, seed: int | None) -> dict[str, Any]:
        file = tmp_path / name / "things.jsonl"
        write_planted(file, "things", "canaries", seed, drawn)
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    assert row("a", 5) == row("b", 5)
    assert row("c", None) != row("d", None)


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "things.jsonl"
    file.write_text("planted", "utf-8")
    with pytest.raises(UsageError, match="already exists and is not overwritten"):
        write_planted(file, "things", "canaries", None, drawn)
    assert file.read_text("utf-8") == "planted"


def test_what_to_do_next_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_planted(tmp_path / "data" / "things" / "things.jsonl", "things", "canaries", 1, drawn)
    said = capsys.readouterr().err
    assert said.startswith("1 things in ")
    assert f"--tasks canaries --data-dir {tmp_path / 'data'}" in said
