"""Searches for subsets that differ: statistics by other formulas, p-values by all permutations, planted differences."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest

from audit.stats.subgroups.search import _permuted, codes_of, is_clustered, is_comparable, search

VALUES = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0])
SUBSETS = np.array([[1, 1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 0]], dtype=np.bool_)


def step_down(observed: Any, drawn: Any) -> list[float]:
    """Westfall and Young's algorithm 4.1, with all arrangements (rows of ``drawn``)."""
    order, found, floor = np.argsort(-observed), np.zeros(len(observed)), 0.0
    for rank, place in enumerate(order):
        largest = drawn[:, order[rank:]].max(axis=1)
        floor = max(floor, float(np.mean(largest >= observed[place] - 1e-6)))
        found[place] = floor
    return found.tolist()


def test_independent_items_are_tested_by_permutations_of_their_values() -> None:
    found = search(VALUES, [None] * 7, SUBSETS, seed=3, permutations=8_000)
    correlations = np.array([np.corrcoef(row, VALUES)[0, 1] for row in SUBSETS])
    assert found.statistics == pytest.approx((np.sqrt(6) * correlations).tolist(), abs=0.03)
    every = np.array(list(permutations(VALUES)))
    centred, rows = every - VALUES.mean(), SUBSETS - SUBSETS.mean(axis=1, keepdims=True)
    drawn = np.abs(centred @ rows.T) / np.sqrt(np.sum((VALUES - VALUES.mean()) ** 2) * np.sum(rows**2, axis=1) / 6)
    assert found.p_values == pytest.approx(step_down(np.sqrt(6) * np.abs(correlations), drawn), abs=0.02)
    assert found.critical == pytest.approx(np.quantile(drawn.max(axis=1), 0.95), abs=0.05)


@pytest.mark.slow
def test_clusters_are_permuted_as_a_whole() -> None:
    """All 3! · 2! exchanges of clusters of two items and of one, and all rotations of the pairs."""
    clusters = ["a", "a", "b", "b", "c", "c", None]
    values = np.append(VALUES, 2.5)
    subsets = np.column_stack([SUBSETS, [True, False, False]])
    found = search(values, [*clusters, None], subsets, seed=3, permutations=8_000)
    pairs, singles = [values[0:2], values[2:4], values[4:6]], values[6:]
    every = np.array(
        [
            np.concatenate([*(np.roll(pair, turn) for pair, turn in zip(order, turns, strict=True)), rest])
            for order in permutations(pairs)
            for turns in product([0, 1], repeat=3)
            for rest in permutations(singles)
        ]
    )
    sums = every @ (subsets - subsets.mean(axis=1, keepdims=True)).T
    drawn = np.abs(sums - sums.mean(axis=0)) / sums.std(axis=0)
    place = next(i for i, row in enumerate(every) if (row == values).all())
    assert np.abs(found.statistics) == pytest.approx(drawn[place], abs=0.05)
    assert found.p_values == pytest.approx(step_down(drawn[place], drawn), abs=0.02)


def test_clusters_of_similar_size_are_exchanged_and_a_lonely_size_stays() -> None:
    values, codes = np.arange(8, dtype=np.float32), np.array([0, 0, 1, 1, 1, 2, 2, 2])
    alone = np.append(codes, [3] * 8)
    (rows,) = _permuted(np.arange(16, dtype=np.float32), alone, np.random.default_rng(1), 200)
    assert all(sorted(row[8:]) == list(range(8, 16)) for row in rows)  # only rotated
    groups = [set(values[codes == code]) for code in range(3)]
    for row in rows:
        parts = [set(row[:8][codes == code]) for code in range(3)]
        assert all(any(part <= group for group in groups) for part in parts)
    assert len({tuple(row[:2]) for row in rows}) == 2 + 3 + 3  # neighbours in each group, by rotation


def test_the_confidence_of_intervals_is_that_of_the_critical_value() -> None:
    found = search(VALUES, [None] * 7, SUBSETS, seed=3, permutations=100)
    wide = type(found)(found.statistics, found.p_values, 1.959964)
    assert wide.confidence == pytest.approx(0.95, abs=1e-6)


def test_batches_of_permutations_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = search(VALUES, [None] * 7, SUBSETS, seed=3, permutations=50)
    monkeypatch.setattr("audit.stats.subgroups.search.BATCH_VALUES", 7 * 20)
    assert search(VALUES, [None] * 7, SUBSETS, seed=3, permutations=50) == whole


def test_equal_values_find_nothing() -> None:
    found = search([1.0] * 7, [None] * 7, SUBSETS, seed=3, permutations=50)
    assert (np.abs(found.statistics).tolist(), found.p_values) == ([0.0] * 3, [1.0] * 3)


def test_subsets_need_items_and_clusters_on_both_sides() -> None:
    half = np.arange(20) < 10
    assert is_comparable(half, None)
    assert not is_comparable(np.arange(20) < 9, None)
    assert not is_comparable(np.arange(20) < 11, None)
    assert is_comparable(half, np.arange(20) // 2)
    assert not is_comparable(half, np.minimum(np.arange(20) // 2, 8))  # four clusters outside
    assert is_clustered(["a", None, "a"])
    assert not is_clustered(["a", None, "b", None])
    assert codes_of(["a", None, "a", None]).tolist() == [0, 1, 0, 2]


def test_a_search_needs_subsets_of_its_items() -> None:
    with pytest.raises(ValueError, match="0 subsets"):
        search(VALUES, [None] * 7, SUBSETS[:0], seed=1)
    with pytest.raises(ValueError, match="3 subsets of 6 items for 7 values"):
        search(VALUES, [None] * 7, SUBSETS[:, :6], seed=1)


@pytest.mark.slow
def test_planted_groups_are_found_and_chance_is_not() -> None:
    """400 items, 20 groups: 25 points more errors in a quarter; the simulation in full is a benchmark."""
    found, false = 0, 0
    for repeat in range(100):
        generator = np.random.default_rng(repeat)
        subsets = generator.random((20, 400)) < 0.25
        draws = generator.random(400)
        planted = search(draws < 0.3 + 0.25 * subsets[0], [None] * 400, subsets, seed=repeat, permutations=200)
        found += planted.p_values[0] <= 0.05
        false += min(search(draws < 0.3, [None] * 400, subsets, seed=repeat, permutations=200).p_values) <= 0.05
    assert found >= 90
    assert false <= 11  # 99.5 % of a binomial distribution of 100 at 5 %


def test_the_unit_of_the_values_does_not_matter() -> None:
    found = [search(VALUES * scale, [None] * 7, SUBSETS, seed=3, permutations=500) for scale in (1, 1e-9, 1e30)]
    for other in found[1:]:
        assert other.statistics == pytest.approx(found[0].statistics, rel=1e-3)
        assert other.p_values == pytest.approx(found[0].p_values, abs=0.01)
