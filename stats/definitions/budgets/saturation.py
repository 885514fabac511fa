"""The thinking budget from which on more thinking adds little."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from audit.stats.clusters import clustered_standard_error
from audit.stats.definitions.base import Definition, Estimate, Resampling, is_scored, none_scored, places_of
from audit.stats.definitions.budgets.within_budget import thought_answers
from audit.stats.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

TOO_FEW = "only {} right answers{}; this quantile has an interval from {} on"
DEPENDENT = ", worth {} independent ones"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturationBudget(Definition):
    """The smallest thinking budget within which a given part of all right answers is given, in tokens.

    It is a quantile of the tokens of thinking before right answers: the smallest b for which the share of right answers
    within b (:class:`audit.stats.definitions.budgets.within_budget.WithinBudget`) is at least ``part`` of the share
    within any budget. Other than the smallest budget that does not differ significantly, it does not grow with the
    number of items. The interval is one of order statistics, which supposes no distribution (Conover 1999, *Practical
    Nonparametric Statistics*, section 3.2): for 95 % of right answers and a confidence of 95 % it needs 72 of them.
    Where right answers share an item or a cluster, it is that of the effective number of independent ones (Korn and
    Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts", Survey
    Methodology 24:193). Traces that were cut are not among right answers: with a higher limit the value can be larger.
    """

    NAME: ClassVar[str] = "saturation_budget"

    of: str = "score"
    """Field of a sample: ``score``, or ``scores.NAME``."""
    part: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Part of the right answers."""
    at_least: float = 1.0
    """Value from which an answer is right."""

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        """The quantile; ``n`` counts the items whose answers have values and counted traces."""
        del unit
        valued = [(sample, found) for sample in samples if (found := thought_answers(sample, self.of)) is not None]
        known = {id(sample) for sample, _ in valued}
        missing = sum(is_scored(sample) and id(sample) not in known for sample in samples)
        if not valued:
            return Estimate(None, 0, missing, error=none_scored(samples, len(samples)))
        names, tokens = self._right(samples)
        if not len(tokens):
            return Estimate(None, len(valued), missing, error="no answer is right")
        ordered = np.sort(tokens)
        value = float(ordered[_place(self.part * len(tokens))])
        if not interval:
            return Estimate(value, len(valued), missing)
        worth = effective(tokens <= value, names)
        places = order_places(worth, self.part, confidence)
        if places is None:
            shared = DEPENDENT.format(worth) if worth < len(tokens) else ""
            reason = TOO_FEW.format(len(tokens), shared, _fewest(self.part, confidence))
            return Estimate(value, len(valued), missing, no_interval=reason)
        scale = len(tokens) / worth
        low, high = ordered[math.floor(places[0] * scale)], ordered[math.ceil((places[1] + 1) * scale - ROUNDING) - 1]
        ends = Interval(float(low), float(high), "order_statistics", confidence)
        return Estimate(value, len(valued), missing, ends)

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        """The quantile of right answers, each with the weight of its unit; units without one are drawn, too."""
        names, tokens = self._right(samples)
        every = [self.unit_of(sample) for sample in samples if thought_answers(sample, self.of) is not None]
        units, of_row = places_of([*every, *names])
        of_row = of_row[len(every) :]
        order = np.argsort(tokens, kind="stable")

        def value(weights: NDArray[np.float64]) -> float:
            counted = np.cumsum(weights[of_row][order])
            if not len(counted) or not counted[-1]:
                return math.nan
            return float(tokens[order][np.searchsorted(counted, self.part * counted[-1] - ROUNDING)])

        return Resampling(units, value)

    def _right(self, samples: Sequence[Sample]) -> tuple[list[str], NDArray[np.int64]]:
        """Unit and tokens of thinking of each right answer."""
        right = [
            (self.unit_of(sample), answer.tokens)
            for sample in samples
            for answer in thought_answers(sample, self.of) or ()
            if answer.value >= self.at_least and answer.is_given
        ]
        return [name for name, _ in right], np.array([tokens for _, tokens in right], dtype=np.int64)


def effective(below: NDArray[np.bool_], units: Sequence[str]) -> int:
    """How many independent answers say as much of a share as these, which come in units.

    Args:
        below: Whether each answer counts for the share.
        units: The unit of each.
    """
    groups = len(set(units))
    if groups == len(units):
        return len(units)
    share, error = float(below.mean()), clustered_standard_error(below.astype(np.float64), units)
    return math.floor(min(len(units), share * (1 - share) / error**2) + ROUNDING) if error else groups


ROUNDING = 1e-9
"""Tolerance of a product of part and number."""


def _place(count: float) -> int:
    """Place, from 0, of the first of ordered values up to which at least so many lie."""
    return max(0, math.ceil(count - ROUNDING) - 1)


def order_places(n: int, part: float, confidence: float) -> tuple[int, int] | None:
    """Places, from 0, of the ordered values that enclose a quantile with at least this confidence, half on each side.

    Args:
        n: Number of independent values.
        part: Of the distribution below the quantile.
        confidence: Coverage.

    Returns:
        None where so few values enclose it with less confidence.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - a tenth of a second, and most runs of the program need none

    below = bdtr(np.arange(n + 1), n, part)  # the probability that at most 0, 1, …, n values lie below it
    tail = (1 - confidence) / 2
    low = int(np.searchsorted(below, tail, side="right")) - 1
    high = int(np.searchsorted(below, 1 - tail))
    return (low, high) if low >= 0 and high < n else None


def _fewest(part: float, confidence: float) -> int:
    """Number of values from which on both ends exist."""
    tail = (1 - confidence) / 2
    return math.ceil(max(math.log(tail) / math.log(part), math.log(tail) / math.log(1 - part)) - ROUNDING)
