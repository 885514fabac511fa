"""Samples against another score of the same item: by how much they differ, and how many flip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from audit.core.records import Flag
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, mean_resampling, none_scored
from audit.stats.definitions.means.mean import Mean, field_of, scaled_interval, scaled_mean
from audit.stats.intervals import Interval, why_none
from audit.stats.pairing.means import of_means, of_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


POINTS = "points"
"""Unit of differences of shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against(Definition):
    """The mean over samples of a score minus another score of the same item, or of whether both differ.

    The comparison is paired: what items differ in does not widen the interval (Miller 2024, "Adding Error Bars to
    Evals", arXiv:2411.00640, on paired differences). Differences of right and wrong answers have Tango's interval, as
    two runs do. A sample without one of the scores, or whose answer was cut by the
    token limit, has no value: a cut answer is not a changed one.
    """

    NAME: ClassVar[str] = "against"

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    other: str
    """Field with the other score."""
    compare: Literal["difference", "unequal"] = "difference"
    """``difference``: ``of`` minus ``other``; ``unequal``: 1 where they differ, else 0."""
    scale: float = 1.0
    """Factor for value and interval: 100 turns differences of shares into percentage points."""

    def of_sample(self, sample: Sample) -> float | None:
        """The result for one sample; null if it has none."""
        one, other = Mean(of=self.of).of_sample(sample), field_of(sample, self.other)
        if one is None or other is None or Flag.TRUNCATED_OUTPUT in sample.flags:
            return None
        found = one - other if self.compare == "difference" else float(one != other)
        return found if math.isfinite(found) else None

    def values(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The samples with a result, and the result, in order."""
        return [(sample, value) for sample in samples if (value := self.of_sample(sample)) is not None]

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval: of differences as two runs are compared, of shares that of a mean."""
        pairs = self.values(samples)
        missing = sum(map(is_scored, samples)) - len(pairs)
        if not pairs:
            return Estimate(None, 0, missing, error=none_scored(samples, len(samples)))
        numbers = [value for _, value in pairs]
        value = scaled_mean(numbers, self.scale)
        if not interval:
            return Estimate(value, len(pairs), missing)
        clusters = [self.cluster_of(sample) for sample, _ in pairs]
        if self.compare == "difference":
            found = self._of_differences(numbers, clusters, unit, confidence)
        else:
            found = scaled_interval(
                numbers,
                clusters,
                unit=unit,
                scale=self.scale,
                seed=self.seed,
                resamples=self.resamples,
                confidence=confidence,
            )
        return Estimate(value, len(pairs), missing, found, None if found else why_none(numbers, clusters))

    def _of_differences(
        self, numbers: Sequence[float], clusters: Sequence[str | None], unit: str, confidence: float
    ) -> Interval | None:
        """The interval of a mean difference (:mod:`audit.stats.pairing.means`); it has a width where nothing changed.

        Differences of shares are in points, and then between -1 and 1 before scaling.
        """
        differences = np.array(numbers, dtype=np.float64)
        named = [f"item {place}" if name is None else f"cluster {name}" for place, name in enumerate(clusters)]
        shared = named if len(set(named)) < len(named) else None
        is_share = unit == POINTS
        if is_share and set(numbers) <= {-1.0, 0.0, 1.0}:
            ends = of_shares(differences, shared, confidence=confidence, seed=self.seed).interval
        else:
            ends = of_means(
                differences,
                shared,
                width=1.0 if is_share else math.inf,
                confidence=confidence,
                seed=self.seed,
                resamples=self.resamples,
            ).interval
        return ends and Interval(self.scale * ends.low, self.scale * ends.high, ends.method, confidence)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A mean over samples, each with the weight of its unit."""
        pairs = self.values(samples)
        return mean_resampling([self.unit_of(sample) for sample, _ in pairs], [value for _, value in pairs], self.scale)
