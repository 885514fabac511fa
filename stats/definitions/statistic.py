"""Statistics of a table with one row per drawn unit: value, expanded BCa bootstrap and resampling."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.bootstrap import cluster_bootstrap, jackknife_t
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, places_of, too_few
from audit.stats.intervals import FEWEST, bca_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class Table:
    """What a statistic is computed from."""

    units: tuple[str, ...]
    """What each row is of: the ``sample_id`` of an item, or a cluster."""
    rows: NDArray[np.float64]
    """One row per unit."""
    n: int
    """Number of items in the rows."""
    clusters: tuple[str, ...] = ()
    """The cluster of each row: its rows are drawn together. :meth:`Statistic.clustered` finds them; empty before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic(Definition):
    """A metric that is not a mean: a function of a table whose rows are drawn with replacement.

    A kind says what the rows are (:meth:`table`) and what is computed of them (:meth:`of_rows`). Rows of items that
    share a cluster are drawn together.
    """

    @abstractmethod
    def table(self, samples: Sequence[Sample]) -> Table:
        """The rows of samples with a value."""

    @abstractmethod
    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The statistic of some rows; NaN if it has no value."""

    def of_stack(self, stack: NDArray[np.float64]) -> NDArray[np.float64]:
        """The statistic of each of many resamples, shape (resamples, rows, columns)."""
        return np.array([self.of_rows(rows) for rows in stack], dtype=np.float64)

    def clustered(self, samples: Sequence[Sample]) -> Table:
        """The table with the cluster of each row; an item on its own is one."""
        table = self.table(samples)
        unit_of = {sample.sample_id: self.unit_of(sample) for sample in samples}
        return replace(table, clusters=tuple(unit_of.get(unit, unit) for unit in table.units))

    def missing(self, table: Table, samples: Sequence[Sample]) -> int:
        """Number of scored items without a value."""
        return max(0, sum(map(is_scored, samples)) - table.n)

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Why the statistic has no value on these rows."""
        return "it has no value on these samples" if table.n else f"none of {len(samples)} items could be scored"

    def ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """The interval of a table's value, or why there is none.

        A resample without a value carries no information and counts as the value itself. Resamples of fewer than
        ``FEWEST`` rows vary so little that every second interval would miss. Items that share a cluster are drawn with
        it (:func:`audit.stats.bootstrap.cluster_bootstrap`); fewer than ``FEWEST`` clusters get Student's t
        (:func:`audit.stats.bootstrap.jackknife_t`).
        """
        if len(set(table.clusters)) < len(table.clusters):
            return self._clustered_ends(table, value, confidence)
        if len(table.rows) < FEWEST:
            return None, too_few(len(table.rows), "items", FEWEST)

        def resampled(stack: NDArray[np.float64]) -> NDArray[np.float64]:
            found = self.of_stack(stack)
            return np.where(np.isnan(found), value, found)

        found = bca_bootstrap(
            table.rows, resampled, seed=self.seed, resamples=self.resamples, confidence=confidence, stacked=True
        )
        return found, None

    def _clustered_ends(self, table: Table, value: float, confidence: float) -> tuple[Interval | None, str | None]:
        """The interval of a table with several rows of a cluster, or why there is none."""
        drawn = self._drawn(table)
        groups = len(drawn.units)
        if groups < 2:
            return None, f"all {table.n} items are in one cluster"
        if groups < FEWEST:
            found = jackknife_t(drawn.value, value, groups, confidence)
        else:
            found = cluster_bootstrap(
                drawn.value, value, groups, seed=self.seed, resamples=self.resamples, confidence=confidence
            )
        return found, None if found else "it has no value without one of the clusters, or all clusters give the same"

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The statistic with its expanded BCa bootstrap interval (:func:`audit.stats.intervals.bca_bootstrap`).

        Of fewer than ``FEWEST`` rows there is none, unless they come in clusters.
        """
        table = self.clustered(samples)
        missing = self.missing(table, samples)
        value = self.of_rows(table.rows) if table.n else math.nan
        if math.isnan(value):
            return Estimate(None, table.n, missing, error=self.why_not(table, samples))
        ends, reason = self.ends(table, value, confidence) if interval else (None, None)
        return Estimate(value, table.n, missing, ends, reason)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The statistic if each cluster counts as often as its weight, a whole number, says."""
        return self._drawn(self.clustered(samples))

    def _drawn(self, table: Table) -> Resampling:
        units, of_row = places_of(table.clusters)

        def value(weights: NDArray[np.float64]) -> float:
            rows = np.repeat(table.rows, weights[of_row].astype(np.intp), axis=0)
            return self.of_rows(rows) if len(rows) else math.nan

        return Resampling(units, value)
