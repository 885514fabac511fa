"""A preference and a statistic of the cluster, against SciPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import (
    Correlation,
)
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


SHARES = {"nurse": 90.0, "clerk": 60.0, "pilot": 5.0, "baker": 55.0}
YES = {
    "nurse": ([1.0, 1.0], [0.0]),
    "clerk": ([1.0, 0.0], [1.0]),
    "pilot": ([0.0], [1.0, 1.0]),
    "baker": ([1.0], [1.0]),
}
"""Scores with the first and the second pronoun."""
UNITS = ("cluster baker", "cluster clerk", "cluster nurse", "cluster pilot")
OF = Correlation(of="score", by="sex", first="f", second="m", statistic_of="scores.share", resamples=100)


def some(names: Sequence[str] = tuple(YES)) -> list[Sample]:
    return [
        a_sample(f"{name}-{sex}{i}", cluster=name, score=score, scores={"share": SHARES[name]}, slices={"sex": sex})
        for name in names
        for sex, scores in zip("fm", YES[name], strict=True)
        for i, score in enumerate(scores)
    ]


def by_scipy(names: Sequence[str]) -> float:
    preference = [100 * (np.mean(YES[name][0]) - np.mean(YES[name][1])) for name in names]
    return float(stats.pearsonr(preference, [SHARES[name] for name in names]).statistic)


def test_it_is_pearsons_over_clusters() -> None:
    more = [
        a_sample("a", cluster="cook", score=1.0, scores={"share": 50.0}, slices={"sex": "f"}),  # one side alone
        a_sample("b", cluster="king", score=1.0, slices={"sex": "f"}),  # no statistic
        a_sample("c", cluster="king", score=1.0, slices={"sex": "m"}),
        a_sample("d", cluster="nurse", error="lost", scores={"share": 90.0}, slices={"sex": "m"}),
        a_sample("e", cluster="nurse", score=1.0, scores={"share": 90.0}, slices={"sex": "n"}),
    ]
    table = OF.table([*more, *some()])
    assert table.units == UNITS
    assert table.rows.tolist() == [[0.0, 55.0], [-50.0, 60.0], [100.0, 90.0], [-100.0, 5.0]]
    found = OF.estimate(some(), unit="correlation")
    assert (found.value, found.n) == (pytest.approx(by_scipy(list(YES))), 4)
    assert found.no_interval == "only 4 clusters; an interval needs at least 10"


def test_clusters_are_drawn_whole() -> None:
    drawn = OF.resample(some())
    names = ["baker", "clerk", "nurse", "nurse"]
    assert drawn.value(np.array([1.0, 1.0, 2.0, 0.0])) == pytest.approx(by_scipy(names))
    assert math.isnan(drawn.value(np.array([1.0, 1.0, 0.0, 0.0])))


def test_why_there_is_no_correlation() -> None:
    assert OF.estimate(some(["nurse", "pilot"]), unit="correlation").error == (
        "too few clusters have answers on both sides"
    )
    alike = [one.model_copy(update={"score": 1.0}) for one in some()]
    assert OF.estimate(alike, unit="correlation").error == "both sides always get the same answer"
    flat = [one.model_copy(update={"scores": {"share": 50.0}}) for one in some()]
    assert OF.estimate(flat, unit="correlation").error == (
        "the preference or the statistic is the same for every cluster"
    )


def test_three_clusters_are_enough_and_another_field_can_be_compared() -> None:
    """A cluster with the second side alone takes no part."""
    names = ["nurse", "clerk", "pilot"]
    lone = a_sample("z", cluster="cook", score=1.0, scores={"share": 50.0, "x": 1.0}, slices={"sex": "m"})
    given = [one.model_copy(update={"score": 0.5, "scores": {**one.scores, "x": one.score}}) for one in some(names)]
    of = Correlation(of="scores.x", by="sex", first="f", second="m", statistic_of="scores.share")
    found = of.estimate([*given, lone], unit="correlation")
    assert (found.value, found.n) == (pytest.approx(by_scipy(names)), 3)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_statistic_is_known_of_the_cluster_whatever_its_samples_have(backwards: bool) -> None:
    """The first or last sample of a cluster may have an error, or not have the statistic."""
    more = [
        a_sample(f"{place}{name}", cluster=name, error="lost", scores=scores, slices={"sex": "f"})
        for place in "az"
        for name, scores in (("nurse", {}), ("pilot", {"share": None}))
    ]
    given = [*more[:2], *some(), *more[2:]]
    lost = [one.model_copy(update={"scores": {}}) if one.sample_id == "clerk-m0" else one for one in given]
    found = OF.estimate(lost[::-1] if backwards else lost, unit="correlation")
    assert (found.value, found.n, found.missing) == (pytest.approx(by_scipy(list(YES))), 4, 0)
    pilot = {True: {"share": 5.0}, False: {}}  # only its samples with an error have the statistic
    bare = [
        one.model_copy(update={"scores": pilot[bool(one.error)]} if one.cluster == "pilot" else {}) for one in given
    ]
    assert OF.estimate(bare, unit="correlation").value == pytest.approx(by_scipy(list(YES)))


def test_clusters_that_lack_a_value_of_a_scored_item_are_missing() -> None:
    of = Correlation(of="scores.x", by="sex", first="f", second="m", statistic_of="scores.share")
    given = [one.model_copy(update={"scores": {**one.scores, "x": one.score}}) for one in some()]
    kings = [
        a_sample(f"king{sex}", cluster="king", score=1.0, scores={"x": 1.0}, slices={"sex": sex}) for sex in "fm"
    ]  # without the statistic
    given[0] = given[0].model_copy(update={"scores": {"share": SHARES["nurse"], "x": None}})
    other = a_sample("n", cluster="clerk", score=1.0, scores={"share": 60.0}, slices={"sex": "n"})  # of neither side
    found = of.estimate([*given, *kings, other], unit="correlation")
    assert (found.n, found.missing) == (3, 2)
    assert found.value == pytest.approx(by_scipy(["clerk", "pilot", "baker"]))


def test_a_slice_may_name_the_clusters() -> None:
    given = [
        one.model_copy(update={"cluster": None, "slices": {**one.slices, "job": str(one.cluster)}}) for one in some()
    ]
    of = Correlation(of="score", by="sex", first="f", second="m", statistic_of="scores.share", cluster="job")
    assert of.table(given).units == UNITS
    assert of.estimate(given, unit="correlation").value == pytest.approx(by_scipy(list(YES)))


def test_items_on_their_own_are_no_common_cluster() -> None:
    lone = [a_sample(f"lone {sex}", score=1.0, scores={"share": 50.0}, slices={"sex": sex}) for sex in "fm"]
    assert OF.table([*some(), *lone]).units == UNITS
    nobody = OF.estimate([*some(), *lone], unit="correlation")
    assert (nobody.n, nobody.missing) == (4, 0)


def test_a_value_counts_without_a_score_and_one_that_lacks_on_either_side_leaves_its_cluster_out() -> None:
    of = Correlation(of="scores.x", by="sex", first="f", second="m", statistic_of="scores.share")
    given = [one.model_copy(update={"score": None, "scores": {**one.scores, "x": one.score}}) for one in some()]
    assert of.estimate(given, unit="correlation").value == pytest.approx(by_scipy(list(YES)))
    for place, one in enumerate(given):
        if one.sample_id == "nurse-m0":
            given[place] = one.model_copy(update={"score": 1.0, "scores": {"share": SHARES["nurse"]}})
    found = of.estimate(given, unit="correlation")
    assert (found.value, found.n, found.missing) == (pytest.approx(by_scipy(["clerk", "pilot", "baker"])), 3, 1)


def test_three_clusters_that_are_alike_are_not_too_few() -> None:
    alike = [one.model_copy(update={"score": 1.0}) for one in some(["nurse", "clerk", "pilot"])]
    assert OF.estimate(alike, unit="correlation").error == "both sides always get the same answer"
