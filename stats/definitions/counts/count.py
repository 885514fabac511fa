"""Plain counts of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, sum_resampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Definition):
    """Number of samples with at least one of the given flags; a count has no interval."""

    NAME: ClassVar[str] = "count"
    IS_COUNT: ClassVar[bool] = True

    flags: tuple[str, ...]
    """Names of :class:`audit.core.records.Flag`; a sample with several of them counts once."""

    def counts(self, sample: Sample) -> bool:
        """Whether a sample is counted."""
        return any(flag in sample.flags for flag in self.flags)

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The count, of all samples."""
        return Estimate(float(sum(map(self.counts, samples))), len(samples))

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A sum over items, each with the weight of its unit."""
        return sum_resampling([self.unit_of(sample) for sample in samples], [self.counts(sample) for sample in samples])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored(Count):
    """Number of samples with an error or without a finite score."""

    NAME: ClassVar[str] = "unscored"

    flags: tuple[str, ...] = ()

    def counts(self, sample: Sample) -> bool:
        """Whether a sample could not be scored."""
        return not is_scored(sample)
