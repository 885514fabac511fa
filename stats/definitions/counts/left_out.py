"""How many of the items that were drawn became no sample."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Definition):
    """A count of what is not among the samples, from what should be: one of the two arguments says that.

    A count has no interval.
    """

    NAME: ClassVar[str] = "left_out"

    drawn: int | None = None
    """Items that were drawn. Each is a cluster: counted are those without a sample, ``n`` is this number."""
    per_cluster: int | None = None
    """Samples that a cluster should have. Counted are those that are not there, ``n`` is the number of samples."""
    once: str | None = None
    """Slice of which an item has each value once at most. A cluster in which one value occurs k times holds k equal
    items, and counts as so many."""

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The count. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        clusters = self._clusters(samples)
        if self.drawn is not None:
            return Estimate(float(self.drawn - clusters), self.drawn)
        if self.per_cluster is not None:
            return Estimate(float(self.per_cluster * clusters - len(samples)), len(samples))
        return Estimate(None, 0, error="nothing says how many there should be")

    def _clusters(self, samples: Sequence[Sample]) -> int:
        """Clusters among the samples, each as often as it holds the same item."""
        held: dict[str, Counter[str]] = defaultdict(Counter)
        for sample in samples:
            value = sample.slices.get(self.once, "") if self.once else ""
            held[self.cluster_of(sample) or sample.sample_id][value] += 1
        return sum(max(counts.values()) for counts in held.values()) if self.once else len(held)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """Nothing: what was left out cannot be drawn."""
        del samples
        return Resampling((), lambda _weights: math.nan)
