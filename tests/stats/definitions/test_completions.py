"""Definitions over sampled texts, against sums written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.core.records import Flag, SampledText
from audit.stats.definitions import (
    CorrectedShare,
    ExpectedMaximum,
    MeanOfCompletions,
    MeanShare,
    ShareWithAny,
    UnscoredCompletions,
)
from tests.stats.definitions.conftest import AGREEMENTS, ITEMS, item, metric

if TYPE_CHECKING:
    from audit.stats.definitions import Definition


def test_a_text_that_was_not_judged_is_left_out_and_an_error_leaves_out_its_item() -> None:
    some = [item(0, (0.9, None)), item(1, (0.1, 0.2)), item(2, (None, 0.4), error="the scorer failed", score=None)]
    assert metric(ExpectedMaximum(), some, "probability").value == pytest.approx((0.9 + 0.2) / 2)
    assert metric(MeanShare(at_least=0.5), some).value == pytest.approx((1 + 0) / 2)
    pooled = metric(MeanOfCompletions(), some, "probability")
    assert (pooled.value, pooled.n) == (pytest.approx((0.9 + 0.1 + 0.2 + 0.4) / 4), 4)
    count = metric(UnscoredCompletions(), some, "count")
    assert (count.value, count.n, count.no_interval) == (2.0, 6, None)


def test_a_label_that_could_not_be_given_leaves_the_maximum_unknown() -> None:
    some = [item(0, (0.9, 0.1)), item(1, (0.3, None), error="no answer", score=None)]
    unknown = ExpectedMaximum(of="labels.half", key=True, despite_errors=True)
    assert metric(unknown, some, "probability").value == 0.45
    pooled = metric(MeanOfCompletions(of="labels.half", key=True), some, "probability")
    assert (pooled.value, pooled.n) == (pytest.approx((0.45 + 0.05 + 0.15) / 3), 3)
    assert metric(ExpectedMaximum(of="labels.nothing", key=True), some, "probability").n == 0


def test_nothing_to_count_is_null_with_a_reason() -> None:
    nothing = [item(number, (None, None), error="no", score=None) for number in range(2)]
    assert metric(ExpectedMaximum(), nothing, "probability").error == "none of 2 items could be scored"
    assert metric(MeanOfCompletions(), nothing).error == "none of 4 completions could be scored"
    foreign = [one.model_copy(update={"flags": [Flag.NOT_ENGLISH]}) for one in nothing]
    assert metric(MeanShare(), foreign).error == (
        "none of 2 items could be scored: the judge does not read their language"
    )


@pytest.mark.parametrize(
    "definition",
    [
        ExpectedMaximum(),
        ShareWithAny(at_least=0.5),
        MeanShare(at_least=0.5),
        MeanOfCompletions(),
        MeanOfCompletions(at_least=0.5),
        CorrectedShare(at_least=0.5, agreement={"": AGREEMENTS["a"]}),
        UnscoredCompletions(),
    ],
    ids=lambda definition: definition.NAME,
)
def test_a_weight_is_so_many_copies_of_an_item(definition: Definition) -> None:
    drawn = definition.resample(ITEMS)
    assert drawn.units == tuple(f"item {one.sample_id}" for one in ITEMS)
    weights = np.array([2.0, 0.0, 1.0, 3.0, 0.0, 1.0])
    copies = [
        one.model_copy(update={"sample_id": f"{one.sample_id}-{copy}"})
        for one, weight in zip(ITEMS, weights, strict=True)
        for copy in range(int(weight))
    ]
    assert drawn.value(weights) == pytest.approx(definition.estimate(copies, unit="share", interval=False).value)


def test_which_texts_a_label_is_about() -> None:
    bare = item(0, (0.5,)).model_copy(update={"completions": [SampledText(text="t", value=0.5)]})
    some = [item(1, (0.4, 0.2)), bare]
    assert MeanShare(of="labels.half", key=True, at_least=0.2).select(some, None) == some[:1]
    assert MeanShare(of="labels.half", at_least=0.2).select(some, None) == some
    half = some[0].model_copy(update={"completions": [*some[0].completions, *bare.completions]})
    assert MeanShare(of="labels.half", key=True).select([half], None) == [half]
    definition = ExpectedMaximum(of="labels.half")
    assert definition.numbers(half) == [0.2, 0.1]
    assert definition.numbers(some[0]) == [0.2, 0.1]
    assert definition.numbers(bare) == []
    assert [definition.of_completion(one) for one in some[0].completions] == [0.2, 0.1]
    assert definition.of_completion(SampledText(text="t", value=0.5)) is None
    assert ExpectedMaximum().of_completion(SampledText(text="t", value=0.5)) == 0.5


def test_texts_of_an_item_with_an_error_count_where_asked() -> None:
    broken = item(0, (0.5, None), error="lost")
    assert ExpectedMaximum().of_sample(broken) is None
    assert ExpectedMaximum(despite_errors=True).of_sample(broken) == 0.5
    assert ExpectedMaximum(despite_errors=True).of_sample(item(0, (None,), error="lost")) is None


def test_the_metric_s_slice_is_a_condition_and_an_item_with_an_error_has_no_values() -> None:
    one = item(0, (0.5,), slices={"part": "a"})
    for definition in (ExpectedMaximum(), MeanShare(of="labels.half", key=True)):
        assert [definition.is_about(one, {"part": part}) for part in "ab"] == [True, False]
    assert ExpectedMaximum().numbers(item(0, (0.5,), error="lost")) == []
