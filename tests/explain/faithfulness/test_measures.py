from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import spearmanr

from audit.core.records.measures import BINS, MEASURES
from audit.explain.faithfulness import measures
from audit.explain.faithfulness import plan as comparisons
from audit.explain.faithfulness.measures import agreement, curves, measure_faithfulness
from audit.explain.faithfulness.plan import curve_steps, deleted, plan
from audit.explain.faithfulness.verdict import Evidence, judge_faithfulness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Game:
    """A prompt whose value is any function of its mask."""

    def __init__(self, weights: NDArray[np.float64], interactions: NDArray[np.float64] | None = None) -> None:
        self.weights = weights
        self.interactions = np.zeros((len(weights),) * 2) if interactions is None else interactions
        self.rows: list[int] = []

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        self.rows.append(len(masks))
        on = masks.astype(float)
        values: NDArray[np.float64] = on @ self.weights + ((on @ self.interactions) * on).sum(axis=1) - 30
        return values

    def of(self, present: Sequence[int]) -> float:
        """Value of a set of features, pair by pair."""
        pairs = sum(self.interactions[i, j] for i in present for j in present)
        return float(sum(self.weights[i] for i in present) + pairs - 30)


def games(count: int, seed: int, interaction: float = 0.1) -> Game:
    """Laplace weights, and an interaction of each pair."""
    generator = np.random.default_rng(seed)
    return Game(generator.laplace(size=count), generator.normal(size=(count, count)) * interaction / np.sqrt(count))


def test_measures_of_a_game_worked_out_by_hand() -> None:
    # Five features worth 5, 4, 3, 2, 1; full −15, empty −30. Removing them in that order leaves −20, −24, −27, −29;
    # the first ones alone are worth −25, −21, −18, −16. The one random order is the reverse, and then its reverse.
    own = np.array([[-20, -24, -27, -29], [-25, -21, -18, -16]], dtype=float)
    random = np.array([[[-16, -18, -21, -25], [-20, -24, -27, -29]]], dtype=float)
    found = curves(-15.0, -30.0, own, random, 5)
    deletion = 0.2 * (-15 / 2 - 20 - 24 - 27 - 29 - 30 / 2)
    insertion = 0.2 * (-30 / 2 - 25 - 21 - 18 - 16 - 15 / 2)
    # 1, 5, 10 and 20 % of five features are one feature, 50 % are three.
    assert [found[f"comprehensiveness_{percent}"] for percent in BINS] == [5, 5, 5, 5, 12]
    assert found["comprehensiveness"] == pytest.approx((4 * 5 + 12) / 5)
    assert [found[f"sufficiency_{percent}"] for percent in BINS] == [10, 10, 10, 10, 3]
    assert found["sufficiency"] == pytest.approx((4 * 10 + 3) / 5)
    assert found["deletion_auc"] == pytest.approx(deletion)
    assert found["insertion_auc"] == pytest.approx(insertion)
    assert found["deletion_auc_gain"] == pytest.approx((deletion + insertion) / 2 - deletion)
    assert found["insertion_auc_gain"] == pytest.approx(insertion - (deletion + insertion) / 2)
    assert found["random_deviations"] == pytest.approx(1)
    # At 20 and 50 %: the random orders lose 1 or 5 and 6 or 12 when their first go, 14 or 10 and 9 or 3 when they stay.
    assert found["comprehensiveness_gain"] == pytest.approx((5 + 12) / 2 - (1 + 5 + 6 + 12) / 4)
    assert found["sufficiency_gain"] == pytest.approx((14 + 10 + 9 + 3) / 4 - (10 + 3) / 2)
    assert (found["deletion_auc_gain_low"], found["insertion_auc_gain_high"]) == (None, None)


@pytest.mark.parametrize("count", [2, 3, 7, 10, 13, 40])
def test_measures_equal_their_definitions_written_as_loops(count: int) -> None:
    game = games(count, seed=count, interaction=0.5)
    values = np.random.default_rng(1).normal(size=count)
    found = measure_faithfulness(game, values, plan(count, seed=3)).measures
    order = sorted(range(count), key=lambda index: -values[index])
    full, empty = game.of(range(count)), game.of([])
    comprehensiveness, sufficiency = [], []
    for percent in (1, 5, 10, 20, 50):
        # ERASER: r_k are the top k % of the tokens; m(x) − m(x without r_k), and m(x) − m(r_k).
        size = max(1, min(count - 1, next(k for k in range(count + 1) if 100 * k >= percent * count)))
        comprehensiveness.append(full - game.of(order[size:]))
        sufficiency.append(full - game.of(order[:size]))
        assert found[f"comprehensiveness_{percent}"] == pytest.approx(comprehensiveness[-1])
        assert found[f"sufficiency_{percent}"] == pytest.approx(sufficiency[-1])
    assert found["comprehensiveness"] == pytest.approx(sum(comprehensiveness) / 5)
    assert found["sufficiency"] == pytest.approx(sum(sufficiency) / 5)
    at = [int(step) for step in curve_steps(count)]
    removed = [(0, full), *((k, game.of(order[k:])) for k in at), (count, empty)]
    added = [(0, empty), *((k, game.of(order[:k])) for k in at), (count, full)]
    for name, points in (("deletion_auc", removed), ("insertion_auc", added)):
        trapezoids = [(b - a) / count * (v + w) / 2 for (a, v), (b, w) in pairwise(points)]
        assert found[name] == pytest.approx(sum(trapezoids))


def exact_gains(game: Game, values: NDArray[np.float64]) -> tuple[float, float]:
    """Gains of the two curves over the mean of all orders, by enumeration."""
    count = len(values)
    at = curve_steps(count)

    def area(order: NDArray[np.int64]) -> float:
        inner = game(deleted(order, at))
        return float(np.trapezoid([game.of(range(count)), *inner, game.of([])], [0, *at / count, 1]))

    expected = np.mean([area(np.array(order)) for order in permutations(range(count))])
    order = np.argsort(-values)
    return float(expected - area(order)), float(area(order[::-1]) - expected)


def test_the_worked_example_of_three_features() -> None:
    """Worth 3, 2 and 1 nats; removed in this order, and compared with the reverse and the same order."""
    own, random = np.array([[3.0, 1.0], [3.0, 5.0]]), np.array([[[5.0, 3.0], [3.0, 1.0]]])
    found = curves(6.0, 0.0, own, random, 3)
    expected = {"deletion_auc": 7 / 3, "insertion_auc": 11 / 3, "deletion_auc_gain": 2 / 3, "insertion_auc_gain": 2 / 3}
    # Gone: 3 and 5 nats are lost, by chance 1 and 3 or 3 and 5. Alone: 3 and 1 are lost, by chance 3 and 1 or 5 and 3.
    expected |= {"comprehensiveness_gain": 4 - 3, "sufficiency_gain": 3 - 2}
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.slow
def test_intervals_of_drawn_gains_cover_those_over_all_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "ALL", 0)
    covered = []
    for seed in range(12):
        game = games(5, seed, interaction=2.0)
        exact = exact_gains(game, game.weights)
        for draw in range(30):
            found = measure_faithfulness(game, game.weights, plan(5, seed=1000 * seed + draw, pairs=4)).measures
            for name, truth in zip(("deletion", "insertion"), exact, strict=True):
                low, high = found[f"{name}_auc_gain_low"], found[f"{name}_auc_gain_high"]
                covered.append(low is not None and high is not None and low <= truth <= high)
    assert np.mean(covered) >= 0.92


@pytest.mark.slow
def test_drawn_gains_are_those_over_all_orders_in_the_long_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "ALL", 0)
    game = games(5, seed=1, interaction=1.0)
    found = measure_faithfulness(game, game.weights, plan(5, seed=0, pairs=2000)).measures
    deletion, insertion = exact_gains(game, game.weights)
    assert found["deletion_auc_gain"] == pytest.approx(deletion, abs=0.01)
    assert found["insertion_auc_gain"] == pytest.approx(insertion, abs=0.01)


def difference(game: Game, order: Sequence[int]) -> float:
    """Insertion AUC − deletion AUC of an order, step by step."""
    count = len(order)
    at = [int(step) for step in curve_steps(count)]
    places = [0, *(k / count for k in at), 1]
    inserted = [game.of([]), *(game.of(order[:k]) for k in at), game.of(range(count))]
    deleted_ = [game.of(range(count)), *(game.of(order[k:]) for k in at), game.of([])]
    return float(np.trapezoid(inserted, places) - np.trapezoid(deleted_, places))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("interaction", [0.1, 2.0])
def test_few_features_are_compared_with_all_orders_there_are(count: int, interaction: float) -> None:
    game = games(count, seed=10 + count, interaction=interaction)
    values = np.random.default_rng(count).normal(size=count)
    found = measure_faithfulness(game, values, plan(count, seed=0)).measures
    every = [difference(game, order) for order in permutations(range(count))]
    own = difference(game, sorted(range(count), key=lambda index: -values[index]))
    assert found["orders_beaten"] == pytest.approx(np.mean([one < own - 1e-9 for one in every]))
    assert found["best_gain"] == pytest.approx(max(every) / 2)
    assert found["random_deviations"] == pytest.approx(own / np.sqrt(np.mean(np.square(every))))
    deletion, insertion = exact_gains(game, values)
    for name, gain in (("deletion", deletion), ("insertion", insertion)):
        for end in ("", "_low", "_high"):
            assert found[f"{name}_auc_gain{end}"] == pytest.approx(gain)


@pytest.mark.parametrize("count", [3, 5])
def test_values_are_compared_with_all_their_reassignments(count: int) -> None:
    game = games(count, seed=4, interaction=1.0)
    values = np.random.default_rng(6).normal(size=count)
    found = measure_faithfulness(game, values, plan(count, seed=0)).measures
    masks = [[bool(number >> i & 1) for i in range(count)] for number in range(2**count)]
    actual = [game.of([i for i in range(count) if mask[i]]) for mask in masks]
    own, *_ = every = [
        spearmanr([float(np.dot(mask, order)) for mask in masks], actual).statistic for order in permutations(values)
    ]
    assert found["lds"] == pytest.approx(own)
    assert found["shuffles_beaten"] == pytest.approx(np.mean(np.array(every) < own - 1e-9))


@pytest.mark.slow
def test_many_features_estimate_the_share_of_worse_orders() -> None:
    """By Student's t over few drawn pairs; here over many, against the share counted on 1,500 further orders."""
    game = games(12, seed=3, interaction=1.0)
    values = game.weights + np.random.default_rng(3).normal(size=12) * 2
    found = measure_faithfulness(game, values, plan(12, seed=0, pairs=600)).measures
    generator = np.random.default_rng(9)
    own = difference(game, sorted(range(12), key=lambda index: -values[index]))
    drawn = [difference(game, [int(i) for i in generator.permutation(12)]) for _ in range(1500)]
    assert 0.55 < np.mean(np.array(drawn) < own) < 0.999
    assert found["orders_beaten"] == pytest.approx(np.mean(np.array(drawn) < own), abs=0.04)
    assert found["best_gain"] is None


@pytest.mark.parametrize("count", [3, 8, 25])
def test_the_reverse_of_an_order_swaps_its_curves(count: int) -> None:
    """And one order and its reverse give both curves from the same masks."""
    game = games(count, seed=2, interaction=0.5)
    compared = plan(count, seed=0)
    one, other = (measure_faithfulness(game, sign * game.weights, compared).measures for sign in (1, -1))
    assert one["deletion_auc"] == pytest.approx(other["insertion_auc"])
    for low, high in (("", ""), ("_low", "_high"), ("_high", "_low")):
        assert one[f"deletion_auc_gain{low}"] == pytest.approx(-float(other[f"insertion_auc_gain{high}"] or 0))
    masks = {mask.tobytes() for order in compared.orders[0] for mask in deleted(order, curve_steps(count))}
    inserted = {(~mask).tobytes() for order in compared.orders[0] for mask in deleted(order, curve_steps(count))}
    assert masks == inserted


@pytest.mark.parametrize("count", [6, 12, 32])
@pytest.mark.parametrize("seed", range(5))
def test_the_true_weights_beat_random_orders_and_their_reverse_loses(count: int, seed: int) -> None:
    weights = np.random.default_rng(seed).exponential(size=count)
    game, compared = Game(weights), plan(count, seed)
    right, wrong = measure_faithfulness(game, weights, compared), measure_faithfulness(game, -weights, compared)
    for name in ("comprehensiveness_gain", "sufficiency_gain", "deletion_auc_gain", "insertion_auc_gain"):
        assert float(right.measures[name] or 0) > 0 > float(wrong.measures[name] or 0)
    assert (right.measures["lds"], wrong.measures["lds"]) == (pytest.approx(1), pytest.approx(-1))
    assert right.verdict == "believable"
    assert wrong.verdict == "do not believe"
    assert len(game.rows) == 2


@pytest.mark.slow
def test_the_more_noise_on_the_weights_the_worse_each_measure() -> None:
    generator = np.random.default_rng(0)
    means: dict[str, list[float]] = {}
    for noise in (0.0, 1.0, 3.0, 10.0):
        found = [
            measure_faithfulness(game, game.weights + noise * generator.normal(size=20), plan(20, seed)).measures
            for seed, game in ((seed, games(20, seed)) for seed in range(60))
        ]
        for name in ("comprehensiveness", "sufficiency", "deletion_auc", "insertion_auc", "relative_gain", "lds"):
            means.setdefault(name, []).append(float(np.mean([float(one[name] or 0) for one in found])))
    for name, row in means.items():
        falling = (
            row if name in {"comprehensiveness", "insertion_auc", "relative_gain", "lds"} else [-one for one in row]
        )
        assert all(a > b for a, b in pairwise(falling)), (name, row)


def test_the_lds_is_the_rank_correlation_over_held_out_masks() -> None:
    game = games(4, seed=3, interaction=1.0)
    values = np.array([0.31, -1.07, 0.73, 0.19])
    subsets = [[i for i in range(4) if number >> i & 1] for number in range(16)]
    predicted = [sum(values[i] for i in subset) for subset in subsets]
    actual = [game.of(subset) for subset in subsets]

    def places(row: Sequence[float]) -> list[float]:
        return [sum(other < one for other in row) + (sum(other == one for other in row) - 1) / 2 for one in row]

    expected = np.corrcoef(places(predicted), places(actual))[0, 1]
    # Four features have 16 subsets, fewer than are asked for: each is taken once.
    assert measure_faithfulness(game, values, plan(4, seed=0)).measures["lds"] == pytest.approx(expected)


def test_what_is_scored_is_what_the_documentation_states() -> None:
    """Two ends, 6 masks for a pair of orders, 8 held-out ones for each; 12 of its own for 48 features."""
    game = games(48, seed=0)
    compared = plan(48, seed=0, pairs=3)
    assert len(compared.masks) == 2 + 3 * 6 + 3 * 8
    assert len(compared.own(game.weights)) == 12
    measure_faithfulness(game, game.weights, compared)
    assert game.rows == [2 + 18 + 24 + 12]
    assert len(plan(8, seed=0).masks) == 2 + 2**8


def test_equal_values_are_not_believed() -> None:
    found = measure_faithfulness(Game(np.ones(3)), np.full(3, 2.0), plan(3, 0))
    assert (found.verdict, "nothing is ranked" in found.reason) == ("do not believe", True)
    assert set(found.measures) == set(MEASURES)
    assert not any(found.measures.values())


@pytest.mark.parametrize("predicts", [True, False])
def test_one_feature_ranks_nothing(predicts: bool) -> None:
    found = measure_faithfulness(Game(np.array([2.0])), np.array([2.0]), plan(1, 0), predicts=predicts)
    assert (found.verdict, found.reason) == ("do not believe", "there is one feature only: nothing is ranked")
    assert set(found.measures) == set(MEASURES)


@pytest.mark.parametrize("count", [2, 3])
def test_two_or_three_features_are_weak_at_best(count: int) -> None:
    """Chance finds their best order in one of two or six cases, whatever the values predict."""
    game = Game(np.arange(count, 0.0, -1))
    verdicts = {
        order: measure_faithfulness(game, np.array(order), plan(count, 0)) for order in permutations(game.weights)
    }
    for order, found in verdicts.items():
        assert found.verdict == ("weak" if order == tuple(game.weights) else "do not believe")
        assert f"of all {len(verdicts)} orders" in found.reason
    assert f"best of all {len(verdicts)} orders" in verdicts[tuple(game.weights)].reason


@pytest.mark.slow
@pytest.mark.parametrize("count", [4, 5, 6])
def test_of_all_reassignments_of_true_weights_few_are_believed(count: int) -> None:
    """By brute force over all orders of an additive game; the weights themselves always are."""
    weights = 2.0 ** -np.arange(count)
    game, compared = Game(weights), plan(count, 0)
    found = {order: measure_faithfulness(game, np.array(order), compared).verdict for order in permutations(weights)}
    assert found[tuple(weights)] == "believable"
    assert found[tuple(weights[::-1])] == "do not believe"
    assert np.mean([one == "believable" for one in found.values()]) <= 0.05


def test_orders_that_are_equally_good_rank_nothing() -> None:
    found = measure_faithfulness(Game(np.ones(5)), np.arange(5.0), plan(5, 0))
    assert (found.verdict, "all 120 orders" in found.reason, "equally good" in found.reason) == (
        "do not believe",
        True,
        True,
    )


def test_a_doubt_of_the_method_decides() -> None:
    game = Game(np.arange(5.0))
    assert measure_faithfulness(game, game.weights, plan(5, 0)).verdict == "believable"
    found = measure_faithfulness(game, game.weights, plan(5, 0), doubt="unstable")
    assert (found.verdict, found.reason) == ("do not believe", "unstable")


def test_a_seed_that_finds_nothing_does_not_agree_with_one_that_does() -> None:
    nothing, something = np.zeros(3), np.array([0.0, 1.0, 0.0])
    assert agreement(something, nothing) == agreement(nothing, something) == 0.0
    assert agreement(nothing, nothing) is None
    assert agreement(something, something * 2) == pytest.approx(1.0)


def test_a_prompt_without_effect_is_not_believed() -> None:
    found = measure_faithfulness(Game(np.array([0.01, 0.005, 0.002, 0.001])), np.arange(4.0, 0, -1), plan(4, 0))
    assert (found.verdict, "nothing to explain" in found.reason) == ("do not believe", True)


def test_values_that_miss_their_sum_are_not_fully_believed() -> None:
    weights = np.arange(1.0, 21.0)
    game, compared = Game(weights), plan(20, 0)
    complete = measure_faithfulness(game, weights, compared, difference=weights.sum())
    missing = measure_faithfulness(game, weights * 1.5, compared, difference=weights.sum())
    assert complete.verdict == "believable"
    assert complete.measures["completeness_error"] == pytest.approx(0)
    assert missing.measures["completeness_error"] == pytest.approx(105)
    assert (missing.verdict, "miss" in missing.reason) == ("weak", True)


# docs/explanation/faithfulness.md states these shares: features, strength of interactions, then how many of 100 at
# least are believable with the true weights.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("fewest", "most", "interaction", "true"),
    [(4, 4, 0.1, 75), (4, 4, 1.0, 22), (5, 6, 0.1, 97), (5, 6, 1.0, 60), (9, 32, 0.1, 97), (9, 32, 1.0, 88)],
)
def test_true_weights_are_believed_and_random_ones_seldom(
    fewest: int, most: int, interaction: float, true: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each game is measured once and judged twice: as values that predict changes, and as others."""
    judged: list[Evidence] = []

    def judging(evidence: Evidence) -> tuple[str, str]:
        judged.append(evidence)
        return judge_faithfulness(evidence)

    monkeypatch.setattr(measures, "judge_faithfulness", judging)
    generator = np.random.default_rng(0)
    believed: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for seed in range(150):
        count = int(generator.integers(fewest, most + 1))
        game, compared = games(count, seed, interaction), plan(count, seed)
        given = {
            "true": game.weights,
            "random": generator.normal(size=count),
            "reassigned": generator.permutation(game.weights),
        }
        for name, values in given.items():
            believed[name, True].append(measure_faithfulness(game, values, compared).verdict == "believable")
            believed[name, False].append(judge_faithfulness(replace(judged[-1], predicts=False))[0] == "believable")
    for predicts in (True, False):
        assert 100 * np.mean(believed["true", predicts]) >= true
        # 5 % and what 150 games may add to that by chance, in one of a hundred tests
        chance = believed["random", predicts] + believed["reassigned", predicts]
        assert np.mean(chance) <= 0.05 + 2.3 * np.sqrt(0.05 * 0.95 / 300)
