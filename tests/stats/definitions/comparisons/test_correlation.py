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
    assert table.units == ("baker", "clerk", "nurse", "pilot")
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
