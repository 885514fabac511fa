"""How many items a perturbation could not be applied to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import Definition, Estimate, Resampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPerturbed(Definition):
    """The number of items without a sample, of all samples or of those with a value of a slice.

    Samples with the same ``pair`` are about one item. A count has no interval.
    """

    NAME: ClassVar[str] = "not_perturbed"
    IS_COUNT: ClassVar[bool] = True

    items: int
    """Number of items that were to be perturbed; it is ``n``."""
    by: str | None = None
    """Slice that says how an item was perturbed; null counts items that were not perturbed in any way."""
    value_of: str | None = None
    """The value of that slice; the metric's slice is then in ``columns``, because none of the samples may have it."""

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The count. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        inside = [sample for sample in samples if self.by is None or sample.slices.get(self.by) == self.value_of]
        perturbed = {sample.pair for sample in inside}
        return Estimate(float(self.items - len(perturbed)), self.items)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """Nothing: what could not be perturbed cannot be drawn."""
        del samples
        return Resampling((), lambda _weights: math.nan)
