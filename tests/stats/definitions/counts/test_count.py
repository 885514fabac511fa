"""Plain counts of samples."""

from __future__ import annotations

import math

import numpy as np

from audit.core.records import Flag
from audit.stats.definitions import (
    Count,
    Unscored,
)
from tests.stats.definitions.conftest import a_sample, metric

SOME = [
    a_sample("0", score=1.0, flags=[Flag.TRUNCATED_OUTPUT, Flag.REDACTED], cluster="a"),
    a_sample("1", score=1.0, flags=[Flag.REDACTED], cluster="b"),
    a_sample("2", score=None, cluster="a"),
    a_sample("3", score=math.nan, flags=[Flag.TRUNCATED_OUTPUT]),
    a_sample("4", score=1.0, error="lost", cluster="b"),
]


def test_a_sample_with_any_of_the_flags_counts_once() -> None:
    found = metric(Count(flags=(Flag.TRUNCATED_OUTPUT, Flag.REDACTED)), SOME, "count")
    assert (found.value, found.n, found.ci_low, found.no_interval) == (3.0, 5, None, None)
    assert metric(Count(flags=(Flag.REDACTED,)), SOME, "count").value == 2.0
    assert metric(Count(flags=()), SOME, "count").value == 0.0


def test_unscored_samples_have_an_error_or_no_finite_score() -> None:
    found = metric(Unscored(), SOME, "count")
    assert (found.value, found.n) == (3.0, 5)


def test_samples_are_drawn_with_their_cluster() -> None:
    drawn = Unscored().resample(SOME)
    assert drawn.units == ("cluster a", "cluster b", "item 3")
    assert drawn.value(np.array([2.0, 3.0, 5.0])) == 2 * 1 + 3 * 1 + 5 * 1
    redacted = Count(flags=(Flag.REDACTED,)).resample(SOME)
    assert redacted.value(np.array([2.0, 3.0, 5.0])) == 2 * 1 + 3 * 1
