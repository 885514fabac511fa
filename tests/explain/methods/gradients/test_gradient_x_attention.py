"""Gradient x attention against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention
from audit.explain.methods.gradients import gradient_x_attention
from audit.explain.methods.gradients import sequences as gradients
from tests.explain.test_white_box import TARGET, TEXT


@pytest.mark.slow
def test_gradient_x_attention_equals_finite_differences(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of log P by a factor on the attention that a feature is given, in float64."""
    from transformers.models.gpt2 import modeling_gpt2

    engine = build("gpt2", "float64")
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = gradient_x_attention.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)
    factors = torch.ones(sequence.ids.shape[1], dtype=torch.float64)
    plain = modeling_gpt2.eager_attention_forward

    def changed(module: Any, query: Any, key: Any, value: Any, *rest: Any, **options: Any) -> Any:
        _, weights = plain(module, query, key, value, *rest, **options)
        return ((weights * factors) @ value).transpose(1, 2).contiguous(), weights

    monkeypatch.setattr(modeling_gpt2, "eager_attention_forward", changed)

    def scaled(owned: tuple[int, ...], step: float) -> float:
        factors.fill_(1)[list(owned)] += step
        with torch.no_grad(), attention.eager_attention(engine.model):
            return float(sequence.log_probs(sequence.embed(sequence.ids)).sum())

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-7)
    assert np.abs(expected).max() > 0.001
