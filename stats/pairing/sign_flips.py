"""Permutation test of paired differences: is either run as likely to be ahead?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.stats.permutation import TIE
from audit.stats.permutation import p_value as share_of_draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLIPS = 9_999
"""Number of random assignments of signs, where there are too many to try all."""
MOST_ENUMERATED = 13
"""Up to this many units that differ, all assignments of signs are tried: no more than ``FLIPS``."""
BATCH_VALUES = 2_000_000
"""Maximum number of signs in one batch."""


def sign_flips(sums: NDArray[np.float64], seed: int) -> tuple[float, bool]:
    """Two-sided p-value of the hypothesis that the runs could be exchanged in each unit.

    Fisher 1935, *The Design of Experiments*, section 21: if the runs do not differ, each unit's difference could as
    well have the other sign. Clusters are flipped whole. Units without a difference change no sum and are left out.

    Args:
        sums: Sum of the differences of each independent unit (item or cluster).
        seed: Seed of the random signs.

    Returns:
        The p-value, and whether all assignments of signs were tried, which makes it exact.
    """
    largest = float(np.abs(sums).max(initial=0.0))
    units = sums[np.abs(sums) > TIE * largest] / largest if largest else sums[:0]
    observed = abs(float(units.sum()))
    if len(units) <= MOST_ENUMERATED:
        codes = np.arange(2 ** len(units))[:, None] >> np.arange(len(units))
        drawn = np.abs((1.0 - 2.0 * (codes & 1)) @ units)
        return float(np.mean(drawn >= observed - TIE)), True
    return share_of_draws(observed, np.abs(_random_sums(units, seed))), False


def _random_sums(units: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Sums of the units with random signs, one bit each."""
    generator, count = np.random.default_rng(seed), len(units)
    batch = max(1, BATCH_VALUES // count)
    found = []
    for start in range(0, FLIPS, batch):
        rows = min(batch, FLIPS - start)
        raw = np.frombuffer(generator.bytes(rows * -(-count // 8)), dtype=np.uint8).reshape(rows, -1)
        signs = np.unpackbits(raw, axis=1, count=count).astype(np.float32)
        found.append(units.sum() - 2.0 * (signs @ units))
    return np.concatenate(found)
