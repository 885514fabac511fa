"""Servers that do not do what they are asked: found out at the start, or answer by answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, ScoringUnavailable
from audit.engine import ScoreRequest
from tests.engine.server.openai_double import Echoing, connect, says, serving

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.parametrize("chat", [False, True])
def test_a_server_that_repeats_the_prompt_is_refused(*, chat: bool) -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if chat != path.endswith("/chat/completions"):
            return 404, {"detail": "Not Found"}
        prompt = body["messages"][0]["content"] if chat else body["prompt"]
        return says(f"{prompt} Rome")(path, body)

    with serving(answer) as double, pytest.raises(CheckpointError, match="repeats the prompt in its answer"):
        connect(double)


class Shifted(Echoing):
    """Gives each token the values of the next one, or of the one before."""

    def __init__(self, engine: TransformersEngine, by: int, fields: tuple[str, ...]) -> None:
        super().__init__(engine)
        self.by = by
        self.fields = fields

    def __call__(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().__call__(path, body)
        if body.get("echo"):
            found = answer["choices"][0]["logprobs"]
            for name in self.fields:
                values = found[name][1:]  # the first token has none
                moved = [*values[self.by :], values[-1]] if self.by > 0 else [values[0], *values[:-1]]
                found[name] = [None, *moved]
        return status, answer


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("fields", [("token_logprobs", "top_logprobs"), ("token_logprobs",)])
def test_values_of_the_next_or_the_previous_token_are_refused(
    tiny: TransformersEngine, tiny_model: Path, by: int, fields: tuple[str, ...]
) -> None:
    with serving(Shifted(tiny, by, fields)) as double:
        engine = connect(double, tokenizer=str(tiny_model))
        for _ in range(2):
            with pytest.raises(ScoringUnavailable, match="log-probabilities cannot be used: they do not match its own"):
                engine.score([ScoreRequest((1,), (5,))])


def test_values_that_change_when_a_beginning_comes_again_are_refused(
    tiny: TransformersEngine, tiny_model: Path
) -> None:
    """A prefix cache that gives other values than the first pass."""

    class Drifting(Echoing):
        times = 0

        def __call__(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
            status, answer = super().__call__(path, body)
            if body.get("echo"):
                self.times += 1
                answer["choices"][0]["logprobs"]["token_logprobs"][3] -= self.times
            return status, answer

    with serving(Drifting(tiny)) as double, pytest.raises(ScoringUnavailable, match="two values, 2 nats apart"):
        connect(double, tokenizer=str(tiny_model)).check_scoring()


@pytest.mark.parametrize("lost", ["all", "values", "strange"])
def test_a_server_that_gives_no_values_while_generating_can_score(
    tiny: TransformersEngine, tiny_model: Path, lost: str
) -> None:
    class Silent(Echoing):
        def __call__(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
            status, answer = super().__call__(path, body)
            if body.get("logprobs") and not body.get("echo"):
                broken = {"all": None, "values": {"tokens": ["a"], "token_logprobs": None}, "strange": {"tokens": 5}}
                answer["choices"][0]["logprobs"] = broken[lost]
            return status, answer

    with serving(Silent(tiny)) as double:
        connect(double, tokenizer=str(tiny_model)).check_scoring()


def test_a_server_whose_text_cannot_be_checked_does_not_score(tiny: TransformersEngine, tiny_model: Path) -> None:
    class Mute(Echoing):
        def _generated(self, ids: list[int], body: dict[str, Any]) -> tuple[int, Any]:
            return says("")("/completions", body)

    with serving(Mute(tiny)) as double, pytest.raises(ScoringUnavailable, match="so that they cannot be checked"):
        connect(double, tokenizer=str(tiny_model)).check_scoring()


def test_a_connection_lost_in_the_check_does_not_decide(tiny: TransformersEngine, tiny_model: Path) -> None:
    with serving(Echoing(tiny)) as double:
        engine = connect(double, tokenizer=str(tiny_model), tries=1)
        answer = double.answer
        double.answer = lambda path, body: answer(path, body) if body.get("echo") else _gone()
        with pytest.raises(ScoringUnavailable, match="connection lost"):
            engine.check_scoring()
        double.answer = answer
        engine.check_scoring()


def _gone() -> tuple[int, Any]:
    msg = "the server's process has died"
    raise ConnectionError(msg)
