"""The lowest of several means, with an interval that knows that it was picked for being the lowest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling
from audit.stats.definitions.means.mean import Mean
from audit.stats.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample

METHOD = "bounds_of_the_lowest"


@dataclass(frozen=True, slots=True, kw_only=True)
class LowestMean(Definition):
    """The lowest mean among the groups that a slice makes of the samples.

    The lowest of several estimates is too low on average, because chance decides with: the value is biased, its
    interval is not. Its lower end is the lowest of the groups' own lower ends: the group that is truly lowest is below
    its own with half of the error at most, whichever it is (intersection-union; Berger 1982, "Multiparameter Hypothesis
    Testing and Acceptance Sampling", Technometrics 24:295). Its upper end is the lowest of the upper ends that hold for
    all groups at once (Bonferroni): were one of them below the lowest true mean, it would be below its own group's.

    ``n`` counts samples. There is no comparison of two runs: a bootstrap of a minimum does not hold where groups are
    nearly equal (Fang and Santos 2019, "Inference on Directionally Differentiable Functions", Review of Economic
    Studies 86:377).
    """

    NAME: ClassVar[str] = "lowest_mean"

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    by: str
    """Slice that makes the groups; samples without it are in none."""
    if_cut: float | None = None
    """If set, the value of samples whose answer was cut by the token limit, provided that they have one."""

    def groups(self, samples: Sequence[Sample]) -> dict[str, list[Sample]]:
        """The samples of each group, in the order of their names."""
        found: dict[str, list[Sample]] = {}
        for sample in samples:
            if self.by in sample.slices:
                found.setdefault(sample.slices[self.by], []).append(sample)
        return dict(sorted(found.items()))

    def lowest(self, samples: Sequence[Sample]) -> str | None:
        """The group with the lowest mean, the first by name of equal ones; None if a group has no value."""
        means = {name: self._mean().value(inside) for name, inside in self.groups(samples).items()}
        known = {name: value for name, value in means.items() if value is not None}
        return min(known, key=known.__getitem__) if known and len(known) == len(means) else None

    def _mean(self) -> Mean:
        """The mean of one group."""
        return Mean(of=self.of, if_cut=self.if_cut, cluster=self.cluster, seed=self.seed, resamples=self.resamples)

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval; none if a group has no value, or no interval of its own."""
        groups = self.groups(samples)
        parts = {
            name: self._mean().estimate(inside, unit=unit, confidence=confidence, interval=interval)
            for name, inside in groups.items()
        }
        lost = next((name for name, part in parts.items() if part.value is None), None)
        n, missing = (sum(getattr(part, field) for part in parts.values()) for field in ("n", "missing"))
        if lost is not None or not parts:
            return Estimate(
                None, n, missing, error=f"{self.by} {lost} has no value" if parts else "no sample is in a group"
            )
        value = min(part.value for part in parts.values() if part.value is not None)
        if not interval:
            return Estimate(value, n, missing)
        at_once = 1 - (1 - confidence) / len(parts)
        wide = [self._mean().interval(inside, unit=unit, confidence=at_once) for inside in groups.values()]
        ends = [(part.interval, end) for part, end in zip(parts.values(), wide, strict=True)]
        known = [(own, all_groups) for own, all_groups in ends if own is not None and all_groups is not None]
        if len(known) < len(ends):
            first = next(name for name, (own, end) in zip(parts, ends, strict=True) if own is None or end is None)
            return Estimate(value, n, missing, no_interval=f"{self.by} {first} has no interval")
        low, high = min(own.low for own, _ in known), min(end.high for _, end in known)
        return Estimate(value, n, missing, Interval(low, high, METHOD, confidence))

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """NaN for every draw: a bootstrap of a minimum does not hold."""
        units = dict.fromkeys(self.unit_of(sample) for sample in samples)
        return Resampling(tuple(units), lambda _weights: math.nan)
