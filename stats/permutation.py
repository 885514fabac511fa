"""P-values from resamples of a null distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIE = 1e-9
"""Tolerance: draws this little below the observed value count as equal, because sums in another order round
differently."""


def p_value(observed: float, drawn: NDArray[np.float64]) -> float:
    """One-sided p-value: the share of draws that are at least as large as what was observed, itself among them.

    Phipson and Smyth 2010, "Permutation P-values Should Never Be Zero" (arXiv:1603.05766), equation 2: without the
    observed value the p-value can be 0, and the test rejects too often.

    Args:
        observed: The statistic of the data.
        drawn: The statistic of resamples under the null hypothesis.

    Returns:
        1 / (resamples + 1) at least.
    """
    return float((1 + np.count_nonzero(drawn >= observed - TIE)) / (len(drawn) + 1))
