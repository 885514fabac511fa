"""Engines on small random checkpoints."""

from __future__ import annotations

import shutil
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import load
from audit.engine.local.model import trial
from audit.engine.server.client import KEY_VARIABLE
from tests.engine.server.openai_double import Double, serving
from tests.engine.server.openai_double import says as saying
from tests.engine.whole.scripts import PROMPT, tokenizer_of, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.engine import ScoreRequest
    from audit.engine.local.engine import TransformersEngine
    from audit.engine.local.model.shortcuts import Shortcuts


@pytest.fixture(scope="session")
def _loaded(tiny_model: Path) -> TransformersEngine:
    """A two-layer random Llama, loaded once: that takes longer than most tests."""
    return load(str(tiny_model), device="cpu")


@pytest.fixture
def tiny(_loaded: TransformersEngine) -> TransformersEngine:
    """A copy of it that a test may change."""
    return deepcopy(_loaded)


class Listener:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.tokens = 0
        self.answered = 0
        self.withheld = 0
        self.expected = 0
        self.messages: list[str] = []

    def task(self, suite: str, task: str) -> None:
        pass

    def start(self, requests: int) -> None:
        self.expected += requests

    def advance(self, requests: int, tokens: int) -> None:
        self.answered += requests
        self.tokens += tokens

    def withhold(self, answers: int) -> None:
        self.withheld += answers

    def say(self, message: str) -> None:
        self.messages.append(message)


@pytest.fixture
def listener(tiny: TransformersEngine) -> Listener:
    """Listens to the tiny engine; forgets what it heard at the start of a test."""
    tiny.progress = heard = Listener()
    return heard


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are tried as often as always, without the pauses between."""
    monkeypatch.setattr("audit.engine.server.client.Client._pause", lambda self, number, asked: 0.001)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture
def double() -> Iterator[Double]:
    """A server that knows one answer."""
    with serving(saying(" Paris")) as started:
        yield started


@pytest.fixture
def naive_log_probs() -> Callable[[TransformersEngine, ScoreRequest], list[float]]:
    """One forward pass over the whole sequence, softmax in float64: slow and plain."""
    return _naive_log_probs


def _naive_log_probs(engine: TransformersEngine, request: ScoreRequest) -> list[float]:
    """One forward pass over the whole sequence, softmax in float64: slow and plain."""
    whole = [*request.context_ids, *request.target_ids]
    with torch.no_grad():
        logits = engine.model(input_ids=torch.tensor([whole])).logits[0].double()
    log_probs = torch.log_softmax(logits, dim=-1)
    start = len(request.context_ids)
    return [float(log_probs[start + i - 1, token]) for i, token in enumerate(request.target_ids)]


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(tiny_model, folder)
    return folder


@pytest.fixture(scope="session")
def _tried() -> dict[str, Any]:
    """What the trials found on a checkpoint of :func:`says`: they differ in their text alone."""
    return {}


@pytest.fixture(params=["continuous", "batches"])
def says(
    request: pytest.FixtureRequest,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    _tried: dict[str, Any],
) -> Callable[..., TransformersEngine]:
    """An engine on a checkpoint that says a text, in both ways of generating."""
    judge = trial.judge_model

    def judged(*given: Any) -> Shortcuts:
        if "shortcuts" not in _tried:
            _tried["shortcuts"] = judge(*given)
        found: Shortcuts = _tried["shortcuts"]
        return found

    def make(
        text: str, special: tuple[str, ...] = (), *, prompt: str = PROMPT, template: str | None = None, **options: Any
    ) -> TransformersEngine:
        tokenizer = tokenizer_of(tiny_model, special=special)
        if tokenizer.eos_token in special:  # as in gpt-oss, where <|end|> ends a message and not the turn
            tokenizer = tokenizer_of(tiny_model, special=(*special, "<|return|>"))
            tokenizer.eos_token = "<|return|>"  # noqa: S105 - a token of text
        tokenizer.chat_template = template
        folder = write(tmp_path / "checkpoint", tokenizer, text, prompt=prompt)
        with monkeypatch.context() as patch:
            patch.setattr(trial, "judge_model", judged)
            engine = load(str(folder), device="cpu", **options)
        assert engine._forward.decodes
        engine._forward.decodes = request.param == "continuous"
        if not engine._forward.decodes:
            if "generates" not in _tried:
                _tried["generates"] = engine._generator.generates
            engine._generator.generates = _tried["generates"]
        return engine

    return make
