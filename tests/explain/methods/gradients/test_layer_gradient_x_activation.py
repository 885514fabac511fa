"""Gradient x activation against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import layer_gradient_x_activation
from audit.explain.methods.gradients import sequences as gradients
from tests.explain.test_white_box import TARGET, TEXT


@pytest.mark.slow
def test_gradient_x_activation_equals_finite_differences(build: Any) -> None:
    """The same with a factor on the states behind the first of two blocks."""
    engine = build("gpt2", "float64")
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    found = layer_gradient_x_activation.attribute(prompt, seed=0)
    [sequence] = gradients.sequences(prompt)

    def scaled(owned: tuple[int, ...], step: float) -> float:
        def hook(module: Any, inputs: Any, output: Any) -> Any:
            changed = (output[0] if isinstance(output, tuple) else output).clone()
            changed[0, list(owned)] *= 1 + step
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        handle = engine.model.transformer.h[0].register_forward_hook(hook)
        with torch.no_grad():
            value = float(sequence.log_probs(sequence.embed(sequence.ids)).sum())
        handle.remove()
        return value

    expected = [(scaled(p, 1e-5) - scaled(p, -1e-5)) / 2e-5 for p in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-7)
    assert found.note == "states behind block 1 of 2"
