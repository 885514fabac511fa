"""Plain counts of sampled texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling, sum_resampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample, SampledText


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOfCompletions(Definition):
    """Number of completions with at least one of the given flags; ``n`` is the number of items.

    A count has no interval.
    """

    NAME: ClassVar[str] = "count_of_completions"
    IS_COUNT: ClassVar[bool] = True

    flags: tuple[str, ...]
    """Names of :class:`audit.core.records.Flag`; a completion with several of them counts once."""

    def counts(self, one: SampledText) -> bool:
        """Whether a completion is counted."""
        return any(flag in one.flags for flag in self.flags)

    def of_sample(self, sample: Sample) -> int:
        """Number of an item's completions that are counted."""
        return sum(map(self.counts, sample.completions))

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The count. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        return Estimate(float(sum(map(self.of_sample, samples))), len(samples))

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A sum over items, each with the weight of its unit."""
        return sum_resampling(
            [self.unit_of(sample) for sample in samples], [self.of_sample(sample) for sample in samples]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedCompletions(CountOfCompletions):
    """Number of completions with at least one of the given flags; ``n`` is the number of completions.

    A count has no interval.
    """

    NAME: ClassVar[str] = "flagged_completions"
    COUNTS_COMPLETIONS: ClassVar[bool] = True

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The count. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        total = sum(len(sample.completions) for sample in samples)
        return Estimate(float(sum(map(self.of_sample, samples))), total)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnscoredCompletions(FlaggedCompletions):
    """Number of completions without a value; ``n`` is the number of completions."""

    NAME: ClassVar[str] = "unscored_completions"

    flags: tuple[str, ...] = ()

    def counts(self, one: SampledText) -> bool:
        """Whether a completion could not be judged."""
        return one.value is None
