"""Whether an option is chosen for where it stands or how long it is, beyond what being right explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import Interval
from audit.stats.subgroups.search import codes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChoiceBias:
    """One kind of option, such as the first or the longest."""

    n: int
    """Items that have one."""
    chosen: float
    """Share of them in which it is chosen."""
    expected: float
    """Share in which it would be chosen if only the right answer decided, and errors fell on any other option."""
    difference: Interval | None
    """Interval of ``chosen - expected``; null where nothing varies."""
    p_value: float
    """Two-sided p-value of no difference; 1 where nothing varies."""


def choice_bias(
    chosen: NDArray[np.bool_],
    right: NDArray[np.bool_],
    correct: NDArray[np.bool_],
    options: Numbers,
    clusters: Sequence[str | None],
    *,
    confidence: float = 0.95,
) -> ChoiceBias:
    """Choices of one kind of option against those that the right answers explain.

    Without bias an item is answered right with the same probability wherever the right option is, and an error falls on
    each other option equally often. With a the share of right answers, the option is then chosen with probability a if
    it is right, and (1 - a) / (m - 1) if it is one of m - 1 wrong ones. The mean of choices minus these probabilities
    is compared with 0 by Student's t; a is an estimate, too, whose error is part of the standard error (the delta
    method: Casella and Berger 2002, *Statistical Inference*, section 5.5.4). Items of a cluster are not independent.

    Args:
        chosen: Whether the option of this kind is chosen, per item.
        right: Whether it is the right one.
        correct: Whether the right option is chosen.
        options: Number of options, at least 2.
        clusters: The cluster of each item; None for an item that is its own cluster.
        confidence: Nominal coverage of the interval.

    Raises:
        ValueError: There is no item.
    """
    n = len(chosen)
    if not n:
        msg = "no items to look for a bias in"
        raise ValueError(msg)
    from scipy import special  # noqa: PLC0415 - half a second to import

    accuracy = float(correct.mean())
    slope = np.where(right, 1.0, -1 / (options - 1))
    expected = np.where(right, accuracy, (1 - accuracy) / (options - 1))
    parts = chosen - expected - float(slope.mean()) * (correct - accuracy)
    codes = codes_of(clusters)
    freedom = int(codes.max())
    error = clustered_standard_error(parts, codes.tolist())
    middle = float(np.mean(chosen - expected))
    shares = float(chosen.mean()), float(expected.mean())
    if not error > 1e-12:  # nothing varies, or one cluster alone
        return ChoiceBias(n, *shares, None, 1.0)
    reach = float(special.stdtrit(freedom, (1 + confidence) / 2)) * error
    p_value = float(2 * special.stdtr(freedom, -abs(middle) / error))
    ends = Interval(max(-1.0, middle - reach), min(1.0, middle + reach), "clustered_t", confidence)
    return ChoiceBias(n, *shares, ends, p_value if math.isfinite(p_value) else 1.0)
