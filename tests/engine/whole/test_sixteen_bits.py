"""The embedded checkpoint's lower layers in 16 bits: sharing adds no rounding to what plain batches have."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from audit.engine import ScoreRequest
from audit.engine.local.engine import TransformersEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine

pytestmark = pytest.mark.slow

SHOT = "Question: {}\nAnswer: {}\n\n"
SHOTS = 2
"""Questions with their answers in front of the others: float16 is slow where a processor has no units for it."""
LAYERS = 3
"""Of thirty: each layer shares in the same way."""
QUESTIONS = {
    "What do bees make?": ("honey", "milk", "a loud noise in summer"),
    "Which planet is known as the red planet?": ("Mars", "Venus", "the third from the sun"),
    "What melts when it is heated?": ("ice", "stone walls", "the sound of a bell"),
    "Where do penguins live?": ("in Antarctica", "in the desert", "under the roofs"),
    "How many legs has a spider?": ("eight", "six", "as many as an insect"),
    "What do plants need to grow?": ("light and water", "music", "a glass of milk each day"),
}


def requests(engine: Engine) -> list[ScoreRequest]:
    """Each question's options, without shots and after shots that all share."""
    answered = list(QUESTIONS.items())[:SHOTS]
    shots = "".join(SHOT.format(question, options[0]) for question, options in answered)
    return [
        ScoreRequest(
            tuple(engine.encode(f"{head}Question: {question}\nAnswer:")),
            tuple(engine.encode(f" {option}", add_special_tokens=False)),
        )
        for head in ("", shots)
        for question, options in QUESTIONS.items()
        for option in options
    ]


def lower_layers(engine: Engine, dtype: torch.dtype) -> TransformersEngine:
    """The same checkpoint with its lower layers alone, in a type."""
    config = deepcopy(cast("Any", engine.model).config)
    config.num_hidden_layers = LAYERS
    model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    assert model.load_state_dict(engine.model.state_dict(), strict=False).missing_keys == []  # type: ignore[union-attr]
    return TransformersEngine(model, engine.tokenizer, engine.record)


def log_probs(engine: Engine, asked: Sequence[ScoreRequest]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Per token, all requests in order."""
    return np.concatenate([score.log_probs for score in engine.score(asked)])


@pytest.fixture(scope="module")
def truth(embedded: Engine) -> np.ndarray[Any, np.dtype[np.float64]]:
    """In float32."""
    return log_probs(lower_layers(embedded, torch.float32), requests(embedded))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_sharing_is_as_near_to_float32_as_plain_batches(
    embedded: Engine, truth: np.ndarray[Any, np.dtype[np.float64]], dtype: torch.dtype
) -> None:
    asked = requests(embedded)
    engine = lower_layers(embedded, dtype)
    forward = engine._forward
    assert (forward.shares, forward.why_not, forward.decodes) == (True, "", True)
    shared = log_probs(engine, asked)
    computed = forward.computed
    forward.shares = False
    plain = log_probs(engine, asked)
    assert forward.computed - computed > 3 * computed
    apart = {"shared": np.abs(shared - truth), "plain": np.abs(plain - truth)}
    assert apart["shared"].mean() < 1.3 * apart["plain"].mean()
    assert np.quantile(apart["shared"], 0.95) < 1.5 * np.quantile(apart["plain"], 0.95)
    assert apart["shared"].max() < 2.0 * apart["plain"].max()
    assert 0 < apart["plain"].mean() < 0.15
