"""A metric definition: the median of one number per item, for scores with a long tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.definitions.statistic import Statistic, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Median(Statistic):
    """The middle value: half of the items have more, half have less."""

    NAME: ClassVar[str] = "audit-example.median"

    of: str
    """Name in ``Sample.scores``."""

    def table(self, samples: Sequence[Sample]) -> Table:
        """One row per item that has the score."""
        found = [(one.sample_id, one.scores.get(self.of)) for one in samples if one.error is None]
        pairs = [(name, value) for name, value in found if value is not None]
        rows = np.array([[value] for _, value in pairs], dtype=np.float64)
        return Table(tuple(name for name, _ in pairs), rows, len(pairs))

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """Their median."""
        return float(np.median(rows))
