"""Servers with the OpenAI API: their names, first contact, tokenizers and keys."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import run_command
from audit.core.config import ServerConfig
from audit.core.errors import CheckpointError, ScoringUnavailable, WhiteBoxUnavailable
from audit.core.run_folder import RunFolder
from audit.engine import GenerateRequest, load
from audit.engine.checkpoint.source import check_source, short_name
from audit.engine.server.client import KEY_VARIABLE, Call, Client, Reply
from audit.engine.server_name import parse
from tests.engine.openai_double import (
    ASK,
    NAME,
    Double,
    connect,
    says,
    serving,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("patient")

KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    ("written", "url", "model"),
    [
        ("openai:http://127.0.0.1:8000#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:http://127.0.0.1:8000/#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:https://example.org/api/v2/#owner/m#x", "https://example.org/api/v2", "owner/m#x"),
        ("openai:http://[::1]:8000#m", "http://[::1]:8000/v1", "m"),
    ],
)
def test_names(written: str, url: str, model: str) -> None:
    assert (parse(written).url, parse(written).model) == (url, model)
    check_source(written)


@pytest.mark.parametrize(
    "written",
    [
        "openai:", "openai:#m", "openai:http://#m", "openai:127.0.0.1:8000#m", "openai:ftp://host#m", "openai:http://h",
        "openai:http://h# ", "openai:http://h:99999#m", "openai:http://h:port#m", "openai:http://a b#m",
    ],
)  # fmt: skip
def test_other_forms_are_refused(written: str) -> None:
    with pytest.raises(CheckpointError, match="write openai:URL#NAME"):
        check_source(written)


@pytest.mark.parametrize("written", ["openai:http://u:hush@h#m", "openai:u:hush@h#m", "openai:http://h/v1?key=hush#m"])
def test_credentials_in_the_url_are_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(CheckpointError, match=KEY_VARIABLE) as caught:
        check_source(written)
    assert "hush" not in str(caught.value)


def test_name_for_people() -> None:
    assert short_name("openai:http://h:1#owner/some-model") == "some-model"
    assert short_name("openai:http://h:1#/models/mine/") == "mine"


def test_record_says_what_is_known(double: Double, tiny_model: Path) -> None:
    record = connect(double).record
    assert (record.name, record.source, record.max_length) == (NAME, f"openai {double.url}/v1", 256)
    assert (record.device, record.parameter_count, record.files) == ("server", 0, [])
    assert record.digest == connect(double).record.digest
    assert record.digest != connect(double, tokenizer=str(tiny_model)).record.digest
    double.listing["data"][0]["owned_by"] = "somebody else"
    assert record.digest != connect(double).record.digest


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (401, {"error": {"message": "no key"}}, f"HTTP 401: no key: set {KEY_VARIABLE}: this server wants a key"),
        (404, {"detail": "Not Found"}, "HTTP 404: Not Found: check the URL and the name after #"),
        (400, {"error": {"message": "bad"}}, "HTTP 400: bad: check the URL"),
        (500, "?", "HTTP 500: check the URL"),
    ],
)
def test_first_contact_refused(status: int, said: Any, expected: str) -> None:
    with serving(lambda path, body: (status, said)) as double, pytest.raises(CheckpointError) as caught:
        connect(double, tries=2)
    assert expected in str(caught.value)


def test_first_contact_without_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(CheckpointError, match=r"no connection .*start the server, or check the URL"):
            load(f"openai:http://127.0.0.1:{port}#m")


def test_unknown_model_is_told_with_those_there_are(double: Double) -> None:
    double.answer = lambda path, body: (404, {"error": {"message": f"no model {body['model']}"}})
    with pytest.raises(CheckpointError, match=f"no model other: this server lists {NAME}: name one of them after #"):
        load(f"openai:{double.url}#other")


def test_server_without_listing(double: Double) -> None:
    double.listing = None
    assert connect(double).record.max_length == 2048


def test_chat_where_there_is_nothing_else(tiny_model: Path, listener: Any) -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return says(" Paris")(path, body) if path == "/v1/chat/completions" else (404, {"detail": "Not Found"})

    with serving(answer) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.progress = listener
        assert "/chat/completions" in engine.record.architecture
        assert not engine.has_chat_template  # the server applies its own
        assert text_of(engine) == " Paris"
        assert double.asked[-1][1]["messages"] == [{"role": "user", "content": ASK.prompt}]
        text_of(engine, GenerateRequest("Another"))
        assert len([line for line in listener.messages if "scores differ" in line]) == 1
        with pytest.raises(ScoringUnavailable, match="no /completions"):
            engine.check_scoring()


def test_without_tokenizer_generation_works_and_says_what_is_missing(double: Double, listener: Any) -> None:
    engine = connect(double)
    engine.progress = listener
    assert text_of(engine) == " Paris"
    assert [line for line in listener.messages if "--tokenizer" in line]
    assert not engine.has_chat_template
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.check_scoring()
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.encode_pair("a", "b")
    with pytest.raises(WhiteBoxUnavailable, match="shows no weights"):
        _ = engine.model


def test_tokenizer_by_the_models_own_name(double: Double, tiny_model: Path) -> None:
    double.listing = None
    engine = load(f"openai:{double.url}#{tiny_model}")
    assert engine.has_chat_template
    assert engine.max_length == 256
    assert {file.kind for file in engine.record.files} == {"tokenizer", "chat_template"}


def test_named_tokenizer_must_be_there(double: Double) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        connect(double, tokenizer="nowhere")


@pytest.mark.parametrize("served", [True, False])
def test_the_revision_is_not_that_of_a_named_tokenizer(
    double: Double, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, *, served: bool
) -> None:
    asked: list[tuple[str, str | None]] = []

    def folder(name: str, revision: str | None, *, offline: bool) -> Path:
        asked.append((name, revision))
        return tiny_model

    monkeypatch.setattr(sys.modules["audit.engine.load"], "tokenizer_folder", folder)  # the package names a function so
    model = double.name if served else str(tiny_model)
    load(model, tokenizer="owner/tokenizer", revision="v2" if served else None, device="cpu")
    assert asked == [("owner/tokenizer", None)]


def test_the_revision_is_that_of_the_models_own_tokenizer(
    double: Double, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def folder(name: str, revision: str | None, *, offline: bool) -> Path:
        asked.append((name, revision))
        return tiny_model

    monkeypatch.setattr(sys.modules["audit.engine.load"], "tokenizer_folder", folder)  # the package names a function so
    load(double.name, revision="v2")
    assert asked == [(NAME, "v2")]


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
