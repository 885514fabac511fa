"""Gradient x input against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import gradient_x_input
from audit.explain.methods.gradients import sequences as gradients
from tests.explain.test_white_box import TARGET, TEXT


def norms_in_float64(model: Any) -> None:
    """Llama's own norm computes in float32 whatever the model's type is."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child).__name__ == "LlamaRMSNorm":
                norm = torch.nn.RMSNorm(len(child.weight), eps=child.variance_epsilon, dtype=torch.float64)
                norm.weight = child.weight
                setattr(module, name, norm)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gpt_neox"])
def test_gradient_x_input_equals_finite_differences(build: Any, architecture: str) -> None:
    """The derivative of log P by a factor on a feature's embeddings, by central differences in float64."""
    engine = build(architecture, "float64")
    norms_in_float64(engine.model)
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = gradient_x_input.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)
    whole = sequence.embed(sequence.ids)

    def scaled(owned: tuple[int, ...], step: float) -> np.ndarray:
        changed = whole.clone()
        changed[0, list(owned)] *= 1 + step
        with torch.no_grad():
            return sequence.log_probs(changed)[0].numpy()

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.matrix, np.array(expected).T, atol=1e-7)
    np.testing.assert_allclose(found.values, np.sum(expected, axis=1), atol=1e-7)
