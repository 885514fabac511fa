"""Shapley values by SHAP's permutation sampling, with our masks.

Štrumbelj and Kononenko 2014; Lundberg and Lee 2017 (arXiv:1705.07874); the implementation is
``shap.PermutationExplainer``. SHAP's own text masker is not used: it tokenises the masked text again,
collapses newlines and duplicates characters that are split over tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.extra import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.masking import MaskedPrompt, MethodValues

PERMUTATIONS = 5
"""Random orders, each walked forwards and backwards (antithetic pairs)."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Shapley value of each feature, nats; the values sum to v(all) − v(none).

    Args:
        prompt: The game.
        seed: Of the permutations.

    Raises:
        UsageError: The package shap is not installed.
    """
    shap = load("shap", "shap")
    count = len(prompt.features)

    def game(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return prompt.outputs(rows > 0.5)

    background = np.zeros((1, count))
    state = np.random.get_state()  # noqa: NPY002 - shap seeds NumPy's global generator; it is put back below
    try:
        explainer = shap.PermutationExplainer(game, shap.maskers.Independent(background), seed=seed)
        found = explainer(np.ones((1, count)), max_evals=PERMUTATIONS * (2 * count + 1), silent=True)
    finally:
        np.random.set_state(state)  # noqa: NPY002 - see above
    return prompt.split(np.asarray(found.values[0], dtype=np.float64).reshape(count, -1).T)
