"""Servers that apply a chat template themselves: its variables, the tokens it adds, contexts nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, ConfigError
from audit.engine import GenerateRequest, load
from audit.engine.journal import Journal
from tests.engine.server.openai_double import ASK, Double, connect, serving, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.engine import Engine

pytestmark = pytest.mark.usefixtures("patient")

CONTEXT = 256
QUIET = {"enable_thinking": False}


class Chat:
    """A chat endpoint that refuses what does not fit into its context, as vLLM does."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, added: int, *, counts: bool = True, context: int = CONTEXT
    ) -> None:
        self.tokenizer = tokenizer
        self.added = added
        self.counts = counts
        self.context = context

    def __call__(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if not path.endswith("/chat/completions"):
            return 404, {"detail": "Not Found"}
        text = body["messages"][0]["content"]
        read = len(self.tokenizer(text, add_special_tokens=False)["input_ids"]) + self.added
        if read + body["max_tokens"] > self.context:
            return 400, {"error": {"message": "too long"}}
        usage = {"prompt_tokens": read, "completion_tokens": 1} if self.counts else {}
        return 200, {"choices": [{"message": {"content": "7"}, "finish_reason": "stop"}], "usage": usage}


@pytest.mark.parametrize(("counts", "room"), [(True, CONTEXT - 12), (False, CONTEXT - 64)])
@pytest.mark.parametrize("words", [1, 400])
def test_the_tokens_of_the_servers_template_are_left_free(
    tiny: Engine, tiny_model: Path, words: int, room: int, *, counts: bool
) -> None:
    with serving(Chat(tiny.tokenizer, 12, counts=counts)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        request = GenerateRequest(" one" * words, max_new_tokens=CONTEXT)
        assert text_of(engine, request) == "7"
        body = double.asked[-1][1]
        sent = len(engine.encode(body["messages"][0]["content"], add_special_tokens=False))
        assert sent + body["max_tokens"] == room


def test_without_a_tokenizer_the_greeting_shows_the_most_that_a_template_adds(tiny: Engine) -> None:
    with serving(Chat(tiny.tokenizer, 12)) as double:
        assert text_of(connect(double), GenerateRequest("Hi", max_new_tokens=CONTEXT)) == "7"


def test_a_context_that_nobody_knows_bounds_no_answer() -> None:
    """A long prompt to a hosted model that thinks: its trace gets all its room."""

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if not path.endswith("/chat/completions"):
            return 404, {"detail": "Not Found"}
        message = {"content": "7" if body["max_tokens"] > 1000 else None, "reasoning_content": "Hm. " * 500}
        finish = "stop" if message["content"] else "length"
        return 200, {"choices": [{"message": message, "finish_reason": finish}], "usage": {}}

    with serving(answer) as double:
        double.listing = None
        request = GenerateRequest("x" * 3200, max_new_tokens=256)
        assert text_of(connect(double), request) == "7"
        assert [body["max_tokens"] for _, body in double.asked[-2:]] == [256, 256 + 2048]
        engine = load(double.name, max_length=2048)
        text_of(engine, request)
        assert double.asked[-1][1]["max_tokens"] <= 1024, "a bound that the user has named holds"


def test_answers_of_an_unknown_context_are_not_those_of_a_named_one(double: Double, tmp_path: Path) -> None:
    double.listing = None
    journal = Journal(tmp_path / "journal.sqlite")
    for engine in (connect(double), load(double.name, max_length=2048)):
        engine.journal = journal
        text_of(engine)
    assert len(journal) == 2
    journal.close()


@pytest.mark.slow
def test_variables_of_the_template_go_to_the_server_that_applies_it(tiny: Engine, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    with serving(Chat(tiny.tokenizer, 12)) as double:
        for args in (None, QUIET, {"enable_thinking": True}):
            engine = load(double.name, chat_template_args=args)
            engine.journal = journal
            text_of(engine)
            assert double.asked[-1][1].get("chat_template_kwargs") == args
    assert len(journal) == 3, "the prompt does not show them, so the key must"
    journal.close()


@pytest.mark.parametrize(("refused", "error"), [
    (True, "HTTP 400: extra field: the server refuses chat_template_kwargs: leave out --chat-template-args"),
    (False, "HTTP 400: extra field: check the URL"),
])  # fmt: skip
def test_a_server_that_refuses_the_variables_is_refused(tiny: Engine, error: str, *, refused: bool) -> None:
    chat = Chat(tiny.tokenizer, 12)

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path.endswith("/chat/completions") and ("chat_template_kwargs" in body or not refused):
            return 400, {"error": {"message": "extra field"}}
        return chat(path, body)

    with serving(answer) as double, pytest.raises(CheckpointError, match=error):
        load(double.name, chat_template_args=QUIET)


def test_variables_without_a_template_are_an_error(double: Double, tiny_model: Path) -> None:
    with pytest.raises(
        ConfigError, match="--chat-template-args: no chat template is applied without a tokenizer: give --tokenizer"
    ):
        load(double.name, chat_template_args=QUIET)
    engine = load(double.name, tokenizer=str(tiny_model), chat_template_args=QUIET)
    assert engine.chat_template_args == QUIET
    text_of(engine)
    assert double.asked[-1][1] == {
        "model": "some-model", "prompt": ASK.prompt, "max_tokens": ASK.max_new_tokens, "temperature": 0.0
    }  # fmt: skip
