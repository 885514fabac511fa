"""Min-K % and Min-K % ++: how unlikely the least likely tokens of a text are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

SHARE = 0.2
"""Share of the tokens that counts as the least likely ones."""
LEAST_DEVIATION = 1e-6
"""Smaller standard deviations of log p count as this much, so that nothing is divided by 0."""


def min_k(values: ArrayLike) -> float:
    """Mean over the 20 % lowest values, one at least.

    Of log-probabilities it is Min-K % (Shi et al. 2024, "Detecting Pretraining Data from Large Language Models",
    arXiv:2310.16789).

    Args:
        values: One per token.
    """
    sorted_values = np.sort(np.asarray(values, dtype=np.float64))
    return float(sorted_values[: max(1, int(len(sorted_values) * SHARE))].mean())


def min_k_plus(log_probs: Sequence[float], means: Sequence[float], deviations: Sequence[float]) -> float:
    """Min-K % ++: the same of (log p - mean) / standard deviation of log p over the vocabulary at each position.

    Zhang et al. 2024, "Min-K%++: Improved Baseline for Detecting Pre-Training Data from Large Language Models"
    (arXiv:2404.02936), equations 3 and 4.

    Args:
        log_probs: Of each token, natural logarithm.
        means: Mean of log p over the vocabulary, weighted by p, at each position.
        deviations: Standard deviation of the same.
    """
    spread = np.maximum(np.array(deviations), LEAST_DEVIATION)
    return min_k((np.array(log_probs) - np.array(means)) / spread)
