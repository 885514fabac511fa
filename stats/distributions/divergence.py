"""How far next-token distributions of two checkpoints are apart, at the same positions of the same sequences.

The quantities are those of ``llama-perplexity --kl-divergence`` (llama.cpp, ``tools/perplexity``): mean and quantiles
of the Kullback-Leibler divergence of the compressed from the original checkpoint in nats ("Mean KLD"), share of
positions with the same likeliest token ("Same top p"), mean and root mean square of the change of the actual token's
probability ("Mean Δp", "RMS Δp"). Dutta et al. 2024, "Accuracy is Not All You Need" (arXiv:2407.09141), show that this
divergence follows the answers that flip, which equal accuracies hide. Positions of one item are not independent: items,
or their clusters, are the units of the intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records.many.compression import Estimated
from audit.stats.intervals import mean_interval, why_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.stats.interval import Interval

SEED = 0
QUANTILES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "maximum": 1.0}


@dataclass(frozen=True)
class Distances:
    """One number per position in each array."""

    kl: NDArray[np.float64]
    """KL(P ‖ Q) in nats."""
    same_top: NDArray[np.float64]
    """1 where the likeliest token is the same, else 0; of equally likely ones the first counts."""
    delta_p: NDArray[np.float64]
    """Probability of the target under Q minus that under P."""

    @classmethod
    def joined(cls, parts: Sequence[Distances]) -> Distances:
        """The positions of several items, one after the other."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("kl", "same_top", "delta_p")))


def distances(
    original: NDArray[np.float32], compressed: NDArray[np.float32], targets: Sequence[int]
) -> Distances | None:
    """Compare distributions given by logits; computed in float64.

    Args:
        original: Logits of P, shape (positions, vocabulary).
        compressed: Logits of Q, same shape.
        targets: The actual token at each position.

    Returns:
        The distances; None if any of them is not finite: a logit is NaN, or Q excludes a token that P does not.
    """
    log_p, log_q = log_softmax(original), log_softmax(compressed)
    p = np.exp(log_p)
    with np.errstate(invalid="ignore"):
        terms = np.where(p > 0, p * (log_p - log_q), 0.0)
    at = np.arange(len(targets)), np.asarray(targets)
    found = Distances(
        kl=terms.sum(axis=1),
        same_top=(original.argmax(axis=1) == compressed.argmax(axis=1)).astype(np.float64),
        delta_p=np.exp(log_q[at]) - p[at],
    )
    sound = np.isfinite(found.kl).all() and np.isfinite(found.delta_p).all()
    return found if sound else None


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probabilities in float64 of logits of shape (positions, vocabulary)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    normalised: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalised


def mean(
    values: NDArray[np.float64], clusters: Sequence[str], *, confidence: float, share: bool = False, low: float = 0.0
) -> Estimated:
    """Mean over positions, with an interval over their items.

    Args:
        values: One number per position.
        clusters: Item, or cluster of items, of each position.
        confidence: Nominal coverage.
        share: Whether the values are 0 or 1.
        low: Lowest possible value; the highest is 1, but for a ``low`` of 0 without ``share`` there is none.
    """
    high = 1.0 if share or low < 0 else math.inf
    ends = mean_interval(values, clusters=clusters, seed=SEED, confidence=confidence, share=share, bounds=(low, high))
    return _estimated(float(values.mean()), ends, None if ends else why_none(values, clusters))


def root_mean_square(values: NDArray[np.float64], clusters: Sequence[str], *, confidence: float) -> Estimated:
    """Root of the mean of squares; the ends of its interval are the roots of those of the mean.

    Args:
        values: One number per position, between -1 and 1.
        clusters: Item, or cluster of items, of each position.
        confidence: Nominal coverage.
    """
    squares = mean(values**2, clusters, confidence=confidence)
    roots = {
        name: None if (end := getattr(squares, name)) is None else math.sqrt(max(0.0, end))
        for name in ("value", "ci_low", "ci_high")
    }
    return squares.model_copy(update=roots)


def quantiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Median, 90 % and 99 % quantile and maximum."""
    return {name: float(np.quantile(values, level)) for name, level in QUANTILES.items()}


def _estimated(value: float, ends: Interval | None, reason: str | None) -> Estimated:
    """A number with the interval that was found, or why there is none."""
    if ends is None:
        return Estimated(value=value, no_interval=reason)
    return Estimated(value=value, ci_low=ends.low, ci_high=ends.high, ci_method=ends.method)
