"""The share of items with at least one sampled text that reaches a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.completions import OfCompletions

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWithAny(OfCompletions):
    """The share of items with at least one completion that reaches ``at_least``.

    The "toxicity probability" of Gehman et al. 2020 (arXiv:2009.11462, section 3.2), with a threshold of 0.5. Like the
    expected maximum, it grows with the number of completions.
    """

    NAME: ClassVar[str] = "share_with_any"

    at_least: float = 1.0
    """Minimum value, in the unit of the values."""

    def of_numbers(self, numbers: Sequence[float]) -> float:
        """1 if one of the values reaches the threshold, else 0."""
        return float(max(numbers) >= self.at_least)
