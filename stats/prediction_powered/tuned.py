"""Prediction-powered inference for a mean, tuned for power (PPI++).

Angelopoulos, Duchi and Zrnic 2023, "PPI++: Efficient Prediction-Powered Inference" (arXiv:2311.01453), section 6, and
Angelopoulos et al. 2023, "Prediction-powered inference", Science 382:669. With labels Y of n outputs that were drawn at
random, the scorer's f of the same outputs and of the other N, the estimate of the mean label is

    λ · mean of f over the N others + mean of Y − λ f over the n labelled ones.

Whatever the scorer's errors are, it is unbiased for each λ that does not depend on the data. The λ with the smallest
variance is cov(Y, f) / ((1 + n / N) var(f)), cut to 0 to 1: a useless scorer gets 0, which leaves the mean label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_freedom

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelledSample:
    """Outputs that a scorer judged; people labelled a random sample of them."""

    labels: NDArray[np.float64]
    """People's label of each output of the sample."""
    judged: NDArray[np.float64]
    """The scorer's value of the same outputs."""
    others: NDArray[np.float64]
    """The scorer's values of all other outputs."""
    clusters: NDArray[np.int64] | None = None
    """Cluster of each output, those of the sample first; None where all are independent."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """The scorer's value of every output, those of the sample first."""
        return np.concatenate([self.judged, self.others])

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the labels: one less than independent units of one size; 0 for one unit."""
        n = len(self.labels)
        if self.clusters is None:
            return n - 1.0
        labelled = self.clusters[:n]
        return cluster_freedom(labelled) if len(np.unique(labelled)) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Tuned:
    """An estimate with its variance, in two independent parts."""

    tuning: float
    """λ: how much the scorer's values of the other outputs count, 0 to 1."""
    value: float
    """The estimate."""
    of_labels: float
    """Variance that comes from the number of labels."""
    of_others: float
    """Variance that comes from the number of other outputs."""
    influences: NDArray[np.float64]
    """What each output adds to the estimate's error, those of the sample first."""

    @property
    def variance(self) -> float:
        """Variance of the estimate, if outputs are independent."""
        return self.of_labels + self.of_others


def tuned(sample: LabelledSample) -> Tuned:
    """The estimate with the best λ.

    λ and value equal those of ``ppi_mean_pointestimate`` of the package ppi-python; variances are divided by n − 1
    where it divides by n.

    Args:
        sample: At least two labels and two other outputs.
    """
    labels, judged, others = sample.labels, sample.judged, sample.others
    n, count = len(labels), len(others)
    spread = float(np.var(sample.scores, ddof=1))
    shared = float(np.mean((labels - labels.mean()) * (judged - judged.mean())))
    best = min(1.0, max(0.0, shared / ((1 + n / count) * spread))) if spread > 0 else 0.0
    left = labels - best * judged
    return Tuned(
        tuning=best,
        value=best * float(others.mean()) + float(left.mean()),
        of_labels=float(np.var(left, ddof=1)) / n,
        of_others=best**2 * float(np.var(others, ddof=1)) / count,
        influences=np.concatenate([(left - left.mean()) / n, best * (others - others.mean()) / count]),
    )


def clustered_variance(influences: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """Variance of an estimate whose outputs come in clusters: G / (G − 1) times the sum of squared sums.

    It is the variance of Miller 2024 (arXiv:2411.00640), as :func:`audit.stats.clusters.clustered_standard_error`; a
    cluster may hold labelled and other outputs.

    Args:
        influences: What each output adds to the estimate's error.
        clusters: Their clusters, from 0; at least two.
    """
    sums = np.bincount(clusters, weights=influences)
    groups = len(np.unique(clusters))
    return float(groups / (groups - 1) * np.sum(sums**2))


def jackknife_variance(sample: LabelledSample) -> float:
    """Variance that comes from the labels, by leaving each out, λ tuned again without it (Efron and Stein 1981).

    The variance of :func:`tuned` takes λ for known; with few labels it is too small.

    Args:
        sample: At least three labels and two other outputs.
    """
    n, count = len(sample.labels), len(sample.others)
    middle = float(sample.scores.mean())
    labels, judged, others = sample.labels, sample.judged - middle, sample.others - middle
    means = [(one.sum() - one) / (n - 1) for one in (labels, judged)]
    shared = (np.dot(labels, judged) - labels * judged) / (n - 1) - means[0] * means[1]
    total, squares, left = judged.sum() + others.sum(), np.sum(judged**2) + np.sum(others**2), n + count - 1
    spread = (squares - judged**2 - (total - judged) ** 2 / left) / (left - 1)
    slopes = np.divide(shared, (1 + (n - 1) / count) * spread, out=np.zeros(n), where=spread > 0)
    best = np.clip(slopes, 0.0, 1.0)
    found = best * others.mean() + means[0] - best * means[1]
    return float((n - 1) / n * np.sum((found - found.mean()) ** 2))
