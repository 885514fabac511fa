"""Token sequences as a prefix tree, kept flat: sorted sequences and what each shares with the one before it.

A node of the tree is a range of neighbours, a depth is a number of tokens. Nothing is stored per node.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class PrefixTree:
    """A prefix tree over distinct token sequences.

    Args:
        sequences: Distinct token ids, none empty, in lexicographic order.
        first_targets: Per sequence the first position whose prediction is wanted. Tokens from there on lie in the
            sequence's own block, not on a trunk, so that their predictions are at hand.
    """

    def __init__(self, sequences: Sequence[NDArray[np.int64]], first_targets: Sequence[int]) -> None:
        self.sequences = sequences
        self.first_targets = np.array(first_targets, dtype=np.int64)
        self.lengths = np.array([len(ids) for ids in sequences], dtype=np.int64)
        self.shared = np.zeros(len(sequences), dtype=np.int64)
        for index in range(1, len(sequences)):
            self.shared[index] = common_prefix(sequences[index - 1], sequences[index])
        self._own = np.cumsum(self.lengths - self.shared)

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self.sequences)

    def size(self, low: int, high: int, depth: int) -> int:
        """Distinct tokens of sequences ``low`` to ``high`` (exclusive) below ``depth``, which all of them share."""
        return int(self.lengths[low]) - depth + int(self._own[high - 1] - self._own[low])

    def fork(self, low: int, high: int) -> tuple[int, list[tuple[int, int]]]:
        """The depth at which sequences ``low`` to ``high`` part, and the ranges they part into."""
        if high - low == 1:
            return int(self.lengths[low]), [(low, high)]
        inner = self.shared[low + 1 : high]
        depth = int(inner.min())
        cuts = [low, *(low + 1 + np.flatnonzero(inner == depth)).tolist(), high]
        return depth, list(itertools.pairwise(cuts))

    def attach(self, low: int, high: int, depth: int) -> int:
        """How much of a trunk sequences ``low`` to ``high``, equal up to ``depth``, may use: none of their targets."""
        return min(depth, int(self.first_targets[low:high].min()))


def common_prefix(left: NDArray[np.int64], right: NDArray[np.int64]) -> int:
    """Number of leading tokens that two sequences share."""
    shorter = min(len(left), len(right))
    differ = left[:shorter] != right[:shorter]
    first = int(differ.argmax()) if shorter else 0
    return first if shorter and differ[first] else shorter
