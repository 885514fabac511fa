"""Plain counts of sampled texts."""

from __future__ import annotations

import numpy as np

from audit.core.records import Flag, SampledText
from audit.stats.definitions import (
    CountOfCompletions,
    FlaggedCompletions,
    UnscoredCompletions,
)
from tests.stats.definitions.conftest import item, metric


def test_flags_of_texts_are_counted_one_by_one() -> None:
    texts = [SampledText(text="", flags=[Flag.EMPTY_OUTPUT]), SampledText(text="x", value=1.0)]
    some = [item(0, (0.1,)).model_copy(update={"completions": texts * 2}), item(1, (0.2,))]
    found = metric(CountOfCompletions(flags=(Flag.EMPTY_OUTPUT,)), some, "count")
    assert (found.value, found.n) == (2.0, 2)


def test_texts_without_a_value_are_counted_among_all_texts() -> None:
    some = [item(0, (0.9, None)), item(1, (0.1, 0.2)), item(2, (None, 0.4), error="the scorer failed", score=None)]
    count = metric(UnscoredCompletions(), some, "count")
    assert (count.value, count.n, count.no_interval) == (2.0, 6, None)


def test_flagged_texts_are_counted_among_all_texts() -> None:
    cut, whole = SampledText(text="x", flags=[Flag.TRUNCATED_OUTPUT]), SampledText(text="y")
    some = [item(0, (0.1,)).model_copy(update={"completions": texts}) for texts in ([cut, whole, cut], [whole])]
    count = metric(FlaggedCompletions(flags=(Flag.TRUNCATED_OUTPUT,)), some, "count")
    assert (count.value, count.n, count.no_interval) == (2.0, 4, None)


def test_a_text_with_two_of_the_flags_counts_once() -> None:
    both = SampledText(text="", flags=[Flag.EMPTY_OUTPUT, Flag.TRUNCATED_OUTPUT])
    cut = SampledText(text="", flags=[Flag.TRUNCATED_OUTPUT])
    some = [
        item(number, (0.1,)).model_copy(update={"completions": texts}) for number, texts in enumerate(([both], [cut]))
    ]
    assert metric(CountOfCompletions(flags=(Flag.EMPTY_OUTPUT, Flag.TRUNCATED_OUTPUT)), some, "count").value == 2.0
    assert metric(CountOfCompletions(flags=(Flag.REDACTED,)), some, "count").value == 0.0


def test_texts_are_drawn_with_the_cluster_of_their_item() -> None:
    some = [
        item(
            number, (None, 0.1) if number else (None, None), cluster=f"c{number // 2}", slices={"by": "ab"[number % 2]}
        )
        for number in range(4)
    ]
    drawn = UnscoredCompletions().resample(some)
    assert drawn.units == ("cluster c0", "cluster c1")
    assert drawn.value(np.array([2.0, 1.0])) == 2 * 3 + 2
    by_slice = UnscoredCompletions(cluster="by").resample(some)
    assert by_slice.units == ("cluster a", "cluster b")
    assert by_slice.value(np.array([1.0, 10.0])) == 3 + 20
    alone = [one.model_copy(update={"cluster": None}) for one in some]
    assert UnscoredCompletions().resample(alone).units == ("item s0", "item s1", "item s2", "item s3")
