"""Statistics of a table with one row per cluster, resampled by a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from audit.stats.definitions.base import too_few
from audit.stats.definitions.statistic import Statistic, Table
from audit.stats.intervals import SMALL_SAMPLE, bca_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.stats.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OfClusters(Statistic):
    """A statistic with clusters as rows: no interval from few clusters, or if a resample has no value."""

    LEAST_CLUSTERS: ClassVar[int] = SMALL_SAMPLE
    """Minimum number of clusters for an interval."""

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """The BCa interval (Efron 1987) over clusters, or why there is none."""
        if len(table.rows) < self.LEAST_CLUSTERS:
            return None, too_few(len(table.rows), "clusters", self.LEAST_CLUSTERS)
        found = bca_bootstrap(
            table.rows, self.of_stack, seed=self.seed, resamples=self.resamples, confidence=confidence, stacked=True
        )
        return found, None

    def clustered(self, samples: Sequence[Sample]) -> Table:
        """The table: its rows are clusters already."""
        table = self.table(samples)
        return replace(table, clusters=table.units)
