"""Occlusion against a plain loop and Captum's feature ablation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from audit.explain.attribute import prepare
from audit.explain.methods.perturbation import occlusion
from tests.explain.games import TEXT, naive_game

if TYPE_CHECKING:
    from audit.engine import Engine


def test_occlusion_equals_a_naive_loop(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, " Paris is", max_features=48)
    value = naive_game(tiny, prompt)
    everything = range(len(prompt.features))
    expected = [value(everything) - value([j for j in everything if j != i]) for i in everything]
    found = occlusion.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert prompt.evaluations == len(prompt.features) + 1


def test_occlusion_equals_captum_feature_ablation(tiny: Engine) -> None:
    from captum.attr import FeatureAblation

    prompt = prepare(tiny, TEXT, " Paris", max_features=48)
    value = naive_game(tiny, prompt)

    def forward(masks: torch.Tensor) -> torch.Tensor:
        return torch.tensor([value([int(i) for i in mask.nonzero()]) for mask in masks])

    ones = torch.ones(1, len(prompt.features))
    expected = FeatureAblation(forward).attribute(ones, baselines=torch.zeros_like(ones))
    found = occlusion.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.values, expected[0].numpy(), atol=1e-5)
