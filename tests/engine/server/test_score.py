"""Log-probabilities from servers.

vLLM and llama.cpp's server are not installed here: a server answers in vLLM's form from the tiny checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ScoringUnavailable
from audit.engine import ScoreRequest
from tests.engine.server.openai_double import (
    BROKEN,
    Double,
    Echoing,
    connect,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from audit.engine.local.engine import TransformersEngine

pytestmark = pytest.mark.usefixtures("patient")


def scored_texts(engine: Engine) -> list[ScoreRequest]:
    pairs = [("The capital of France is", " Paris"), ("", "The dog does not mind."), ("a ", "b"), ("Der Hund", " 狗在")]
    return [engine.encode_pair(*pair) for pair in pairs]


@pytest.mark.slow
@pytest.mark.parametrize("as_ids", [False, True])
@pytest.mark.parametrize("takes_ids", [False, True])
def test_scores_equal_those_of_the_local_checkpoint(
    tiny: TransformersEngine, tiny_model: Path, *, as_ids: bool, takes_ids: bool
) -> None:
    with serving(Echoing(tiny, takes_ids=takes_ids, as_ids=as_ids)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        requests = scored_texts(engine)
        assert requests == scored_texts(tiny)
        for theirs, ours in zip(engine.score(requests), tiny.score(requests), strict=True):
            assert theirs.error is None
            assert theirs.log_probs == pytest.approx(ours.log_probs, abs=1e-4)
            assert theirs.is_argmax == ours.is_argmax
        greedy = int(tiny.model(input_ids=_tensor([5, 6, 7])).logits[0, -1].argmax())
        assert engine.score([ScoreRequest((5, 6, 7), (greedy,))])[0].is_greedy == takes_ids
        assert engine.score([ScoreRequest((5,), ())])[0].log_probs == ()


def _tensor(ids: list[int]) -> Any:
    import torch

    return torch.tensor([ids])


@pytest.mark.slow
def test_long_contexts_lose_tokens_from_the_left(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        ids = tuple(3 + number % 300 for number in range(400))
        score, same, longer = engine.score(
            [ScoreRequest(ids, (9, 10)), ScoreRequest(ids[-253:], (9, 10)), ScoreRequest((1,), ids)]
        )
        assert (score.truncated, same.truncated) == (147, 0)
        assert score.log_probs == same.log_probs
        assert longer.error == "target longer than the model's context"


@pytest.mark.slow
def test_scores_that_cannot_be_used_are_errors(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model), concurrency=1, tries=1)
        engine.check_scoring()
        logprobs = {"tokens": ["a"] * 3, "token_logprobs": [None, -1.0, float("-inf")], "top_logprobs": [None, {}, {}]}
        short = {"tokens": ["a"], "token_logprobs": [None], "top_logprobs": [None]}
        double.faults = [
            (200, {"choices": [{"logprobs": logprobs}]}),
            (200, {"choices": [{"logprobs": short}]}),
            (200, {"choices": [{"logprobs": None}]}),
            BROKEN,
        ]
        scores = engine.score([ScoreRequest((1, 5), (token,)) for token in (6, 7, 8, 9, 10)])
        assert [bool(score.error) for score in scores] == [True, True, True, True, False]
        assert "NaN or infinite" in (scores[0].error or "")
        assert "3 tokens were sent, but log-probabilities of 1 came back" in (scores[1].error or "")


@pytest.mark.slow
def test_tokenizer_of_another_model_is_noticed(tiny: TransformersEngine, tiny_model: Path) -> None:
    class Other(Echoing):
        def _spell(self, token: int) -> str:
            return super()._spell(token + 7)

    with serving(Other(tiny)) as double, pytest.raises(ScoringUnavailable, match="its tokenizer differs"):
        connect(double, tokenizer=str(tiny_model)).score([ScoreRequest((1,), (5,))])


def test_moments_are_not_to_be_had(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double, pytest.raises(ScoringUnavailable, match="whole distribution"):
        connect(double, tokenizer=str(tiny_model)).score([ScoreRequest((1,), (5,), moments=True)])


def test_server_that_ignores_echo(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model))
    for _ in range(2):
        asked = len(double.asked)
        with pytest.raises(ScoringUnavailable, match="does not return log-probabilities of given tokens"):
            engine.score([ScoreRequest((1,), (5,))])
    assert len(double.asked) == asked  # it was asked once
