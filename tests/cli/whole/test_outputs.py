"""The verdict is written and exits as it is; whatever else cannot be written is a line. Impossible paths are a line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.command import MAY_BE_EMPTY
from audit.cli.main import COMMANDS, load_command
from audit.core.errors import WriteError
from audit.core.run_folder import RunFolder, refuse_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Audit = Callable[..., tuple[int, str, str]]


def card_elsewhere(run: RunFolder) -> None:
    (run.path / "report").rename(run.path.parent / "elsewhere")
    (run.path / "report").symlink_to("../elsewhere")


@pytest.mark.slow
def test_a_card_is_not_written_out_of_the_run_folder(audit: Audit, finished: RunFolder) -> None:
    card_elsewhere(finished)
    before = finished.report_path.read_bytes()
    _, _, error = audit("gate", finished.path)
    elsewhere = finished.path.parent / "elsewhere"
    assert f"points outside the run folder, to {elsewhere.resolve()}" in error
    for words in ([], ["--format", "md"], ["--format", "json"], ["--format", "lm-eval"]):
        code, _, error = audit("report", finished.path, *words)
        assert code == 2
        assert "points outside the run folder" in error
    assert [entry.name for entry in elsewhere.iterdir()] == ["index.html"]
    assert finished.report_path.read_bytes() == before


EVIDENCE = ["manifest.json", "metrics.json", "decision.json", "samples/safety/crows_pairs.parquet", "raw.jsonl"]


@pytest.mark.parametrize("name", [*EVIDENCE, "report/index.html"])
def test_evidence_is_no_summary(name: str, audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    target = finished.path / name
    before = target.read_bytes() if target.exists() else None
    (tmp_path / "link.md").symlink_to(target)
    for given in (target, os.path.relpath(target), tmp_path / "link.md"):
        code, _, error = audit("gate", finished.path, "--summary", given)
        assert code == 2
        assert "choose another name" in error
    assert (target.read_bytes() if target.exists() else None) == before
    assert finished.read_decision() is None
    assert audit("gate", finished.path, "--summary", finished.path / "summary.md")[0] == 11


def test_evidence_is_no_output_of_any_command(audit: Audit, finished: RunFolder) -> None:
    target = finished.metrics_path
    before = target.read_bytes()
    (finished.path.parent / "ratings.sqlite").write_bytes(b"SQLite format 3\0" + bytes(84))
    (finished.path / "attributions").mkdir(exist_ok=True)
    for words in (
        ("report", finished.path, "--format", "json", "--out", target),
        ("report", finished.path, "--format", "lm-eval", "--out", finished.path / "logged"),
        ("report", finished.path, "--out", finished.path.parent / "ratings.sqlite"),
        ("ratings", "export", "--run", finished.path, "--out", target),
        ("explain", "-p", "x", "--out", finished.path / "attributions" / "x.json"),
    ):
        code, _, error = audit(*words)
        assert (code, "choose another name" in error) == (2, True), error
    assert target.read_bytes() == before


def test_files_that_are_no_evidence_are_free(finished: RunFolder, tmp_path: Path) -> None:
    for path in (finished.path / "summary.md", finished.path / "report" / "x.json", tmp_path / "metrics.json"):
        refuse_evidence(path, "--out")
    with pytest.raises(WriteError, match="evidence of the run"):
        refuse_evidence(finished.path / "samples", "--out")


def all_commands() -> Iterator[tuple[list[str], Any]]:
    """Every command with its words."""

    def below(words: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words, command
        for name, one in (inner or {}).items():
            yield from below([*words, name], one)

    for name in COMMANDS:
        yield from below([name], load_command(name))


def takes_text(parameter: Any) -> bool:
    return parameter.type_descriptor.annotation in {str, Path} and not getattr(parameter, "is_eager", False)


EMPTY = [
    (words, option)
    for words, command in all_commands()
    for parameter in command.params
    for option in parameter.opts
    if takes_text(parameter) and option.startswith("--") and option not in MAY_BE_EMPTY
]


def test_every_path_that_is_written_is_among_them() -> None:
    found = {(" ".join(words), option) for words, option in EMPTY}
    assert {
        ("run", "--out"), ("report", "--out"), ("ratings export", "--out"), ("explain", "--out"),
        ("canaries make", "--out"), ("people make", "--out"), ("gate", "--runs"), ("ratings export", "--database"),
    } <= found  # fmt: skip


@pytest.mark.parametrize(("words", "option"), EMPTY, ids=str)
def test_an_empty_value_is_one_line(words: list[str], option: str, audit: Audit) -> None:
    code, shown, error = audit(*words, option, "")
    assert (code, shown, error) == (2, "", f"error: {option} is empty: is the variable behind it set?\n")


@pytest.mark.parametrize("command", ["gate", "report"])
def test_an_empty_run_is_one_line(command: str, audit: Audit) -> None:
    assert audit(command, "") == (2, "", "error: RUN is empty: is the variable behind it set?\n")


@pytest.mark.parametrize("place", [".", "/", ".."])
def test_a_folder_is_no_file_to_write(place: str, audit: Audit, finished: RunFolder) -> None:
    for words in (
        ("report", finished.path, "--format", "md", "--out", place),
        ("ratings", "export", "--runs", finished.path.parent, "--out", place),
        ("canaries", "make", "--out", place),
        ("people", "make", "--out", place),
        ("explain", "-p", "x", "--out", place),
    ):
        code, shown, error = audit(*words)
        assert (code, shown) == (2, ""), error
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        assert "crashed" not in error


@pytest.mark.slow
def test_outputs_may_be_streams(program: str, finished: RunFolder, environment: dict[str, str]) -> None:
    words = [program, "report", str(finished.path), "--format", "json", "--out", "/dev/stdout"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["manifest"]["run_id"] == finished.run_id
    words = [program, "canaries", "make", "--count", "1", "--out", "/dev/stdout"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert [sorted(json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 0
