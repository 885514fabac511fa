"""Interval and test of a mean difference of items."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.stats.bootstrap import LARGE_SAMPLE, STUDENTISED
from audit.stats.clusters import cluster_codes, cluster_freedom, clustered_standard_error
from audit.stats.interval import Interval, critical, outer, t_interval
from audit.stats.intervals import mean_interval, why_none
from audit.stats.pairing.difference import Inference
from audit.stats.pairing.sign_flips import sign_flips
from audit.stats.pairing.tango import tango

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

VANISHING = 1e-9
"""Up to this standard error of changes, clusters do not vary."""


def of_shares(changes: Numbers, clusters: Sequence[str] | None, *, confidence: float, seed: int) -> Inference:
    """Two shares of the same items: Tango's interval, and McNemar's exact test.

    McNemar 1947, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages",
    Psychometrika 12:153. With clusters the interval is that of the effective number of items, n / design effect, with
    Student's quantile (Korn and Graubard 1998) at the degrees of freedom of the clusters
    (:func:`audit.stats.clusters.cluster_freedom`). The signs of whole clusters are permuted, or Student's t is used
    where they are too few (:func:`_tested`).

    Args:
        changes: 1 for each item that only the candidate has right, -1 for the baseline alone, else 0.
        clusters: The cluster of each item; None if each item is on its own.
        confidence: Nominal coverage.
        seed: Seed of random signs.
    """
    better, worse, n = int((changes > 0).sum()), int((changes < 0).sum()), len(changes)
    ratio, changed = better / worse if worse else None, (better + worse) / n
    effect: dict[str, Any] = {"effect": ratio, "effect_name": "odds_ratio"}
    if clusters is None:
        from scipy import stats  # noqa: PLC0415 - a second to import

        p_value = float(stats.binomtest(better, better + worse).pvalue) if better + worse else 1.0
        ends, freedom = tango(better, worse, n, confidence), math.inf
        return Inference(ends, None, p_value, "mcnemar_exact", **effect, freedom=freedom, **_variation(changed, n))
    groups = len(set(clusters))
    if groups < 2:
        p_value, test = _permuted(changes, clusters, seed)
        return Inference(None, why_none(changes, clusters), p_value, test, **effect)
    freedom = cluster_freedom(cluster_codes(changes, clusters))
    found, effective = _of_clusters(changes, clusters, groups, freedom, confidence)
    p_value, test = _tested(changes, clusters, found, freedom, seed)
    return Inference(found, None, p_value, test, **effect, freedom=freedom, **_variation(changed, effective))


def _variation(change: float, n: float, width: float = 1.0) -> dict[str, Any]:
    """Standard error of a mean of ``n`` differences between the bounds, if none is the truth, and its growth.

    Args:
        change: Mean absolute difference of an item.
        n: Number of items, or the effective one.
        width: Largest possible difference.
    """
    return {"error": math.sqrt(width * change / n), "growth": width / n}


def _of_clusters(
    changes: Numbers, clusters: Sequence[str], groups: int, freedom: float, confidence: float
) -> tuple[Interval, float]:
    """The outer ends of Tango's interval at the effective number of items and of Student's t; and that number.

    Where few items changed, each alone is too short on one side. The clusters count as items, and there is no Student's
    t, where they do not vary.
    """
    n = len(changes)
    error, mean = clustered_standard_error(changes, clusters), float(changes.mean())
    vanishing = error <= VANISHING
    part = (groups if vanishing else float(changes.var()) / error**2) / n
    better, worse = part * int((changes > 0).sum()), part * int((changes < 0).sum())
    ends = tango(better, worse, part * n, confidence, freedom=freedom, method="tango_clustered")
    if not vanishing:
        ends = outer(ends, t_interval(mean, error, freedom, confidence, "clustered_t"))
    return replace(ends, low=max(-1.0, ends.low), high=min(1.0, ends.high)), part * n


def of_means(
    differences: Numbers,
    clusters: Sequence[str] | None,
    *,
    width: float,
    confidence: float,
    seed: int,
    resamples: int,
) -> Inference:
    """Mean of differences of items: the interval of a mean (:func:`audit.stats.intervals.mean_interval`).

    Where that is the studentised bootstrap, each end is the outer one of the bootstrap's and Student's t: the bootstrap
    covers differences with one long tail, Student's t those with two. On a bounded scale no end lies beyond Tango's for
    values on the bounds, which have the largest possible variance. If no item changed, or all by the same amount, that
    is the interval.

    Args:
        differences: One per item.
        clusters: The cluster of each item; None if each item is on its own.
        width: Largest possible difference; infinite on an open scale.
        confidence: Nominal coverage.
        seed: Seed of the bootstrap and of random signs.
        resamples: Number of bootstrap resamples.
    """
    n, groups = len(differences), len(set(clusters)) if clusters else len(differences)
    freedom = cluster_freedom(cluster_codes(differences, clusters)) if clusters and groups > 1 else groups - 1.0
    spread = float(differences.std(ddof=1)) if n > 1 else 0.0
    effect = float(differences.mean()) / spread if spread > 1e-12 * abs(float(differences.mean())) else None
    ends = mean_interval(
        differences,
        clusters=clusters,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        share=False,
        bounds=(-width, width),
    )
    if ends and ends.method in STUDENTISED:
        error = clustered_standard_error(differences, clusters or range(n))
        ends = outer(ends, t_interval(float(differences.mean()), error, freedom, confidence, "t"))
    change = float(np.abs(differences).mean())
    variation: dict[str, Any] = {}
    if math.isfinite(width) and groups > 1:
        widest, effective = _bounded(differences, clusters, width, confidence)
        variation = {} if ends else _variation(change, effective, width)
        ends = _within(ends, widest)
    reason = None if ends else why_none(differences, clusters or [None] * n)
    p_value, test = _tested(differences, clusters, ends, freedom, seed)
    found = Inference(ends, reason, p_value, test, effect, "d_z", freedom, **variation)
    if variation or found.standard_error is None:
        return found
    return replace(found, growth=found.standard_error**2 / change)  # items change as they did, only more often


def _bounded(
    differences: Numbers, clusters: Sequence[str] | None, width: float, confidence: float
) -> tuple[Interval, float]:
    """Tango's interval of bounded differences, as parts of the largest possible one; clusters count as items.

    Returns:
        The interval, and the effective number of items.
    """
    n, freedom, part = len(differences), math.inf, 1.0
    if clusters:
        codes = cluster_codes(differences, clusters)
        sizes = np.bincount(codes).astype(np.float64)
        freedom, part = cluster_freedom(codes), n / float(np.sum(sizes**2))
    up, down = (part * float(np.maximum(sign * differences, 0).sum()) / width for sign in (1, -1))
    ends = tango(up, down, part * n, confidence, freedom=freedom)
    return Interval(width * ends.low, width * ends.high, "bounded_score", confidence), part * n


def _within(ends: Interval | None, widest: Interval) -> Interval:
    """An interval that is not wider than possible."""
    if ends is None:
        return widest
    return Interval(max(ends.low, widest.low), min(ends.high, widest.high), ends.method, ends.confidence)


def _tested(
    differences: Numbers, clusters: Sequence[str] | None, ends: Interval | None, freedom: float, seed: int
) -> tuple[float, str]:
    """P-value and name of the test of a mean difference whose interval is known.

    With few units, no permutation of signs has a p-value below the interval's level: 2 / 2^5 is 6 %. Then it is
    Student's, with the interval's reach towards 0: at most 1 - confidence exactly where the interval excludes 0.
    """
    units = len(set(clusters)) if clusters else len(differences)
    if ends is None or 2.0 ** (1 - units) <= 1 - ends.confidence:
        return _permuted(differences, clusters, seed)
    from scipy import special  # noqa: PLC0415 - half a second to import

    mean = float(differences.mean())
    reach = abs(mean - (ends.high if mean < 0 else ends.low))
    statistic = critical(ends.confidence, freedom) * abs(mean) / reach if reach else math.inf
    return float(2 * special.stdtr(freedom, -statistic)), "clustered_t" if clusters else "student_t"


def _permuted(differences: Numbers, clusters: Sequence[str] | None, seed: int) -> tuple[float, str]:
    """P-value and name of the test: permuted signs, or Student's t where there are many units."""
    codes = cluster_codes(differences, clusters or range(len(differences)))
    sums = np.bincount(codes, weights=differences).astype(np.float64)
    if np.count_nonzero(sums) <= LARGE_SAMPLE:
        p_value, exact = sign_flips(sums, seed)
        return p_value, "sign_flips_exact" if exact else "sign_flips"
    from scipy import special  # noqa: PLC0415 - half a second to import

    error = clustered_standard_error(differences, clusters or range(len(differences)))
    statistic = abs(float(differences.mean())) / error if error else math.inf
    return float(2 * special.stdtr(cluster_freedom(codes), -statistic)), "clustered_t" if clusters else "student_t"
