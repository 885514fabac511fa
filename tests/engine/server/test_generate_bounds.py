"""Bounds of tokens: a server that ignores one is not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError
from audit.engine import GenerateRequest
from tests.engine.server.openai_double import ASK, Double, connect, says, serving, text_of

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("patient")


def answered(text: str, **usage: int) -> tuple[int, Any]:
    return 200, {"choices": [{"text": text, "finish_reason": "stop"}], "usage": usage}


@pytest.mark.parametrize(
    ("tokens", "error"), [(5, None), (6, "6 tokens, the limit was 5"), (5000, "it sent 5,000 tokens")]
)
def test_an_ignored_bound_of_tokens_is_an_error(double: Double, tokens: int, error: str | None) -> None:
    engine = connect(double)
    double.faults = [answered(" word" * tokens, completion_tokens=tokens)]
    (completion,) = engine.generate([ASK])
    if error is None:
        assert completion.error is None
    else:
        assert "ignores the token limit" in (completion.error or "")
        assert error in (completion.error or "")
        assert completion.generations == ()


def test_an_ignored_bound_is_seen_without_the_servers_count(double: Double, tiny_model: Path) -> None:
    engine = connect(double, tokenizer=str(tiny_model), concurrency=1)
    word = engine.tokenizer.decode(engine.encode("The")[:1])
    assert len(engine.encode(word * 5)) == 5
    double.faults = [answered(word * 5), answered(word * 100)]
    good, long = engine.generate([ASK, GenerateRequest("Another", max_new_tokens=5)])
    assert good.generations[0].token_count == 5
    assert "it sent 100 tokens, the limit was 5" in (long.error or "")


def test_the_bound_goes_by_the_name_that_the_server_has_for_it() -> None:
    """OpenAI's reasoning models."""

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if not path.endswith("/chat/completions"):
            return 404, {"detail": "Not Found"}
        if "max_tokens" in body:
            said = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return 400, {"error": {"message": said}}
        return says(" Paris")(path, body)

    with serving(answer) as double:
        assert text_of(connect(double)) == " Paris"
        assert double.asked[-1][1]["max_completion_tokens"] == ASK.max_new_tokens


def test_a_model_that_takes_one_temperature_alone_is_refused_for_it() -> None:
    said = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported."
    with serving(lambda path, body: (400, {"error": {"message": said}})) as double:
        with pytest.raises(
            CheckpointError, match="audits need greedy decoding, which this model does not offer"
        ) as caught:
            connect(double)
        assert "check the URL" not in str(caught.value)
