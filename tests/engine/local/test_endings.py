"""Where a text ends: stop strings are looked for in the answer alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.test_thinking import ANSWER, BLANK, TRACE, TRACES, generated

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.local.engine import TransformersEngine


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACES)
def test_stop_strings_look_at_the_answer_alone(says: Callable[..., TransformersEngine], name: str) -> None:
    text, special = TRACES[name]
    engine = says(text, special)
    found = generated(engine, stop=(BLANK, "12", "e"), max_new_tokens=64)
    assert (found.text, found.thinking, found.finish_reason) == ("Th", TRACE, "stop")
    found = generated(engine, stop=(BLANK,), max_new_tokens=64)
    tokens = engine.encode(text)
    trace = len(engine.encode(text[: text.index(ANSWER)].rstrip()))
    assert (found.text, found.thinking, found.finish_reason) == (ANSWER, TRACE, "stop")
    assert (found.token_count, found.thinking_tokens, found.thinking_closed) == (len(tokens) + 1, trace, True)


@pytest.mark.slow
def test_trace_and_answer_have_bounds_of_their_own(says: Callable[..., TransformersEngine]) -> None:
    engine = says(f"<think>\n{TRACE}</think>{BLANK}{ANSWER}", thinking_tokens=48)
    trace = len(engine.encode(f"<think>\n{TRACE}</think>"))
    assert trace <= 48
    for bound in (1, 4):
        found = generated(engine, max_new_tokens=bound)
        ids = engine.encode(f"{BLANK}{ANSWER}")[:bound]
        assert (found.text, found.token_count) == (engine.tokenizer.decode(ids).lstrip(), trace + bound)
        assert (found.finish_reason, found.thinking, found.thinking_closed) == ("length", TRACE, True)
