"""``audit app``: what is refused before the server starts, and how it is started."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from audit.cli.commands import app
from audit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def program() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    app.register(made)
    return made


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((app.ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]
        result = CliRunner().invoke(program(), ["app", "--runs", str(tmp_path), "--port", str(port)])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == (
        f"port {port} is not free on 127.0.0.1: stop the other program, or choose a port with --port"
    )


def test_a_wrong_database_is_told_before_the_server_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("started"))
    result = CliRunner().invoke(program(), ["app", "--runs", str(tmp_path), "--database", "ratings.db"])
    assert isinstance(result.exception, UsageError)
    assert "not a database URL" in str(result.exception)


def test_the_server_is_told_to_stay_on_this_machine_and_tell_nobody(tmp_path: Path) -> None:
    words = app.command(tmp_path / "main.py", 8501)
    options = dict(zip(words[6::2], words[7::2], strict=True))
    assert options["--server.address"] == "127.0.0.1"
    assert options["--browser.gatherUsageStats"] == "false"
    assert options["--server.headless"] == "true"
    assert "--theme.base" not in options, "the browser says whether the page is light or dark"
