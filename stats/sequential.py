"""Evidence on a mean that may be looked at after every item: the error rate holds whenever the looking stops.

An interval of a fixed number of items is right once. Whoever looks at it every ten items, and stops when it clears a
limit, is wrong several times as often. What is computed here may be looked at at any time.

Against the hypothesis that the true mean is at most m, money is bet. With values between ``low`` and ``high``, a share
f of what the hypothesis allows to be lost is staked on each value x, which multiplies the money by

    1 + f · (x − m) / (m − low),   0 < f < 1.

If the hypothesis holds, no way of betting gains on average, so the money ever reaches 1 / α with a probability of at
most α (Ville's inequality). If the true mean is above m, the money grows exponentially. Nobody knows the best f, so it
is spread over ``STAKES``: the mean of what each of them makes. The order of the values does not matter.
Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86:1, sections 4.1 and B.3 (arXiv:2010.09686). Nothing is assumed but bounds and independent
units: it holds for one item, and for rare changes, too.

Units are items or whole clusters: a cluster of s items has the sum of its x − m, divided by the size of the largest
cluster, so that no unit loses more than the hypothesis allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import cluster_codes
from audit.stats.interval import Interval, finite

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray

STAKES = 0.95 * np.geomspace(1, 1 / 2_000, 24)
"""Shares that are staked. The best one is about distance · (m − low) / variance; the smallest suits 100,000 items."""
EARLY = 0.1
"""Share of the error that is spent on looks before the last one, which has the rest: its interval is hardly wider."""
HALVINGS = 40
"""Of the range, by which an end of an interval is found: exact to 1e-12 of it."""


@dataclass(frozen=True, slots=True)
class Units:
    """Independent units whose mean per item is looked at."""

    sums: NDArray[np.float64]
    """Sum of a unit's values, in shares of the range: ``low`` counts as 0, ``high`` as 1; once for all equal units."""
    sizes: NDArray[np.float64]
    """Items of such a unit, as a share of those of the largest unit that there can be."""
    counts: NDArray[np.intp] | NDArray[np.float64]
    """How many such units there are."""
    low: float
    """Lowest possible value."""
    high: float
    """Highest possible value."""

    def evidence_above(self, mean: float) -> float:
        """Natural logarithm of the money won against "the true mean is at most ``mean``".

        Returns:
            The logarithm: log(1 / α) or more rejects the hypothesis at level α. Infinite below the range, where the
            hypothesis is impossible; minus infinity at its upper end, where it is certain.
        """
        return self._log_money((mean - self.low) / (self.high - self.low), mirrored=False)

    def evidence_below(self, mean: float) -> float:
        """The same against "the true mean is at least ``mean``"."""
        return self._log_money((self.high - mean) / (self.high - self.low), mirrored=True)

    def repeated(self, times: float) -> Units:
        """Several times the units, each with the values that it has: a guess of what more items would show."""
        return replace(self, counts=(self.counts * times).astype(np.float64))

    def interval(self, confidence: float = 0.95) -> Interval:
        """All means that the money does not reject on either side, each at half of the error.

        The chance that an interval excludes the true mean at any of the times at which one looks is at most
        1 - confidence (a confidence sequence).
        """
        limit = math.log(2 / (1 - confidence))
        low, high = self._rejected(limit, mirrored=False), 1 - self._rejected(limit, mirrored=True)
        width = self.high - self.low
        return Interval(self.low + width * low, self.low + width * high, "betting", confidence)

    def _rejected(self, limit: float, *, mirrored: bool) -> float:
        """The share of the range up to which a mean is rejected: evidence falls with the mean."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._log_money(middle, mirrored=mirrored) >= limit else (low, middle)
        return low

    def _log_money(self, share: float, *, mirrored: bool) -> float:
        """Logarithm of the mean over all stakes of what each makes, against a mean of at most ``share`` of the range.

        A unit multiplies a stake's money by 1 + stake · (sum − size · share) / share. Mirrored, all values are
        counted from the upper end.
        """
        sums = self.sizes - self.sums if mirrored else self.sums
        if share <= 0:  # all values would have to be 0
            return math.inf if share < 0 or (sums > 0).any() else 0.0
        if share >= 1:
            return -math.inf
        money = [float(self.counts @ np.log1p(stake * (sums / share - self.sizes))) for stake in STAKES]
        return float(np.logaddexp.reduce(money)) - math.log(len(STAKES))


def decided(
    worst: Units, best: Units, minimum: float | None, maximum: float | None, *, error: float, tests: int = 1
) -> bool | None:
    """Whether a mean lies in a range, as far as all looks together are wrong with a probability of at most ``error``.

    Args:
        worst: Units in which what is not known has the value that speaks against the range.
        best: The same with the value that speaks for it. Equal to ``worst`` where everything is known.
        minimum: Lower end of the range; None: open.
        maximum: Upper end of the range; None: open. If both ends are given, nothing may be unknown.
        error: Greatest chance that it says "inside" of a mean outside at any look, and the other way round.
        tests: Tests of which any may say "outside": each has an equal part of the error (Bonferroni). "Inside" needs no
            such thing where all have to say it.

    Returns:
        True for inside, False for outside, None for open.
    """
    limit, stricter = math.log(1 / error), math.log(tests / error)
    inside = [worst.evidence_above(minimum)] if minimum is not None else []
    outside = [best.evidence_below(minimum)] if minimum is not None else []
    if maximum is not None:
        inside.append(worst.evidence_below(maximum))
        outside.append(best.evidence_above(maximum))
    if inside and min(inside) >= limit:
        return True
    return False if outside and max(outside) >= stricter else None


def last_confidence(confidence: float) -> float:
    """Coverage of the interval that the last look is judged by, where ``EARLY`` of the error was for those before."""
    return 1 - (1 - confidence) * (1 - EARLY)


def units(
    values: ArrayLike,
    bounds: tuple[float, float],
    clusters: Sequence[Hashable] | None = None,
    largest: int | None = None,
) -> Units:
    """The units of some items.

    Args:
        values: One number per item.
        bounds: Lowest and highest possible value, both finite.
        clusters: The cluster of each item, parallel to ``values``; None if items are independent. Only clusters whose
            items all have a value may be among them: the rest of a cluster is no independent news.
        largest: Items of the largest cluster of the data set; None takes the largest one here. It has to be the same
            each time that one looks.

    Raises:
        ValueError: A value is NaN, infinite or beyond the bounds, the bounds are not finite or not in order, the
            lengths differ, or a cluster is larger than the largest.
    """
    low, high = bounds
    numbers = finite(values)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        msg = f"evidence needs two finite bounds in order, got {low} and {high}"
        raise ValueError(msg)
    if len(numbers) and (numbers.min() < low or numbers.max() > high):
        msg = f"values between {low:g} and {high:g} expected, got {numbers.min():g} to {numbers.max():g}"
        raise ValueError(msg)
    shares = (numbers - low) / (high - low)
    codes = np.arange(len(numbers)) if clusters is None else cluster_codes(numbers, clusters)
    sizes = np.bincount(codes).astype(np.float64)
    most = 1 if clusters is None else largest or int(sizes.max(initial=1))
    if sizes.max(initial=0) > most:
        msg = f"a cluster has {sizes.max():g} items, the largest should have {most}"
        raise ValueError(msg)
    sums = np.bincount(codes, weights=shares, minlength=len(sizes)) / most
    rows, counts = np.unique(np.column_stack([sums, sizes / most]), axis=0, return_counts=True)
    return Units(rows[:, 0], rows[:, 1], counts, low, high)
