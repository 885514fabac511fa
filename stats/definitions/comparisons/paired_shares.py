"""The difference of two shares of the same items: pairs of right and wrong answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.stats.definitions.base import Estimate
from audit.stats.definitions.comparisons.pairs import Paired
from audit.stats.definitions.means.mean import Mean, scaled_mean
from audit.stats.interval import Interval, within
from audit.stats.pairing.means import of_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedShares(Paired):
    """The share of first items with value 1 minus that of second ones, over pairs.

    As :class:`Paired`, with the interval of Tango (1998, Statistics in Medicine 17:891-908) for paired proportions: few
    pairs differ, and the interval of a mean would follow them too closely. With clusters it is that of the effective
    number of pairs (:func:`audit.stats.pairing.means.of_shares`).
    """

    NAME: ClassVar[str] = "paired_shares"

    if_cut: Literal["lowest", "highest"] | None = None
    """If set, answers that the token limit cut count as wrong and right so that the difference is as low, or as high,
    as they leave open."""

    def compared(self, one: Sample, other: Sample) -> float | None:
        """The difference of a pair; null if an item has no value."""
        found = Paired.compared(self, one, other)
        if found is None or self.if_cut is None:
            return found
        most = float(self.if_cut == "highest")
        first, second = (
            Mean(of=self.of, if_cut=end).of_sample(item) for item, end in ((one, most), (other, 1.0 - most))
        )
        return None if first is None or second is None else first - second

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval; ``n`` counts pairs. Values other than 0 and 1 are an error."""
        pairs, missing = self.values(samples), self._missing(samples)
        if not pairs:
            return Estimate(None, 0, missing, error=f"none of {len(samples)} items could be scored")
        single = Mean(of=self.of)
        if {single.of_sample(sample) for sample in samples} - {0.0, 1.0, None}:
            return Estimate(None, len(pairs), missing, error="values other than 0 and 1 are no shares")
        changes = np.array([value for _, value in pairs])
        value = scaled_mean(changes.tolist(), self.scale)
        if not interval:
            return Estimate(value, len(pairs), missing)
        clusters = [self.unit_of(sample) for sample, _ in pairs]
        alone = len(set(clusters)) == len(clusters)
        found = of_shares(changes, None if alone else clusters, confidence=confidence, seed=self.seed)
        ends = found.interval
        if ends is None:
            return Estimate(value, len(pairs), missing, None, found.no_interval)
        scaled = Interval(self.scale * ends.low, self.scale * ends.high, ends.method, confidence)
        return Estimate(value, len(pairs), missing, within(scaled, unit))
