"""How many of the items that were drawn became no sample."""

from __future__ import annotations

import math

import numpy as np

from audit.stats.definitions import (
    LeftOut,
)
from tests.stats.definitions.conftest import metric, scored

SOME = [scored(number, {}, cluster=f"c{number // 3}", slices={"kind": "xyx"[number % 3]}) for number in range(8)]
"""Three clusters, the last with two samples."""


def test_what_was_left_out_is_counted_by_what_should_be() -> None:
    drawn = metric(LeftOut(drawn=5), SOME, "count")
    assert (drawn.value, drawn.n, drawn.no_interval) == (2.0, 5, None)
    missing = metric(LeftOut(per_cluster=3), SOME, "count")
    assert (missing.value, missing.n) == (1.0, 8)
    neither = metric(LeftOut(), SOME, "count")
    assert (neither.value, neither.error) == (None, "the expected number is unknown")


def test_a_cluster_that_holds_the_same_item_twice_counts_twice() -> None:
    # Clusters 0 and 1 hold x twice, the last one each once.
    assert metric(LeftOut(drawn=7, once="kind"), SOME, "count").value == 2.0
    bare = [one.model_copy(update={"slices": {}, "cluster": None}) for one in SOME]
    assert metric(LeftOut(drawn=9, once="kind"), bare, "count").value == 1.0  # each is a cluster of its own
    assert metric(LeftOut(drawn=9, cluster="kind"), SOME, "count").value == 7.0  # two kinds


def test_what_was_left_out_cannot_be_drawn() -> None:
    drawn = LeftOut(drawn=5).resample(SOME)
    assert drawn.units == ()
    assert math.isnan(drawn.value(np.zeros(0)))


def test_items_on_their_own_are_clusters_and_an_unknown_number_is_of_none() -> None:
    bare = [one.model_copy(update={"cluster": None}) for one in SOME]
    assert metric(LeftOut(drawn=9), bare, "count").value == 1.0
    assert LeftOut().estimate(bare, unit="count").n == 0
