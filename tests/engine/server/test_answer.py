"""What an answer of a server holds: text, trace and counts, of either endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from audit.engine.server.answer import choice_of, number_of, text_of, trace_of


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": []}, {"choices": ["x"]}, {"choices": {"0": {}}}])
def test_no_choice_is_an_empty_one(body: dict[str, Any]) -> None:
    assert choice_of(body) == {}


def test_the_first_choice_counts() -> None:
    assert choice_of({"choices": [{"text": "a"}, {"text": "b"}]}) == {"text": "a"}


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"text": " Paris"}, " Paris"),
        ({"text": ""}, ""),
        ({"message": {"content": "Paris"}}, "Paris"),
        ({"message": {"content": None}}, ""),
        ({"message": {"content": None, "refusal": "No."}}, "No."),
        ({"message": {"reasoning": "Hm."}}, ""),
        ({"message": {"role": "assistant"}}, None),
        ({"message": "Paris"}, None),
        ({"text": ["Paris"]}, None),
        ({}, None),
        ({"text": "a\ud83d"}, "a\ufffd"),
        ({"text": "\ud83d\ude00"}, "😀"),
    ],
)
def test_text(choice: dict[str, Any], text: str | None) -> None:
    assert text_of(choice) == text


@pytest.mark.parametrize(
    ("message", "trace"),
    [
        ({"reasoning_content": "Hm.", "content": "x"}, "Hm."),
        ({"reasoning": "Hm."}, "Hm."),
        ({"reasoning_content": "", "reasoning": "Second."}, "Second."),
        ({"reasoning": ""}, None),
        ({"reasoning": {"text": "Hm."}}, None),
        ({"content": "x"}, None),
    ],
)
def test_trace(message: dict[str, Any], trace: str | None) -> None:
    assert trace_of({"message": message}) == trace
    assert trace_of(message) == trace
    assert trace_of({"message": None}) is None


@pytest.mark.parametrize(("usage", "count"), [({"n": 3}, 3), ({"n": 0}, 0), ({"n": -1}, None), ({"n": "3"}, None),
                                              ({"n": 3.0}, None), ({}, None), (None, None), ([3], None)])  # fmt: skip
def test_counts(usage: object, count: int | None) -> None:
    assert number_of(usage, "n") == count
