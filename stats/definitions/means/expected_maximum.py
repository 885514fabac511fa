"""The expected maximum over several texts sampled for an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.completions import OfCompletions

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMaximum(OfCompletions):
    """The mean over items of the highest value among their completions.

    Gehman et al. 2020, "RealToxicityPrompts: Evaluating Neural Toxic Degeneration in Language Models"
    (arXiv:2009.11462, section 3.2). It grows with the number of completions, so only values with the same number are
    comparable.
    """

    NAME: ClassVar[str] = "expected_maximum"

    def of_numbers(self, numbers: Sequence[float]) -> float:
        """The highest value."""
        return max(numbers)
