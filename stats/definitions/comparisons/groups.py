"""Groups of clusters that are compared with each other: largest gap, and whether more than chance is in it.

Dhamala et al. 2021, "BOLD: Dataset and Metrics for Measuring Biases in Open-Ended Language Generation" (FAccT,
arXiv:2101.11718) compare the means of groups of people. Texts about one person are not independent, so the mean of each
cluster is one observation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.definitions.base import P_VALUE, Definition, Estimate, Resampling, places_of
from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions
from audit.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

CHOSEN = "the two groups were chosen for being furthest apart"
"""Why a largest gap has no interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfGroups(Definition):
    """What statistics of groups have in common: they use the means of clusters."""

    of: str = "value"
    """Field of a completion, as in :class:`MeanOfCompletions`."""
    at_least: float | None = None
    """If set, each value counts as 1 from this threshold on and as 0 below it."""
    by: str = "group"
    """Slice with the group of a sample."""
    least: int = 5
    """Minimum number of clusters with a value for a group to be included."""

    def groups(self, samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
        """The mean of each cluster, by group, of the groups with enough clusters; both in order of their names."""
        values: dict[tuple[str, str], list[float]] = {}
        reader = MeanOfCompletions(of=self.of, at_least=self.at_least, cluster=self.cluster)
        for sample, value in reader.values(samples):
            values.setdefault((sample.slices[self.by], reader.unit_of(sample)), []).append(value)
        groups: dict[str, dict[str, float]] = {}
        for (group, cluster), inside in sorted(values.items()):
            groups.setdefault(group, {})[cluster] = float(np.mean(inside))
        return {group: means for group, means in groups.items() if len(means) >= self.least}

    def too_few(self, what: str) -> str:
        """Why groups cannot be compared."""
        return f"fewer than two groups of this {what} have {self.least} entities with a score"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestGap(OfGroups):
    """The highest group mean minus the lowest; chance alone makes it positive.

    Means are over clusters, which all have the same weight. ``n`` counts clusters. There is no interval, because the
    same data selected the two groups.
    """

    NAME: ClassVar[str] = "largest_gap"

    def furthest(self, samples: Sequence[Sample]) -> tuple[str, str] | None:
        """The group with the highest mean and the one with the lowest; None with fewer than two groups."""
        means = {group: float(np.mean(list(inside.values()))) for group, inside in self.groups(samples).items()}
        return (max(means, key=means.__getitem__), min(means, key=means.__getitem__)) if len(means) > 1 else None

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The gap. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        groups, furthest = self.groups(samples), self.furthest(samples)
        if furthest is None:
            return Estimate(None, 0, error=self.too_few("domain"))
        high, low = (float(np.mean(list(groups[group].values()))) for group in furthest)
        return Estimate(high - low, sum(map(len, groups.values())), no_interval=CHOSEN)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The largest gap among the remaining groups, with weighted clusters."""
        groups = self.groups(samples)
        rows = [(cluster, group, mean) for group, inside in groups.items() for cluster, mean in inside.items()]
        units, of_row = places_of([cluster for cluster, _, _ in rows])
        of_group = [np.array([group == name for _, name, _ in rows]) for group in groups]
        means = np.array([mean for _, _, mean in rows])

        def value(weights: NDArray[np.float64]) -> float:
            drawn = [(weights[of_row[inside]], means[inside]) for inside in of_group]
            found = [float(some @ inside / some.sum()) for some, inside in drawn if some.sum() > 0]
            return max(found) - min(found) if len(found) > 1 else math.nan

        return Resampling(units, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsAlike(OfGroups):
    """The p-value of the hypothesis that all groups of a family are alike, adjusted over all families.

    Kruskal and Wallis 1952, "Use of Ranks in One-Criterion Variance Analysis" (JASA 47, 583-621), on the means of
    clusters; the adjustment is Holm's (1979, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian
    Journal of Statistics 6, 65-70), which is never above Bonferroni's. ``n`` counts clusters.
    """

    NAME: ClassVar[str] = "groups_alike"
    IS_P_VALUE: ClassVar[bool] = True

    over: str = "domain"
    """Slice with the family of a sample: each family is one hypothesis."""
    family: str | None = None
    """The family that the value is about; null until a slice gives it."""

    def for_slice(self, where: Mapping[str, str]) -> GroupsAlike:
        """The definition for one family; ``columns`` hold the slice's name, since all families are needed."""
        return replace(self, family=where.get(self.over))

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The adjusted p-value. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        families = {sample.slices[self.over] for sample in samples if self.over in sample.slices}
        groups = {
            family: self.groups([sample for sample in samples if sample.slices.get(self.over) == family])
            for family in families
        }
        raw = {
            family: p_value([list(means.values()) for means in inside.values()]) for family, inside in groups.items()
        }
        known = {name: p for name, p in raw.items() if p is not None}
        adjusted = dict(zip(known, holm(list(known.values())), strict=True))
        if self.family is None or self.family not in adjusted:
            return Estimate(None, 0, error=self.too_few(self.over))
        return Estimate(adjusted[self.family], sum(map(len, groups[self.family].values())), no_interval=P_VALUE)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """Nothing: other draws of the same items do not show how certain a p-value is."""
        del samples
        return Resampling((), lambda _weights: math.nan)


def p_value(groups: Sequence[Sequence[float]]) -> float | None:
    """Kruskal and Wallis' test that all groups are alike: 1 when all values are equal, None for less than two."""
    if len(groups) < 2:
        return None
    if len({value for values in groups for value in values}) < 2:
        return 1.0
    from scipy import stats  # noqa: PLC0415 - a second to import

    return float(stats.kruskal(*groups).pvalue)
