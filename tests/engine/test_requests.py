"""Requests that cannot be answered are refused when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from audit.engine import GenerateRequest, Generation

NAN = float("nan")


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 0},
        {"max_new_tokens": 0},
        {"temperature": -0.1},
        {"temperature": NAN},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.01},
        {"top_p": NAN},
        {"min_p": -0.1},
        {"typical_p": 0.0},
        {"repetition_penalty": 0.0},
        {"no_repeat_ngram_size": -1},
        {"min_new_tokens": -1},
        {"max_new_tokens": 2.5},
        {"max_new_tokens": "3"},
        {"n": True},
        {"top_k": 1.5},
        {"seed": "x"},
        {"temperature": None},
        {"top_p": "1"},
    ],
)
def test_what_cannot_be_generated(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}.* must be"):
        GenerateRequest("x", **fields)


def test_the_ends_of_the_ranges() -> None:
    assert GenerateRequest("x", temperature=0.0, top_k=0, top_p=1.0, min_p=1.0, typical_p=1.0).top_p == 1.0


def test_what_is_known_of_the_thinking_before_an_answer() -> None:
    assert Generation("7", 3, "stop").counted_thinking == 0
    assert Generation("7", 3, "stop", thinking="Hm.", thinking_tokens=2).counted_thinking == 2
    assert Generation("7", 3, "stop", thinking="Hm.").counted_thinking is None  # a server that does not count
    assert Generation("", 3, "length", thinking_closed=False).counted_thinking is None
    ended = {
        reason: Generation("", 3, reason, "Hm.", 3, thinking_closed=False).unanswered for reason in ("length", "stop")
    }
    assert ended == {"length": "thinking_cut", "stop": "thinking_only"}
    assert Generation("7", 3, "length").unanswered is None
