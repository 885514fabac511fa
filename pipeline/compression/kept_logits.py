"""The original's logits on disk, so that it and a compressed checkpoint need not be in memory together."""

from __future__ import annotations

import tempfile
from itertools import accumulate
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from numpy.typing import NDArray

MOST_BYTES = 4 * 2**30
"""Of the file."""


class KeptLogits:
    """A temporary file of float32 logits, row after row; it is gone when the block ends.

    Args:
        rows: Positions of each item.
        width: Size of the vocabulary.
    """

    def __init__(self, rows: Sequence[int], width: int) -> None:
        self._starts = [0, *accumulate(rows)]
        self._file = tempfile.TemporaryFile(prefix="audit-logits-")  # noqa: SIM115 - closed when the block ends
        shape = (max(1, self._starts[-1]), width)
        self._rows = np.memmap(self._file, dtype=np.float32, mode="w+", shape=shape)
        self.there: set[int] = set()

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the file."""
        del self._rows
        self._file.close()

    def keep(self, item: int, logits: NDArray[np.float32]) -> None:
        """Store the logits of an item, shape (its positions, vocabulary)."""
        self._rows[self._starts[item] : self._starts[item + 1]] = logits
        self.there.add(item)

    def of(self, item: int) -> NDArray[np.float32]:
        """The logits of an item that was stored."""
        return np.asarray(self._rows[self._starts[item] : self._starts[item + 1]])


def fitting_items(rows: Sequence[int], width: int) -> int:
    """How many of the first items fit into the file.

    Args:
        rows: Positions of each item.
        width: Size of the vocabulary.
    """
    most = MOST_BYTES // (4 * width)
    return sum(total <= most for total in accumulate(rows))
