"""One text and the requests that it answers."""

from __future__ import annotations

import pytest

from audit.engine import GenerateRequest
from audit.engine.local.continuation import Collected


@pytest.mark.parametrize(("temperature", "texts"), [(0.0, [0]), (0.8, [0, 1, 2])])
def test_greedy_completions_are_one_text(temperature: float, texts: list[int]) -> None:
    collected = Collected(GenerateRequest("", temperature=temperature, n=3), [5, 6, 7], kept=2, room=9)
    assert (collected.missing, collected.prompt) == (texts, (6, 7))
