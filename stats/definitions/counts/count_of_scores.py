"""Plain counts of samples by a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.counts.count import Count
from audit.stats.definitions.means.mean import Mean

if TYPE_CHECKING:
    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOfScores(Count):
    """Number of samples whose score reaches a threshold; a count has no interval."""

    NAME: ClassVar[str] = "count_of_scores"

    flags: tuple[str, ...] = ()
    of: str
    """Field of a sample, as in :class:`Mean`."""
    at_least: float = 1.0
    """Minimum score, in the unit of the score."""

    def counts(self, sample: Sample) -> bool:
        """Whether a sample reaches the threshold."""
        found = Mean(of=self.of, despite_errors=True).of_sample(sample)
        return found is not None and found >= self.at_least
