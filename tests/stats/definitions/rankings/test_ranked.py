"""How well a number tells two kinds apart: pairs one by one, SciPy's bootstrap, thresholds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import (
    Auroc,
    TruePositiveRate,
)
from tests.stats.conftest import ends
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.stats.definitions import Definition


SCORES = {"in": [0.9, 0.8, 0.4, 0.4, 0.7, 0.3], "out": [0.1, 0.4, 0.5, 0.2, 0.35, 0.3]}
AREA = Auroc(of="score", by="kind", positive="in", negative="out", seed=3, resamples=300)
CAUGHT = TruePositiveRate(of="score", by="kind", positive="in", negative="out", false_positive_rate=0.2)


def some(scores: dict[str, list[float]] = SCORES) -> list[Sample]:
    return [
        a_sample(f"{kind}{i}", score=score, slices={"kind": kind})
        for kind, inside in scores.items()
        for i, score in enumerate(inside)
    ]


def pairs(positive: Sequence[float], negative: Sequence[float]) -> float:
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in positive for b in negative]))


def test_the_area_counts_pairs_and_its_interval_draws_both_kinds() -> None:
    other = [a_sample("x", score=9.0, slices={"kind": "neither"}), a_sample("y", error="lost", slices={"kind": "in"})]
    found = AREA.estimate([*some(), *other], unit="probability", confidence=0.9)
    assert (found.value, found.n, found.missing) == (pytest.approx(pairs(*SCORES.values())), 12, 1)
    expected = stats.bootstrap(
        tuple(np.array(inside) for inside in SCORES.values()), pairs, vectorized=False, n_resamples=300,
        confidence_level=0.9, method="percentile", rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    assert ends(found.interval) == pytest.approx((expected.low, expected.high))
    assert found.interval is not None
    assert (found.interval.method, found.interval.confidence) == ("percentile_bootstrap", 0.9)
    bare = AREA.estimate(some(), unit="probability", interval=False)
    assert (bare.value, bare.interval, bare.no_interval) == (found.value, None, None)


def test_perfect_ranking_has_no_interval() -> None:
    found = AREA.estimate(some({"in": [2.0] * 5, "out": [1.0] * 5}), unit="probability")
    assert (found.value, found.interval, found.no_interval) == (1.0, None, "every resample gives the same value")


def test_too_few_items_of_a_kind_have_no_value() -> None:
    needs = Auroc(of="score", by="kind", positive="in", negative="out", least=4)
    found = needs.estimate(some({"in": [1.0] * 3, "out": [1.0] * 2}), unit="probability")
    assert (found.value, found.n) == (None, 0)
    assert found.error == "4 scored items of each kind are needed, found 3 in and 2 out: supply more"
    half = needs.estimate(some({"in": [1.0] * 4, "out": [1.0] * 3}), unit="probability")
    assert half.error == "4 scored items of each kind are needed, found 3 out: supply more"
    assert needs.estimate(some({"in": [1.0] * 4, "out": [1.0] * 4}), unit="probability").value == 0.5


def test_the_true_positive_rate_has_a_threshold_and_no_interval() -> None:
    # One of six may pass: above the second highest of the others, 0.4, lie 0.9, 0.8 and 0.7.
    found = CAUGHT.estimate(some(), unit="share")
    assert (found.value, found.interval, found.no_interval) == (0.5, None, "it depends on a few items")
    strict = TruePositiveRate(of="score", by="kind", positive="in", negative="out")
    assert strict.estimate(some({"in": [0.45, 0.6], "out": [0.1] * 99 + [0.5]}), unit="share").value == 1.0
    assert strict.estimate(some({"in": [0.45, 0.6], "out": [0.1] * 98 + [0.5]}), unit="share").value == 0.5


@pytest.mark.parametrize("definition", [AREA, CAUGHT])
def test_items_are_drawn_as_often_as_they_weigh(definition: Definition, resamples_as_repeated: Any) -> None:
    weights = [2, 0, 1, 1, 3, 0, 1, 2, 0, 1, 1, 1]
    resamples_as_repeated(definition, some(), weights, "probability")
    drawn = definition.resample([*some(), a_sample("lost", error="NaN", slices={"kind": "in"})])
    assert drawn.units == tuple(f"item {one.sample_id}" for one in some())
    assert math.isnan(drawn.value(np.array([1.0] * 6 + [0.0] * 6)))
    assert math.isnan(drawn.value(np.array([0.0] * 6 + [1.0] * 6)))
    grouped = [one.model_copy(update={"cluster": f"c{i % 3}"}) for i, one in enumerate(some())]
    resamples_as_repeated(definition, grouped, [2, 0, 1], "probability")


def test_a_number_that_is_not_finite_has_no_area() -> None:
    found = metric(AREA, some({"in": [math.nan, 1.0, 2.0, 3.0, 4.0], "out": [1.0] * 5}), "probability")
    assert (found.value, found.missing, found.error) == (None, 0, "NaN or infinite")


def test_ranks_of_fewer_than_five_items_of_a_kind_have_no_interval() -> None:
    given = [a_sample(str(i), score=float(i), slices={"kind": "ab"[i % 2]}) for i in range(10)]
    area = Auroc(of="score", by="kind", positive="b", negative="a", resamples=100)
    assert area.estimate(given, unit="probability").interval is not None
    few = area.estimate(given[:9], unit="probability")
    assert (few.value, few.interval, few.no_interval) == (
        0.5,
        None,
        "only 4 items of one kind; an interval needs at least 5",
    )


@pytest.mark.slow
def test_the_bootstrap_has_the_seed_and_the_field_of_the_definition() -> None:
    values = {kind: np.random.default_rng(place).normal(place, 2, 15).tolist() for place, kind in enumerate(SCORES)}
    given = [one.model_copy(update={"score": 1.0, "scores": {"z": one.score}}) for one in some(values)]
    area = Auroc(of="scores.z", by="kind", positive="in", negative="out", seed=3)
    found = area.estimate(given, unit="probability")
    assert found.value == pytest.approx(pairs(*values.values()))
    expected = stats.bootstrap(
        tuple(np.array(inside) for inside in values.values()), pairs, vectorized=False, n_resamples=1000,
        method="percentile", rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    assert ends(found.interval) == pytest.approx((expected.low, expected.high))
    assert area.resample(given).value(np.ones(30)) == pytest.approx(found.value)


def test_one_item_of_each_kind_is_enough_unless_more_are_asked_for() -> None:
    assert CAUGHT.estimate(some({"in": [0.6], "out": [0.5]}), unit="share").value == 1.0


def area_of_clusters(clusters: dict[str, list[Sample]], names: Sequence[str], drawn: Sequence[int]) -> float:
    """The area over drawn clusters, pair by pair."""
    inside = [one for place in drawn for one in clusters[names[place]]]
    kinds = {kind: [one.score or 0.0 for one in inside if one.slices["kind"] == kind] for kind in ("in", "out")}
    return pairs(kinds["in"], kinds["out"]) if all(kinds.values()) else math.nan


@pytest.mark.parametrize("spanning", [False, True])
def test_clusters_are_drawn_whole(spanning: bool) -> None:
    """Of each kind separately; together if they hold both kinds."""
    generator = np.random.default_rng(1)
    given = [
        a_sample(f"{kind}{i}", score=float(generator.integers(9)), slices={"kind": kind, "text": f"{name}{i // 3}"})
        for kind, name in (("in", "a"), ("out", "a" if spanning else "b"))
        for i in range(18)
    ]
    clusters: dict[str, list[Sample]] = {}
    for one in given:
        clusters.setdefault(one.slices["text"], []).append(one)
    names = list(clusters)
    places = [np.arange(6)] if spanning else [np.arange(6), np.arange(6, 12)]
    expected = stats.bootstrap(
        places, lambda *drawn: area_of_clusters(clusters, names, np.concatenate(drawn).tolist()), vectorized=False,
        n_resamples=200, method="percentile", rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    area = Auroc(of="score", by="kind", positive="in", negative="out", cluster="text", seed=3, resamples=200)
    found = area.estimate(given, unit="probability").interval
    assert found is not None
    assert ends(found) == pytest.approx((expected.low, expected.high))
    assert found.method == "percentile_cluster_bootstrap"
    named = [one.model_copy(update={"cluster": one.slices["text"]}) for one in given]
    assert ends(replace(area, cluster=None).estimate(named, unit="probability").interval) == ends(found)
    few = area.estimate([one for one in given if one.slices["text"][-1] < "4"], unit="probability")
    assert few.no_interval == "only 4 clusters of one kind; an interval needs at least 5"


def test_other_kinds_take_no_part_in_draws() -> None:
    drawn = AREA.resample([*some(), a_sample("x", score=0.0, slices={"kind": "neither"})])
    assert drawn.units == tuple(f"item {one.sample_id}" for one in some())
    assert drawn.value(np.ones(12)) == pytest.approx(pairs(*SCORES.values()))


def test_kinds_that_share_some_clusters_are_drawn_together() -> None:
    """Of 26 clusters 21 hold one kind alone, four the other, one both; a draw of one kind counts as the value."""
    kinds = {f"c{i:02}": "in" if i < 21 else "in out" if i == 21 else "out" for i in range(26)}
    draw = np.random.default_rng(5)
    given = [
        a_sample(f"{name}{kind}", score=0.0, scores={"x": draw.random()}, slices={"kind": kind}, cluster=name)
        for name, both in kinds.items()
        for kind in both.split()
    ]
    clusters = {name: [one for one in given if one.cluster == name] for name in kinds}
    moved = {n: [one.model_copy(update={"score": one.scores["x"]}) for one in part] for n, part in clusters.items()}
    whole = area_of_clusters(moved, list(kinds), range(26))

    lost = []

    def of_drawn(drawn: np.ndarray) -> float:
        found = area_of_clusters(moved, list(kinds), drawn.tolist())
        lost.extend([found] if math.isnan(found) else [])
        return whole if math.isnan(found) else found

    expected = stats.bootstrap(
        [np.arange(26)], of_drawn, vectorized=False, n_resamples=300, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    assert lost  # (21 / 26) ** 26 of all draws: 0.4 %
    area = Auroc(of="scores.x", by="kind", positive="in", negative="out", seed=3, resamples=300)
    found = area.estimate(given, unit="probability")
    assert found.value == pytest.approx(whole)
    assert ends(found.interval) == pytest.approx((expected.low, expected.high))


def test_without_items_nothing_is_drawn() -> None:
    drawn = AREA.resample([])
    assert drawn.units == ()
    assert math.isnan(drawn.value(np.zeros(0)))


def test_a_thousand_resamples_are_drawn_unless_asked_otherwise() -> None:
    assert Auroc(of="score", by="kind", positive="in", negative="out").written()["resamples"] == 1000
