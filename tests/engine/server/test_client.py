"""Which replies a client repeats, how often, and after which pause; without a server."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import ServerConfig
from audit.engine.server.client import KEY_VARIABLE, LOST_IN_A_ROW, Call, Client, Reply

BUSY = Reply(status=429, error="slow down", again=True, wait=2.0)
REFUSED = Reply(error="no connection", again=True, refused=True)
GONE = Reply(error="connection lost", again=True)
WRONG = Reply(status=400, error="too long")
GOOD = Reply({"choices": []}, 200)


class Scripted(Client):
    """Gives one reply after the other and remembers its pauses."""

    def __init__(self, *replies: Reply | BaseException, tries: int = 4) -> None:
        super().__init__("http://127.0.0.1:1", ServerConfig(tries=tries, concurrency=1))
        self.replies = list(replies)
        self.pauses: list[tuple[int, float | None]] = []

    async def _once(self, http: Any, call: Call) -> Reply:
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def _pause(self, number: int, asked: float | None) -> float:
        self.pauses.append((number, asked))
        return 0.0


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_it_waits_as_long_as_the_server_asks_and_then_goes_on() -> None:
    client = Scripted(BUSY, GONE, GOOD)
    assert client.ask(Call("/completions", {})) == GOOD
    assert client.pauses == [(1, 2.0), (2, None)]


def test_the_last_reply_is_the_answer_when_no_try_is_left() -> None:
    client = Scripted(BUSY, BUSY, GONE, GOOD, tries=3)
    assert client.ask(Call("/completions", {})) == GONE
    assert client.replies == [GOOD]
    assert client.ask(Call("/completions", {}), tries=1) == GOOD


@pytest.mark.parametrize("reply", [WRONG, GOOD], ids=["wrong", "good"])
def test_what_another_try_cannot_better_is_final(reply: Reply) -> None:
    client = Scripted(reply, GOOD)
    assert client.ask(Call("/completions", {})) is reply
    assert (len(client.replies), client.pauses) == (1, [])


def test_a_refused_connection_is_tried_again_in_the_middle_of_work_alone() -> None:
    client = Scripted(REFUSED, GOOD)
    assert client.ask(Call("/models")) == REFUSED
    client = Scripted(REFUSED, GOOD)
    assert list(client.ask_all([Call("/models")])) == [(0, GOOD)]


def test_a_server_that_is_gone_is_tried_once_until_it_answers() -> None:
    client = Scripted(*[GONE] * 2 * LOST_IN_A_ROW, GONE, BUSY, GONE, GOOD, tries=2)
    for _ in range(LOST_IN_A_ROW):
        client.ask(Call("/completions", {}))
    assert len(client.replies) == 4
    assert client.ask(Call("/completions", {})) == GONE  # once
    assert client.ask(Call("/completions", {})) == BUSY  # it has answered
    assert client.ask(Call("/completions", {})) == GOOD


def test_an_exception_is_never_taken_for_a_fault_that_passes() -> None:
    client = Scripted(RuntimeError("a bug"), GOOD)
    with pytest.raises(ExceptionGroup) as caught:
        client.ask(Call("/completions", {}))
    assert caught.group_contains(RuntimeError, match="a bug")
    assert client.replies == [GOOD]
