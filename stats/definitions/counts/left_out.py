"""How many of the drawn items did not become samples."""

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
    """The number of missing items: those expected minus those among the samples.

    A count has no interval.
    """

    NAME: ClassVar[str] = "left_out"
    IS_COUNT: ClassVar[bool] = True

    drawn: int | None = None
    """Number of items drawn, each of which is a cluster. The count is of those without a sample, and ``n`` is this
    number."""
    per_cluster: int | None = None
    """Number of samples that a cluster should have. The count is of missing samples, and ``n`` is the number of
    samples."""
    once: str | None = None
    """Slice in which an item has each value at most once. If a value occurs k times, the cluster holds k identical
    items and counts k times."""

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
        return Estimate(None, 0, error="the expected number is unknown")

    def _clusters(self, samples: Sequence[Sample]) -> int:
        """Number of clusters among the samples; one that holds the same item k times counts k times."""
        held: dict[str, Counter[str | None]] = defaultdict(Counter)
        for sample in samples:
            value = sample.slices.get(self.once) if self.once else None
            held[self.unit_of(sample)][value] += 1
        return sum(max(counts.values()) for counts in held.values()) if self.once else len(held)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """Nothing: missing items cannot be drawn."""
        del samples
        return Resampling((), lambda _weights: math.nan)
