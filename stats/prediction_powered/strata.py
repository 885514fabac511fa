"""The interval of a corrected share where few labels show the scorer's errors.

Outputs are divided in two by the scorer. With p the share of all outputs in the upper part, and y₁ and y₀ the share of
positive labels in either part, the share is p · y₁ + (1 − p) · y₀. For a scorer that says yes or no this is the
estimate of PPI++ with the sample's own λ. A normal interval would be far too short where no error, or hardly one, is
among the labels. So y₁ and y₀ each get an interval that has a width there, too: that of Jeffreys (Brown, Cai and
DasGupta 2001, "Interval Estimation for a Binomial Proportion", Statistical Science 16:101), or Wilson's, which is
wider, where the labels decide how outputs are divided. The distances of the ends add up as those of independent parts
do (Zou and Donner 2008, "Construction of confidence limits about effect measures", Statistics in Medicine 27:1693).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.interval import wilson
from audit.stats.prediction_powered.tuned import clustered_variance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from audit.stats.prediction_powered.tuned import LabelledSample

Ends = tuple[float, float]


def cut_of(sample: LabelledSample) -> float:
    """The scorer's value from which on an output is in the upper part.

    It is the larger one of a scorer with two values. Otherwise as many of all outputs are in the upper part as labels
    are positive.
    """
    scores = sample.scores
    if is_two_valued(scores):
        return float(scores.max())
    return float(np.quantile(scores, 1 - sample.labels.mean()))


def is_two_valued(scores: NDArray[np.float64]) -> bool:
    """Whether a scorer says yes or no."""
    return len(np.unique(scores)) <= 2


def ends(sample: LabelledSample, confidence: float) -> tuple[float, float, float]:
    """Ends of the interval, not cut to 0 to 1, and the share of its squared width that comes from the labels.

    Args:
        sample: With labels that are 0 or 1.
        confidence: Nominal coverage.
    """
    from scipy import stats  # noqa: PLC0415 - a second to import

    cut = cut_of(sample)
    upper, all_upper = sample.judged >= cut, sample.scores >= cut
    weight = float(all_upper.mean())
    interval = _jeffreys if is_two_valued(sample.scores) else _wilson
    parts = [_part(sample.labels[inside], sample.labels.mean(), confidence, interval) for inside in (upper, ~upper)]
    (one, one_low, one_high), (zero, zero_low, zero_high) = parts
    value = weight * one + (1 - weight) * zero
    tail = (1 + confidence) / 2
    of_others = float(stats.norm.ppf(tail)) ** 2 * (one - zero) ** 2 * weight * (1 - weight) / len(all_upper)
    below = (weight * (one - one_low)) ** 2 + ((1 - weight) * (zero - zero_low)) ** 2
    above = (weight * (one_high - one)) ** 2 + ((1 - weight) * (zero_high - zero)) ** 2
    wider = 1.0
    if sample.clusters is not None:
        wider = math.sqrt(_design_effect(sample, sample.clusters, upper, all_upper, (one, zero)))
        wider *= float(stats.t.ppf(tail, sample.freedom) / stats.norm.ppf(tail))
    low, high = value - wider * math.sqrt(below + of_others), value + wider * math.sqrt(above + of_others)
    most = max(below, above)
    return low, high, most / (most + of_others)


def _part(
    labels: NDArray[np.float64], mean: float, confidence: float, interval: Callable[[float, int, float], Ends]
) -> tuple[float, float, float]:
    """The share of positive labels in a part, and its interval; a part without labels may have any."""
    n, found = len(labels), float(labels.sum())
    return (found / n, *interval(found, n, confidence)) if n else (float(mean), 0.0, 1.0)


def _jeffreys(found: float, n: int, confidence: float) -> Ends:
    """Jeffreys' interval of a share."""
    from scipy import stats  # noqa: PLC0415 - a second to import

    tail, posterior = (1 - confidence) / 2, (found + 0.5, n - found + 0.5)
    low = 0.0 if found == 0 else float(stats.beta.ppf(tail, *posterior))
    high = 1.0 if found == n else float(stats.beta.ppf(1 - tail, *posterior))
    return low, high


def _wilson(found: float, n: int, confidence: float) -> Ends:
    """Wilson's interval of a share."""
    ends = wilson(round(found), n, confidence)
    return ends.low, ends.high


def _design_effect(
    sample: LabelledSample,
    clusters: NDArray[np.int64],
    upper: NDArray[np.bool_],
    all_upper: NDArray[np.bool_],
    shares: tuple[float, float],
) -> float:
    """How many times as large clusters make the variance; at least 1.

    Equal labels show no variance. Each cluster then counts once: distances shrink with the number of labels there, not
    with its root.
    """
    weight = float(all_upper.mean())
    added = np.where(all_upper, shares[0], shares[1])
    added = (added - added.mean()) / len(all_upper)
    for inside, share, part in ((upper, shares[0], weight), (~upper, shares[1], 1 - weight)):
        added[: len(upper)][inside] += part * (sample.labels[inside] - share) / inside.sum()
    alone = float(np.sum(added**2))
    if alone <= 0:
        return float(len(upper) / (sample.freedom + 1)) ** 2
    return max(1.0, clustered_variance(added, clusters) / alone)
