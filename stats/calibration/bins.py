"""Bins of confidence, and the calibration errors that are sums over them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BINS = 10
"""Number of bins."""
Binning = Literal["width", "mass"]
"""``width``: ten bins of equal width (a confidence of exactly 0.1 opens the second one); ``mass``: ten bins of about
the same number of items, equal confidences in one bin."""


def bin_codes(confidences: Numbers, binning: Binning, bins: int = BINS) -> NDArray[np.intp]:
    """The bin of each confidence, from 0.

    Args:
        confidences: 0 to 1.
        binning: How bins are chosen.
        bins: Their number.
    """
    if binning == "width":
        return np.minimum((confidences * bins).astype(np.intp), bins - 1)
    edges = np.quantile(confidences, np.arange(1, bins) / bins) if len(confidences) else np.zeros(0)
    return np.searchsorted(edges, confidences, side="left").astype(np.intp)


def calibration_error(confidences: Numbers, right: Numbers, binning: Binning, bins: int = BINS) -> float:
    """Mean over items of the gap between mean confidence and share of right answers in their bin.

    Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (AAAI), for bins of equal
    width; Nixon et al. 2019, "Measuring Calibration in Deep Learning" (arXiv:1904.01685), section 3.3, for bins of
    equal mass.

    Args:
        confidences: 0 to 1, one per item.
        right: 1 for a right answer, else 0.
        binning: How bins are chosen.
        bins: Their number.

    Returns:
        0 to 1; NaN without items.
    """
    if not len(confidences):
        return math.nan
    gaps = np.bincount(bin_codes(confidences, binning, bins), weights=confidences - right)
    return float(np.abs(gaps).sum() / len(confidences))


def expected_error(
    confidences: Numbers,
    binning: Binning,
    *,
    seed: int,
    codes: NDArray[np.int64] | None = None,
    draws: int = 1_000,
    bins: int = BINS,
) -> Numbers:
    """Calibration errors of a perfectly calibrated checkpoint with these confidences: answers are right by chance.

    A calibration error of few items is never 0, because shares of right answers vary (Bröcker and Smith 2007,
    "Increasing the Reliability of Reliability Diagrams", Weather and Forecasting 22:651). Items of a cluster are drawn
    with one random number, so that they are as alike as their confidences allow: that is the worst case.

    Args:
        confidences: 0 to 1, one per item.
        binning: How bins are chosen.
        seed: Of the draws.
        codes: The cluster of each item as a number from 0; None if each is on its own.
        draws: Their number.
        bins: Number of bins.

    Returns:
        One error per draw.
    """
    generator = np.random.default_rng(seed)
    of_item = bin_codes(confidences, binning, bins)
    units = len(confidences) if codes is None else int(codes.max()) + 1
    found = np.empty(draws)
    for place in range(draws):
        draw = generator.random(units)
        right = (draw if codes is None else draw[codes]) < confidences
        found[place] = np.abs(np.bincount(of_item, weights=confidences - right)).sum() / len(confidences)
    return found
