"""Evidence that may be looked at at any time: exact expectations, another tool, and the error rate under peeking."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement, pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stats.sequential import EARLY, STAKES, decided, last_confidence, units

VALUES = [1, 0, 1, 1, 0.5, 0, 1, 0.25, 1, 1, 0, 1, 0.75, 1, 1, 0, 1, 1, 1, 0.5]
"""Twenty scores with a mean of 0.7."""


@pytest.mark.parametrize(
    ("mean", "above", "below"),
    [
        (0.2, 10.91923860936284, -0.5277912333798419),
        (0.4, 2.339507566559154, -0.48641344942805703),
        (0.5, 0.7163438836194399, -0.4496959067632322),
        (0.6, 0.09233130060373135, -0.38742468290120613),
        (0.9, -0.34220701070253606, 2.2126616803974257),
    ],
)
def test_money_is_that_of_confseq(mean: float, above: float, below: float) -> None:
    """``confseq`` 0.0.11, ``betting.diversified_betting_mart`` with constant stakes, theta 1 and trunc_scale 1."""
    found = units(VALUES, (0, 1))
    assert found.evidence_above(mean) == pytest.approx(above, abs=1e-12)
    assert found.evidence_below(mean) == pytest.approx(below, abs=1e-12)


@pytest.mark.parametrize("mean", [0.1, 0.5, 0.8])
def test_nothing_is_won_on_average_where_the_hypothesis_holds(mean: float) -> None:
    """Over all outcomes of eight tosses of a coin, each with its probability, the money stays 1: a martingale."""
    for name, toward in (("evidence_above", 1), ("evidence_below", 0)):
        for tosses in (1, 8):
            total = 0.0
            for outcome in product((0, 1), repeat=tosses):
                ones = sum(outcome)
                chance = mean**ones * (1 - mean) ** (tosses - ones)
                total += chance * math.exp(getattr(units(outcome, (0, 1)), name)(mean))
            assert total == pytest.approx(1), (name, toward)


def test_nothing_is_won_in_clusters_of_any_size() -> None:
    """All items of a cluster have the same outcome; sizes 1, 3 and 2."""
    sizes, mean = (1, 3, 2), 0.3
    clusters = np.repeat(["a", "b", "c"], sizes).tolist()
    total = 0.0
    for outcome in product((0, 1), repeat=3):
        chance = math.prod(mean if one else 1 - mean for one in outcome)
        found = units(np.repeat(outcome, sizes), (0, 1), clusters, largest=3)
        total += chance * math.exp(found.evidence_above(mean))
    assert total == pytest.approx(1)


POPULATION = {"a": [1, 1, 1], "b": [0], "c": [0, 1], "d": [0], "e": [0], "f": [1, 1, 0]}
"""Clusters of one to three answers; the large ones are better."""


def test_an_average_of_all_series_of_clusters_wins_nothing() -> None:
    """Every series of three clusters, drawn with replacement from six, against the mean of their items, 6 of 11.

    The mean of the clusters' means is lower, 13 of 36.
    """
    total = 0.0
    for drawn in combinations_with_replacement(POPULATION, 3):
        values = [value for name in drawn for value in POPULATION[name]]
        clusters = [place for place, name in enumerate(drawn) for _ in POPULATION[name]]
        orders = {1: 6, 2: 3, 3: 1}[max(drawn.count(name) for name in drawn)]
        total += orders * math.exp(units(values, (0, 1), clusters, largest=3).evidence_above(6 / 11))
    assert total / 6**3 == pytest.approx(1)


@pytest.mark.parametrize("error", [0.95, 0.9])
def test_in_all_orders_of_clusters_a_true_mean_is_rejected_no_more_often_than_the_error(error: float) -> None:
    """All orders of six clusters without replacement, looked at after each; the mean of their items is the limit.

    Bets on the means of clusters would reject it in all of them.
    """
    mean = 6 / 11
    money: dict[frozenset[str], tuple[float, float]] = {}  # the order within does not matter
    rejected = [0, 0]
    for order in permutations(POPULATION):
        seen = [frozenset(order[:count]) for count in range(1, 7)]
        for drawn in seen:
            if drawn not in money:
                values = [value for name in drawn for value in POPULATION[name]]
                clusters = [name for name in drawn for _ in POPULATION[name]]
                found = units(values, (0, 1), clusters, largest=3)
                money[drawn] = found.evidence_above(mean), found.evidence_below(mean)
        for side in (0, 1):
            rejected[side] += max(money[drawn][side] for drawn in seen) >= math.log(1 / error)
    assert min(rejected) > 0
    assert max(rejected) <= error * 720


def test_clusters_are_units_of_their_sum() -> None:
    """One stake by hand: the cluster of two wins f · (1 + 0 − 2 · 0.4) / 2 of 0.4, that of one f · (1 − 0.4) / 2."""
    found = units([1, 0, 1], (0, 1), ["a", "a", "b"], largest=2)
    money = [(1 + f * 0.1 / 0.4) * (1 + f * 0.3 / 0.4) for f in STAKES]
    assert found.evidence_above(0.4) == pytest.approx(math.log(np.mean(money)))
    money = [(1 - f * 0.1 / 0.6) * (1 - f * 0.3 / 0.6) for f in STAKES]
    assert found.evidence_below(0.4) == pytest.approx(math.log(np.mean(money)))


def test_a_larger_largest_cluster_makes_bets_smaller() -> None:
    found = units([1, 0, 1], (0, 1), ["a", "a", "b"], largest=4)
    money = [(1 + f * 0.05 / 0.4) * (1 + f * 0.15 / 0.4) for f in STAKES]
    assert found.evidence_above(0.4) == pytest.approx(math.log(np.mean(money)))
    assert units([1, 0, 1], (0, 1), ["a", "a", "b"]).evidence_above(0.4) == pytest.approx(
        units([1, 0, 1], (0, 1), ["a", "a", "b"], largest=2).evidence_above(0.4)
    )


def test_bounds_are_a_scale() -> None:
    """Differences between -1 and 1 are shares of a range of two; percent are shares times 100."""
    values = np.array(VALUES)
    assert units(2 * values - 1, (-1, 1)).evidence_above(0.2) == pytest.approx(
        units(values, (0, 1)).evidence_above(0.6)
    )
    assert units(100 * values, (0, 100)).evidence_below(90) == pytest.approx(units(values, (0, 1)).evidence_below(0.9))
    assert units(2 * values - 1, (-1, 1)).evidence_below(0.8) == pytest.approx(
        units(values, (0, 1)).evidence_below(0.9)
    )
    share, change = units(values, (0, 1)).interval(), units(2 * values - 1, (-1, 1)).interval()
    assert (change.low, change.high) == pytest.approx((2 * share.low - 1, 2 * share.high - 1))
    ends, percent = units(values, (0, 1)).interval(), units(100 * values, (0, 100)).interval()
    assert (percent.low, percent.high) == pytest.approx((100 * ends.low, 100 * ends.high))


@pytest.mark.slow
@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=12), st.randoms())
def test_the_order_of_items_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = units(values, (0, 1)), units(shuffled, (0, 1))
    assert one.evidence_above(0.37) == other.evidence_above(0.37)


@pytest.mark.slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_evidence_falls_with_the_mean_that_it_is_against(values: list[float]) -> None:
    found = units(values, (0, 1))
    above = [found.evidence_above(mean) for mean in np.linspace(0.01, 0.99, 25)]
    below = [found.evidence_below(mean) for mean in np.linspace(0.01, 0.99, 25)]
    assert all(one >= other - 1e-9 for one, other in pairwise(above))
    assert all(one <= other + 1e-9 for one, other in pairwise(below))


def test_repeated_units_are_those_of_repeated_values() -> None:
    assert units(VALUES, (0, 1)).repeated(3).evidence_above(0.4) == pytest.approx(
        units(VALUES * 3, (0, 1)).evidence_above(0.4)
    )


def test_an_end_may_lie_near_the_bound() -> None:
    found = units([1] * 3_000, (0, 1))
    ends = found.interval()
    assert ends.low > 0.995
    assert found.evidence_above(ends.low) == pytest.approx(math.log(40), abs=1e-6)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_an_interval_ends_where_the_money_reaches_the_limit(confidence: float) -> None:
    found = units(VALUES * 5, (0, 1))
    ends = found.interval(confidence)
    limit = math.log(2 / (1 - confidence))
    assert found.evidence_above(ends.low) == pytest.approx(limit, abs=1e-6)
    assert found.evidence_below(ends.high) == pytest.approx(limit, abs=1e-6)
    assert ends.low < 0.7 < ends.high
    assert (ends.method, ends.confidence) == ("betting", confidence)


def test_impossible_and_certain_hypotheses() -> None:
    found = units([0.0, 0.5], (0, 1))
    assert found.evidence_above(-0.1) == math.inf  # no mean is below the range
    assert units([0.0, 0.0], (0, 1)).evidence_above(-0.1) == math.inf
    assert found.evidence_above(0.0) == math.inf  # 0.5 was seen
    assert units([0.0, 0.0], (0, 1)).evidence_above(0.0) == 0.0
    assert found.evidence_above(1.0) == -math.inf  # every mean is at most 1
    assert found.evidence_below(1.0) == math.inf
    assert found.evidence_below(0.0) == -math.inf
    assert found.evidence_below(1.1) == math.inf


def test_no_items_say_nothing() -> None:
    found = units([], (0, 1))
    assert (found.evidence_above(0.5), found.evidence_below(0.5)) == pytest.approx((0, 0))
    ends = found.interval()
    assert (ends.low, ends.high) == (0.0, 1.0)
    assert units([], (0, 1), []).interval() == ends


def test_clusters_of_one_are_items() -> None:
    assert units([1, 0, 1], (0, 1), ["a", "b", "c"]).evidence_above(0.4) == pytest.approx(
        units([1, 0, 1], (0, 1)).evidence_above(0.4)
    )


@pytest.mark.parametrize(
    ("values", "bounds", "clusters", "largest", "message"),
    [
        ([0.5, math.nan], (0, 1), None, None, "1 of 2 values are NaN or infinite"),
        ([0.5, 1.5], (0, 1), None, None, "values between 0 and 1 expected, got 0.5 to 1.5"),
        ([-0.5], (0, 1), None, None, "values between 0 and 1 expected, got -0.5 to -0.5"),
        ([-0.5, 0.5], (0, 1), None, None, "values between 0 and 1 expected, got -0.5 to 0.5"),
        ([0.5], (-math.inf, 1), None, None, "evidence needs two finite bounds in order, got -inf and 1"),
        ([0.5] * 3, (0, 1), ["a", "a", "b"], 1, "a cluster has 2 items, the largest should have 1"),
        ([0.5], (0, math.inf), None, None, "evidence needs two finite bounds in order, got 0 and inf"),
        ([0.5], (1, 1), None, None, "evidence needs two finite bounds in order, got 1 and 1"),
        ([0.5, 0.5], (0, 1), ["a", "a"], 1, "a cluster has 2 items, the largest should have 1"),
    ],
)
def test_what_cannot_be_bet_on(
    values: list[float], bounds: tuple[float, float], clusters: list[str] | None, largest: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(") + "$"):
        units(values, bounds, clusters, largest)


def test_a_range_with_one_end() -> None:
    """Ninety of a hundred are above 0.5 beyond doubt, and not below it; 0.9 is open."""
    found = units([1] * 90 + [0] * 10, (0, 1))
    assert decided(found, found, 0.5, None, error=0.0025) is True
    assert decided(found, found, None, 0.5, error=0.0025) is False
    assert decided(found, found, 0.9, None, error=0.0025) is None
    assert decided(found, found, None, 0.9, error=0.0025) is None
    assert decided(found, found, None, None, error=0.0025) is None


def test_a_range_with_two_ends_needs_both() -> None:
    found = units([1] * 90 + [0] * 10, (0, 1))
    assert decided(found, found, 0.5, 0.99, error=0.05) is True
    assert decided(found, found, 0.5, 0.91, error=0.05) is None
    assert decided(found, found, 0.85, 0.99, error=0.05) is None
    assert decided(found, found, 0.2, 0.5, error=0.05) is False
    assert decided(found, found, 0.99, 1.0, error=0.05) is False


def test_the_error_and_the_tests_set_the_limit() -> None:
    found = units([1] * 14, (0, 1))
    money = math.exp(found.evidence_above(0.5))
    assert decided(found, found, 0.5, None, error=1.001 / money) is True
    assert decided(found, found, 0.5, None, error=0.999 / money) is None
    assert decided(found, found, None, 0.5, error=1.001 / money) is False
    assert decided(found, found, None, 0.5, error=1.001 / money, tests=2) is None
    assert decided(found, found, None, 0.5, error=2.002 / money, tests=2) is False
    assert decided(found, found, 0.5, None, error=1.001 / money, tests=9) is True  # all have to pass


def test_what_is_unknown_speaks_against_both_verdicts() -> None:
    worst, best = units([1] * 60 + [0] * 40, (0, 1)), units([1] * 100, (0, 1))
    assert decided(worst, best, 0.5, None, error=0.0025) is None
    assert decided(best, best, 0.5, None, error=0.0025) is True
    worst, best = units([0] * 100, (0, 1)), units([0] * 60 + [1] * 40, (0, 1))
    assert decided(worst, best, 0.5, None, error=0.0025) is None
    assert decided(worst, worst, 0.5, None, error=0.0025) is False


def test_the_last_look_has_the_rest_of_the_error() -> None:
    assert last_confidence(0.95) == pytest.approx(0.955)
    assert 1 - last_confidence(0.95) + EARLY * 0.05 == pytest.approx(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("values", "chances"), [((-1, 0, 1), (0.06, 0.9, 0.04)), ((-1, 0.5), (1 / 3, 2 / 3))])
def test_looking_after_each_item_is_wrong_no_more_often_than_the_error(
    values: tuple[float, ...], chances: tuple[float, ...]
) -> None:
    """1,000 series of 400 differences whose mean is the limit; fixed intervals would be wrong in a third of them."""
    generator, mean = np.random.default_rng(5), float(np.dot(values, chances))
    wrong = 0
    for _ in range(1_000):
        drawn = generator.choice(values, p=chances, size=400)
        money = np.log1p(np.outer(STAKES, (drawn - mean) / (mean + 1))).cumsum(axis=1)
        most = (np.logaddexp.reduce(money) - math.log(len(STAKES))).max()
        at_end = units(drawn, (-1, 1)).evidence_above(mean)
        assert at_end == pytest.approx(np.logaddexp.reduce(money[:, -1]) - math.log(len(STAKES)))
        wrong += most >= math.log(1 / 0.05)
    assert wrong <= 65  # 5 % and two standard errors
