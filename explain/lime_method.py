"""LIME: a linear model fitted to masked prompts near the whole one.

Ribeiro et al. 2016, "Why Should I Trust You?" (arXiv:1602.04938). Sampling, distance and kernel are those
of ``lime.lime_text.LimeTextExplainer`` 0.2.0.1 on our features (its word splitter takes a Chinese sentence
for one word); the fit is ``lime.lime_base.LimeBase``, without its ridge penalty, so that a linear game
gives its weights back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics.pairwise import cosine_distances

from audit.explain.extra import load
from audit.explain.masking import MethodValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.masking import MaskedPrompt

KERNEL_WIDTH = 25.0
"""LIME's default for text; distances are cosine distances times 100."""
SAMPLES_PER_FEATURE = 8
"""Masks drawn per feature."""
FEWEST_SAMPLES = 64
"""Masks drawn at least."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Weight of each feature in the local linear model, nats.

    Args:
        prompt: The game.
        seed: Of the masks.

    Raises:
        UsageError: The package lime is not installed.
    """
    lime_base = load("lime.lime_base", "lime")
    count = len(prompt.features)
    masks = sample_masks(count, max(FEWEST_SAMPLES, SAMPLES_PER_FEATURE * count), seed)
    distances = cosine_distances(masks, masks[:1]).ravel() * 100
    base = lime_base.LimeBase(kernel, random_state=seed)
    _, weights, fit, _ = base.explain_instance_with_data(
        masks,
        prompt(masks > 0.5)[:, None],
        distances,
        label=0,
        num_features=count,
        feature_selection="none",
        model_regressor=LinearRegression(),
    )
    by_feature = dict(weights)
    values = [float(by_feature[index]) for index in range(count)]
    return MethodValues(values, note=f"the local linear model explains {max(0.0, fit):.0%} of the variance")


def sample_masks(count: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Masks as LIME draws them, shape (samples, features): the first is all ones, a uniform number is absent."""
    generator = np.random.default_rng(seed)
    masks = np.ones((samples, count))
    for mask in masks[1:]:
        absent = generator.integers(1, count + 1)
        mask[generator.choice(count, absent, replace=False)] = 0
    return masks


def kernel(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """LIME's exponential kernel: the weight of a mask at a distance."""
    weights: NDArray[np.float64] = np.sqrt(np.exp(-(distances**2) / KERNEL_WIDTH**2))
    return weights
