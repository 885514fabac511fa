"""The Brier score and its parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.calibration.bins import BINS, bin_codes

if TYPE_CHECKING:
    from audit.stats.calibration.bins import Numbers


@dataclass(frozen=True, slots=True)
class BrierParts:
    """What a Brier score consists of: reliability - resolution + uncertainty, and what bins leave over."""

    score: float
    """Mean squared difference between confidence and outcome; 0 is best."""
    reliability: float
    """Mean squared gap between confidence and share of right answers in the bins; 0 is best."""
    resolution: float
    """Mean squared distance of the bins' shares of right answers from that of all items; larger is better."""
    uncertainty: float
    """Variance of the outcomes, which does not depend on confidences."""
    within: float
    """What confidences that differ within a bin add: variance minus twice the covariance with outcomes."""


def brier_parts(confidences: Numbers, right: Numbers, bins: int = BINS) -> BrierParts:
    """The Brier score and its decomposition over bins of equal width.

    Brier 1950, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78:1; Murphy 1973,
    "A New Vector Partition of the Probability Score", Journal of Applied Meteorology 12:595; the remainder: Stephenson,
    Coelho and Jolliffe 2008, "Two Extra Components in the Brier Score Decomposition", Weather and Forecasting 23:752.

    Args:
        confidences: 0 to 1, one per item.
        right: 1 for a right answer, else 0.
        bins: Number of bins.

    Returns:
        NaN in all parts without items.
    """
    n = len(confidences)
    if not n:
        return BrierParts(*[math.nan] * 5)
    codes = bin_codes(confidences, "width", bins)
    sizes = np.bincount(codes, minlength=bins).astype(np.float64)
    filled = np.maximum(sizes, 1)
    claimed = np.bincount(codes, weights=confidences, minlength=bins) / filled
    shares = np.bincount(codes, weights=right, minlength=bins) / filled
    base = float(right.mean())
    score = float(np.mean((confidences - right) ** 2))
    reliability = float(sizes @ (claimed - shares) ** 2) / n
    resolution = float(sizes @ (shares - base) ** 2) / n
    uncertainty = base * (1 - base)
    return BrierParts(score, reliability, resolution, uncertainty, score - reliability + resolution - uncertainty)
