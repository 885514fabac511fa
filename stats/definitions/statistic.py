"""Statistics of a table with one row per drawn unit: value, expanded BCa bootstrap and resampling."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, too_few
from audit.stats.intervals import FEWEST, bca_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True)
class Table:
    """What a statistic is computed from."""

    units: tuple[str, ...]
    """Names of the drawn units: samples or clusters."""
    rows: NDArray[np.float64]
    """One row per unit."""
    n: int
    """Number of items in the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic(Definition):
    """A metric that is not a mean: a function of a table whose rows are drawn with replacement.

    A kind says what the rows are (:meth:`table`) and what is computed of them (:meth:`of_rows`).
    """

    @abstractmethod
    def table(self, samples: Sequence[Sample]) -> Table:
        """The rows of samples with a value."""

    @abstractmethod
    def of_rows(self, rows: NDArray[np.float64]) -> float:
        """The statistic of some rows; NaN if it has no value."""

    def why_not(self, table: Table, samples: Sequence[Sample]) -> str:
        """Why the statistic has no value on these rows."""
        return "it has no value on these samples" if table.n else f"none of {len(samples)} items could be scored"

    def ends(self, table: Table, value: float, confidence: float) -> Estimate:
        """Value and interval of a table; a kind without an interval says why.

        A resample without a value carries no information and counts as the value itself. Resamples of fewer than
        ``FEWEST`` rows vary so little that every second interval would miss.
        """
        if len(table.rows) < FEWEST:
            return Estimate(value, table.n, no_interval=too_few(len(table.rows), "items", FEWEST))

        def resampled(rows: NDArray[np.float64]) -> float:
            found = self.of_rows(rows)
            return value if math.isnan(found) else found

        interval = bca_bootstrap(table.rows, resampled, seed=self.seed, resamples=self.resamples, confidence=confidence)
        return Estimate(value, table.n, interval=interval)

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The statistic with its expanded BCa bootstrap interval (:func:`audit.stats.intervals.bca_bootstrap`).

        Of fewer than ``FEWEST`` rows there is none.
        """
        table = self.table(samples)
        missing = max(0, sum(map(is_scored, samples)) - table.n)
        value = self.of_rows(table.rows) if table.n else math.nan
        if math.isnan(value):
            return Estimate(None, table.n, missing, error=self.why_not(table, samples))
        found = self.ends(table, value, confidence) if interval else Estimate(value, table.n)
        return Estimate(value, table.n, missing, found.interval, found.no_interval)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The statistic if each row counts as often as its weight, a whole number, says."""
        table = self.table(samples)

        def value(weights: NDArray[np.float64]) -> float:
            rows = np.repeat(table.rows, weights.astype(np.intp), axis=0)
            return self.of_rows(rows) if len(rows) else math.nan

        return Resampling(table.units, value)
