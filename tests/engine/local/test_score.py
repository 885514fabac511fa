from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.errors import EngineFault
from audit.engine import Score, ScoreRequest
from audit.engine.local.plan.cost import Cost

if TYPE_CHECKING:
    from audit.engine.local.engine import TransformersEngine

REQUESTS = [
    ("Question: Which of these is the capital of France? Answer:", " Paris"),
    ("Question: Which of these is the capital of France? Answer:", " the lazy dog"),
    ("She said that the nurse was kind. ", "He said."),
    ("", "The quick brown fox"),
    ("Der Hund", " schläft. 狗在睡觉。 🙂"),
    ("x", ""),
]


def test_scores_equal_a_naive_loop(tiny: TransformersEngine, naive_log_probs: Any) -> None:
    requests = [tiny.encode_pair(context, continuation) for context, continuation in REQUESTS]
    for request, score in zip(requests, tiny.score(requests), strict=True):
        assert score.error is None
        assert score.log_probs == pytest.approx(naive_log_probs(tiny, request), abs=1e-5)


def test_greedy_flags_follow_the_argmax(tiny: TransformersEngine) -> None:
    context = tuple(tiny.encode("There are 12 apples"))
    with torch.no_grad():
        best = int(tiny.model(input_ids=torch.tensor([context])).logits[0, -1].argmax())
    other = best + 1 if best + 1 < 384 else best - 1
    greedy, not_greedy = tiny.score([ScoreRequest(context, (best,)), ScoreRequest(context, (other,))])
    assert greedy.is_greedy
    assert not not_greedy.is_greedy


def test_options_of_one_token_share_one_row(tiny: TransformersEngine, listener: Any) -> None:
    listener.reset()
    context = (5, 6, 7, 8)
    tiny.score([ScoreRequest(context, (token,)) for token in (10, 11, 12, 13)])
    assert listener.tokens == len(context)
    assert listener.answered == listener.expected == 4


few_tokens = st.integers(3, 5)
"""Few, so that contexts are often prefixes of each other."""
contexts = st.lists(few_tokens, min_size=1, max_size=12) | st.builds(
    lambda ids, times: ids * times, st.lists(few_tokens, min_size=1, max_size=12), st.integers(1, 30)
)
targets = st.lists(few_tokens, max_size=6) | st.just([4] * 260)  # longer than the context
request_lists = st.lists(
    st.builds(ScoreRequest, contexts.map(tuple), targets.map(tuple), st.booleans()), min_size=1, max_size=12
)


def same(found: Score, expected: Score) -> bool:
    for left, right in zip(dataclasses.astuple(found), dataclasses.astuple(expected), strict=True):
        assert left == (pytest.approx(right, abs=1e-5) if isinstance(right, tuple) else right)
    return True


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=request_lists,
    seed=st.integers(0, 100),
    cut=st.integers(0, 12),
    trunks=st.booleans(),
    ahead=st.integers(0, 3),
)
def test_order_duplicates_splits_and_company_do_not_matter(
    tiny: TransformersEngine, requests: list[ScoreRequest], seed: int, cut: int, trunks: bool, ahead: int
) -> None:
    tiny._scorer.ahead = ahead
    own = tiny._forward.cost
    tiny._forward.cost = Cost(token=1e6, pair=1e4, copy=0.0, call=0.0) if trunks else own
    together = tiny.score(requests)
    order = torch.randperm(len(requests), generator=torch.Generator().manual_seed(seed)).tolist()
    shuffled = tiny.score([requests[i] for i in order] + requests)
    split = tiny.score(requests[:cut]) + tiny.score(requests[cut:])
    tiny._forward.cost = own
    for place, index in enumerate(order):
        assert same(shuffled[place], together[index])
        assert same(shuffled[len(requests) + index], together[index])
        assert same(split[index], together[index])
        assert same(tiny.score([requests[index]])[0], together[index])


def test_long_context_is_cut_from_the_left_and_says_so(tiny: TransformersEngine) -> None:
    context, target = tuple(3 + i % 300 for i in range(400)), (9, 8, 7)
    score = tiny.score([ScoreRequest(context, target)])[0]
    kept = (context + target)[-(tiny.max_length + 1) :]
    assert score.truncated == 400 + 3 - len(kept)
    short = ScoreRequest(kept[:-3], target)
    # The last token is never an input, so one more than the context length can be judged.
    assert score.log_probs == pytest.approx(tiny.score([short])[0].log_probs, abs=1e-6)
    assert score.error is None


def test_target_longer_than_the_context_is_an_error(tiny: TransformersEngine) -> None:
    score = tiny.score([ScoreRequest((5,), tuple([9] * 300))])[0]
    assert score.error is not None
    assert math.isnan(score.total)
    assert not score.is_greedy


def test_empty_target_costs_nothing(tiny: TransformersEngine, listener: Any) -> None:
    score = tiny.score([ScoreRequest((5, 6), ())])[0]
    assert (score.total, score.is_greedy, listener.tokens) == (0.0, True, 0)


def test_moments_equal_their_definition(tiny: TransformersEngine) -> None:
    request = ScoreRequest((5, 6, 7), (20, 21), moments=True)
    score = tiny.score([request])[0]
    with torch.no_grad():
        logits = tiny.model(input_ids=torch.tensor([[5, 6, 7, 20]])).logits[0, 2:].double()
    for position in range(2):
        p = torch.softmax(logits[position], dim=-1)
        mean = float((p * p.log()).sum())
        std = math.sqrt(float((p * p.log() ** 2).sum()) - mean**2)
        assert score.mean_log_probs is not None
        assert score.std_log_probs is not None
        assert score.mean_log_probs[position] == pytest.approx(mean, abs=1e-5)
        assert score.std_log_probs[position] == pytest.approx(std, abs=1e-4)


def test_nan_weights_are_an_error_of_every_answer(tiny: TransformersEngine) -> None:
    with torch.no_grad():
        next(tiny.model.parameters()).fill_(float("nan"))
    scores = tiny.score([ScoreRequest((5, 6), (7, 8)), ScoreRequest((5,), (9,))])
    assert all(score.error and "NaN" in score.error and not score.is_greedy for score in scores)


def test_out_of_memory_halves_the_batch(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    requests = [ScoreRequest((5 + i, 6, 7), (8, 9)) for i in range(16)]
    expected = tiny.score(requests)
    forward = tiny.model.base_model.forward

    def small_only(*args: object, **kwargs: object) -> object:
        if kwargs["input_ids"].numel() > 20:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*args, **kwargs)

    monkeypatch.setattr(tiny.model.base_model, "forward", small_only)
    listener.reset()
    found = tiny.score(requests)
    assert [s.log_probs for s in found] == [pytest.approx(s.log_probs, abs=1e-5) for s in expected]
    assert listener.messages == [
        "out of memory with 64 tokens in a pass: continuing with 32",
        "out of memory with 32 tokens in a pass: continuing with 16",
    ]


def test_out_of_memory_on_one_request_is_its_error(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(tiny.model.base_model, "forward", never)
    score = tiny.score([ScoreRequest((5, 6), (7,))])[0]
    assert score.error is not None
    assert "out of memory" in score.error


def test_a_crash_of_the_model_is_not_taken_for_memory(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(tiny.model.base_model, "forward", broken)
    with pytest.raises(EngineFault, match="multiplied"):
        tiny.score([ScoreRequest((5, 6), (7,))])
