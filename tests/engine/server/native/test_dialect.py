"""What all own endpoints have in common."""

from __future__ import annotations

import math

import pytest

from audit.engine.server.client import Reply
from audit.engine.server.native.dialect import body_of, check_count, check_prompt, gap, number


def test_numbers_and_gaps() -> None:
    assert (number(-1), gap(-2.0, -1.0), gap(-1.0, -1.5)) == (-1.0, 1.0, 0.0)
    assert all(map(math.isnan, (number(None), number("-1"), number(True), number(math.nan))))
    assert (gap(math.nan, -1.0), gap(-1.0, math.nan)) == (math.inf, math.inf)


def test_answers_are_checked() -> None:
    assert body_of(Reply({"a": 1})) == {"a": 1}
    with pytest.raises(ValueError, match="HTTP 400"):
        body_of(Reply(error="HTTP 400"))
    check_count([1], 1)
    with pytest.raises(ValueError, match="1 tokens were asked for, but log-probabilities of 0 came back"):
        check_count([], 1)
    check_prompt({}, 3)  # not every server counts
    check_prompt({"prompt_tokens": 3}, 3)
    with pytest.raises(ValueError, match="3 tokens were sent, but 4 were read"):
        check_prompt({"prompt_tokens": 4}, 3)
