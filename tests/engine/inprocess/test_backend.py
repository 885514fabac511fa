"""What an engine is asked: the neutral settings are those of plain greedy decoding."""

from __future__ import annotations

from audit.engine.inprocess.backend import Sampling
from audit.engine.requests import GenerateRequest


def test_neutral_settings_are_those_of_a_request() -> None:
    request, sampling = GenerateRequest("one"), Sampling(max_tokens=1)
    for name in ("temperature", "top_k", "top_p", "min_p", "repetition_penalty"):
        assert getattr(sampling, name) == getattr(request, name)
    assert sampling.min_tokens == request.min_new_tokens
    assert sampling.stop == request.stop
