"""Advice is shown whole, and databases of ratings that are not there are refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from audit.cli import main
from audit.cli.commands import app, run
from audit.cli.console import out
from audit.cli.progress import Bars
from audit.core.errors import UsageError
from audit.core.records import NotRun
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

LONG = "boolq: not found: " + "looked in a folder with a long name, " * 60 + "so put dev.jsonl into AUDIT_DATA/boolq"
"""2,276 characters, the advice at the end."""


@pytest.fixture
def missing(finished: RunFolder) -> RunFolder:
    """A run that lacks a task and has a warning, both with long reasons."""
    skipped = NotRun(suite="evals", task="boolq", reason=LONG)
    changes = {"not_run": [skipped], "warnings": [LONG], "status": "partial"}
    finished.write_manifest(finished.read_manifest().model_copy(update=changes))
    return sealed(finished)


def test_what_did_not_run_is_said_whole_and_once(missing: RunFolder, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    run._show(missing, as_json=False)
    assert f"not run: {LONG}\n" in capfd.readouterr().out


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_reports_show_it_whole(missing: RunFolder, audit: Callable[..., tuple[int, str, str]], form: str) -> None:
    _, text, _ = audit("report", missing.path, "--format", form, "--out", "-")
    assert text.replace("\\", "").count("so put dev.jsonl into AUDIT_DATA/boolq") == 2


def test_gate_shows_it_whole(
    missing: RunFolder, audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a narrow table the words of other columns stand between those of the reason.
    monkeypatch.setattr(out, "width", 400)
    policy = missing.path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.5}]\n")
    code, text, _ = audit("gate", missing.path, "--policy", policy)
    assert code == 13
    words = "".join(text.replace("│", " ").split())
    assert "soputdev.jsonlintoAUDIT_DATA/boolq" in words


def test_warnings_and_errors_are_whole(capfd: pytest.CaptureFixture[str]) -> None:
    with Bars(quiet=True) as bars:
        bars.say(LONG)
    main._report(UsageError(LONG), 2)
    assert capfd.readouterr().err == f"{LONG}\nerror: {LONG}\n"


@pytest.mark.parametrize("words", [["ratings", "export"], ["report", "latest"], ["run"]])
def test_a_ratings_database_that_is_not_there(
    finished: RunFolder, audit: Callable[..., tuple[int, str, str]], tiny_model: Path, tmp_path: Path, words: list[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'nope.sqlite'}"
    more = ["--model", tiny_model, "--out", tmp_path / "runs"] if words == ["run"] else ["--runs", tmp_path / "runs"]
    code, out, error = audit(*words, *more, "--database", url)
    assert (code, out) == (2, "")
    assert error.startswith(f"error: {tmp_path / 'nope.sqlite'}: no such ratings database")
    assert not (tmp_path / "nope.sqlite").exists()


def test_export_of_runs_that_nobody_rated(finished: RunFolder, audit: Callable[..., tuple[int, str, str]]) -> None:
    code, out, error = audit("ratings", "export", "--runs", finished.path.parent)
    assert (code, out) == (2, "")
    assert "nobody has rated yet" in error


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ada:secret@127.0.0.1:1/ratings", "127.0.0.1"),
        ("mysql://ada@db/ratings", "mysql is not supported"),
        ("ratings.sqlite", "not a database URL"),
        ("sqlite:///{folder}/text.sqlite", "not a database"),
    ],
)
def test_the_app_does_not_start_on_a_database_that_cannot_be_used(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, said: str
) -> None:
    (tmp_path / "text.sqlite").write_text("not a database at all, but text" * 50)
    monkeypatch.setattr(app, "serve", lambda *_: pytest.fail("the app was started"))
    code, _, error = audit("app", "--runs", tmp_path, "--database", url.format(folder=tmp_path))
    assert code == 2
    assert said in error
    assert len(error.splitlines()) == 1
    assert "secret" not in error


def test_the_app_does_not_start_without_the_driver(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setattr(app, "serve", lambda *_: pytest.fail("the app was started"))
    code, _, error = audit("app", "--runs", tmp_path, "--database", "postgresql://ada@127.0.0.1:1/ratings")
    assert code == 2
    assert "no driver: install checkpoint-audit[postgres]" in error


def test_the_app_starts_where_nobody_has_rated_yet(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = []
    monkeypatch.setattr(app, "serve", lambda settings, _port: served.append(settings.runs))
    assert audit("app", "--runs", tmp_path)[0] == 0
    assert served == [tmp_path]
    assert list(tmp_path.iterdir()) == []
