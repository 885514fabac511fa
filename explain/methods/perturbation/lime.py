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

from audit.core.formatting import percent
from audit.explain.methods.optional_packages import import_package

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues

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
    lime_base = import_package("lime.lime_base", "lime")
    count = len(prompt.features)
    masks = design(count, seed, prompt.effort.evaluations)
    outputs = prompt.outputs(masks)
    distances = cosine_distances(masks, masks[:1]).ravel() * 100
    base = lime_base.LimeBase(kernel, random_state=seed % 2**32)

    def fit(values: NDArray[np.float64]) -> tuple[list[float], float]:
        _, weights, score, _ = base.explain_instance_with_data(
            masks.astype(float),
            values[:, None],
            distances,
            label=0,
            num_features=count,
            feature_selection="none",
            model_regressor=LinearRegression(),
        )
        by_feature = dict(weights)
        return [float(by_feature[index]) for index in range(count)], score

    matrix = np.array([fit(column)[0] for column in outputs.T])
    _, score = fit(outputs @ prompt.weights)
    return prompt.split(matrix, note=f"the local linear model explains {percent(max(0.0, score))} of the variance")


def design(count: int, seed: int, evaluations: int | None = None) -> NDArray[np.bool_]:
    """All masks that are asked for, as LIME draws them, shape (masks, features).

    The first is the whole prompt; of the others a uniform number of features is absent.

    Args:
        count: Features.
        seed: Of the masks.
        evaluations: Masks to draw; None: the method's own number.
    """
    samples = evaluations or max(FEWEST_SAMPLES, SAMPLES_PER_FEATURE * count)
    generator = np.random.default_rng(seed)
    masks = np.ones((samples, count), dtype=np.bool_)
    for mask in masks[1:]:
        absent = generator.integers(1, count + 1)
        mask[generator.choice(count, absent, replace=False)] = False
    return masks


def kernel(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """LIME's exponential kernel: the weight of a mask at a distance."""
    weights: NDArray[np.float64] = np.sqrt(np.exp(-(distances**2) / KERNEL_WIDTH**2))
    return weights
