"""Repeated runs against analysis of variance and simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from audit.core.errors import UsageError
from audit.stats.definitions import Auroc, Corpus, Mean
from audit.stats.pairing.repeated import compared_repeats
from tests.stats.conftest import ends
from tests.stats.pairing.conftest import run_of

if TYPE_CHECKING:
    from audit.core.records import Sample
    from audit.stats.pairing.difference import Difference


def scores(
    seed: int, items: int, runs: int, *, shift: float, run: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Values of both sides, shape (runs, items): item, run and single answers vary."""
    generator = np.random.default_rng(seed)
    level = generator.normal(size=items)
    sides = [level + generator.normal(0, run, (runs, 1)) + generator.normal(0, noise, (runs, items)) for _ in range(2)]
    return sides[0], sides[1] + shift


def comparison(before: np.ndarray, after: np.ndarray) -> Difference:
    sides = [[run_of(values) for values in side] for side in (before, after)]
    return compared_repeats(Mean(), *sides, unit="score", higher_is_better=True, margin=0.5)


def test_the_variance_is_that_of_items_and_runs_without_single_answers() -> None:
    before, after = scores(1, 50, 3, shift=0.3, run=0.2, noise=0.5)
    found = comparison(before, after)
    changes = after.mean(axis=0) - before.mean(axis=0)
    items = changes.var(ddof=1) / 50
    runs = sum(side.mean(axis=1).var(ddof=1) / 3 for side in (before, after))
    single = 0.0
    for side in (before, after):  # residual mean square of a two-way table
        residuals = side - side.mean(axis=0) - side.mean(axis=1)[:, None] + side.mean()
        single += (residuals**2).sum() / (2 * 49) / (3 * 50)
    variance = max(items + runs - single, items, runs)
    reach = stats.t.ppf(0.975, 4) * math.sqrt(variance)  # six runs, two means
    assert found.value == pytest.approx(after.mean() - before.mean())
    assert ends(found.interval) == pytest.approx((found.value - reach, found.value + reach))
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.value) / math.sqrt(variance), 4))
    assert (found.test, found.units, found.n) == ("multiway_t", 50, 50)
    assert (found.baseline, found.candidate) == pytest.approx((before.mean(), after.mean()))
    assert found.needed is not None


def test_without_variation_of_items_it_is_students_test_of_run_means() -> None:
    generator = np.random.default_rng(2)
    before, after = (np.repeat(generator.normal(size=(4, 1)), 30, axis=1) for _ in range(2))
    found = comparison(before, after)
    expected = stats.ttest_ind(after.mean(axis=1), before.mean(axis=1))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert ends(found.interval) == pytest.approx(tuple(expected.confidence_interval()))


@pytest.mark.slow
@pytest.mark.parametrize(("run", "noise"), [(0.0, 1.0), (0.15, 1.0), (0.15, 0.1)])
def test_the_interval_covers_the_difference(run: float, noise: float) -> None:
    hits = 0
    for seed in range(150):
        low, high = ends(comparison(*scores(seed, 30, 3, shift=0.2, run=run, noise=noise)).interval)
        hits += low <= 0.2 <= high
    assert hits >= 0.9 * 150


def test_clusters_are_left_out_whole() -> None:
    names = [f"c{place % 3}" for place in range(12)]
    generator = np.random.default_rng(3)
    sides = [[run_of(generator.random(12), cluster=names) for _ in range(3)] for _ in range(2)]
    found = compared_repeats(Mean(), *sides, unit="score", higher_is_better=True)
    assert found.units == 3
    low, high = ends(found.interval)
    assert high - low >= 2 * stats.t.ppf(0.975, 2) * np.std([s.score for s in sides[0][0]]) / 100


def test_any_definition_can_be_repeated() -> None:
    generator, references = np.random.default_rng(4), ["a b c d e f g h"] * 20

    def run(loss: float) -> list[Sample]:
        outputs = [" ".join(w for w in text.split() if generator.random() > loss) for text in references]
        return run_of([0.0] * 20, reference=references, output=outputs)

    sides = [[run(loss) for _ in range(3)] for loss in (0.1, 0.4)]
    found = compared_repeats(Corpus(metric="chrf"), *sides, unit="chrf", higher_is_better=True)
    values = [np.mean([Corpus(metric="chrf").value(samples) for samples in side]) for side in sides]
    assert (found.baseline, found.candidate) == pytest.approx(tuple(values))
    assert found.interval is not None
    assert found.interval.high < 0


def test_items_need_a_value_in_every_run() -> None:
    baseline = [run_of([1.0, 0.0, 1.0, 0.5]), run_of([1.0, None, 1.0, 0.5])]
    candidate = [run_of([1.0, 0.0, 1.0])[1:], run_of([0.0, 0.0, 0.0])]
    found = compared_repeats(Mean(), baseline, candidate, unit="score", higher_is_better=True)
    assert found.alignment.paired == ("s2",)
    assert found.alignment.unscored_in_baseline == ("s1",)
    assert found.alignment.not_in_candidate == ("s0", "s3")
    assert (found.value, found.no_interval) == (-0.5, "there is only one independent item or cluster")
    other = compared_repeats(Mean(), baseline, candidate[::-1], unit="score", higher_is_better=True)
    assert other.alignment == found.alignment


def test_what_cannot_be_compared_says_why() -> None:
    runs = [run_of([1.0, 0.0]), run_of([1.0, 0.0])]
    same = compared_repeats(Mean(), runs, runs, unit="score", higher_is_better=True)
    assert (same.value, same.no_interval) == (0.0, "all runs are the same")
    empty = compared_repeats(Mean(), runs, [[], []], unit="score", higher_is_better=True)
    assert empty.error == "no item has a value in both runs: 2 not in the candidate"
    with pytest.raises(UsageError, match="2 baseline and 1 candidate runs: repeats need at least two on each side"):
        compared_repeats(Mean(), runs, runs[:1], unit="score", higher_is_better=True)


def test_items_and_runs_add_up() -> None:
    generator = np.random.default_rng(6)
    before, after = (
        generator.normal(size=12) + generator.normal(0, 0.5, (3, 1)) + generator.normal(0, 0.3, (3, 12))
        for _ in range(2)
    )
    after = after - 1.5
    items = (after.mean(axis=0) - before.mean(axis=0)).var(ddof=1) / 12
    runs = sum(side.mean(axis=1).var(ddof=1) / 3 for side in (before, after))
    single = 0.0
    for side in (before, after):
        residuals = side - side.mean(axis=0) - side.mean(axis=1)[:, None] + side.mean()
        single += (residuals**2).sum() / (2 * 11) / (3 * 12)
    variance = items + runs - single
    assert variance > 1.02 * max(items, runs)
    found = comparison(before, after)
    difference = after.mean() - before.mean()
    assert difference < 0
    reach = stats.t.ppf(0.975, 4) * math.sqrt(variance)
    assert found.interval is not None
    assert ends(found.interval) == pytest.approx((difference - reach, difference + reach))
    assert found.interval.method == "multiway_t"
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(difference) / math.sqrt(variance), 4))
    assert (found.unit, found.higher_is_better, found.margin) == ("score", True, 0.5)


def test_the_slice_limits_every_run() -> None:
    slices = [{"language": name} for name in ("de", "fr", "de", "de")]
    sides = [
        [run_of(values, slices=slices) for values in side]
        for side in (([1.0, 9.0, 1.0, 0.0], [1.0, 9.0, 0.0, 0.0]), ([1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]))
    ]
    found = compared_repeats(Mean(), *sides, unit="score", higher_is_better=True, slice={"language": "de"})
    assert (found.baseline, found.candidate, found.n) == (pytest.approx(1 / 2), pytest.approx(1), 3)


def test_repeated_ids_are_refused_with_the_run() -> None:
    runs = [run_of([1.0, 0.0]), run_of([1.0, 0.0])]
    with pytest.raises(UsageError, match="candidate run 2: 1 sample ids occur more than once, first s1"):
        compared_repeats(Mean(), runs, [runs[0], [*runs[1], runs[1][1]]], unit="score", higher_is_better=True)


def ranked(*kinds: str) -> list[list[Sample]]:
    generator = np.random.default_rng(2)
    return [run_of(generator.random(len(run)), slices=[{"k": name} for name in run]) for run in kinds]


def test_a_run_without_a_value_leaves_none() -> None:
    definition = Auroc(of="score", by="k", positive="p", negative="n")
    how: dict[str, Any] = {"unit": "probability", "higher_is_better": True}
    whole, lost = ranked("pnpnpn", "pnpnpn"), ranked("pnpnpn", "pppppp")
    for sides in ((lost, whole), (whole, lost)):
        found = compared_repeats(definition, *sides, **how)
        assert found.value is None
        assert found.error == "the metric has no value on the common items in one of the runs"
    one = ranked("pnnnnn", "pnnnnn")  # without its only positive item there is no curve
    for sides in ((one, whole), (whole, one)):
        found = compared_repeats(definition, *sides, **how)
        assert found.value is not None
        assert (found.interval, found.no_interval) == (None, "it has no value without one of the items or clusters")
        assert found.units == 6


def test_large_values_that_vary_by_rounding_alone_do_not_vary() -> None:
    values = np.tile(np.random.default_rng(1).random(9) * 1e8, (2, 1))
    for before, after in ((values, values + 1e8 / 3), (values + 1e8 / 3, values)):
        assert comparison(before, after).no_interval == "all runs are the same"


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_an_item_is_in_the_same_cluster_of_every_run(side: str) -> None:
    same, other = run_of([1.0, 0.0, 1.0], cluster=["a", "a", "b"]), run_of([1.0, 0.0, 1.0], cluster=["a", "c", "b"])
    sides = {"baseline": [same] * 3, "candidate": [same] * 3} | {side: [same, other, other]}
    expected = f"item s1 is in cluster 'a' of {side} run 1 and 'c' of {side} run 2: the data differ"
    with pytest.raises(UsageError, match=expected):
        compared_repeats(Mean(), sides["baseline"], sides["candidate"], unit="score", higher_is_better=True)


@pytest.mark.slow
def test_many_items_are_left_out_in_groups_drawn_from_a_fixed_seed() -> None:
    before, after = scores(7, 1_200, 2, shift=0.1, run=0.0, noise=0.3)
    groups = np.random.default_rng(0).permutation(1_200) % 200
    without = [
        np.array([[run[groups != group].mean() for group in range(200)] for run in side]) for side in (before, after)
    ]

    def variance(left_out: np.ndarray, value: float) -> float:
        return float(199 / 200 * ((left_out - value) ** 2).sum())

    items = variance(without[1].mean(axis=0) - without[0].mean(axis=0), after.mean() - before.mean())
    runs = sum(side.mean(axis=1).var(ddof=1) / 2 for side in (before, after))
    single = 0.0
    for side, whole in zip((before, after), without, strict=True):
        deviations = side.mean(axis=1) - side.mean()
        single += sum(map(variance, whole - whole.mean(axis=0), deviations)) / 2
    reach = stats.t.ppf(0.975, 2) * math.sqrt(max(items + runs - single, items, runs))
    low, high = ends(comparison(before, after).interval)
    assert (high - low) / 2 == pytest.approx(reach)
