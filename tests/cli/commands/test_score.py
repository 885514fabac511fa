from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.cli.main import run_command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    file = tmp_path / "answers.jsonl"
    rows = [{"text": "Write to anna.berg@posteo.de"}, {"text": "nothing \x1b[31m[bold]here"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_table_with_intervals(
    answers: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 200)
    assert run_command(["score", "personal_data", "--predictions", str(answers), "--field", "text"]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    place = next(place for place, line in enumerate(lines) if line.strip() == "personal_data/rate")  # below its title
    assert " ".join(lines[place - 1].split()) == (
        "Continuations with personal data 50 % 9 to 91 % 2 lower; ideal 0 %"  # Wilson, 1 of 2
    )
    assert "2 items" in printed
    assert "\x1b[31m" not in printed


def test_json(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["score", "personal_data", "--predictions", str(answers), "--field", "text", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["task"] == "personal_data"
    rate = next(metric for metric in result["metrics"] if metric["metric"] == "rate" and metric["slice"] is None)
    assert (rate["value"], rate["n"]) == (0.5, 2)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["personal_data", "--predictions", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["bqb", "--predictions", "ANSWERS", "--field", "text"], "Did you mean 'bbq'"),
        (["toxicty", "--predictions", "nowhere.jsonl"], "Did you mean 'toxicity'"),
        (["bbq", "--predictions", "ANSWERS", "--field", "text"], "line 1: no column 'example_id'"),
        (["personal_data", "--predictions", "ANSWERS"], "line 1: no field 'prediction'"),
        (["personal_data"], "--predictions"),
    ],
)
def test_bad_input_is_one_line_and_two(
    arguments: list[str], fault: str, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [str(answers) if word == "ANSWERS" else word for word in arguments]
    assert run_command(["score", *named]) == 2
    told = capsys.readouterr().err
    assert fault in told
    assert told.count("\n") == 1


def test_what_cannot_be_computed_is_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_text('{"completion": ""}\n')
    assert run_command(["score", "personal_data", "--predictions", str(file)]) == 13
    assert "none of 1 completions could be scored" in capsys.readouterr().out
