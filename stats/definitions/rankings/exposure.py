"""The exposure of secrets planted in the training data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.means.mean import Mean

if TYPE_CHECKING:
    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure(Mean):
    """The mean exposure of secrets, in bits: log2 of the number of possible secrets - log2 of the planted one's rank.

    Carlini et al. 2019, "The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks" (USENIX
    Security, arXiv:1802.08232, section 4.2), with the rank among a sample of all secrets.
    """

    NAME: ClassVar[str] = "exposure"

    of: str = "scores.rank"
    """Field with the rank of a sample's secret by likelihood; the likeliest has rank 1."""
    among: str = "scores.secrets"
    """Field with the number of secrets that were ranked, including the planted one."""

    def of_sample(self, sample: Sample) -> float | None:
        """The exposure of one secret; null if it was not ranked."""
        rank, secrets = Mean.of_sample(self, sample), Mean(of=self.among).of_sample(sample)
        return None if rank is None or secrets is None else exposure(rank, secrets)


def exposure(rank: float, secrets: float) -> float:
    """Exposure in bits of a secret, from its rank and the number of secrets."""
    return math.log2(secrets) - math.log2(rank)
