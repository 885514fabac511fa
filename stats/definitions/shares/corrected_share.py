"""A share of texts that a classifier flags, corrected for the classifier's errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.corrected_shares import Stratum, corrected, effective_number
from audit.stats.definitions.base import Estimate, Resampling, places_of
from audit.stats.definitions.shares.mean_share import MeanShare
from audit.stats.prevalence import Agreement, clipped, rogan_gladen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedShare(MeanShare):
    """The mean share of completions that reach ``at_least``, corrected for sensitivity and specificity.

    Rogan and Gladen 1978 (:func:`audit.stats.prevalence.rogan_gladen`), where each kind of text is corrected with
    counts on text of the same kind; the interval is that of Lang and Reiczigel 2014, combined as by Zou and Donner 2008
    for several kinds (:func:`audit.stats.corrected_shares.corrected`). Items of one cluster are not independent of each
    other.
    """

    NAME: ClassVar[str] = "corrected_share"
    IS_MEAN: ClassVar[bool] = False

    by: str | None = None
    """Slice with the kind of an item's texts; null if all are of one kind."""
    agreement: dict[str, dict[str, int]]
    """By kind (``""`` if there is only one), how often the classifier was right on labelled text: ``true_positives`` of
    ``positives`` and ``true_negatives`` of ``negatives``."""

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        raw = MeanShare.estimate(self, samples, unit=unit, interval=False)
        if raw.value is None:
            return raw
        value, ends, reason = corrected(self.strata(samples, confidence), confidence)
        if value is None:
            return Estimate(None, raw.n, raw.missing, error=f"not corrected: {reason}")
        return Estimate(value, raw.n, raw.missing, ends if interval else None, reason if interval else None)

    def why_not(self, samples: Sequence[Sample]) -> str | None:
        """Why the share cannot be corrected; None if it can."""
        value, _, reason = corrected(self.strata(samples))
        return reason if value is None else None

    def strata(self, samples: Sequence[Sample], confidence: float = 0.95) -> list[Stratum]:
        """The items by kind of text, in order of the kinds' names."""
        judged = [sample for sample in samples if self.numbers(sample)]
        kinds: dict[str, list[Sample]] = {}
        for sample in judged:
            kinds.setdefault(self._kind(sample), []).append(sample)
        return [self._stratum(kind, kinds[kind], len(judged), confidence) for kind in sorted(kinds)]

    def _kind(self, sample: Sample) -> str:
        return sample.slices.get(self.by, "") if self.by else ""

    def _stratum(self, kind: str, inside: Sequence[Sample], total: int, confidence: float) -> Stratum:
        shares = [(self.of_numbers(self.numbers(one)), self.unit_of(one)) for one in inside]
        return Stratum(
            weight=len(inside) / total,
            share=math.fsum(share for share, _ in shares) / len(inside),
            n=effective_number(shares, sum(len(self.numbers(one)) for one in inside), confidence),
            agreement=self._agreement(kind),
        )

    def _agreement(self, kind: str) -> Agreement | None:
        counts = self.agreement.get(kind)
        return Agreement(**counts) if counts else None

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The corrected share of weighted items; the classifier's counts stay unchanged."""
        pairs = self.values(samples)
        names = [self.unit_of(sample) for sample, _ in pairs]
        units, of_item = places_of(names)
        shares = np.array([share for _, share in pairs])
        kinds = np.array([self._kind(sample) for sample, _ in pairs])

        def value(weights: NDArray[np.float64]) -> float:
            item_weights = weights[of_item]
            total = float(item_weights.sum())
            parts = []
            for kind in dict.fromkeys(kinds.tolist()):
                inside, counts = item_weights * (kinds == kind), self._agreement(kind)
                if inside.sum() == 0:
                    continue
                share = min(1.0, float(inside @ shares / inside.sum()))  # rounding may go beyond 1
                found = rogan_gladen(share, counts.sensitivity, counts.specificity, clip=False) if counts else None
                parts.append(math.nan if found is None else float(inside.sum()) / total * found)
            corrected_total = math.fsum(parts)
            return clipped(corrected_total) if parts and math.isfinite(corrected_total) else math.nan

        return Resampling(units, value)


def counts_of(agreements: dict[str, Agreement | None]) -> dict[str, dict[str, int]]:
    """The ``agreement`` of a definition, by kind; unmeasured kinds are left out."""
    names = ("true_positives", "positives", "true_negatives", "negatives")
    return {kind: {name: getattr(one, name) for name in names} for kind, one in agreements.items() if one}
