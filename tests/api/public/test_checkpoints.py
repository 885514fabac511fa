"""Checkpoints from Python: what is no text and no setting is one clear line."""

from __future__ import annotations

from typing import Any

import pytest

import audit
from audit.core.errors import ConfigError

PROMPT = "The capital of France is"


HALF = "a\ud800"


def refused(call: Any, *given: object, **named: object) -> str:
    with pytest.raises(audit.UsageError) as raised:
        call(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("given", [(None, " b"), (7, " b"), ("a", None), ("a", 7), ("a", [" b", 7])])
def test_scores_of_other_things_than_text(checkpoint: audit.Checkpoint, given: Any) -> None:
    assert "is no text: give a string" in refused(checkpoint.score, *given)


@pytest.mark.parametrize("given", [{"prompt": 7}, {"prompt": "a", "stop": 7}, {"prompt": "a", "system": 7}])
def test_texts_from_other_things_than_text(checkpoint: audit.Checkpoint, given: Any) -> None:
    assert "generate" in (said := refused(checkpoint.generate, **given))
    assert "7 is no text: give a string" in said


@pytest.mark.parametrize("given", [(HALF, " b"), ("a", HALF), ("a", [" b", HALF])])
def test_scores_of_what_is_no_text(checkpoint: audit.Checkpoint, given: Any) -> None:
    assert "half of a surrogate pair" in refused(checkpoint.score, *given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature must be 0 or more, got -1.0"),
        ({"temperature": float("nan")}, "temperature must be 0 or more, got nan"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p must be above 0, at most 1, got 0.0"),
        ({"temperature": 1.0, "top_p": 1.5}, "top_p must be above 0, at most 1, got 1.5"),
        ({"temperature": 1.0, "top_k": -1}, "top_k must be 0 or more, got -1"),
        ({"max_tokens": 0}, "n and max_new_tokens must be at least 1"),
    ],
)
def test_settings_out_of_range(checkpoint: audit.Checkpoint, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checkpoint.generate("hello", **options)


def test_a_prompt_that_is_no_text(checkpoint: audit.Checkpoint) -> None:
    assert "half of a surrogate pair" in refused(checkpoint.generate, HALF)
    assert "half of a surrogate pair" in refused(checkpoint.sample, HALF, 2)
    assert "half of a surrogate pair" in refused(audit.explain, checkpoint, HALF, target=" b")


def test_one_stop_string_is_no_list_of_letters(checkpoint: audit.Checkpoint) -> None:
    assert checkpoint.generate(PROMPT, max_tokens=8, stop="zq!") == checkpoint.generate(
        PROMPT, max_tokens=8, stop=["zq!"]
    )
