"""``audit ratings export``: where the ratings go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from audit.cli.commands import ratings as command
from audit.core.errors import UsageError
from audit.ratings import NewRating, add, default_url, output_digest

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*words: str) -> Result:
    program = typer.Typer()
    program.callback()(lambda: None)
    command.register(program)
    return CliRunner().invoke(program, ["ratings", "export", *words])


@pytest.fixture
def rated(tmp_path: Path) -> str:
    """A database with two ratings by one person."""
    url = default_url(tmp_path)
    given: dict[str, Any] = {"rater": "ada", "run_id": "run-1", "suite": "evals", "task": "asdiv", "sample_id": "s1"}
    for rating, comment in ((2, ""), (4, "größer")):
        add(url, NewRating(**given, output_sha256=output_digest("text"), rating=rating, comment=comment))
    return url


@pytest.mark.slow
def test_json_lines_go_to_stdout_and_the_count_to_stderr(rated: str) -> None:
    result = run("--database", rated)
    assert result.exit_code == 0
    assert [json.loads(line)["rating"] for line in result.stdout.splitlines()] == [2, 4]
    assert result.stderr == "2 ratings\n"


def test_they_go_to_a_file_when_asked(rated: str, tmp_path: Path) -> None:
    file = tmp_path / "new" / "ratings.jsonl"
    result = run("--runs", str(tmp_path), "--out", str(file))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert json.loads(file.read_text("utf-8").splitlines()[1])["comment"] == "größer"


def test_no_database_is_no_ratings(tmp_path: Path) -> None:
    result = run("--runs", str(tmp_path))
    assert isinstance(result.exception, UsageError)
    assert "nothing has been rated yet" in str(result.exception)
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_nowhere_is_one_line(tmp_path: Path) -> None:
    result = run("--runs", str(tmp_path), "--run", "no-such-run")
    assert isinstance(result.exception, UsageError)
    assert "no-such-run: no such run" in str(result.exception)
