"""What the attributions of a prompt are compared with: random orders, held-out masks, reassigned values.

Drawn once for all methods of a prompt; of few features everything there is. :mod:`audit.explain.faithfulness.measures`
gives the sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records.measures import BINS
from audit.explain.prompt.game import subsets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt

PAIRS = 3
"""Random orders come in pairs, one the reverse of the other: the mean of their curves varies less."""
HELD_OUT = 8
"""Random masks per pair of random orders, for the LDS."""
ALL = 8
"""Up to so many features every subset is scored, at most 256, and so every order is known."""
SHUFFLES = 499
"""Random reassignments of the values to the features; all there are where they are not many more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all attributions of one prompt are compared with; they share the scores."""

    orders: NDArray[np.int64]
    """Shape (pairs, 2, features): random orders, each followed by its reverse; all there are of few features."""
    held_out: NDArray[np.bool_]
    """Shape (masks, features): random masks; all there are of few features, as
    :func:`~audit.explain.prompt.game.subsets` numbers them."""
    shuffles: NDArray[np.int64]
    """Shape (shuffles, features): random reassignments of values; all there are, or drawn ones."""
    ties: NDArray[np.int64]
    """Shape (features,): the order among equal values."""

    @property
    def complete(self) -> bool:
        """Whether all masks are scored, and all orders compared with."""
        return len(self.ties) <= ALL

    @property
    def blocks(self) -> dict[str, NDArray[np.bool_]]:
        """Masks by what they are for; none depends on an attribution.

        Of four features, ``1`` is present::

            whole      1111                                  1 mask
            empty      0000                                  1 mask
            orders     order 2 0 3 1:  1101 0101 0100        for each order its first features gone, at each of
                       order 1 3 0 2:  1011 1010 0010        :func:`curve_steps`; nothing where all masks are held out
            held_out   random masks, or all 16

        Values come back under the same names (:func:`score_blocks`): nothing is counted off.
        """
        count = len(self.ties)
        removed = curve_steps(count)
        orders = [deleted(order, removed) for pair in self.orders for order in pair] if not self.complete else []
        return {
            "whole": np.ones((1, count), dtype=np.bool_),
            "empty": np.zeros((1, count), dtype=np.bool_),
            "orders": np.concatenate([np.zeros((0, count), dtype=np.bool_), *orders]),
            "held_out": self.held_out,
        }

    @property
    def masks(self) -> NDArray[np.bool_]:
        """All masks of :attr:`blocks`, shape (masks, features)."""
        return np.concatenate(list(self.blocks.values()))

    def own(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Masks of one attribution: its top features removed, then they alone; none where nothing is ranked."""
        count = len(values)
        if not ranks(values):
            return np.zeros((0, count), dtype=np.bool_)
        order = np.lexsort((self.ties, -values))
        removed = deleted(order, own_steps(count))
        return np.concatenate([removed, ~removed])


def plan(count: int, seed: int, pairs: int = PAIRS) -> Plan:
    """Draw what attributions over ``count`` features are compared with.

    Args:
        count: Features.
        seed: The same for all methods of a prompt, so that they meet the same orders and masks.
        pairs: Pairs of random orders; there are ``HELD_OUT`` held-out masks for each.
    """
    generator = np.random.default_rng(seed)
    ties = generator.permutation(count)
    if count <= ALL:
        return Plan(all_pairs(count), subsets(count), _shuffles(count, seed), ties)
    drawn = np.array([generator.permutation(count) for _ in range(pairs)]).reshape(pairs, count)
    held_out = np.random.default_rng([seed, 1]).random((pairs * HELD_OUT, count)) < 0.5
    return Plan(np.stack([drawn, drawn[:, ::-1]], axis=1), held_out, _shuffles(count, seed), ties)


@lru_cache(maxsize=ALL)
def all_pairs(count: int) -> NDArray[np.int64]:
    """All orders, each followed by its reverse, shape (count! / 2, 2, count)."""
    orders = np.array(list(permutations(range(count))), dtype=np.int64).reshape(-1, count)
    first = orders[orders[:, 0] < orders[:, -1]]
    return np.stack([first, first[:, ::-1]], axis=1)


def _shuffles(count: int, seed: int) -> NDArray[np.int64]:
    """All reassignments of values to features where they are few, else drawn ones, shape (shuffles, count)."""
    if count <= 6:  # 720
        return np.array(list(permutations(range(count))), dtype=np.int64)
    generator = np.random.default_rng([seed, 2])
    return np.array([np.arange(count), *(generator.permutation(count) for _ in range(SHUFFLES))], dtype=np.int64)


def score_blocks(prompt: MaskedPrompt, blocks: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.float64]]:
    """The values of named blocks of masks, nats, each under its name, in one call of the engine.

    Args:
        prompt: The game.
        blocks: Each of shape (masks, features); a block may be empty.

    Raises:
        ScorerError: A mask has no answer.
    """
    values = prompt(np.concatenate(list(blocks.values())))
    ends = np.cumsum([len(masks) for masks in blocks.values()])
    return dict(zip(blocks, np.split(values, ends[:-1]), strict=True))


def prefixes(orders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers, in :func:`subsets`, of the masks without the first features of orders, shape (…, curve steps).

    Bit i of a mask's number says whether feature i is present. Of three features, whose curve steps are 1 and 2, the
    order 2 0 1 loses first feature 2, then feature 0::

        gone                 100₂ = 4     101₂ = 5
        all are 111₂ = 7:    7 − 4 = 3    7 − 5 = 2     the masks 011₂ and 010₂

    Args:
        orders: Shape (…, features).
    """
    count = orders.shape[-1]
    gone = np.cumsum(1 << orders, axis=-1)[..., curve_steps(count) - 1]
    return np.asarray(2**count - 1 - gone)


def rationale(count: int, percent: int) -> int:
    """Features of a rationale of so many percent: rounded up, and never all of them.

    Args:
        count: Features of the prompt.
        percent: Share of them, 1 to 100.
    """
    return max(1, min(-(-count * percent // 100), count - 1))


def curve_steps(count: int) -> NDArray[np.int64]:
    """Numbers of features at which curves are taken: 20, 50, 80 %, symmetric about half of all features."""
    fifth, half = rationale(count, 20), rationale(count, 50)
    return np.unique([fifth, half, count - half, count - fifth]) if count > 1 else np.zeros(0, dtype=np.int64)


def own_steps(count: int) -> NDArray[np.int64]:
    """Numbers of features at which an attribution is measured: those of the curves and ERASER's bins."""
    return np.union1d(curve_steps(count), [rationale(count, bin_) for bin_ in BINS])


def deleted(order: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Masks without the first features of an order, shape (steps, features).

    Args:
        order: Shape (features,): indices, the first to go first.
        steps: Numbers of features that are gone.
    """
    rank = np.argsort(order)
    masks: NDArray[np.bool_] = rank >= steps[:, None]
    return masks


def ranks(values: NDArray[np.float64]) -> bool:
    """Whether values put the features into any order."""
    return len(values) > 1 and float(np.ptp(values)) > 0
