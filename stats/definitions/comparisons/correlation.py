"""Correlation of a preference with an external statistic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.definitions.clusters import OfClusters
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.statistic import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

LEAST = 3
"""Minimum number of clusters: from two points every correlation is 1 or -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(OfClusters):
    """Pearson's correlation, over clusters, of a preference with a statistic of the cluster.

    The preference is the mean of one field where the slice ``by`` is ``first`` minus the mean where it is ``second``.
    Rudinger et al. 2018, "Gender Bias in Coreference Resolution" (arXiv:1804.09301), section 4: how much more often a
    female than a male pronoun is resolved to an occupation, against the share of women in that occupation.
    """

    NAME: ClassVar[str] = "correlation"

    of: str
    """Field whose means are compared: ``score``, or ``scores.NAME``."""
    by: str
    """Slice that names what is compared."""
    first: str
    """Its value on one side."""
    second: str
    """Its value on the other side."""
    statistic_of: str
    """Field with the external statistic, the same for all samples of a cluster."""

    def table(self, samples: Sequence[Sample]) -> Table:
        """Preference, in percent, and statistic of each cluster that has both sides, sorted by name.

        ``n`` counts clusters.
        """
        value_of = Mean(of=self.of).of_sample
        known = {str(sample.cluster): Mean(of=self.statistic_of).of_sample(sample) for sample in samples}
        sides: dict[tuple[str, str], list[float]] = {}
        for sample in samples:
            value = value_of(sample)
            if value is not None:
                sides.setdefault((str(sample.cluster), sample.slices.get(self.by, "")), []).append(value)
        both = [
            name
            for name in sorted(known)
            if (name, self.first) in sides and (name, self.second) in sides and known[name] is not None
        ]
        rows = [
            [100.0 * float(np.mean(sides[name, self.first]) - np.mean(sides[name, self.second])), known[name]]
            for name in both
        ]
        return Table(tuple(both), np.array(rows, dtype=np.float64).reshape(-1, 2), len(both))

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The correlation; NaN where a column does not vary, or of fewer than three clusters."""
        if len(rows) < LEAST:
            return math.nan
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1])

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Too few clusters, or nothing varies."""
        if len(table.rows) < LEAST:
            return "too few clusters have answers on both sides"
        if not table.rows[:, 0].any():
            return "both sides always get the same answer"
        return "the preference or the statistic is the same for every cluster"
