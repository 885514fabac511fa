"""Whether differences are more than chance: a permutation test of their signs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from audit.stats.definitions.base import P_VALUE, Definition, Estimate, Resampling
from audit.stats.definitions.means.mean import Mean
from audit.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

PERMUTATIONS = 9_999
LEAST_CLUSTERS = 6
"""Minimum number of clusters: with fewer, no sign test can reach 5 % (2 / 2^5 = 6 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFlip(Definition):
    """Two-sided p-value of the hypothesis that both signs are equally likely: cluster means, with signs permuted.

    Exact for few clusters, otherwise by ``PERMUTATIONS`` random sign flips (SciPy's ``permutation_test``, paired).
    P-values are adjusted over the categories of a slice by Holm (1979, "A Simple Sequentially Rejective Multiple Test
    Procedure", Scandinavian Journal of Statistics 6): all categories of the slice are one family.
    """

    NAME: ClassVar[str] = "sign_flip_p"
    IS_P_VALUE: ClassVar[bool] = True

    family: str | None = None
    """Slice whose categories the p-value is adjusted for; null for a single test."""
    category: str | None = None
    """The category that the p-value is about."""

    def for_slice(self, where: Mapping[str, str]) -> Self:
        """The adjusted p-value of a category; it takes the samples of all categories."""
        ((family, category),) = where.items()
        return replace(self, family=family, category=category, columns=(family,))

    def estimate(
        self,
        samples: Sequence[Sample],
        *,
        unit: str,
        confidence: float = 0.95,
        interval: bool = True,
    ) -> Estimate:
        """The p-value; ``n`` counts the scored items of the category, or all."""
        parts: dict[str | None, list[Sample]] = {}
        for sample in samples:
            category = sample.slices.get(self.family) if self.family else None
            if category is not None or not self.family:  # without one, a sample is in no category of the family
                parts.setdefault(category, []).append(sample)
        tested = {name: p for name, part in parts.items() if (p := self.p_value(part)) is not None}
        if self.category not in tested:
            return Estimate(None, 0, error=f"fewer than {LEAST_CLUSTERS} clusters were scored")
        p = dict(zip(tested, holm(list(tested.values())), strict=True))[self.category]
        return Estimate(p, len(Mean().values(parts[self.category])), no_interval=P_VALUE)

    def p_value(self, samples: Sequence[Sample]) -> float | None:
        """The p-value of some samples; None of fewer than ``LEAST_CLUSTERS`` clusters."""
        from scipy import stats  # noqa: PLC0415 - a second to import

        values = self._cluster_means(samples)
        if len(values) < LEAST_CLUSTERS:
            return None
        result = stats.permutation_test(
            (values,),
            lambda x, axis: np.mean(x, axis=axis),
            permutation_type="samples",
            n_resamples=PERMUTATIONS,
            rng=np.random.default_rng(self.seed),
        )
        return float(result.pvalue)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """NaN for every draw: a p-value is not computed on other draws."""
        units = dict.fromkeys(self.unit_of(sample) for sample in samples)
        return Resampling(tuple(units), lambda _weights: math.nan)

    def _cluster_means(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """Mean score of each cluster, sorted by its name."""
        means: dict[str, list[float]] = {}
        for sample in samples:
            value = Mean().of_sample(sample)
            if value is not None:
                means.setdefault(self.unit_of(sample), []).append(value)
        return np.array([np.mean(inside) for _, inside in sorted(means.items())])
