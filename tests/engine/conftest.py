"""Engines on small random checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from audit.engine import load
from audit.engine.server.client import KEY_VARIABLE
from tests.engine.openai_double import Double, says, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.engine import ScoreRequest
    from audit.engine.local.engine import TransformersEngine


@pytest.fixture
def tiny(tiny_model: Path) -> TransformersEngine:
    """A two-layer random Llama, loaded anew for each test."""
    return load(str(tiny_model), device="cpu")


class Listener:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.tokens = 0
        self.answered = 0
        self.expected = 0
        self.messages: list[str] = []

    def task(self, suite: str, task: str) -> None:
        pass

    def start(self, requests: int) -> None:
        self.expected += requests

    def advance(self, requests: int, tokens: int) -> None:
        self.answered += requests
        self.tokens += tokens

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
    with serving(says(" Paris")) as started:
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
