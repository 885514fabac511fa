"""Servers that fail: what is repeated, what is given up, how long it takes."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import ServerConfig
from audit.engine import GenerateRequest
from audit.engine.journal import Journal
from audit.engine.server.client import Call, Client, _retry_after
from tests.engine.server.openai_double import (
    ASK,
    BROKEN,
    BUSY,
    DROP,
    GARBAGE,
    SLOW,
    Double,
    connect,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [DROP, GARBAGE, BUSY, BROKEN, (503, None), (200, [1]), SLOW], ids=str)
def test_faults_that_pass(double: Double, fault: Any) -> None:
    engine = connect(double, timeout=0.5)
    double.faults = [fault] * (1 if fault == SLOW else 4)
    assert text_of(engine) == " Paris"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (DROP, "connection lost"), (GARBAGE, "no JSON object"), (BUSY, "HTTP 429: slow down"),
        (BROKEN, "HTTP 500: boom"), (SLOW, r"no answer within 0\.3 s"),
    ],
    ids=str,
)  # fmt: skip
def test_faults_that_stay_are_errors_of_single_answers(double: Double, fault: Any, reason: str, tmp_path: Path) -> None:
    engine = connect(double, timeout=0.3, tries=3, concurrency=1)
    engine.journal = Journal(tmp_path / "journal.sqlite")
    asked = len(double.asked)
    double.faults = [fault] * 3
    first, second = engine.generate([ASK, GenerateRequest("Another")])
    assert first.error is not None
    assert re.search(reason, first.error)
    assert second.generations[0].text == " Paris"
    assert len(double.asked) - asked == 4
    assert len(engine.journal) == 1  # a resumed run asks again
    assert text_of(engine) == " Paris"
    engine.journal.close()


def test_an_answer_without_end_is_not_read_to_its_end(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect(double)
    monkeypatch.setattr("audit.engine.server.client.LARGEST_ANSWER", 10_000)
    asked = len(double.asked)
    double.faults = [(200, {"choices": [{"text": "x" * 20_000, "finish_reason": "stop"}]})]
    (completion,) = engine.generate([ASK])
    assert completion.error is not None
    assert "over 10,000 bytes" in completion.error
    assert len(double.asked) - asked == 1
    assert text_of(engine) == " Paris"


def test_a_question_that_is_refused_is_not_repeated(double: Double) -> None:
    engine = connect(double)
    asked = len(double.asked)
    double.faults = [(400, {"error": {"message": "too long"}})]
    (completion,) = engine.generate([ASK])
    assert completion.error == "the server gave no answer: HTTP 400: too long"
    assert len(double.asked) == asked + 1


@pytest.mark.slow
def test_a_server_that_is_gone_is_not_waited_for_forever(double: Double) -> None:
    client = Client(f"{double.url}/v1", ServerConfig(concurrency=1))
    double.faults = [DROP] * 10_000
    replies = [reply for _, reply in client.ask_all([Call("/completions", {})] * 40)]
    assert all(reply.error for reply in replies)
    assert len(double.asked) == 16 * 5 + 24  # then each is tried once
    double.faults = []
    assert client.ask(Call("/completions", {})).error is None


def test_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    client = Client("http://127.0.0.1:1", ServerConfig())
    for number, middle in enumerate((0.5, 1.0, 2.0, 4.0), start=1):
        assert middle * 0.5 <= client._pause(number, None) <= middle * 1.5
    assert 3.0 <= client._pause(1, 3.0) <= 3.5
    assert client._pause(30, None) == client._pause(1, 1000.0) == 60.0


@pytest.mark.parametrize(("value", "seconds"), [("2", 2.0), ("-1", 0.0), ("99999", 60.0), ("soon", None), ("", None)])
def test_retry_after(value: str, seconds: float | None) -> None:
    import httpx2

    assert _retry_after(httpx2.Response(429, headers={"Retry-After": value})) == seconds


def test_retry_after_as_a_date() -> None:
    import email.utils

    import httpx2

    date = email.utils.formatdate(time.time() + 20, usegmt=True)
    wait = _retry_after(httpx2.Response(503, headers={"Retry-After": date}))
    assert wait is not None
    assert 15 < wait <= 20
    past = httpx2.Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert _retry_after(past) == 0.0


@pytest.mark.slow
def test_interrupt_ends_at_once_and_keeps_what_arrived(double: Double, tmp_path: Path) -> None:
    engine = connect(double, concurrency=1)
    engine.journal = Journal(tmp_path / "journal.sqlite")
    double.faults = [None, None]
    started = time.monotonic()

    class Interrupts:
        answered = 0

        def advance(self, requests: int, tokens: int) -> None:
            self.answered += requests
            if self.answered == 2:
                double.seconds = 3
                threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: None

    engine.progress = Interrupts()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        engine.generate([GenerateRequest(f"{number}") for number in range(10)])
    assert time.monotonic() - started < 2
    assert len(engine.journal) >= 2
    engine.journal.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "openai-client"]
