"""The score of items in their worst form: an item counts as right if it is right in every form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, mean_resampling, none_scored
from audit.stats.definitions.means.mean import Mean, field_of, scaled_interval, scaled_mean
from audit.stats.intervals import why_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCase(Definition):
    """The mean over items of the lowest score among all forms of the item, the original one included.

    Samples with the same ``pair`` are forms of one item; ``plain`` has the score of its original form. For scores of 0
    and 1 it is the share of items that are right in every form: the worst-case robustness of HELM (Liang et al. 2023,
    "Holistic Evaluation of Language Models", arXiv:2211.09110). Each further form can only lower it, so
    values compare only for the same perturbations. ``n`` counts items. An item without a value in one of its forms
    has none.

    Example: scores 1, 1 and 0 of one item, 1 and 1 of another: (0 + 1) / 2 = 0.5.
    """

    NAME: ClassVar[str] = "worst_case"
    COUNTS_PAIRS: ClassVar[bool] = True

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    plain: str | None = None
    """Field with the score of the item's original form; null looks at the samples' own scores alone."""
    if_cut: float | None = None
    """If set, the value of samples whose answer was cut by the token limit, provided that they have one, and of an
    original form without a score, whose answer was cut, too."""

    def items(self, samples: Sequence[Sample]) -> list[tuple[Sample, float | None]]:
        """The first sample of each item, and the lowest score of the item; null where a form has no value."""
        forms: dict[str, list[Sample]] = {}
        for sample in samples:
            forms.setdefault(sample.pair or sample.sample_id, []).append(sample)
        return [(inside[0], self._lowest(inside)) for inside in forms.values()]

    def _lowest(self, forms: Sequence[Sample]) -> float | None:
        """The lowest score of the forms of an item; null if one has none."""
        read = Mean(of=self.of, if_cut=self.if_cut).of_sample
        found = [read(sample) for sample in forms]
        if self.plain is not None:
            plain = [field_of(sample, self.plain) for sample in forms]
            found += [self.if_cut if value is None else value for value in plain]
        known = [value for value in found if value is not None and math.isfinite(value)]
        return min(known) if known and len(known) == len(found) else None

    def values(self, samples: Sequence[Sample]) -> list[tuple[Sample, float]]:
        """The first sample of each item with a value, and the value."""
        return [(sample, value) for sample, value in self.items(samples) if value is not None]

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Value and interval, that of a mean over items (:func:`audit.stats.intervals.mean_interval`)."""
        items = self.items(samples)
        pairs = [(sample, value) for sample, value in items if value is not None]
        missing = sum(is_scored(sample) for sample, value in items if value is None)
        if not pairs:
            return Estimate(None, 0, missing, error=none_scored(samples, len(items)))
        numbers = [value for _, value in pairs]
        value = scaled_mean(numbers, 1.0)
        if not interval:
            return Estimate(value, len(pairs), missing)
        clusters = [self.cluster_of(sample) for sample, _ in pairs]
        found = scaled_interval(
            numbers, clusters, unit=unit, scale=1.0, seed=self.seed, resamples=self.resamples, confidence=confidence
        )
        return Estimate(value, len(pairs), missing, found, None if found else why_none(numbers, clusters))

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """A mean over items, each with the weight of its unit."""
        pairs = self.values(samples)
        return mean_resampling([self.unit_of(sample) for sample, _ in pairs], [value for _, value in pairs])
