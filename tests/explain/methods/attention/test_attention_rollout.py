"""Attention rollout against its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention_rollout
from tests.explain.test_white_box import TARGET, TEXT

if TYPE_CHECKING:
    from audit.engine import Engine


def naive_rollout(engine: Engine, prompt: Any) -> np.ndarray:
    """Abnar and Zuidema's equation 1 as products of full matrices in float64."""
    request = prompt.features.request
    ids = [*request.context_ids, *request.target_ids[:-1]]
    engine.model.set_attn_implementation("eager")
    with torch.no_grad():
        layers = engine.model(torch.tensor([ids]), output_attentions=True).attentions
    product = np.eye(len(ids))
    for layer in layers:
        weights = layer[0].double().numpy().mean(axis=0)
        product = (0.5 * weights + 0.5 * np.eye(len(ids))) @ product
    np.testing.assert_allclose(product.sum(axis=1), 1, atol=1e-6)
    mass = product[len(request.context_ids) - 1 :].mean(axis=0)
    shares = np.array([mass[list(owned)].sum() for owned in prompt.features.positions])
    return shares / shares.sum()


def test_rollout_equals_the_formula(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    tiny.model.set_attn_implementation("sdpa")
    found = attention_rollout.attribute(prompt, seed=0)
    assert tiny.model.config._attn_implementation == "sdpa"
    assert sum(found.values) == pytest.approx(1)
    assert found.evaluations == 1
    try:
        expected = naive_rollout(tiny, prompt)
    finally:
        tiny.model.set_attn_implementation("sdpa")
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
