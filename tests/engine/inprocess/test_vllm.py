"""The two ways in which vLLM reads a prompt, and its answers that are none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.engine.inprocess.vllm import VllmBackend, _next_token, _part, _whole, _written
from tests.engine.inprocess.vllm_double import LLM, package

if TYPE_CHECKING:
    from audit.engine.local.engine import TransformersEngine


@pytest.mark.parametrize(("v2", "whole"), [(True, False), (True, True), (False, False)])
def test_one_way_for_each_runner(tiny: TransformersEngine, *, v2: bool, whole: bool) -> None:
    llm = LLM(tiny, v2=v2)
    (read,) = VllmBackend(llm, package()).read([[5, 6, 7, 8]], [2], whole=whole)
    assert read is not None
    (asked,) = llm.asked
    by_parts = v2 and not whole
    assert (read.is_argmax is None) == by_parts
    assert (asked.prompt_logprobs is None) == by_parts  # type: ignore[attr-defined]
    assert asked.skip_reading_prefix_cache == (not by_parts)  # type: ignore[attr-defined]
    if by_parts:
        assert asked.prompt_logprob_start == 1  # type: ignore[attr-defined]
        assert asked.prompt_logprob_token_ids == [[7], [8]]  # type: ignore[attr-defined]


def test_nothing_asked_is_nothing_sent(tiny: TransformersEngine) -> None:
    llm = LLM(tiny, v2=True)
    assert VllmBackend(llm, package()).write([], []) == []
    assert llm.asked == []


def test_no_answer() -> None:
    empty = SimpleNamespace(outputs=[])
    assert _next_token(empty, [5]) is None
    assert _written(empty) is None
    without = SimpleNamespace(token_ids=[3], logprobs=[{}])
    assert _next_token(SimpleNamespace(outputs=[without]), [5]) is None
    assert _whole(SimpleNamespace(prompt_logprobs=[None, {}]), [5, 6], 1) is None
    assert _part(SimpleNamespace(prompt_token_id_logprobs=np.zeros((2, 2))), 2) is None
