"""Servers with the OpenAI API: their names, first contact, tokenizers and keys."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, ScoringUnavailable
from audit.engine import GenerateRequest, load
from audit.engine.server.client import KEY_VARIABLE
from tests.engine.server.openai_double import (
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


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (401, {"error": {"message": "no key"}}, f"HTTP 401: no key: set {KEY_VARIABLE}: this server requires a key"),
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
