"""What driver and workers say to each other: JSON, each message behind its length.

JSON keeps every float exactly and runs nothing when it is read. Requests travel once per call and worker: token ids
without the beginning that they share with the request before, since neighbours share most of it.

======  ==========================  ============================================================
from    message                     meaning
======  ==========================  ============================================================
driver  ``load`` config             load the checkpoint (:class:`audit.core.config.RunConfig`)
driver  ``plan`` planning           plan as this says, so that all workers compute the same passes
driver  ``call`` number kind …      requests of a call; earlier ones are over
driver  ``unit`` call number […]    answer these of them
driver  ``leave`` number            leave a unit out if it has not begun
driver  ``over``                    the call is over: leave out what is left
driver  ``check``                   is the checkpoint sound?
worker  ``beat``                    a sign of life
worker  ``ready`` …                 the checkpoint is loaded, and what was loaded
worker  ``planned``                 ready for calls
worker  ``answers`` call {…} …      answers by index, and tokens computed for them
worker  ``done`` call number        the end of a unit
worker  ``say`` message             for the user
worker  ``sound``                   the outcome of a check
worker  ``failed`` … call           an error of ``audit.core.errors``; 0 where it is not a call's
======  ==========================  ============================================================
"""

from __future__ import annotations

import json
import struct
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from audit.core import errors
from audit.core.errors import AuditError
from audit.engine.answering import decode_completion, jsonable, score_of
from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
from audit.engine.workers.units import shared_length

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import RawIOBase

_LENGTH = struct.Struct(">Q")
LONGEST = 2**34
"""Bytes of a message; more means that the stream is not one of messages."""
_NOTHING = (None, None, 0, None)
"""Fields of a score that most have."""

Request = ScoreRequest | GenerateRequest
Message = list[Any]
"""Its name and what belongs to it."""


class Channel:
    """Messages over a pair of streams; several threads may send.

    Args:
        source: Is read.
        sink: Is written.
    """

    def __init__(self, source: BinaryIO | RawIOBase, sink: BinaryIO | RawIOBase) -> None:
        self._source = source
        self._sink = sink
        self._sending = threading.Lock()

    def send(self, message: Message | bytes) -> None:
        """Send a message, or one that has been packed.

        Raises:
            OSError: The other end is gone.
        """
        body = message if isinstance(message, bytes) else pack(message)
        with self._sending:
            self._sink.write(_LENGTH.pack(len(body)) + body)
            self._sink.flush()

    def receive(self) -> Message | None:
        """The next message; None at the end, or where the other end is gone.

        Raises:
            ValueError: What comes is no message.
        """
        head = self._source.read(_LENGTH.size) or b""
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        if length > LONGEST:
            msg = f"a message of {length:,} bytes"
            raise ValueError(msg)
        body = self._source.read(length) or b""
        if len(body) < length:
            return None
        message = json.loads(body)
        if not isinstance(message, list) or not message:
            msg = "not a message"
            raise ValueError(msg)
        return message


def pack(message: Message) -> bytes:
    """A message as bytes, without its length."""
    return json.dumps(message, separators=(",", ":")).encode()


def pack_requests(requests: Sequence[Request]) -> list[Any]:
    """Requests as what JSON can hold."""
    packed: list[Any] = []
    before: tuple[int, ...] = ()
    for request in requests:
        if isinstance(request, GenerateRequest):
            packed.append(jsonable(request))
            continue
        shared = shared_length(before, request.context_ids)
        packed.append([shared, request.context_ids[shared:], request.target_ids, request.moments])
        before = request.context_ids
    return packed


def unpack_requests(packed: Sequence[Any]) -> list[Any]:
    """What :func:`pack_requests` was given.

    Raises:
        ValueError: A field is out of its range.
        TypeError: It is something else.
        KeyError: A field is missing.
    """
    requests: list[Request] = []
    before: tuple[int, ...] = ()
    for one in packed:
        if isinstance(one, dict):
            requests.append(GenerateRequest(**{**one, "stop": tuple(one["stop"])}))
            continue
        shared, rest, target, moments = one
        before = (*before[:shared], *rest)
        requests.append(ScoreRequest(before, tuple(target), moments))
    return requests


def pack_answers(answers: Mapping[int, Score | Completion]) -> list[Any]:
    """Answers as what JSON can hold.

    Of a score index, log-probabilities and matches, and the other fields if they say anything; of texts index and
    fields by name.
    """
    packed: list[Any] = []
    for index, answer in answers.items():
        if isinstance(answer, Score):
            rest = (answer.mean_log_probs, answer.std_log_probs, answer.truncated, answer.error)
            packed.append([index, answer.log_probs, answer.is_argmax, *(() if rest == _NOTHING else rest)])
        else:
            packed.append([index, jsonable(answer)])
    return packed


def unpack_answers(packed: Sequence[Any], kind: str) -> dict[int, Any]:
    """What :func:`pack_answers` was given.

    Raises:
        ValueError: A field is missing or unknown.
        TypeError: A field is not what it should be.
    """
    if kind == "score":
        return {int(index): score_of(*fields) for index, *fields in packed}
    return {int(index): decode_completion(answer) for index, answer in packed}


def pack_error(error: AuditError) -> list[str]:
    """An error by the name of its class."""
    return [type(error).__name__, str(error)]


def unpack_error(packed: Sequence[Any]) -> AuditError:
    """An error of the tree; one of a name that it does not have becomes an :class:`AuditError`."""
    name, reason = map(str, packed)
    found = getattr(errors, name, None)
    kind: type[AuditError] = found if isinstance(found, type) and issubclass(found, AuditError) else AuditError
    error = kind.__new__(kind)
    AuditError.__init__(error, reason)
    return error
