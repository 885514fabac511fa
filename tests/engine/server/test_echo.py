"""Log-probabilities that a server echoes: read as they are, or refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit.engine.server.client import Reply
from audit.engine.server.echo import read_echo

LOGPROBS: dict[str, Any] = {
    "tokens": ["The", " cat", " sat"],
    "token_logprobs": [None, -1.5, -0.25],
    "top_logprobs": [None, {" dog": -0.5, " cat": -1.5}, {" sat": -0.25}],
}


def reply(**changed: Any) -> Reply:
    return Reply(body={"choices": [{"logprobs": {**LOGPROBS, **changed}}]})


def test_each_token_has_its_value_and_how_far_it_is_behind() -> None:
    echo = read_echo(reply(), 3)
    assert echo.tokens == ("The", " cat", " sat")
    assert echo.log_probs == (None, -1.5, -0.25)
    assert echo.behind == (math.inf, 1.0, 0.0)
    assert echo.is_argmax == (False, False, True)


def test_a_token_that_was_generated_behind_the_prompt_is_left_out() -> None:
    echo = read_echo(reply(), 2)
    assert (echo.tokens, echo.log_probs) == (("The", " cat"), (None, -1.5))


def test_a_value_above_the_listed_ones_is_not_behind() -> None:
    assert read_echo(reply(top_logprobs=[None, {" dog": -2.0}, {" sat": -0.25}]), 3).behind[1] == 0.0


@pytest.mark.parametrize("count", [1, 4])
def test_another_number_of_tokens_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} tokens were sent, but log-probabilities of 3 came back"):
        read_echo(reply(), count)


@pytest.mark.parametrize(
    "changed",
    [
        {"tokens": None},
        {"token_logprobs": [None, "x", -1.0]},
        {"top_logprobs": [None, [1.0], {}]},
        {"top_logprobs": [None, {" cat": "high"}, {" sat": -0.25}]},
        {"token_logprobs": [None, [], -0.25]},
    ],
)
def test_values_that_are_none_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="its answer has none"):
        read_echo(reply(**changed), 3)


def test_an_answer_without_them_and_an_error() -> None:
    with pytest.raises(ValueError, match="has none"):
        read_echo(Reply(body={"choices": [{"text": "x"}]}), 3)
    with pytest.raises(ValueError, match="timed out"):
        read_echo(Reply(error="timed out"), 3)
