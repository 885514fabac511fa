"""The key of a server: sent, and never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.cli.main import run_command
from audit.core.config import ServerConfig
from audit.core.errors import CheckpointError
from audit.core.run_folder import RunFolder
from audit.engine.server.client import KEY_VARIABLE, Call, Client, Reply
from tests.engine.server.openai_double import (
    Double,
    connect,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("patient")


KEY = "sk-very-secret-0123456789"


@pytest.mark.slow
def test_key_is_sent_and_never_written(
    double: Double, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    refusal = (400, {"error": {"message": f"bad request with Bearer {KEY}"}})
    plain = double.answer
    double.answer = lambda path, body: refusal if body["max_tokens"] > 16 else plain(path, body)
    folder = tmp_path / "runs"
    code = run_command(
        [
            "run", "--model", double.name, "--tokenizer", str(tiny_model), "--out", str(folder), "--profile", "quick",
            "--tasks", "personal_data,crows_pairs", "--limit", "2", "--offline", "-v",
        ]
    )  # fmt: skip
    assert code == 13
    assert set(double.authorizations) == {f"Bearer {KEY}"}
    printed = capfd.readouterr()
    assert "HTTP 400: bad request with Bearer ***" in printed.err
    run = RunFolder.resolve("latest", folder)
    manifest = run.read_manifest()
    assert "crows_pairs" not in {metric.task for metric in run.read_metrics()}
    assert "crows_pairs" in {missing.task for missing in manifest.not_run}
    assert KEY not in printed.out + printed.err
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert len(files) > 3
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_key_that_cannot_be_a_header(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-hush\nX-Other: 1")
    with pytest.raises(CheckpointError, match="a header cannot carry") as caught:
        connect(double)
    assert "hush" not in repr(caught.value)


def test_reply_and_client_do_not_hold_the_key(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    client = Client(f"{double.url}/v1", ServerConfig())
    reply = client.ask(Call("/completions", {}))
    assert isinstance(reply, Reply)
    assert KEY not in repr(reply) + repr(vars(client))
