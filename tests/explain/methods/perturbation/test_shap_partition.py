"""Owen values against the mean over all orders that the tree allows."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from audit.explain.methods.perturbation import shap_partition, shapley
from tests.explain.games import Simulated


def test_the_tree_joins_neighbours() -> None:
    from scipy.cluster.hierarchy import is_valid_linkage, leaves_list

    for count in (2, 3, 7, 16):
        made = shap_partition.tree(count)
        assert is_valid_linkage(made)
        assert list(leaves_list(made)) == list(range(count))


@pytest.mark.slow
def test_partition_gives_owen_values() -> None:
    """Owen's mean over those orders in which the features of a branch join one after the other."""
    game = Simulated(7, 6, 25, 5)

    def orders(start: int, end: int) -> list[tuple[int, ...]]:
        if end - start == 1:
            return [(start,)]
        middle = (start + end + 1) // 2
        halves = [orders(start, middle), orders(middle, end)]
        return [a + b for one, two in permutations(halves) for a in one for b in two]

    every = np.array(orders(0, 6))
    added = np.zeros(6)
    for order in every:
        np.add.at(added, order, np.diff(game(shapley.masks(order))))
    np.testing.assert_allclose(shap_partition.attribute(game, seed=0).values, added / len(every), atol=1e-9)
