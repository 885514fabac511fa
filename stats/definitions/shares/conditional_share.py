"""The share of items that meet a condition, among those that meet another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.means.mean import SCORES, Mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Sample
    from audit.stats.definitions.base import Estimate


YES = 0.5
"""From this value on a field that holds 0 and 1, or a probability, means yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalShare(Mean):
    """The share of items whose ``of`` is at least, or below, a threshold, among those whose ``given`` meets another.

    Precision, recall (sensitivity) and specificity of a scorer are such shares (Altman and Bland 1994, "Diagnostic
    tests", BMJ 308:1552 and 309:102). Items without a value of either field are excluded.
    """

    NAME: ClassVar[str] = "conditional_share"

    below: float | None = None
    """If set, each value counts as 1 below this threshold and as 0 from it on; replaces ``at_least``."""
    given: str
    """Field of the condition."""
    given_at_least: float | None = None
    """The condition: at least this value."""
    given_below: float | None = None
    """The condition: below this value."""

    def is_about(self, sample: Sample, where: Mapping[str, str] | None) -> bool:
        """Whether a sample meets the condition."""
        known = Mean(of=self.given, despite_errors=True).of_sample(sample)
        if known is None or not Mean.is_about(self, sample, where):
            return False
        return not (
            (self.given_at_least is not None and known < self.given_at_least)
            or (self.given_below is not None and known >= self.given_below)
        )

    def of_sample(self, sample: Sample) -> float | None:
        """1 or 0; null if the sample has no value."""
        found = Mean.of_sample(self, sample)
        return found if found is None or self.below is None else float(found < self.below)

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """Share and interval. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        found = Mean.estimate(self, samples, unit=unit, confidence=confidence, interval=interval)
        if samples:
            return found
        return replace(found, error=self._nothing())

    def _nothing(self) -> str:
        """Why there is no item to take a share of; fields that count from a half or from 1 on are read as yes or no."""
        name = self.given.removeprefix(SCORES).replace("_", " ")
        bounds = (self.given_at_least, self.given_below)
        if self.given.startswith(SCORES) and bounds in ((YES, None), (1, None)):
            return f"no item counts as “{name}”"
        if self.given.startswith(SCORES) and bounds == (None, YES):
            return f"no item that has a value counts as anything but “{name}”"
        low, high = bounds
        bound = f"from {low:g} on" if low is not None else f"below {high:g}"
        return f"no item has a “{name}” {bound}"
