"""Whether a checkpoint finds the published order of a benchmark's items likelier than shuffled ones.

Oren, Meister, Chatterji, Ladhak and Hashimoto 2023, "Proving Test Set Contamination in Black Box Language Models"
(arXiv:2310.17623). If the order of the items says nothing about them, every order is equally likely to be the published
one for a checkpoint that never saw them. A checkpoint that finds the published one likelier has seen it.

A sample is a shard: some items that follow each other, with the value of their published order
(``scores.NAME_published``) and of as many shuffled ones (``scores.NAME_shuffled_1``, …).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.core.words.grade import LEVEL
from audit.stats.definitions.base import P_VALUE, Definition, Estimate, Resampling, none_scored
from audit.stats.permutation import TIE, p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

DRAWS = 9_999
"""Draws of a random order for every shard, where there are too many to look at all of them."""
LEAST_SHARDS = 2
"""Minimum number of shards of the t-test, which takes their mean for normal."""
PUBLISHED, SHUFFLED = "_published", "_shuffled_"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTest(Definition):
    """A p-value of the hypothesis that the published order is one of many; ``n`` counts shards."""

    IS_P_VALUE: ClassVar[bool] = True

    of: str = "log_likelihood"
    """Name of the value in ``scores``."""
    unless: str | None = None
    """A value of the texts alone: where it finds the published order at ``LEVEL``, items are in an order of their own,
    and there is no p-value."""

    def rows(self, samples: Sequence[Sample]) -> list[NDArray[np.float64]]:
        """Of each shard with all its values, the value of the published order and of the shuffled ones."""
        found = [self._row(sample) for sample in samples]
        return [row for row in found if len(row) > 1 and bool(np.isfinite(row).all())]

    def _row(self, sample: Sample) -> NDArray[np.float64]:
        """All values of a shard, the published order's first; NaN for one that is missing; empty with an error."""
        prefix = f"{self.of}{SHUFFLED}"
        count = sum(name.startswith(prefix) for name in sample.scores)
        names = [f"{self.of}{PUBLISHED}", *(f"{prefix}{place}" for place in range(1, count + 1))]
        values = [sample.scores.get(name) for name in names] if sample.error is None else []
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    @abstractmethod
    def tested(self, rows: Sequence[NDArray[np.float64]]) -> float | str:
        """The p-value, or why there is none.

        Args:
            rows: Of each shard, the value of the published order and of the shuffled ones.
        """

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The p-value. Arguments as of :meth:`audit.stats.definitions.Definition.estimate`."""
        del unit, confidence, interval
        rows = self.rows(samples)
        if not rows:
            return Estimate(None, 0, error=none_scored(samples, len(samples), "shards"))
        if self.unless is not None:
            other = OrderPermutation(of=self.unless, seed=self.seed).estimate(samples, unit="p_value")
            if other.value is None or other.value <= LEVEL:
                return Estimate(None, len(rows), error=_own_order(other))
        found = self.tested(rows)
        if isinstance(found, str):
            return Estimate(None, len(rows), error=found)
        return Estimate(found, len(rows), no_interval=P_VALUE)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """NaN for every draw: a p-value is not computed on other draws."""
        units = dict.fromkeys(self.unit_of(sample) for sample in samples)
        return Resampling(tuple(units), lambda _weights: math.nan)


def _own_order(other: Estimate) -> str:
    """Why the order of the items cannot be tested."""
    if other.value is None:
        return f"not known whether the order of the items says something about them: {other.error}"
    return (
        f"similar items stand next to each other (p = {other.value:.2g}): a checkpoint that never saw them finds their "
        "order likelier, too"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPermutation(OrderTest):
    """The permutation test (section 2 of the paper), with orders that are shuffled inside shards.

    The statistic is the sum of the published orders' values. Under the hypothesis each order of a shard, the published
    one among them, was equally likely to be published, and shards are independent: the statistic is compared with the
    sums of one order of each shard, of all combinations where there are at most ``DRAWS``, else of so many random ones
    (Phipson and Smyth 2010, arXiv:1603.05766). It is exact for any number of shards and any values.
    """

    NAME: ClassVar[str] = "order_permutation_p"

    def tested(self, rows: Sequence[NDArray[np.float64]]) -> float | str:
        """The p-value, or why there is none."""
        combinations = math.prod(map(len, rows))
        if combinations < 1 / LEVEL:
            return f"only {len(rows)} shards with a few orders: no p-value of {LEVEL:g} is possible"
        seen = math.fsum(row[0] for row in rows)
        if combinations <= DRAWS:
            sums = np.zeros(1)
            for row in rows:
                sums = np.add.outer(sums, row).ravel()
            return float(np.mean(sums >= seen - TIE))
        generator = np.random.default_rng(self.seed)
        drawn = np.zeros(DRAWS)
        for row in rows:
            drawn += row[generator.integers(len(row), size=DRAWS)]
        return p_value(seen, drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShardedT(OrderTest):
    """The sharded rank comparison test (section 3 and algorithm 1 of the paper).

    One-sided t-test that the mean over shards of the published order's value minus the mean of the shuffled ones is
    above 0.
    """

    NAME: ClassVar[str] = "order_sharded_t_p"

    def tested(self, rows: Sequence[NDArray[np.float64]]) -> float | str:
        """The p-value, or why there is none."""
        from scipy import stats  # noqa: PLC0415 - a second to import

        if len(rows) < LEAST_SHARDS:
            return f"only {len(rows)} shards: the t-test needs at least {LEAST_SHARDS}"
        gains = np.array([row[0] - row[1:].mean() for row in rows])
        if np.ptp(gains) == 0:
            return "the gains of all shards are equal"
        return float(stats.ttest_1samp(gains, 0.0, alternative="greater").pvalue)
