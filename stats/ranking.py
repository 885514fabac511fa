"""How well a score ranks positive items above negative ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Area under the ROC curve: the probability that a positive item scores higher than a negative one.

    Mann and Whitney's U over all pairs (1947, Annals of Mathematical Statistics 18; Bamber 1975, Journal of
    Mathematical Psychology 12); ties count one half. scikit-learn's function takes six times as long.

    Args:
        positive: Scores of the positive items.
        negative: Scores of the negative items.

    Returns:
        0 to 1; NaN without items of both kinds.
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - a second to import

    above, below = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    n, m = len(above), len(below)
    if not n or not m:
        return math.nan
    ranks = rankdata(np.concatenate([above, below]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def true_positive_rate(positive: ArrayLike, negative: ArrayLike, false_positive_rate: float) -> float:
    """Share of positive items above the lowest threshold that at most the given share of negative ones passes.

    It is the highest true-positive rate on the ROC curve up to that false-positive rate.

    The true-positive rate at a low false-positive rate of Carlini et al. 2022, "Membership Inference Attacks From First
    Principles" (arXiv:2112.03570). Below 1 / ``false_positive_rate`` negative items none may pass.

    Args:
        positive: Scores of the positive items.
        negative: Scores of the negative items.
        false_positive_rate: Share of negative items that may pass, 0 to 1.

    Returns:
        0 to 1; NaN without items of both kinds.
    """
    above, below = np.asarray(positive, dtype=np.float64), np.sort(np.asarray(negative, dtype=np.float64))
    if not len(above) or not len(below):
        return math.nan
    # As the rates of scikit-learn's curve are compared: 0.29 * 100 rounds to less than 29, but 29 / 100 is 0.29.
    rates = np.arange(1, len(below) + 1) / len(below)
    allowed = int(np.searchsorted(rates, false_positive_rate, side="right"))
    return float((above > below[::-1][allowed]).mean()) if allowed < len(below) else 1.0


def average_precision(positive: ArrayLike, negative: ArrayLike) -> float:
    """Area under the precision-recall curve, as a step function, by scikit-learn; NaN without items of both kinds.

    Args:
        positive: Scores of the positive items.
        negative: Scores of the negative items.
    """
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - a second to import

    above, below = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    if not len(above) or not len(below):
        return math.nan
    labels = np.concatenate([np.ones(len(above)), np.zeros(len(below))])
    return float(average_precision_score(labels, np.concatenate([above, below])))
