"""A pass as arrays: where each token lies, its position in its sequence, and what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from audit.engine.local.plan.passes import Block, Pass
    from audit.engine.local.plan.prefix_tree import PrefixTree


@dataclass(frozen=True)
class Layout:
    """Arrays of one pass of R rows, W columns and T cached positions of a trunk."""

    ids: NDArray[np.int64]
    """Token ids, shape (R, W); rows are filled up on the right."""
    positions: NDArray[np.int64]
    """Position of each token in its own sequence, shape (R, W)."""
    visible: NDArray[np.bool_] | None
    """Which trunk positions and columns each token sees, shape (R, W, T + W); None for the causal mask."""
    columns: dict[int, tuple[int, int, NDArray[np.int64]]]
    """Per sequence: its row, the position its first column stands for, and the columns of its tokens from there."""
    tokens: int
    """Tokens, filling not counted."""


def lay_out(work: Pass, tree: PrefixTree, pad_id: int) -> Layout:
    """Arrays of a pass."""
    sizes = [sum(block.size for block in row) for row in work.rows]
    shape = (len(work.rows), max(sizes))
    ids = np.full(shape, pad_id, dtype=np.int64)
    positions = np.zeros(shape, dtype=np.int64)
    visible = None if work.plain else np.zeros((*shape, work.reach + shape[1]), dtype=np.bool_)
    columns: dict[int, tuple[int, int, NDArray[np.int64]]] = {}
    for row, blocks in enumerate(work.rows):
        start = 0
        for block in blocks:
            for index, path, new in _paths(block, start, tree):
                depth = int(tree.lengths[index]) - len(new)
                ids[row, new] = tree.sequences[index][depth:]
                positions[row, new] = np.arange(depth, depth + len(new))
                if visible is not None:
                    visible[row, new, : block.attach] = True
                    earlier = np.arange(len(path)) <= np.arange(len(path) - len(new), len(path))[:, None]
                    visible[row, new[:, None], work.reach + path] = earlier
                columns[index] = (row, block.attach, path)
            start += block.size
        if visible is not None:  # a column that sees nothing would be NaN in some kernels, and NaN spreads
            filling = np.arange(start, shape[1])
            visible[row, filling, work.reach + filling] = True
    return Layout(ids, positions, visible, columns, sum(sizes))


def _paths(block: Block, start: int, tree: PrefixTree) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Each sequence, the columns of its tokens from the block's depth on, and the last of them, which are its own.

    What a sequence shares with the one before it lies in that one's columns.
    """
    path = np.empty(0, dtype=np.int64)
    for index in range(block.low, block.high):
        kept = 0 if index == block.low else max(int(tree.shared[index]) - block.attach, 0)
        new = np.arange(start, start + int(tree.lengths[index]) - block.attach - kept)
        path = np.concatenate([path[:kept], new])
        start += len(new)
        yield index, path, new
