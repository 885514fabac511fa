"""p-values of several tests that belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of one family, adjusted by Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure".

    Scandinavian Journal of Statistics 6:65; by statsmodels. Each is at least as large as before and at most the number
    of tests times as large.
    """
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415 - two seconds to import

    return [float(p) for p in multipletests(p_values, method="holm")[1]]
