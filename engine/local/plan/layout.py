"""A pass as arrays: where each token lies, its position in its sequence, and what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from audit.engine.local.plan.passes import Block, Pass
    from audit.engine.local.plan.prefix_tree import PrefixTree


class Place(NamedTuple):
    """Where a sequence lies in a pass: its first ``attach`` tokens on the trunk, the others in a row."""

    row: int
    attach: int
    """Position of the first token that lies in the row; 0 without a trunk."""
    columns: NDArray[np.int64]
    """Column of each token from there on."""

    def predicting(self, first: int, count: int) -> NDArray[np.int64]:
        """Columns of ``count`` tokens from position ``first`` on; what follows each is predicted there."""
        return self.columns[first - self.attach : first - self.attach + count]


@dataclass(frozen=True)
class Layout:
    """Arrays of one pass of R rows, W columns and T cached positions of a trunk."""

    ids: NDArray[np.int64]
    """Token ids, shape (R, W); rows are padded on the right."""
    positions: NDArray[np.int64]
    """Position of each token in its own sequence, shape (R, W)."""
    attach: NDArray[np.int64]
    """How many positions of the trunk each token sees, shape (R, W)."""
    last: NDArray[np.int64]
    """The last column that sees each token, shape (R, W). Columns are in the order of a walk through the prefix tree:
    all from a token's own to this one descend from it, and no others do."""
    reach: int
    """T."""
    plain: bool
    """Whether the model's own causal mask serves: each row is one whole sequence."""
    places: dict[int, Place]
    """Where each sequence lies, by its number in the tree."""
    tokens: int
    """Number of tokens, without padding."""

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which trunk positions and columns each token sees, shape (R, W, T + W)."""
        before, columns = np.arange(self.reach), np.arange(self.ids.shape[1])
        return np.concatenate(seen_by(self.attach, self.last, before, columns), axis=2)


def seen_by(attach: Any, last: Any, before: Any, columns: Any) -> tuple[Any, Any]:  # noqa: ANN401 - NumPy's or torch's
    """Which positions of the trunk, shape (R, W, T), and which columns, shape (R, W, W), each token sees.

    Args:
        attach: See :class:`Layout`; an array of NumPy or of torch, as are the others.
        last: See :class:`Layout`.
        before: 0 … T - 1.
        columns: 0 … W - 1.
    """
    later = columns[None, :, None]
    return before[None, None] < attach[:, :, None], (columns[None, None] <= later) & (later <= last[:, None])


def lay_out(work: Pass, tree: PrefixTree, pad_id: int) -> Layout:
    """Arrays of a pass.

    Example: a trunk ``The cat`` and one block with the sequences ``The cat sat down`` and ``The cat sat up now``::

        trunk        row 0
        The  cat  |  sat  down  up  now
         0    1   |   2    3    3    4     positions
                  |   0    1    2    3     columns

    Both sequences attach at 2. The first has the columns 0 1, the second 0 2 3: ``sat`` is there once. ``now`` sees
    the trunk and the columns 0, 2 and 3, so that it does not see ``down``.

    Args:
        work: The pass.
        tree: The sequences.
        pad_id: Fills rows that are shorter than the longest.
    """
    sizes = [sum(block.size for block in row) for row in work.rows]
    shape = (len(work.rows), max(sizes))
    layout = Layout(
        ids=np.full(shape, pad_id, dtype=np.int64),
        positions=np.zeros(shape, dtype=np.int64),
        attach=np.zeros(shape, dtype=np.int64),
        # Padding sees itself: a column that sees nothing is NaN in some kernels, and NaN spreads.
        last=np.tile(np.arange(shape[1]), (shape[0], 1)),
        reach=work.reach,
        plain=work.plain,
        places={},
        tokens=sum(sizes),
    )
    for row, blocks in enumerate(work.rows):
        start = 0
        for block in blocks:
            for index, columns, known in _columns(block, start, tree):
                layout.places[index] = Place(row, block.attach, columns)
                _write(layout, layout.places[index], tree.sequences[index], known)
            start += block.size
    return layout


def _columns(block: Block, start: int, tree: PrefixTree) -> Iterator[tuple[int, NDArray[np.int64], int]]:
    """Each sequence of a block, the columns of its tokens from the block's depth on, and how many of those are known.

    The first ``known`` columns are those of the sequence before it, with which it shares these tokens; the others are
    the next free ones of the row, from ``start`` on.
    """
    columns = np.empty(0, dtype=np.int64)
    for index in range(block.low, block.high):
        known = 0 if index == block.low else max(int(tree.shared[index]) - block.attach, 0)
        new = np.arange(start, start + int(tree.lengths[index]) - block.attach - known)
        columns = np.concatenate([columns[:known], new])
        start += len(new)
        yield index, columns, known


def _write(layout: Layout, place: Place, ids: NDArray[np.int64], known: int) -> None:
    """Fill in the columns that a sequence is the first to use: all but the ``known`` ones."""
    row, attach, columns = place
    new = columns[known:]
    if len(new):  # they are neighbours
        first, end = int(new[0]), int(new[-1]) + 1
        layout.ids[row, first:end] = ids[attach + known :]
        layout.positions[row, first:end] = np.arange(attach + known, len(ids))
        layout.attach[row, first:end] = attach
    layout.last[row, columns] = columns[-1]
