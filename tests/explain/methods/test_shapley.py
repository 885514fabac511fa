"""Shapley and Owen values against brute force over all subsets and games whose values are known in closed form."""

from __future__ import annotations

from itertools import combinations, permutations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import UsageError
from audit.core.records import Attribution
from audit.explain.attribute import attribute_all, prepare
from audit.explain.methods import kernel_shap, shap_partition, shapley, shapley_exact
from audit.explain.methods.registry import METHODS
from audit.explain.prompt.game import MaskedPrompt
from tests.explain.test_perturbation import TEXT, naive_game

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine

ADDITIVE = [
    shapley.attribute,
    *(pytest.param(module.attribute, marks=pytest.mark.slow) for module in (shap_partition, kernel_shap)),
]


class Simulated(MaskedPrompt):
    """A game without a checkpoint: sums of products of features, with one output token.

    The Shapley value of a product is its weight divided evenly among its features (Shapley 1953; Harsanyi's
    dividends), so those of the game are known.
    """

    def __init__(self, seed: int, count: int, products: int, largest: int) -> None:
        draw = np.random.default_rng(seed)
        self.features: Any = range(count)
        sizes = draw.integers(1, largest + 1, products)
        self.products = [(draw.choice(count, size, replace=False), draw.normal()) for size in sizes]
        self.weights = np.ones(1)
        self.rows = 0

    def outputs(self, masks: np.ndarray) -> np.ndarray:
        self.rows += len(masks)
        return sum(weight * masks[:, held].all(axis=1) for held, weight in self.products)[:, None]

    @property
    def exact(self) -> np.ndarray:
        values = np.zeros(len(self.features))
        for held, weight in self.products:
            values[held] += weight / len(held)
        return values


def brute_force(count: int, value: Callable[[list[int]], float]) -> list[float]:
    """Lundberg and Lee's equation 4, subset by subset."""
    known = {subset: value(list(subset)) for size in range(count + 1) for subset in combinations(range(count), size)}
    return [
        sum(
            (known[tuple(sorted((*chosen, i)))] - known[chosen]) / (count * comb(count - 1, size))
            for size in range(count)
            for chosen in combinations([j for j in range(count) if j != i], size)
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "qwen3", "mamba"])
def test_enumeration_equals_brute_force_on_many_architectures(build: Any, architecture: str) -> None:
    engine = build(architecture)
    prompt = prepare(engine, "The dog sleeps, the fox jumps over it", " is lazy", max_features=48)
    expected = brute_force(len(prompt.features), naive_game(engine, prompt))
    found = shapley_exact.attribute(prompt, seed=0)
    assert len(prompt.features) == 8
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert sum(found.values) == pytest.approx(prompt.full - prompt.empty, abs=1e-6)


def test_enumeration_of_ten_features_equals_brute_force() -> None:
    game = Simulated(3, 10, 30, 5)
    expected = brute_force(10, lambda present: float(game(np.isin(np.arange(10), present)[None])[0]))
    np.testing.assert_allclose(expected, game.exact, atol=1e-9)
    np.testing.assert_allclose(shapley_exact.attribute(game, seed=0).values, expected, atol=1e-9)


def test_enumeration_refuses_what_it_cannot_finish() -> None:
    with pytest.raises(UsageError, match="12 features at most, this prompt has 13: use shapley"):
        shapley_exact.attribute(Simulated(0, 13, 5, 2), seed=0)


@pytest.mark.parametrize("method", ADDITIVE)
@pytest.mark.parametrize("against", [None, " sleeps"])
def test_values_sum_to_the_difference_of_whole_and_empty_prompt(tiny: Engine, method: Any, against: str | None) -> None:
    prompt = prepare(tiny, TEXT, " jumps", against=against, max_features=48)
    found = method(prompt, seed=4)
    assert sum(found.values) == pytest.approx(prompt.full - prompt.empty, abs=1e-6)
    alone = [prepare(tiny, TEXT, text, max_features=48).full for text in (" jumps", against) if text]
    wanted = alone[0] - sum(alone[1:])
    assert sum(found.values) + prompt.empty == pytest.approx(wanted, abs=1e-4)


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
    np.testing.assert_allclose(np.diff(found.intervals), 2 * shapley.ROUNDING)
    np.testing.assert_array_equal(shapley.design(count, 0), shapley.design(count, 1))


@pytest.mark.parametrize("count", [1, 2, 6, 7, 8])
def test_kernel_shap_enumerates_few_features(count: int) -> None:
    """Off by a quarter of the range with 128 of 256 masks; one sample for each of two seeds costs as many."""
    game = Simulated(9, count, 30, count)
    found = kernel_shap.attribute(game, seed=0)
    np.testing.assert_allclose(found.values, game.exact, atol=1e-9)
    assert game.rows == 2**count
    assert (found.stability, found.note) == (1.0, f"exact: all {2**count} subsets were scored")


def test_exact_values_are_not_computed_again_with_another_seed(tiny: Engine) -> None:
    prompt = prepare(tiny, "The dog sleeps, the fox jumps over it", " is lazy", max_features=48)
    exact, kernel = attribute_all(prompt, [METHODS["shapley_exact"], METHODS["kernel_shap"]], seed=0)
    assert isinstance(exact, Attribution)
    assert isinstance(kernel, Attribution)
    np.testing.assert_allclose(kernel.values, exact.values, atol=1e-9)
    assert kernel.faithfulness["stability"] == 1
    assert prompt.evaluations == 2**8


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


@pytest.mark.slow
def test_kernel_shap_samples_many_features() -> None:
    game = Simulated(9, 14, 40, 3)
    found = kernel_shap.attribute(game, seed=0)
    assert found.stability is None
    assert np.corrcoef(found.values, game.exact)[0, 1] > 0.95
