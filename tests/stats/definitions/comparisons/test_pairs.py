"""What changes between the items of a pair."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from audit.core.records import Flag, Sample
from audit.stats.definitions import (
    Paired,
)
from audit.stats.intervals import mean_interval, wilson
from tests.stats.conftest import ends
from tests.stats.definitions.conftest import a_sample

PAIRS = {"p0": (1.0, 0.0), "p1": (1.0, 1.0), "p2": (0.0, 0.0), "p3": (0.0, 1.0), "p4": (1.0, 0.0), "p5": (1.0, 0.5)}
GAP = Paired(by="side", first="pro", second="anti", seed=2, resamples=300)
SAME = Paired(by="side", first="pro", second="anti", compare="equal")


def some(**fields: Any) -> list[Sample]:
    return [
        a_sample(f"{pair}-{side}", pair=pair, score=score, slices={"side": side}, **fields)
        for pair, scores in PAIRS.items()
        for side, score in zip(("pro", "anti"), scores, strict=True)
    ]


def test_the_difference_is_first_minus_second() -> None:
    differences = [first - second for first, second in PAIRS.values()]
    found = GAP.estimate(some(), unit="score", confidence=0.9)
    assert (found.value, found.n, found.missing) == (pytest.approx(sum(differences) / 6), 6, 0)
    expected = mean_interval(differences, seed=2, resamples=300, confidence=0.9)
    assert found.interval == expected
    assert GAP.estimate(some(), unit="score", interval=False).interval is None
    points = Paired(by="side", first="pro", second="anti", scale=100.0).estimate(some(), unit="points")
    assert points.value == pytest.approx(100 * sum(differences) / 6)
    assert points.interval is not None
    assert points.interval.high > 1


def test_the_share_of_equal_pairs_has_wilsons_interval() -> None:
    found = SAME.estimate(some(), unit="share")
    expected = wilson(2, 6)
    assert found.value == pytest.approx(2 / 6)
    assert ends(found.interval) == (expected.low, expected.high)


def test_pairs_without_both_values_or_with_a_flag_are_left_out() -> None:
    given = some()
    given[0] = given[0].model_copy(update={"flags": [Flag.TIE]})
    given[3] = given[3].model_copy(update={"error": "lost"})
    given[4] = given[4].model_copy(update={"score": None})
    given[7] = given[7].model_copy(update={"flags": [Flag.TIE]})  # of the second item: it stays
    given.append(a_sample("alone", pair="p9", score=1.0, slices={"side": "pro"}))
    given.append(a_sample("other", pair="p3", score=1.0, slices={"side": "none"}))
    definition = Paired(by="side", first="pro", second="anti", without=(Flag.TIE,))
    assert [(sample.sample_id, value) for sample, value in definition.values(given)] == [
        ("p3-pro", -1.0), ("p4-pro", 1.0), ("p5-pro", 0.5),
    ]  # fmt: skip
    nothing = Paired(by="side", first="no", second="anti").estimate(given, unit="score")
    assert (nothing.n, nothing.error) == (0, f"none of {len(given)} items could be scored")


def test_a_field_is_compared_and_clusters_are_those_of_the_first_item() -> None:
    given = [
        one.model_copy(update={"cluster": f"{one.slices['side']}{int(str(one.pair)[1]) // 3}", "score": 0.0,
                               "scores": {"size": 2 * (one.score or 0.0)}})
        for one in some()
    ]  # fmt: skip
    definition = Paired(by="side", first="pro", second="anti", of="scores.size")
    found = definition.estimate(given, unit="score")
    assert found.value == pytest.approx(2 * 1.5 / 6)
    assert found.interval is not None
    assert found.interval.method == "clustered_t"
    drawn = definition.resample(given)
    assert drawn.units == ("cluster pro0", "cluster pro1")
    assert drawn.value(np.array([3.0, 1.0])) == pytest.approx(2 * (3 * 1.0 + 1 * 0.5) / 12)


def test_each_pair_is_a_unit_of_its_own() -> None:
    drawn = Paired(by="side", first="pro", second="anti", scale=100.0).resample(some())
    assert drawn.units == tuple(f"item {pair}-pro" for pair in PAIRS)
    assert drawn.value(np.array([2.0, 0.0, 0.0, 1.0, 0.0, 0.0])) == pytest.approx(100 * (2 - 1) / 3)
    assert math.isnan(drawn.value(np.zeros(6)))


def test_pairs_of_scored_items_without_a_value_are_missing() -> None:
    """Of six pairs, two lack the field on one side, one on both; an item with an error is unscored, not missing."""
    given = some(scores={"same": 1.0})
    for place in (0, 3, 4, 5):
        given[place] = given[place].model_copy(update={"scores": {"same": None} if place else {}})
    given[8] = given[8].model_copy(update={"score": None, "error": "lost"})
    given[10] = given[10].model_copy(update={"scores": {}, "flags": [Flag.TIE]})  # of a pair that is excluded
    definition = Paired(by="side", first="pro", second="anti", of="scores.same", compare="equal", without=(Flag.TIE,))
    found = definition.estimate(given, unit="share")
    assert (found.value, found.n, found.missing) == (1.0, 1, 3)
    nothing = definition.estimate(given[:6], unit="share")
    assert (nothing.value, nothing.n, nothing.missing) == (None, 0, 3)


def test_items_without_a_pair_are_in_none() -> None:
    lone = [a_sample(f"{side}{i}", score=float(i), slices={"side": side}) for side in ("pro", "anti") for i in range(2)]
    assert GAP.values(lone) == []
    assert GAP.values([*some(), *lone]) == GAP.values(some())
    assert GAP.estimate(lone, unit="score").missing == 0


def test_a_slice_may_name_the_clusters() -> None:
    """The same numbers as with the clusters in the samples' own field."""
    named = [one.model_copy(update={"cluster": f"c{int(str(one.pair)[1]) // 2}"}) for one in some()]
    sliced = [
        one.model_copy(update={"cluster": "all", "slices": {**one.slices, "topic": str(one.cluster)}}) for one in named
    ]
    by_topic = Paired(by="side", first="pro", second="anti", cluster="topic")
    assert by_topic.estimate(sliced, unit="score") == Paired(by="side", first="pro", second="anti").estimate(
        named, unit="score"
    )
    assert by_topic.resample(sliced).units == ("cluster c0", "cluster c1", "cluster c2")


@pytest.mark.parametrize("side", ["pro", "anti"])
def test_a_pair_with_an_unscored_item_on_either_side_is_not_missing(side: str) -> None:
    given = [
        one.model_copy(update={"score": None, "error": "lost"}) if one.sample_id == f"p0-{side}" else one
        for one in some()
    ]
    found = GAP.estimate(given, unit="score", interval=False)
    assert (found.n, found.missing) == (5, 0)
