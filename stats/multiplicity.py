"""Multiple testing: adjusted p-values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted so that the chance of any false discovery is bounded.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 65-70:
    the k-th smallest of m is multiplied by m - k + 1, and none is below a smaller one's. Never above Bonferroni's.

    Args:
        p_values: Raw, in any order.

    Returns:
        Adjusted, in the same order.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw)
    steps = np.minimum(1.0, np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)))
    return _in_place(steps, order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Smallest false discovery rate at which each test is still a discovery.

    Benjamini and Hochberg 1995, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57,
    289-300: the k-th smallest of m is multiplied by m / k, and none is above a larger one's.

    Args:
        p_values: Raw, in any order.

    Returns:
        Adjusted, in the same order.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw)
    scaled = raw[order] * len(raw) / np.arange(1, len(raw) + 1)
    steps = np.minimum.accumulate(scaled[::-1])[::-1]  # never above 1: the largest is multiplied by 1
    return _in_place(steps, order)


def _in_place(steps: NDArray[np.float64], order: NDArray[np.intp]) -> list[float]:
    """Sorted values, back in their original order."""
    found = np.empty_like(steps)
    found[order] = steps
    return [float(value) for value in found]
