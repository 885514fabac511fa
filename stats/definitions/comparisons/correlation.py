"""Correlation of a preference with an external statistic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.stats.definitions.base import is_scored
from audit.stats.definitions.clusters import OfClusters
from audit.stats.definitions.means.mean import Mean, field_of
from audit.stats.definitions.statistic import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

LEAST = 3
"""Minimum number of clusters: from two points every correlation is 1 or -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(OfClusters):
    """Pearson's correlation, over clusters, of a preference with a statistic of the cluster.

    The preference is the mean of one field where the slice ``by`` is ``first`` minus the mean where it is ``second``.
    Clusters without the statistic, or with a scored item without the field, are left out.
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
        """Preference, in percent, and statistic of each complete cluster, sorted by name; ``n`` counts clusters."""
        rows = {name: row for name, row in self._clusters(samples).items() if row is not None}
        return Table(tuple(rows), np.array(list(rows.values()), dtype=np.float64).reshape(-1, 2), len(rows))

    def missing(self, table: Table, samples: Sequence[Sample]) -> int:
        """Number of clusters with scored items on both sides, of which one has no value, or without the statistic."""
        return sum(row is None for row in self._clusters(samples).values())

    def _clusters(self, samples: Sequence[Sample]) -> dict[str, tuple[float, float] | None]:
        """Preference and statistic of the clusters with scored items on both sides; None where a value is missing.

        The statistic is known of the cluster, so that items with an error have it, too.
        """
        value_of = Mean(of=self.of).of_sample
        known: dict[str, float] = {}
        sides: dict[str, dict[str | None, list[float | None]]] = {}
        for sample in samples:
            name, side = self.unit_of(sample), sample.slices.get(self.by)
            statistic, value = field_of(sample, self.statistic_of), value_of(sample)
            if statistic is not None:
                known.setdefault(name, statistic)
            if value is not None or is_scored(sample):
                sides.setdefault(name, {}).setdefault(side, []).append(value)
        both = {name: inside for name, inside in sorted(sides.items()) if {self.first, self.second} <= inside.keys()}
        return {name: self._row(inside, known.get(name)) for name, inside in both.items()}

    def _row(
        self, sides: Mapping[str | None, list[float | None]], statistic: float | None
    ) -> tuple[float, float] | None:
        first, second = sides[self.first], sides[self.second]
        if statistic is None or None in first or None in second:
            return None
        return 100.0 * float(np.mean(first) - np.mean(second)), statistic  # type: ignore[arg-type]

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The correlation; NaN where a column does not vary, or of fewer than three clusters."""
        if len(rows) < LEAST:
            return math.nan
        with np.errstate(invalid="ignore"):
            return float(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1])

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Too few clusters, or nothing varies."""
        if len(table.rows) < LEAST:
            return "too few clusters have answers on both sides"
        if not table.rows[:, 0].any():
            return "both sides always get the same answer"
        return "the preference or the statistic is the same for every cluster"
