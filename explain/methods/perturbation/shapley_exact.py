"""Shapley values by enumeration: every subset of the features is scored.

Shapley 1953; Lundberg and Lee 2017 (arXiv:1705.07874), equation 4.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import UsageError
from audit.explain.prompt.game import subsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues

MOST = 12
"""Features at most: 4,096 subsets."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Shapley value of each feature, nats; the values sum to v(all) − v(none).

    Args:
        prompt: The game.
        seed: Not used; nothing is drawn.

    Raises:
        UsageError: There are more than ``MOST`` features.
    """
    count = len(prompt.features)
    return prompt.split((weights(count) @ prompt.outputs(design(count, seed))).T)


def design(count: int, seed: int) -> NDArray[np.bool_]:
    """All subsets, shape (2^count, count); see :func:`~audit.explain.prompt.game.subsets`.

    Args:
        count: Features.
        seed: Not used; nothing is drawn.

    Raises:
        UsageError: There are more than ``MOST`` features.
    """
    del seed
    if count > MOST:
        msg = f"shapley_exact takes {MOST} features at most, this prompt has {count}: use shapley, or coarser features"
        raise UsageError(msg)
    return subsets(count)


def weights(count: int) -> NDArray[np.float64]:
    """What each subset's value counts for each feature, shape (count, 2^count).

    A subset of s features counts 1 / (n C(n−1, s−1)) for a feature that it holds and −1 / (n C(n−1, s)) for
    one that it lacks: equation 4, sorted by subsets.
    """
    present = design(count, 0)
    sizes = present.sum(axis=1)
    held = np.array([0.0, *(1 / (count * comb(count - 1, size - 1)) for size in range(1, count + 1))])
    lacked = np.array([*(1 / (count * comb(count - 1, size)) for size in range(count)), 0.0])
    found: NDArray[np.float64] = np.where(present, held[sizes][:, None], -lacked[sizes][:, None]).T
    return found
