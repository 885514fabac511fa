"""Shapley and Owen values against brute force over all subsets and games whose values are known in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records.measures import ROUNDING
from audit.explain.attribute import prepare
from audit.explain.methods.perturbation import kernel_shap, shap_partition, shapley, shapley_exact
from tests.explain.games import TEXT, Simulated

if TYPE_CHECKING:
    from audit.engine import Engine

ADDITIVE = [
    shapley.attribute,
    *(pytest.param(module.attribute, marks=pytest.mark.slow) for module in (shap_partition, kernel_shap)),
]


@pytest.mark.slow
@pytest.mark.parametrize("method", ADDITIVE)
@pytest.mark.parametrize("against", [None, " sleeps"])
def test_values_sum_to_the_difference_of_whole_and_empty_prompt(tiny: Engine, method: Any, against: str | None) -> None:
    prompt = prepare(tiny, TEXT, " jumps", against=against, max_features=48)
    found = method(prompt, seed=4)
    assert sum(found.values) == pytest.approx(prompt.full - prompt.empty, abs=1e-6)
    alone = [prepare(tiny, TEXT, text, max_features=48).full for text in (" jumps", against) if text]
    wanted = alone[0] - sum(alone[1:])
    assert sum(found.values) + prompt.empty == pytest.approx(wanted, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("largest", [3, 5])
def test_sampled_values_lie_in_their_intervals(largest: int) -> None:
    """Each interval is to hold its value in 95 of 100 games; 300 games of 8 to 20 features."""
    inside, pairs = [], []
    for seed in range(300):
        count = 8 + seed % 13
        game = Simulated(seed, count, 3 * count, largest)
        found = shapley.attribute(game, seed)
        assert found.intervals is not None
        low, high = found.intervals.T
        inside += [*((low <= game.exact) & (game.exact <= high))]
        pairs.append(game.rows / (2 * (count + 1)))
        assert sum(found.values) == pytest.approx(sum(game.exact), abs=1e-9)
    assert np.mean(inside) >= 0.95
    assert min(pairs) >= 2 * shapley.ROUND
    assert len(set(pairs)) > 3  # it stops when it knows, not at the budget


def test_sampling_stops_within_its_budget() -> None:
    game = Simulated(0, 40, 400, 8)
    found = shapley.attribute(game, 0)
    assert game.rows <= shapley.BUDGET + 2 * shapley.ROUND * 41
    assert found.note is not None
    assert found.note.endswith(("is stable", "the budget is spent"))


def test_products_of_two_cost_one_pair_of_orders() -> None:
    """Where only pairs of features interact, an order and its reverse average to the exact values."""
    game = Simulated(5, 15, 60, 2)
    found = shapley.contributions(game, shapley.draw(np.random.default_rng(0), 15, 1))
    np.testing.assert_allclose(found[0, 0], game.exact, atol=1e-9)


def test_the_design_is_what_is_asked_for_first() -> None:
    asked: list[bytes] = []

    class Listening(Simulated):
        def outputs(self, masks: np.ndarray) -> np.ndarray:
            asked.extend(mask.tobytes() for mask in masks)
            return super().outputs(masks)

    shapley.attribute(Listening(1, 14, 40, 4), seed=8)
    design = [mask.tobytes() for mask in shapley.design(14, seed=8)]
    assert asked[: len(design)] == design


@pytest.mark.parametrize("count", [2, 6, 7, 8, 9])
def test_few_features_are_enumerated(count: int) -> None:
    game = Simulated(2, count, 30, count)
    found = shapley.attribute(game, 0)
    np.testing.assert_allclose(found.values, game.exact, atol=1e-9)
    np.testing.assert_allclose(found.values, shapley_exact.attribute(game, 0).values, atol=1e-9)
    assert game.rows == 2 * 2**count <= 2 * shapley.BUDGET
    assert found.note == f"exact: all {2**count} subsets were scored"
    assert found.intervals is not None
    np.testing.assert_allclose(np.diff(found.intervals), 2 * ROUNDING)
    np.testing.assert_array_equal(shapley.design(count, 0), shapley.design(count, 1))
