"""The mean over all sampled texts, which come in clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import none_scored
from audit.stats.definitions.completions import LABELS, OfCompletions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.stats.definitions.base import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfCompletions(OfCompletions):
    """The mean over the completions of all items; with ``at_least``, the share of those that reach it.

    ``n`` counts completions: if one could not be judged, the others of its item still count. Completions of one item
    are not independent: their cluster is the item's, or the item itself, and the interval is the clustered one (Miller
    2024, "Adding Error Bars to Evals", arXiv:2411.00640).
    """

    NAME: ClassVar[str] = "mean_of_completions"
    COUNTS_COMPLETIONS: ClassVar[bool] = True

    def clusters(self, samples: Sequence[Sample]) -> list[str | None]:
        """The cluster of each completion: its item's, or its item."""
        return [self.unit_of(sample) for sample in samples]

    def numbers(self, sample: Sample) -> list[float]:
        """The values of those completions of a sample that have one, whatever happened to the others."""
        found = (self.of_completion(one) for one in sample.completions)
        return [self._counted(value) for value in found if value is not None]

    def _counted(self, value: float) -> float:
        return value if self.at_least is None else float(value >= self.at_least)

    def of_numbers(self, numbers: Sequence[float]) -> float:
        """Their mean: a sample's contribution, for readers of single samples."""
        return sum(numbers) / len(numbers)

    def values(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The value of each completion that has one, with its sample, in order."""
        return [(sample, number) for sample in samples for number in self.numbers(sample)]

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval, as of the mean over items."""
        found = OfCompletions.estimate(self, samples, unit=unit, confidence=confidence, interval=interval)
        found = replace(found, missing=sum(map(self._missing, samples)))
        if found.n:
            return found
        asked = sum(len(sample.completions) for sample in samples)
        return replace(found, error=none_scored(samples, asked, "completions"))

    def _missing(self, sample: Sample) -> int:
        """Number of judged completions whose label is missing."""
        name = self.of.removeprefix(LABELS)
        return sum(
            one.value is not None and name in one.labels and one.labels[name] is None for one in sample.completions
        )
