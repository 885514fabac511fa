"""From a prefix tree to passes: which tokens go through the model together.

Two things can be shared. A *block* is a subtree laid into one row: its tokens are there once, and a mask lets each
see its own ancestors only. A *trunk* is a long prefix whose keys and values are computed once and kept; blocks
attach to it at any depth. Which of the two serves a subtree is decided by modelled cost
(:mod:`audit.engine.local.plan.cost`). Where neither saves anything a block is a single sequence, and a pass of such
blocks is plain batching.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from audit.engine.local.plan.cost import Budget, Cost
    from audit.engine.local.plan.prefix_tree import PrefixTree

WIDTHS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0)
"""Row widths that are tried for packed blocks, in sizes of the largest."""
MANY_BLOCKS = 4096
"""Number of blocks beyond which one width is tried: planning must take negligible time."""
OPEN_ROWS = 64
"""Rows that a block may still be put into while others are filled: bounds the time of packing."""


@dataclass(frozen=True)
class Trunk:
    """A prefix whose keys and values are computed once."""

    ids: tuple[int, ...]
    """Its tokens, from the first."""
    parent: Trunk | None = None
    """The trunk it branches off."""
    start: int = 0
    """How many tokens it shares with its parent."""


@dataclass(frozen=True)
class Block:
    """Sequences ``low`` to ``high`` of the tree, from depth ``attach`` on."""

    low: int
    high: int
    attach: int
    size: int
    """Distinct tokens."""


Placed = tuple["Trunk | None", Block]


@dataclass(frozen=True)
class Pass:
    """One call of the model: rows of blocks on a trunk."""

    trunk: Trunk | None
    rows: tuple[tuple[Block, ...], ...]
    reach: int = 0
    """Maximum number of trunk positions that any of its blocks sees; later ones are left out."""

    @property
    def plain(self) -> bool:
        """Whether each row is one whole sequence, so that the model's own causal mask serves."""
        return self.trunk is None and all(len(row) == 1 and row[0].high - row[0].low == 1 for row in self.rows)

    @property
    def width(self) -> int:
        """Columns: tokens of the longest row."""
        return max(_width(row) for row in self.rows)

    def halves(self, tree: PrefixTree) -> list[Pass]:
        """The same work in two passes: rows, then blocks, then sequences apart; none for a single sequence."""
        rows = self.rows if len(self.rows) > 1 else tuple((block,) for block in self.rows[0])
        if len(rows) == 1:
            (block,) = rows[0]
            middle = (block.low + block.high) // 2
            parts = [(block.low, middle), (middle, block.high)] if middle > block.low else []
            rows = tuple((Block(*part, block.attach, tree.size(*part, block.attach)),) for part in parts)
        half = len(rows) // 2
        return [replace(self, rows=rows[:half]), replace(self, rows=rows[half:])] if half else []

    @property
    def members(self) -> Iterator[int]:
        """Sequences of the tree that it answers."""
        for row in self.rows:
            for block in row:
                yield from range(block.low, block.high)


def plan(tree: PrefixTree, cost: Cost, budget: Budget, *, share: bool = True, alone: int | None = None) -> list[Pass]:
    """The passes that compute every sequence of ``tree``.

    Args:
        tree: The sequences.
        cost: Decides between sharing in a row, sharing a trunk, and not sharing.
        budget: What fits into a pass; one block may be larger.
        share: False batches whole sequences; ``alone`` is only for those.
        alone: Sequences longer than this make a pass each.
    """
    if share and len(tree):
        planners = [_Planner(tree, cost, budget, wide=wide) for wide in (False, True)]
        ways = [planner.grow(0, len(tree), 0, None)[1] for planner in planners]
        plans = [_passes(placed, cost, budget, alone) for placed in (ways if ways[0] != ways[1] else ways[:1])]
        return min(plans, key=lambda passes: sum(price_of(passes, cost)))  # of equal ones the first
    return _passes([(None, Block(i, i + 1, 0, int(tree.lengths[i]))) for i in range(len(tree))], cost, budget, alone)


def _passes(placed: Sequence[Placed], cost: Cost, budget: Budget, alone: int | None) -> list[Pass]:
    """Passes of blocks that have been placed."""
    together: dict[Trunk | None, list[Block]] = defaultdict(list)
    passes: list[Pass] = []
    for trunk, block in placed:
        if alone is not None and block.size > alone:
            passes.append(Pass(trunk, ((block,),)))
        else:
            together[trunk].append(block)
    return passes + [done for trunk, blocks in together.items() for done in _compose(trunk, blocks, cost, budget)]


def price_of(passes: Sequence[Pass], cost: Cost) -> list[float]:
    """Modelled cost of each pass; the first one on a trunk pays for computing it."""
    seen: set[Trunk] = set()
    prices = []
    for work in passes:
        price, trunk = float(cost.of_pass(len(work.rows), work.width, work.reach)), work.trunk
        while trunk is not None and trunk not in seen:
            seen.add(trunk)
            price += float(cost.of_pass(1, len(trunk.ids) - trunk.start, trunk.start))
            trunk = trunk.parent
        prices.append(price)
    return prices


@dataclass(frozen=True)
class _Branch:
    """Sequences ``low`` to ``high`` of the tree, which leave a path at ``depth``."""

    low: int
    high: int
    depth: int
    is_large: bool
    """Whether it is too much for one row, and has something to share."""


class _Planner:
    """Walks the tree from the root and places every sequence in a block.

    Args:
        tree: The sequences.
        cost: Decides between two ways.
        budget: What fits into a pass.
        wide: Whether a block may be larger than rows are packed. A trunk for each of many items is a pass each, which
            costs a GPU more than attention among all tokens of an item.
    """

    def __init__(self, tree: PrefixTree, cost: Cost, budget: Budget, *, wide: bool) -> None:
        self.tree = tree
        self.cost = cost
        self.budget = budget
        self.wide = wide
        self.capacity = min(cost.capacity, _widest(budget))

    def grow(self, low: int, high: int, base: int, trunk: Trunk | None) -> tuple[float, list[Placed]]:
        """Modelled cost and blocks of a range that may use the first ``base`` tokens of ``trunk``; 0 without one."""
        rows = self._in_rows(low, high, base, self.capacity)
        flat = self._cost(rows), [(trunk, block) for block in rows]
        if len(rows) == 1:
            return flat
        options = [flat, self._on_trunk(low, high, base, trunk)]
        if self.wide:
            rows = self._in_rows(low, high, base, _widest(self.budget))
            options.append((self._cost(rows), [(trunk, block) for block in rows]))
        return min(options, key=lambda option: option[0])

    def _in_rows(self, low: int, high: int, base: int, most: int) -> list[Block]:
        """Neighbours share a block of at most this size while that saves more than the attention among them costs."""
        tree, cost = self.tree, self.cost
        bounds, start, size = [], low, int(tree.lengths[low]) - base
        for index in range(low + 1, high):
            shared = int(tree.shared[index])
            new = int(tree.lengths[index]) - shared
            gain = (shared - base) * cost.token - 2 * size * new * cost.pair
            if gain > 0 and size + new <= most:
                size += new
            else:
                bounds.append((start, index))
                start, size = index, int(tree.lengths[index]) - base
        bounds.append((start, high))
        return [self._block(first, last, base) for first, last in bounds]

    def _on_trunk(self, low: int, high: int, base: int, trunk: Trunk | None) -> tuple[float, list[Placed]]:
        """Modelled cost and blocks of a range with its heaviest path as a trunk.

        What leaves the path becomes a block on the trunk, or grows further trunks where it is large::

            trunk ──┬── A B C ──┬── D E ──┬── F
                    │           │         └── G      blocks at the depths at which they leave the path
                    │           └── H
                    └── I J K …                      large: planned from here like the whole
        """
        tip, branches = self._heaviest_path(low, high)
        reach = max(self.tree.attach(branch.low, branch.high, branch.depth) for branch in branches)
        grown, price = trunk, 0.0
        if reach > base:
            ids = tuple(self.tree.sequences[tip][:reach].tolist())
            grown = Trunk(ids, trunk, base)
            price = self.cost.of_pass(1, reach - grown.start, grown.start)
        blocks = [self._block(b.low, b.high, b.depth) for b in branches if not b.is_large]
        further: list[Placed] = []
        for branch in branches:
            if branch.is_large:
                # Where a target comes early, the trunk ends before the branch does.
                more, theirs = self.grow(branch.low, branch.high, min(branch.depth, reach), grown)
                if self.wide and all(on is grown for on, _ in theirs):
                    blocks += [block for _, block in theirs]  # they share passes with the others on this trunk
                else:
                    price += more
                    further += theirs
        price += self._cost(blocks) if blocks else 0.0
        return price, [(grown, block) for block in blocks] + further

    def _heaviest_path(self, low: int, high: int) -> tuple[int, list[_Branch]]:
        """From the root of a range into the heaviest branch at each fork, as long as that one is large.

        Returns:
            A sequence that holds the whole path, and everything that leaves the path, at its end all that is left.
        """
        found: list[_Branch] = []
        while True:
            depth, ranges = self.tree.fork(low, high)
            weights = [self.tree.size(*part, depth) for part in ranges]
            branches = [
                _Branch(*part, depth, self._is_large(*part, weight))
                for part, weight in zip(ranges, weights, strict=True)
            ]
            heaviest = max(range(len(branches)), key=weights.__getitem__)
            if not branches[heaviest].is_large:
                return low, found + branches
            found += branches[:heaviest] + branches[heaviest + 1 :]
            low, high = ranges[heaviest]

    def _is_large(self, low: int, high: int, weight: int) -> bool:
        """Whether a range with this many tokens is too much for one row and has something to share."""
        return high - low > 1 and weight > self.capacity

    def _block(self, low: int, high: int, depth: int) -> Block:
        """The block of a range, attached as deep as its targets allow."""
        attach = self.tree.attach(low, high, depth)
        return Block(low, high, attach, self.tree.size(low, high, attach))

    def _cost(self, blocks: Sequence[Block]) -> float:
        """Modelled cost of blocks on one trunk."""
        return self.cost.blocks([(block.size, block.attach) for block in blocks], self.budget)


def _compose(trunk: Trunk | None, blocks: Iterable[Block], cost: Cost, budget: Budget) -> Iterator[Pass]:
    """Passes of blocks on one trunk: plain ones of single sequences, packed ones of the rest."""
    largest_first = sorted(blocks, key=lambda block: (-block.size, block.low))
    alone = [block for block in largest_first if trunk is None and block.high - block.low == 1]
    packed = [block for block in largest_first if trunk is not None or block.high - block.low > 1]
    yield from _in_passes(None, [(block,) for block in alone], cost, budget)
    if packed:
        options = [_in_passes(trunk, _pack(packed, width), cost, budget) for width in _widths(packed, budget)]
        yield from min(options, key=lambda passes: sum(cost.of_pass(len(p.rows), p.width, p.reach) for p in passes))


def _widest(budget: Budget) -> int:
    """Columns that a packed row may have."""
    return budget.tokens if budget.width is None else min(budget.tokens, budget.width)


def _widths(blocks: Sequence[Block], budget: Budget) -> list[int]:
    """Row widths to be tried: wide rows copy a trunk less often and leave less empty, narrow ones mask less."""
    largest, total = max(block.size for block in blocks), sum(block.size for block in blocks)
    most = max(largest, min(total, _widest(budget)))
    factors = WIDTHS if len(blocks) <= MANY_BLOCKS else WIDTHS[:1]
    return sorted({min(int(factor * largest), most) for factor in factors})


def _in_passes(trunk: Trunk | None, rows: Iterable[tuple[Block, ...]], cost: Cost, budget: Budget) -> list[Pass]:
    """Cut rows into passes of least modelled cost.

    Rows that see equally much of the trunk and are equally wide belong together, so they are put in that order, and
    a pass is a run of neighbours. With ``least[e]`` the cost of the first ``e`` rows::

        least[0] = 0
        least[e] = min over f < e of least[f] + cost of rows f … e - 1 as one pass

    where a pass of several rows must fit into the budget. ``cuts[e]`` is the best f; the passes are read off from the
    end. Example: rows of 10, 9 and 3 tokens and a budget of 20. ``least[3]`` is the cheaper of {10} {9 3} and
    {10 9} {3}; all three in one pass would take 3 x 10 positions.
    """
    order = sorted(rows, key=lambda row: (_reach(row), -_width(row)))
    reaches = [_reach(row) for row in order]
    widths = np.array([_width(row) for row in order])
    least = np.zeros(len(order) + 1)
    cuts = [0] * (len(order) + 1)
    for end in range(1, len(order) + 1):
        reach = reaches[end - 1]  # of rows that see less, too: the order says so
        first = max(0, end - budget.rows(int(widths[end - 1]), reach))
        widest = np.maximum.accumulate(widths[first:end][::-1])  # of the last row, the last two, …
        count = np.arange(1, len(widest) + 1)
        fits = (count == 1) | (count * widest <= budget.tokens)
        if reach:
            fits &= (count == 1) | (count * (reach + widest) <= budget.cached)
        prices = np.where(fits, least[first:end][::-1] + cost.of_pass(count, widest, reach), np.inf)
        best = int(prices.argmin())  # of prices from f = end - 1 down to f = first
        least[end], cuts[end] = prices[best], end - 1 - best
    passes, end = [], len(order)
    while end:
        passes.append(Pass(trunk, tuple(order[cuts[end] : end]), reaches[end - 1]))
        end = cuts[end]
    return passes[::-1]


def _reach(row: Sequence[Block]) -> int:
    """Positions of the trunk that some block of a row sees."""
    return max(block.attach for block in row)


def _width(row: Sequence[Block]) -> int:
    """Tokens of a row."""
    return sum(block.size for block in row)


def _pack(blocks: Sequence[Block], width: int) -> list[tuple[Block, ...]]:
    """Blocks, largest first, into rows of at most ``width`` tokens; a row takes what first fits."""
    rows: list[list[Block]] = []
    room: list[int] = []
    for block in blocks:
        for row in range(max(0, len(rows) - OPEN_ROWS), len(rows)):
            if room[row] >= block.size:
                rows[row].append(block)
                room[row] -= block.size
                break
        else:
            rows.append([block])
            room.append(width - block.size)
    return [tuple(row) for row in rows]
