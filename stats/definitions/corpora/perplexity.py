"""Perplexity, and bits per byte: a ratio of sums over a corpus.

Brown et al. 1992, "An Estimate of an Upper Bound for the Entropy of English" (Computational Linguistics 18); the
weighted forms, per word and per byte, are those of lm-eval (``weighted_perplexity``, ``bits_per_byte``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.definitions.means.mean import field_of
from audit.stats.definitions.statistic import Statistic, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Perplexity(Statistic):
    """exp(- sum of log-likelihoods / sum of their lengths), or the exponent in bits."""

    NAME: ClassVar[str] = "perplexity"

    of: str
    """Field with a sample's log-likelihood, in nats: ``score``, or ``scores.NAME``."""
    per: str | None = None
    """Field with its length, in words or bytes; null: each item counts as 1."""
    bits: bool = False
    """Whether to return the exponent, in bits."""

    def table(self, samples: Sequence[Sample]) -> Table:
        """Log-likelihood and length, one row per item."""
        found: dict[str, tuple[float, float]] = {}
        for sample in samples:
            total, length = field_of(sample, self.of), field_of(sample, self.per) if self.per else 1.0
            if sample.error is None and total is not None and length is not None:
                found[sample.sample_id] = total, length
        return Table(tuple(found), np.array(list(found.values()), dtype=np.float64).reshape(-1, 2), len(found))

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """From log-likelihoods and lengths."""
        total, length = math.fsum(rows[:, 0]), math.fsum(rows[:, 1])
        if not length:
            return math.nan
        nats = -total / length
        return nats / math.log(2) if self.bits else math.exp(nats)
