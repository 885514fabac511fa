"""A checkpoint that answers from a script, so that probes meet every answer there can be."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from audit.core.assets import DataSet
from audit.core.records import AssetRecord
from audit.engine import Completion, Engine, Generation, Score, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.engine import GenerateRequest, ScoreRequest

PREFIX = 0


class Characters:
    """A tokenizer with one token per character and, when asked for, a start token."""

    bos_token_id = PREFIX
    eos_token_id = PREFIX
    bos_token = "\0"  # noqa: S105 - a token of text
    all_special_tokens: tuple[str, ...] = ()
    added_tokens_decoder: ClassVar[dict[int, Any]] = {}

    def __init__(self, starts: bool) -> None:
        self.starts = starts

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        start = [PREFIX] if self.starts and add_special_tokens else []
        return {"input_ids": start + [ord(character) for character in text]}


class ScriptedEngine(Engine):
    """Answers from two functions and remembers what it was asked.

    Args:
        per_token: Text of context and target to the log-probability of each token of the target, or to an error.
        generated: Prompt and number of the continuation to its text, which then ended by itself, to a whole generation,
            or to None for a failed prompt.
        starts: Whether the tokenizer puts a start token before a text.
    """

    def __init__(
        self,
        per_token: Callable[[str, str], float | str] = lambda _context, _target: -1.0,
        generated: Callable[[str, int], str | Generation | None] = lambda _prompt, _index: "text",
        starts: bool = False,
    ) -> None:
        super().__init__()
        self.tokenizer: Any = Characters(starts)
        self.record: Any = SimpleNamespace(max_length=512, name="scripted")
        self.per_token = per_token
        self.generated = generated
        self.scored: list[ScoreRequest] = []
        self.prompted: list[GenerateRequest] = []

    @property
    def model(self) -> Any:
        raise AssertionError

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        self.scored += requests
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Score:
        answer = self.per_token(_text(request.context_ids), _text(request.target_ids))
        if isinstance(answer, str):
            return Score((), (), error=answer)
        return Score((answer,) * len(request.target_ids), (False,) * len(request.target_ids))

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        self.prompted += requests
        return [self._complete(request) for request in requests]

    def _complete(self, request: GenerateRequest) -> Completion:
        made = [self.generated(request.prompt, index) for index in range(request.n)]
        if None in made:
            return Completion(error="logits are NaN")
        return Completion(
            tuple(Generation(one, 3, "stop") if isinstance(one, str) else one for one in made if one is not None), 5
        )


def _text(ids: Sequence[int]) -> str:
    return "".join(chr(number) for number in ids if number != PREFIX)


@pytest.fixture(scope="session")
def _loaded(tiny_model: Path) -> Engine:
    """A two-layer random Llama, loaded once."""
    return load(str(tiny_model), device="cpu")


@pytest.fixture
def tiny(_loaded: Engine) -> Engine:
    """A copy of it that a test may change."""
    return deepcopy(_loaded)


@pytest.fixture
def scripted() -> type[ScriptedEngine]:
    return ScriptedEngine


@pytest.fixture
def data_set() -> Callable[..., DataSet]:
    def make(name: str, rows: Sequence[dict[str, Any]]) -> DataSet:
        record = AssetRecord(
            name=name, kind="dataset", source="folder", version="1", sha256="0" * 64, licence="CC-BY-SA-4.0"
        )
        return DataSet(record, tuple(rows))

    return make


@pytest.fixture
def value() -> Callable[..., Any]:
    """The one metric of a name and slice, and what it must not be: absent or twice there."""

    def pick(result: Any, metric: str, **where: str) -> Any:
        metrics = result if isinstance(result, list) else result.metrics
        (found,) = [m for m in metrics if m.metric == metric and (m.slice or {}) == where]
        return found

    return pick
