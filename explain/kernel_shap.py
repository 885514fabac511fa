"""Kernel SHAP: Shapley values as the solution of a weighted least-squares problem over sampled masks.

Lundberg and Lee 2017 (arXiv:1705.07874), section 4.1, equation 8; the implementation is
``shap.KernelExplainer``, without its selection of features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.extra import load, seeded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.masking import MaskedPrompt, MethodValues

SAMPLES_PER_FEATURE = 16
"""Masks drawn per feature; where there are no more subsets, all are taken."""
FEWEST_SAMPLES = 128
"""Masks drawn at least."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Estimated Shapley value of each feature, nats; the values sum to v(all) − v(none).

    Args:
        prompt: The game.
        seed: Of the masks.

    Raises:
        UsageError: The package shap is not installed.
    """
    shap = load("shap", "kernel_shap")
    count = len(prompt.features)

    def game(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return prompt.outputs(rows > 0.5)

    with seeded(seed):
        explainer = shap.KernelExplainer(game, np.zeros((1, count)))
        samples = prompt.effort.evaluations or max(FEWEST_SAMPLES, SAMPLES_PER_FEATURE * count)
        found = explainer.shap_values(np.ones((1, count)), nsamples=samples, l1_reg=False, silent=True)
    return prompt.split(np.asarray(found, dtype=np.float64).reshape(count, -1).T)
