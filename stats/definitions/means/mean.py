"""The mean of one value per sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.core.records import Flag
from audit.core.units import SHARE_SCALES, unit_of
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, mean_resampling, none_scored
from audit.stats.interval import within
from audit.stats.intervals import Interval, mean_interval, why_none

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Sample

TRUNCATED_OUTPUT = Flag.TRUNCATED_OUTPUT
SCORES = "scores."
"""Prefix of fields in ``Sample.scores``."""


def field_of(sample: Sample, name: str) -> float | None:
    """A number of a sample: ``score``, or ``scores.NAME``; null if it has none."""
    return sample.scores.get(name.removeprefix(SCORES)) if name.startswith(SCORES) else sample.score


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(Definition):
    """The mean of one field over the samples of the metric's slice.

    Samples with an error (but see ``despite_errors``) and samples whose field is null have no value. The items count as
    drawn from all items of their kind, whose mean is estimated (Miller 2024, "Adding Error Bars to Evals",
    arXiv:2411.00640).
    """

    NAME: ClassVar[str] = "mean"
    IS_MEAN: ClassVar[bool] = True

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    key: bool = False
    """Whether it only covers samples whose ``scores`` have the name."""
    at_least: float | None = None
    """If set, each value counts as 1 from this threshold on and as 0 below it."""
    if_cut: float | None = None
    """If set, the value of answers that were cut by the token limit, provided that they have one."""
    scale: float = 1.0
    """Factor for value and interval: 100 turns shares into percent."""
    despite_errors: bool = False
    """Whether samples with an error count too: reasoning traces are judged separately from answers."""

    def is_about(self, sample: Sample, where: Mapping[str, str] | None) -> bool:
        """Whether the metric covers a sample, with or without a value."""
        if self.key and self.of.removeprefix(SCORES) not in sample.scores:
            return False
        return Definition.is_about(self, sample, where)

    def of_sample(self, sample: Sample) -> float | None:
        """The value of one sample; null if it has none."""
        if sample.error is not None and not self.despite_errors:
            return None
        found = field_of(sample, self.of)
        if found is None:
            return None
        if self.if_cut is not None and TRUNCATED_OUTPUT in sample.flags:
            return self._with_cut_answers(sample, self.if_cut)
        return self._counted(found)

    def _counted(self, value: float) -> float:
        """A value as the mean has it: itself, or whether it reaches the threshold."""
        return value if self.at_least is None else float(value >= self.at_least)

    def _with_cut_answers(self, sample: Sample, end: float) -> float:
        """The value of a sample with cut answers: of several answers to it, those that are whole keep their own."""
        found = []
        for one in sample.completions:
            value = one.labels.get(self.of.removeprefix(SCORES)) if self.of.startswith(SCORES) else one.value
            if value is not None:
                found.append(end if TRUNCATED_OUTPUT in one.flags else self._counted(value))
        return sum(found) / len(found) if found else end

    def values(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The samples with a value, and the value, in order."""
        of_sample = self.of_sample
        return [(sample, value) for sample in samples if (value := of_sample(sample)) is not None]

    def clusters(self, samples: Sequence[Sample]) -> list[str | None]:
        """The cluster of each value; null for one that is independent of all others."""
        return [self.cluster_of(sample) for sample in samples]

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval (:func:`audit.stats.intervals.mean_interval`)."""
        pairs = self.values(samples)
        valued = {id(sample) for sample, _ in pairs}
        without = (sample for sample in samples if id(sample) not in valued)
        missing = sum(self.of_sample(sample) is None and is_scored(sample) for sample in without)
        if not pairs:
            return Estimate(None, 0, missing, error=none_scored(samples, len(samples)))
        numbers = [value for _, value in pairs]
        broken = sum(not math.isfinite(value) for value in numbers)
        if broken:
            return Estimate(None, len(pairs), missing, error=f"{broken} of {len(pairs)} values are NaN or infinite")
        value = scaled_mean(numbers, self.scale)
        if not interval:
            return Estimate(value, len(pairs), missing)
        clusters = self.clusters([sample for sample, _ in pairs])
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

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A mean over items, each with the weight of its unit."""
        pairs = self.values(samples)
        return mean_resampling([self.unit_of(sample) for sample, _ in pairs], [value for _, value in pairs], self.scale)


def scaled_mean(values: Sequence[float], scale: float) -> float:
    """The mean of a metric; the sum is exact in any order."""
    return scale * math.fsum(values) / len(values)


def scaled_interval(
    values: Sequence[float],
    clusters: Sequence[str | None],
    *,
    unit: str,
    scale: float,
    seed: int,
    resamples: int,
    confidence: float,
) -> Interval | None:
    """The interval of a metric that is a mean, in its unit; the only place that computes it.

    Args:
        values: One value per item.
        clusters: Clusters of the items.
        unit: Unit of the metric: only shares have the intervals of shares.
        scale: Factor on the values.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap resamples.
        confidence: Nominal coverage.
    """
    domain = unit_of(unit)
    found = mean_interval(
        values,
        clusters=clusters,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        share=SHARE_SCALES.get(unit) == scale,
        bounds=(domain.low / scale, domain.high / scale),
    )
    return found and within(Interval(scale * found.low, scale * found.high, found.method, confidence), unit)
