"""Metrics of items that are compared in pairs: the effect of changing one thing about an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, mean_resampling
from audit.stats.definitions.means.mean import Mean, scaled_interval, scaled_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired(Definition):
    """The mean over pairs of the first item's value minus the second's, or of whether both are equal.

    Items of a pair share ``Sample.pair``; items without one are in no pair. Pairs without both values are excluded;
    they are missing if both items were scored. The interval is that of a mean over
    pairs, clustered by the first item's cluster: a paired comparison, which variation between pairs does not widen
    (Miller 2024, "Adding Error Bars to Evals", arXiv:2411.00640, on paired differences).
    """

    NAME: ClassVar[str] = "paired"
    COUNTS_PAIRS: ClassVar[bool] = True

    by: str
    """The slice that distinguishes the items of a pair."""
    first: str
    """Its value for the first item."""
    second: str
    """Its value for the second item."""
    of: str = "score"
    """Field to compare: ``score``, or ``scores.NAME``."""
    compare: Literal["difference", "equal"] = "difference"
    """``difference``: first minus second; ``equal``: 1 where they are the same, else 0."""
    without: tuple[str, ...] | None = None
    """Pairs whose first item has one of these flags are excluded."""
    scale: float = 1.0
    """Factor for value and interval: 100 turns shares into percent."""

    def values(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The first item of each complete pair, and the result of the comparison."""
        compared = ((one, self.compared(one, other)) for one, other in self._pairs(samples))
        return [(one, value) for one, value in compared if value is not None]

    def _pairs(self, samples: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
        """Both items of each pair that is not excluded, scored or not."""
        paired = [sample for sample in samples if sample.pair is not None]
        second = {sample.pair: sample for sample in paired if sample.slices.get(self.by) == self.second}
        excluded = set(self.without or ())
        first = [one for one in paired if one.slices.get(self.by) == self.first and excluded.isdisjoint(one.flags)]
        return [(one, second[one.pair]) for one in first if one.pair in second]

    def compared(self, one: Sample, other: Sample) -> float | None:
        """The result of the comparison of a pair; null if an item has no value."""
        first, second = (Mean(of=self.of).of_sample(item) for item in (one, other))
        if first is None or second is None:
            return None
        return first - second if self.compare == "difference" else float(first == second)

    def _missing(self, samples: Sequence[Sample]) -> int:
        """Number of pairs of scored items without a result."""
        return sum(
            is_scored(one) and is_scored(other) and self.compared(one, other) is None
            for one, other in self._pairs(samples)
        )

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval; ``n`` counts pairs."""
        pairs, missing = self.values(samples), self._missing(samples)
        if not pairs:
            return Estimate(None, 0, missing, error=f"none of {len(samples)} items could be scored")
        numbers = [value for _, value in pairs]
        found = (
            scaled_interval(
                numbers,
                [self.cluster_of(sample) for sample, _ in pairs],
                unit=unit,
                scale=self.scale,
                seed=self.seed,
                resamples=self.resamples,
                confidence=confidence,
            )
            if interval
            else None
        )
        return Estimate(scaled_mean(numbers, self.scale), len(pairs), missing, found)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A mean over pairs, each with the weight of its unit."""
        pairs = self.values(samples)
        return mean_resampling([self.unit_of(sample) for sample, _ in pairs], [value for _, value in pairs], self.scale)
