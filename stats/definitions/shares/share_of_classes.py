"""The share of answers that a judge puts into certain classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.means.mean import Mean

if TYPE_CHECKING:
    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOfClasses(Mean):
    """The share of answers in certain classes, e.g. full and partial refusals.

    The classes are those of the probe, e.g. of Röttger et al. 2024, "XSTest" (NAACL, arXiv:2308.01263). In ``scores`` a
    sample has 1 for the class of its answer and 0 for the others; it has no value if the answer was not judged.
    """

    NAME: ClassVar[str] = "share_of_classes"

    classes: tuple[str, ...]
    """Names in ``Sample.scores``."""

    def of_sample(self, sample: Sample) -> float | None:
        """1 if the answer is in one of the classes, 0 if not, null if it was not judged."""
        found = [sample.scores.get(name) for name in self.classes]
        if sample.error is not None or None in found:
            return None
        return float(any(found))
