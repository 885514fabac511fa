"""The answer that is explained where no target is named."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.engine import Completion, Generation
from audit.explain.own_answer import own_answer


class Answering:
    """An engine that gives one completion, whatever it is asked."""

    def __init__(self, *generations: Generation, error: str | None = None) -> None:
        self.completion = Completion(generations, error=error)

    def generate(self, _requests: Any) -> list[Completion]:
        return [self.completion]


def test_an_answer_after_reasoning_or_none_is_refused() -> None:
    said = Generation(" Paris", 1, "stop")
    assert own_answer(Answering(said), "x", "name one") == " Paris"  # type: ignore[arg-type] # what it uses of an engine
    for engine, words in (
        (Answering(Generation(" ", 1, "stop")), "gave no answer: name one"),
        (Answering(error="out of memory"), r"gave no answer \(out of memory\): name one"),
        (Answering(Generation("a", 1, "stop", thinking="hm")), "reasons before it answers.*: name one"),
    ):
        with pytest.raises(UsageError, match=words):
            own_answer(engine, "x", "name one")  # type: ignore[arg-type] # as above
