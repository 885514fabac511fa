"""Owen values by SHAP's Partition explainer, with our masks and a tree over neighbouring features.

Owen 1977, "Values of games with a priori unions"; the implementation is ``shap.PartitionExplainer``. SHAP's
own text masker is not used: it tokenises the masked text again, collapses line breaks and duplicates
characters that are split over tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.methods.optional_packages import import_package, seeded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt, MethodValues

BUDGET = 1000
"""Masks at most; what is not parted by then is shared evenly among the features of a branch."""
BATCH = 256
"""Masks per call of the engine at most."""


def attribute(prompt: MaskedPrompt, seed: int) -> MethodValues:
    """Owen value of each feature, nats; the values sum to v(all) − v(none).

    Args:
        prompt: The game.
        seed: Decides between branches of equal effect, where the budget ends the search.

    Raises:
        UsageError: The package shap is not installed.
    """
    shap = import_package("shap", "shap_partition")
    count = len(prompt.features)
    if count == 1:
        return prompt.split((prompt.token_log_probs(present=True) - prompt.token_log_probs(present=False))[:, None])

    def game(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return prompt.outputs(rows > 0.5)

    with seeded(seed):
        masker = shap.maskers.Partition(np.zeros((1, count)), clustering=tree(count))
        explainer = shap.PartitionExplainer(game, masker)
        found = explainer(
            np.ones((1, count)), max_evals=prompt.effort.evaluations or BUDGET, batch_size=BATCH, silent=True
        )
    return prompt.split(np.asarray(found.values[0], dtype=np.float64).reshape(count, -1).T)


def tree(count: int) -> NDArray[np.float64]:
    """Halves of halves of the features, in their order, as SciPy's linkage matrix of shape (count − 1, 4).

    A row joins two clusters: their numbers (features first, then rows in order), their distance, which is the
    number of features that they hold together, and that number.
    """
    rows: list[tuple[float, float, float, float]] = []

    def join(start: int, end: int) -> int:
        if end - start == 1:
            return start
        middle = (start + end + 1) // 2
        left, right = join(start, middle), join(middle, end)
        rows.append((left, right, end - start, end - start))
        return count + len(rows) - 1

    join(0, count)
    return np.array(rows, dtype=np.float64)
