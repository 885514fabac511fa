from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.explain.faithfulness import MEASURES, compare, judge, measure, steps

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Game:
    """A prompt whose value is any function of its mask."""

    def __init__(self, weights: NDArray[np.float64], interactions: NDArray[np.float64] | None = None) -> None:
        self.weights = weights
        self.interactions = np.zeros((len(weights),) * 2) if interactions is None else interactions
        self.calls = 0

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        self.calls += 1
        return np.array([m @ self.weights + m @ self.interactions @ m - 30 for m in masks.astype(float)])


def test_measures_of_a_game_worked_out_by_hand() -> None:
    # Five features worth 5, 4, 3, 2, 1; full −15, empty −30. Removing them in that order leaves
    # −20, −24, −27, −29; the first alone is worth −25. In the reverse order: −16, −18, −21, −25; the last alone −29.
    rows = np.array([[-20, -24, -27, -29, -25], [-16, -18, -21, -25, -29]], dtype=float)
    found = compare(-15.0, -30.0, rows, np.array([0.2, 0.4, 0.6, 0.8]))
    area = 0.2 * (-15 / 2 - 20 - 24 - 27 - 29 - 30 / 2)
    reverse = 0.2 * (-15 / 2 - 16 - 18 - 21 - 25 - 30 / 2)
    assert found["comprehensiveness"] == 5
    assert found["comprehensiveness_gain"] == 4
    assert found["sufficiency"] == 10
    assert found["sufficiency_gain"] == 4
    assert found["deletion_auc"] == pytest.approx(area)
    assert found["deletion_auc_gain"] == pytest.approx(reverse - area)
    assert found["relative_deletion_gain"] == pytest.approx((reverse - area) / 14)
    assert found["random_deviations"] is None


def test_the_masks_that_are_scored_are_those_of_the_curve() -> None:
    weights = np.array([1.0, 5.0, 3.0, 4.0, 2.0])
    found = measure(Game(weights), weights, seed=0).measures
    assert found["comprehensiveness"] == pytest.approx(5)
    assert found["sufficiency"] == pytest.approx(10)
    assert found["deletion_auc"] == pytest.approx(0.2 * (-15 / 2 - 20 - 24 - 27 - 29 - 30 / 2))


@pytest.mark.parametrize("count", [6, 12, 32])
@pytest.mark.parametrize("seed", range(5))
def test_the_true_weights_beat_random_orders_and_their_reverse_loses(count: int, seed: int) -> None:
    weights = np.random.default_rng(seed).exponential(size=count)
    game = Game(weights)
    right, wrong = measure(game, weights, seed=seed), measure(game, -weights, seed=seed)
    for name in ("comprehensiveness_gain", "sufficiency_gain", "deletion_auc_gain"):
        assert right.measures[name] > 0 > wrong.measures[name]
    assert right.verdict != "do not believe"
    assert wrong.verdict == "do not believe"
    assert game.calls == 2


def test_true_weights_are_believed_and_random_ones_seldom() -> None:
    generator = np.random.default_rng(0)
    games = 400
    believed: dict[str, list[bool]] = {"true": [], "random": []}
    for seed in range(games):
        count = int(generator.integers(10, 33))
        weights = generator.laplace(size=count)
        game = Game(weights, generator.normal(size=(count, count)) * 0.1 / np.sqrt(count))
        for name, values in (("true", weights), ("random", generator.normal(size=count))):
            believed[name].append(measure(game, values, seed=seed).verdict == "believable")
    # docs/explain.md states these two shares.
    assert np.mean(believed["true"]) >= 0.9
    assert np.mean(believed["random"]) <= 0.10


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0]])
def test_nothing_ranked_is_not_believed(values: list[float]) -> None:
    found = measure(Game(np.ones(len(values))), np.array(values), seed=0)
    assert found.verdict == "do not believe"
    assert "nothing is ranked" in found.reason
    assert set(found.measures) == set(MEASURES)
    assert not any(found.measures.values())


def test_a_prompt_without_effect_is_not_believed() -> None:
    found = measure(Game(np.array([0.01, 0.005, 0.002, 0.001])), np.arange(4.0, 0, -1), seed=0)
    assert (found.verdict, "nothing to explain" in found.reason) == ("do not believe", True)


def test_values_that_miss_their_sum_are_not_fully_believed() -> None:
    weights = np.arange(1.0, 21.0)
    game = Game(weights)
    complete = measure(game, weights, seed=0, difference=weights.sum())
    missing = measure(game, weights * 1.5, seed=0, difference=weights.sum())
    assert complete.verdict == "believable"
    assert complete.measures["completeness_error"] == pytest.approx(0)
    assert missing.measures["completeness_error"] == pytest.approx(105)
    assert (missing.verdict, "miss" in missing.reason) == ("weak", True)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "believable"),
        ({"relative_deletion_gain": 0.09}, "weak"),
        ({"random_deviations": 1.9}, "weak"),
        ({"sufficiency_gain": -0.1}, "weak"),
        ({"comprehensiveness_gain": 0.0}, "weak"),
        ({"relative_deletion_gain": 0.05}, "do not believe"),
        ({"relative_deletion_gain": -0.4}, "do not believe"),
        ({"relative_deletion_gain": None}, "do not believe"),
    ],
)
def test_verdicts_follow_the_documented_thresholds(changes: dict[str, Any], verdict: str) -> None:
    good = {
        "relative_deletion_gain": 0.1,
        "random_deviations": 2.0,
        "sufficiency_gain": 0.1,
        "comprehensiveness_gain": 0.1,
    }
    assert judge({**good, **changes}, spread=3.0)[0] == verdict


@pytest.mark.parametrize(("count", "expected"), [(2, [1]), (3, [1, 2]), (5, [1, 2, 3, 4]), (20, [4, 8, 12, 16])])
def test_steps(count: int, expected: list[int]) -> None:
    assert steps(count).tolist() == expected
