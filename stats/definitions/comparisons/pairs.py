"""Metrics of items that are compared in pairs: the effect of changing one thing about an item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.stats.definitions.base import Definition, Estimate, Resampling
from audit.stats.definitions.means.mean import Mean, scaled_interval, scaled_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired(Definition):
    """The mean over pairs of the first item's value minus the second's, or of whether both are equal.

    Items of a pair share ``Sample.pair``. Pairs without both values are excluded. The interval is that of a mean over
    pairs, clustered by the first item's cluster: a paired comparison, which variation between pairs does not widen
    (Miller 2024, "Adding Error Bars to Evals", arXiv:2411.00640, on paired differences).
    """

    NAME: ClassVar[str] = "paired"

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
        value_of = Mean(of=self.of).of_sample
        second = {sample.pair: value_of(sample) for sample in samples if sample.slices.get(self.by) == self.second}
        found = []
        for sample in samples:
            if sample.slices.get(self.by) != self.first or any(flag in sample.flags for flag in self.without or ()):
                continue
            one, other = value_of(sample), second.get(sample.pair)
            if one is not None and other is not None:
                found.append((sample, one - other if self.compare == "difference" else float(one == other)))
        return found

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval; ``n`` counts pairs."""
        pairs = self.values(samples)
        if not pairs:
            return Estimate(None, 0, error=f"none of {len(samples)} items could be scored")
        numbers = [value for _, value in pairs]
        found = (
            scaled_interval(
                numbers,
                [sample.cluster for sample, _ in pairs],
                unit=unit,
                scale=self.scale,
                seed=self.seed,
                resamples=self.resamples,
                confidence=confidence,
            )
            if interval
            else None
        )
        return Estimate(scaled_mean(numbers, self.scale), len(pairs), interval=found)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A mean over pairs, each with the weight of its unit."""
        pairs = self.values(samples)
        units = list(dict.fromkeys(sample.cluster or sample.sample_id for sample, _ in pairs))
        places = {unit: place for place, unit in enumerate(units)}
        of_pair = np.array([places[sample.cluster or sample.sample_id] for sample, _ in pairs], dtype=np.intp)
        numbers = np.array([value for _, value in pairs], dtype=np.float64)

        def value(weights: NDArray[np.float64]) -> float:
            pair_weights = weights[of_pair]
            total = pair_weights.sum()
            return float(self.scale * (pair_weights @ numbers) / total) if total else math.nan

        return Resampling(tuple(units), value)
