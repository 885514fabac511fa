"""Error rate among the answers that a checkpoint is most confident of, as more and more of them are kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from audit.stats.calibration.bins import Numbers


def risks(confidences: Numbers, right: Numbers) -> Numbers:
    """Error rate among the k most confident answers, for k = 1 to n.

    Equally confident answers are in random order: the value is the mean over all their orders.

    Args:
        confidences: One per item; only their order counts.
        right: 1 for a right answer, else 0.
    """
    order = np.argsort(-confidences, kind="stable")
    _, codes = np.unique(-confidences[order], return_inverse=True)
    wrong = 1 - right[order]
    # Within a tie each answer counts as the tie's mean, so that sums are those of a random order on average.
    means = np.bincount(codes, weights=wrong) / np.maximum(np.bincount(codes), 1) if len(wrong) else wrong
    found: Numbers = np.cumsum(means[codes] if len(wrong) else wrong) / np.arange(1, len(wrong) + 1)
    return found


def area_under_risk(confidences: Numbers, right: Numbers) -> float:
    """Mean of the error rates at all coverages (AURC); the error rate itself if confidences say nothing.

    Geifman, Uziel and El-Yaniv 2019, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers"
    (arXiv:1805.08206), section 2.

    Args:
        confidences: One per item; only their order counts.
        right: 1 for a right answer, else 0.

    Returns:
        0 to 1; NaN without items.
    """
    found = risks(confidences, right)
    return float(found.mean()) if len(found) else math.nan
