"""Messages: what is sent is what arrives, and what is no message is refused."""

from __future__ import annotations

import io
import json

import pytest

from audit.core.errors import AssetMissing, AuditError, CheckpointBroken
from audit.engine import Completion, GenerateRequest, Generation, Score, ScoreRequest
from audit.engine.workers.messages import (
    Channel,
    pack,
    pack_answers,
    pack_error,
    pack_requests,
    unpack_answers,
    unpack_error,
    unpack_requests,
)

SCORES = [
    ScoreRequest((1, 2, 3), (4,)),
    ScoreRequest((1, 2, 3), (5, 6), moments=True),
    ScoreRequest((1, 2), ()),
    ScoreRequest((9,), (1,)),
]
PROMPTS = [GenerateRequest("caf\u00e9 \ud800 \n", stop=("a", "b"), temperature=0.7, seed=3), GenerateRequest("")]


def test_requests_and_answers_arrive_as_they_were_sent() -> None:
    for requests in (SCORES, PROMPTS):
        assert unpack_requests(json.loads(pack(pack_requests(requests)))) == requests
    assert pack_requests(SCORES)[1][:2] == [3, ()], "what neighbours share is sent once"
    scores = {7: Score((-0.1, -1e-30), (True, False), (0.5, 1 / 3), (1.0, 2.0), 3), 0: Score((), (), error="no")}
    scores[9] = Score((-0.25,), (True,))
    assert pack_answers({9: scores[9]}) == [[9, (-0.25,), (True,)]], "what most scores do not have is not sent"
    texts = {2: Completion((Generation("a", 1, "stop", "b", 1),), 5, 1)}
    for kind, answers in (("score", scores), ("generate", texts)):
        assert unpack_answers(json.loads(pack(pack_answers(answers))), kind) == answers


def test_errors_keep_their_class_and_their_line() -> None:
    for error in (CheckpointBroken("broken"), AssetMissing("nowhere", "boolq")):
        found = unpack_error(pack_error(error))
        assert (type(found), str(found)) == (type(error), str(error))
    assert type(unpack_error(["ExitCode", "x"])) is type(unpack_error(["os", "x"])) is AuditError


def test_a_stream_of_something_else_is_refused() -> None:
    def receive(data: bytes) -> object:
        return Channel(io.BytesIO(data), io.BytesIO()).receive()

    def framed(body: bytes) -> bytes:
        return len(body).to_bytes(8, "big") + body

    assert receive(framed(b'["beat"]')) == ["beat"]
    assert [receive(data) for data in (b"", b"\0\0", framed(b'["beat"]')[:-1])] == [None] * 3
    for data in (b"\xff" * 9, framed(b"{}"), framed(b"[]"), framed(b"[")):
        with pytest.raises(ValueError):  # noqa: PT011 - json's own, too
            receive(data)
