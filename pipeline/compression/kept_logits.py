"""The original's logits on disk, so that it and a compressed checkpoint need not be in memory together."""

from __future__ import annotations

import os
import tempfile
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from audit.core.errors import WriteError
from audit.core.formatting import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from numpy.typing import NDArray

MOST_BYTES = 4 * 2**30
"""Of the file."""


class KeptLogits:
    """A temporary file of float32 logits, row after row; it is gone when the block ends, or the process, however.

    Rows are written and read rather than mapped into memory: a full disk is then an error and no signal that ends the
    process.

    Args:
        rows: Positions of each item.
        width: Size of the vocabulary.

    Raises:
        WriteError: There can be no temporary file.
    """

    def __init__(self, rows: Sequence[int], width: int) -> None:
        self._rows, self._width = rows, width
        self._starts = [0, *accumulate(rows)]
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="audit-logits-", buffering=0)  # noqa: SIM115 - closed when the block ends
        except OSError as error:
            raise self._no_room(error) from error
        self.there: set[int] = set()

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the file."""
        self._file.close()

    def keep(self, item: int, logits: NDArray[np.float32]) -> None:
        """Store the logits of an item, shape (its positions, vocabulary).

        Raises:
            WriteError: The disk takes no more.
        """
        left = memoryview(logits.astype(np.float32).tobytes())
        try:
            self._file.seek(self._place(item))
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise self._no_room(error) from error
        self.there.add(item)

    def of(self, item: int) -> NDArray[np.float32]:
        """The logits of an item that was stored."""
        self._file.seek(self._place(item))
        found = self._file.read(self._rows[item] * self._width * 4)
        return np.frombuffer(found, dtype=np.float32).reshape(self._rows[item], self._width)

    def _place(self, item: int) -> int:
        """Where in the file an item begins."""
        return self._starts[item] * self._width * 4

    def _no_room(self, error: OSError) -> WriteError:
        """That the file cannot be written, and what to do."""
        size = size_text(self._starts[-1] * self._width * 4)
        return WriteError(
            f"the original's logits need {size} of room for temporary files ({os.strerror(error.errno or 0)}): free "
            "some, set TMPDIR to another folder, or ask for fewer --items",
            tempfile.tempdir,
        )


def fitting_items(rows: Sequence[int], width: int) -> int:
    """How many of the first items fit into the file.

    Args:
        rows: Positions of each item.
        width: Size of the vocabulary.
    """
    most = MOST_BYTES // (4 * width)
    return sum(total <= most for total in accumulate(rows))
