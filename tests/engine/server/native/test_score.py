"""Scores by an own endpoint, answer by answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ScoringUnavailable
from audit.engine import ScoreRequest
from tests.engine.server.native.doubles import Heard, SGLangDouble, VllmDouble, sglang, vllm
from tests.engine.server.native.test_vllm import assert_equal
from tests.engine.server.openai_double import connect

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

pytestmark = [pytest.mark.usefixtures("patient"), pytest.mark.slow]


def test_long_contexts_lose_tokens_from_the_left(tiny: TransformersEngine, tiny_model: Path) -> None:
    with vllm(VllmDouble(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        ids = tuple(3 + number % 300 for number in range(400))
        score, same, longer = engine.score(
            [ScoreRequest(ids, (9, 10)), ScoreRequest(ids[-253:], (9, 10)), ScoreRequest((1,), ids)]
        )
        assert (score.truncated, same.truncated) == (147, 0)
        assert score.log_probs == same.log_probs
        assert longer.error == "target longer than the model's context"


def test_answers_that_cannot_be_used_are_errors(tiny: TransformersEngine, tiny_model: Path) -> None:
    own = SGLangDouble(tiny)
    with sglang(own) as double:
        engine = connect(double, tokenizer=str(tiny_model), tries=1)
        engine.check_scoring()
        engine.progress = heard = Heard()

        def spoil(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
            meta, ids = answer["meta_info"], body["input_ids"]
            if ids[0] == 3 and body.get("token_ids_logprob"):
                meta["output_token_ids_logprobs"] = []
            if ids[0] == 4:
                meta["input_token_logprobs"] = meta["input_token_logprobs"][:-1]
            if ids[0] == 5 and meta["input_token_logprobs"]:
                meta["input_token_logprobs"][-1][0] = None
            return answer

        own.spoil = spoil
        requests = [ScoreRequest((first, 9), (10, 11)) for first in (3, 4, 5, 6)]
        scores = engine.score([*requests, ScoreRequest((3, 9), (12,))])
        missing = "no log-probabilities from the server: "
        assert [score.error for score in scores] == [
            f"{missing}1 tokens were asked for, but log-probabilities of 0 came back",
            f"{missing}2 tokens were asked for, but log-probabilities of 1 came back",
            "the server's log-probabilities are NaN or infinite",
            None,
            f"{missing}1 tokens were asked for, but log-probabilities of 0 came back",
        ]
        assert sorted(heard.messages[1:]) == sorted({score.error for score in scores if score.error})
        assert heard.messages[0].startswith("log-probabilities come from SGLang")


def test_a_certain_token_needs_no_further_reading(tiny: TransformersEngine, tiny_model: Path) -> None:
    """With a larger head the checkpoint is sure of each token."""
    with_head = tiny.model.get_output_embeddings()
    with_head.weight.data *= 400
    own = VllmDouble(tiny)
    with vllm(own) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.check_scoring()
        checked = len(own.own)
        sure: list[int] = []
        while len(sure) < 3:
            sure.append(int(own._log_probs([5, 6, 7, *sure])[-1].argmax()))
        (score,) = engine.score([ScoreRequest((5, 6, 7), tuple(sure))])
        assert score.is_argmax == (True, True, True)
        assert not any("prompt_logprobs" in body["sampling_params"] for body in own.own[checked:])


def test_many_requests_come_in_parts(
    tiny: TransformersEngine, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.engine.server.native.score.TOGETHER", 2)
    with vllm(VllmDouble(tiny)) as double:
        assert_equal(connect(double, tokenizer=str(tiny_model)), tiny, [ScoreRequest((5,), (one,)) for one in range(5)])


def test_moments_are_not_to_be_had(tiny: TransformersEngine, tiny_model: Path) -> None:
    with vllm(VllmDouble(tiny)) as double, pytest.raises(ScoringUnavailable, match="whole distribution"):
        connect(double, tokenizer=str(tiny_model)).score([ScoreRequest((1,), (5,), moments=True)])
