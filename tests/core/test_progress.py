"""Progress: what is heard is passed on, and what a reader must know is kept."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock, call

from audit.core.progress import Progress, Remembering, Silent

EVENTS: list[tuple[str, tuple[Any, ...]]] = [
    ("expect", (3,)),
    ("note", ("loading",)),
    ("task", ("evals", "boolq")),
    ("start", (8,)),
    ("advance", (4, 90)),
    ("failed", ("the card", ValueError("full"))),
    ("show_prompt", ("boolq", "Is it?", None)),
    ("say", ("a batch was halved",)),
]


def test_every_event_of_the_protocol_is_passed_on_unchanged() -> None:
    listener, run = MagicMock(), MagicMock()
    remembering = Remembering(listener)
    for name, arguments in EVENTS:
        getattr(remembering, name)(*arguments)
    remembering.began(run)
    assert listener.mock_calls == [*(getattr(call, name)(*arguments) for name, arguments in EVENTS), call.began(run)]
    named = {name for name in vars(Progress) if not name.startswith("_")}
    assert named == {"began", *(name for name, _ in EVENTS)}


def test_messages_and_the_run_are_remembered() -> None:
    remembering = Remembering(Silent())
    assert (remembering.run, remembering.messages) == (None, [])
    run = MagicMock()
    remembering.began(run)
    for message in ("first", "second"):
        remembering.say(message)
    assert (remembering.run, remembering.messages) == (run, ["first", "second"])


def test_silent_hears_everything() -> None:
    for name, arguments in EVENTS:
        assert getattr(Silent(), name)(*arguments) is None
