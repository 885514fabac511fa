"""Kernel SHAP: Shapley values as the solution of a weighted least-squares problem over sampled masks.

Lundberg and Lee 2017 (arXiv:1705.07874), section 4.1, equation 8; the implementation is
``shap.KernelExplainer``, without its selection of features. Over all subsets the solution is the Shapley values
themselves: where two samples would cost as much, they are enumerated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from audit.explain.methods.optional_packages import import_package, seeded
from audit.explain.methods.perturbation import shapley_exact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues

SAMPLES_PER_FEATURE = 16
"""Masks drawn per feature."""
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
    count = len(prompt.features)
    samples = prompt.effort.evaluations or max(FEWEST_SAMPLES, SAMPLES_PER_FEATURE * count)
    if 2**count <= (
        prompt.effort.evaluations or 2 * samples
    ):  # up to eight features; two seeds are what stability takes
        exact = shapley_exact.attribute(prompt, seed)
        return replace(exact, stability=1.0, note=f"exact: all {2**count} subsets were scored")
    shap = import_package("shap", "kernel_shap")

    def game(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return prompt.outputs(rows > 0.5)

    with seeded(seed):
        explainer = shap.KernelExplainer(game, np.zeros((1, count)))
        found = explainer.shap_values(np.ones((1, count)), nsamples=samples, l1_reg=False, silent=True)
    return prompt.split(np.asarray(found, dtype=np.float64).reshape(count, -1).T)
