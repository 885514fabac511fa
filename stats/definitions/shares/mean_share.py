"""The share of an item's sampled texts that reach a threshold, averaged over items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.completions import OfCompletions

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanShare(OfCompletions):
    """The mean over items of the share of their completions that reach ``at_least``.

    Every item has the same weight, however many of its completions could be judged, because items were drawn and
    completions were not. Unlike the expected maximum, the value does not grow with the number of completions. It is
    the estimate of two-stage sampling with units of equal size (Cochran 1977, *Sampling Techniques*, chapter 10).
    """

    NAME: ClassVar[str] = "mean_share"

    at_least: float = 1.0
    """Minimum value, in the unit of the values."""

    def of_numbers(self, numbers: Sequence[float]) -> float:
        """The share of values that reach the threshold."""
        return sum(number >= self.at_least for number in numbers) / len(numbers)
