"""A share as people would find it, with an interval in which the uncertainty of their labels is a part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_codes
from audit.stats.interval import Interval, critical, finite, is_share, score_interval
from audit.stats.intervals import mean_interval
from audit.stats.prediction_powered import strata
from audit.stats.prediction_powered.tuned import LabelledSample, clustered_variance, tuned

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike

    from audit.stats.prediction_powered.tuned import Tuned

OF_EACH = 8
"""Positive and negative labels from which on the interval of a scorer with more than two values is Wilson's."""


@dataclass(frozen=True, slots=True)
class PoweredShare:
    """A corrected share."""

    value: float
    """The share that people would find among all outputs."""
    interval: Interval | None
    """Its interval; None where the labels do not show their spread."""
    tuning: float
    """λ of PPI++: how much the scorer's values of outputs without a label count, 0 to 1."""
    of_labels: float
    """Share of the squared width of the interval that more labels make smaller; more outputs make the rest smaller."""


def powered_share(
    labels: ArrayLike,
    judged: ArrayLike,
    others: ArrayLike,
    *,
    clusters: Sequence[Hashable | None] | None = None,
    confidence: float = 0.95,
) -> PoweredShare:
    """The share of positive labels among all outputs, of which people labelled a random sample.

    The value is that of PPI++ (:mod:`audit.stats.prediction_powered.tuned`). With at least ``OF_EACH`` labels of either
    kind, and a scorer with more than two values, the interval is Wilson's at the effective number of items,
    share · (1 − share) / variance, with Student's quantile (Korn and Graubard 1998, as for shares of clustered items).
    Otherwise it is that of two strata (:mod:`audit.stats.prediction_powered.strata`). Where all outputs are labelled,
    or all labels equal and the scorer's values are not, it is that of the labels alone.

    Args:
        labels: 0 or 1 for each output of the sample.
        judged: The scorer's value of the same outputs.
        others: The scorer's values of all other outputs.
        clusters: Cluster of each output, those of the sample first; None stands for an output on its own.
        confidence: Nominal coverage.

    Raises:
        ValueError: Lengths differ, there are fewer than two labels, or a label is neither 0 nor 1.
    """
    sample = _sample(labels, judged, others, clusters)
    n = len(sample.labels)
    few = min(sample.labels.sum(), n - sample.labels.sum())
    if len(sample.others) < 2 or (few == 0 and not strata.is_two_valued(sample.scores)):
        return _of_labels(sample, confidence)
    found = tuned(sample)
    value = min(1.0, max(0.0, found.value))
    if sample.freedom == 0:
        return PoweredShare(value, None, found.tuning, 1.0)
    if few >= OF_EACH and not strata.is_two_valued(sample.scores):
        ends = _wilson(sample, found, value, confidence)
        # More labels leave fewer others: what remains in the end is the variance of the scorer's mean over all outputs.
        rest = found.of_others * len(sample.scores) / len(sample.others)
        return PoweredShare(value, ends, found.tuning, max(0.0, 1 - rest / found.variance) if found.variance else 1.0)
    low, high, share = strata.ends(sample, confidence)
    low, high = max(0.0, min(low, value)), min(1.0, max(high, value))
    return PoweredShare(value, Interval(low, high, "powered_strata", confidence), found.tuning, share)


def labels_needed(found: PoweredShare, labels: int, outputs: int, limit: float) -> float:
    """Labels with which the interval of the same value would end at a limit.

    The part of the squared width that comes from the labels shrinks with their number; the rest does not.

    Args:
        found: The share, with an interval.
        labels: Labels that it rests on.
        outputs: All outputs.
        limit: The limit that the interval spans.

    Returns:
        The number; infinite where labels for all outputs would not do.
    """
    ends = found.interval
    if ends is None:
        return math.inf
    reach = ends.high - found.value if limit > found.value else found.value - ends.low
    rest = (limit - found.value) ** 2 - (1 - found.of_labels) * reach**2
    needed = labels * found.of_labels * reach**2 / rest if rest > 0 else math.inf
    return needed if needed <= outputs else math.inf


def _sample(
    labels: ArrayLike, judged: ArrayLike, others: ArrayLike, clusters: Sequence[Hashable | None] | None
) -> LabelledSample:
    """The arguments, checked.

    Raises:
        ValueError: They do not fit each other.
    """
    rated, mine, left = finite(labels), finite(judged), finite(others)
    if len(rated) != len(mine) or len(rated) < 2 or not is_share(rated):
        msg = f"at least two labels of 0 or 1 are needed, one for each judged output: {len(rated)} for {len(mine)}"
        raise ValueError(msg)
    codes = None
    if clusters is not None:
        named = [object() if cluster is None else cluster for cluster in clusters]  # each object is its own
        codes = cluster_codes(np.concatenate([mine, left]), named)
        if len(np.unique(codes)) == len(codes):
            codes = None
    return LabelledSample(rated, mine, left, codes)


def _of_labels(sample: LabelledSample, confidence: float) -> PoweredShare:
    """The share of the labels alone: nothing else is left, or nothing else helps."""
    clusters = None if sample.clusters is None else sample.clusters[: len(sample.labels)].tolist()
    ends = mean_interval(sample.labels, clusters=clusters, seed=0, confidence=confidence)
    return PoweredShare(float(sample.labels.mean()), ends, 0.0, 1.0)


def _wilson(sample: LabelledSample, found: Tuned, value: float, confidence: float) -> Interval | None:
    """Wilson's interval at the effective number of items."""
    variance = found.variance
    if sample.clusters is not None:
        variance = max(variance, clustered_variance(found.influences, sample.clusters))
    if variance <= 0 or not 0 < value < 1:
        return None
    smaller = (critical(confidence, math.inf) / critical(confidence, sample.freedom)) ** 2
    return score_interval(value, value * (1 - value) / variance * smaller, confidence, "powered_wilson")
