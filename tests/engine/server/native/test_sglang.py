"""SGLang's own endpoint, on a double."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.engine import ScoreRequest
from audit.engine.server.client import Reply
from audit.engine.server.native.sglang import PART, SGLangDialect
from tests.engine.server.native.doubles import SGLangDouble, sglang
from tests.engine.server.native.test_vllm import assert_equal, mixed
from tests.engine.server.openai_double import connect

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

pytestmark = pytest.mark.usefixtures("patient")
NONE = "its answer has none"
DIALECT = SGLangDialect("0.5.23")


@pytest.mark.slow
def test_scores_equal_those_of_the_local_checkpoint(tiny: TransformersEngine, tiny_model: Path) -> None:
    own = SGLangDouble(tiny)
    with sglang(own) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        engine.check_scoring()
        checked = len(own.own)
        requests = mixed(tiny)
        assert_equal(engine, tiny, requests)
        for theirs, ours in zip(engine.score(requests), tiny.score(requests), strict=True):
            assert theirs.is_argmax == ours.is_argmax  # the likeliest tokens come along at each place
        assert own.echoed == 0
        contexts = {request.context_ids for request in requests if request.target_ids}
        longer = [request for request in requests if len(request.target_ids) > 1]
        assert len(own.own) - checked == 2 * (len(contexts) + len(longer))
        last = tiny.model.config.vocab_size - 1  # written as 0
        assert_equal(engine, tiny, [ScoreRequest((5, 6), (7, last))])


def reply(**meta: Any) -> Reply:
    return Reply({"meta_info": meta})


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (Reply(), NONE),
        (reply(), NONE),
        (reply(output_token_logprobs=[[-1.0, 4, None]]), "1 tokens were asked for, but log-probabilities of 0"),
        (reply(output_token_logprobs=[[-1.0, 4, None]], output_token_ids_logprobs=[None]), NONE),
        (
            reply(output_token_logprobs=[[-1.0, 4, None]], output_token_ids_logprobs=[[[-2.0, 6, None]]]),
            "1 tokens were asked for, but log-probabilities of 0",
        ),
        (reply(output_token_logprobs=[[-1.0, "x"]], output_token_ids_logprobs=[[[-2.0, 5, None]]]), NONE),
        (Reply(status=400, error="HTTP 400: too long"), "HTTP 400: too long"),
    ],
)
def test_answers_without_values_after_a_context(sent: Reply, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DIALECT.values_after(sent, [5])


def test_values_that_are_null() -> None:
    sent = reply(output_token_logprobs=[[-1.0, 4, None]], output_token_ids_logprobs=[[[None, 5, None]]])
    found = DIALECT.values_after(sent, [5])[5]
    assert math.isnan(found.log_prob)
    assert found.behind == math.inf


VALUES = [[None, 3, None], [-1.0, 4, None], [-2.0, 5, None]]
TOPS = [None, [[-1.0, 4, None]], [[-0.5, 9, None]]]


def test_values_of_a_text() -> None:
    sent = reply(input_token_logprobs=VALUES, input_top_logprobs=TOPS, prompt_tokens=3)
    assert [(one.log_prob, one.behind) for one in DIALECT.values_read(sent, [3, 4, 5], 1, PART)] == [(-1, 0), (-2, 1.5)]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"input_token_logprobs": VALUES[:2], "input_top_logprobs": TOPS}, "3 tokens were asked for"),
        ({"input_token_logprobs": VALUES, "input_top_logprobs": TOPS[:2]}, "2 tokens were asked for"),
        ({"input_token_logprobs": VALUES, "input_top_logprobs": [None, None, None]}, NONE),
        ({"input_token_logprobs": VALUES}, "2 tokens were asked for, but log-probabilities of 0"),
        ({"input_token_logprobs": [*VALUES[:2], [-2.0, 6, None]], "input_top_logprobs": TOPS}, "of other tokens"),
        ({"input_token_logprobs": VALUES, "input_top_logprobs": TOPS, "prompt_tokens": 2}, "but 2 were read"),
    ],
)
def test_texts_that_cannot_be_used(meta: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DIALECT.values_read(reply(**meta), [3, 4, 5], 1, PART)
