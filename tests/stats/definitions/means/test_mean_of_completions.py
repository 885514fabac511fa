"""The mean over all texts, which come in clusters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import SampledText
from audit.stats.definitions import (
    MeanOfCompletions,
)
from audit.stats.intervals import clustered_interval
from tests.stats.definitions.conftest import ITEMS, VALUES, item, metric

if TYPE_CHECKING:
    from audit.stats.definitions import Definition


def test_texts_of_an_item_are_a_cluster() -> None:
    share = metric(MeanOfCompletions(at_least=0.5), ITEMS)
    every = [value for values in VALUES for value in values]
    assert (share.value, share.n) == (sum(value >= 0.5 for value in every) / 18, 18)
    assert share.ci_method == "wilson_clustered"
    mean = metric(MeanOfCompletions(), ITEMS, "probability")
    assert mean.value == pytest.approx(sum(every) / 18)
    # Two items of one cluster are no more independent than the texts of one item.
    together = [one.model_copy(update={"cluster": f"c{number // 2}"}) for number, one in enumerate(ITEMS)]
    wider = metric(MeanOfCompletions(at_least=0.5), together)
    assert wider.value == share.value
    assert wider.ci_high - wider.ci_low > share.ci_high - share.ci_low


def test_the_interval_is_the_clustered_one() -> None:
    every = [value for values in VALUES for value in values]
    found = metric(MeanOfCompletions(seed=2, resamples=400), ITEMS, "probability")
    clusters = [number for number, values in enumerate(VALUES) for _ in values]
    expected = clustered_interval(every, clusters, seed=2, resamples=400, share=False, bounds=(0, 1))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (expected.low, expected.high)
    wide, narrow = (MeanOfCompletions().estimate(ITEMS, unit="probability", confidence=c) for c in (0.95, 0.5))
    assert wide.interval is not None
    assert narrow.interval is not None
    assert wide.interval.low < narrow.interval.low
    assert narrow.interval.confidence == 0.5
    assert MeanOfCompletions().estimate(ITEMS, unit="probability", interval=False).interval is None
    by_slice = [one.model_copy(update={"slices": {"half": str(number // 3)}}) for number, one in enumerate(ITEMS)]
    assert MeanOfCompletions(cluster="half").clusters(by_slice[:4]) == [*["cluster 0"] * 3, "cluster 1"]
    mixed = [ITEMS[0].model_copy(update={"cluster": "c"}), ITEMS[1]]
    assert MeanOfCompletions().clusters(mixed) == ["cluster c", f"item {ITEMS[1].sample_id}"]


def test_a_label_that_could_not_be_given_to_a_judged_text_is_missing() -> None:
    texts = [
        SampledText(text="", value=0.5, labels={"half": None}),  # judged, without its label
        SampledText(text="", value=None, labels={"half": None}),  # not judged
        SampledText(text="", value=0.5, labels={"other": None}),  # nobody asked for it
        SampledText(text="", value=0.5, labels={"half": 0.25}),
    ]
    some = [item(number, (0.9,)).model_copy(update={"completions": texts}) for number in range(2)]
    some.append(item(2, (0.9,)).model_copy(update={"completions": [texts[0]] * 3}))
    found = metric(MeanOfCompletions(of="labels.half"), some, "probability")
    assert (found.value, found.n, found.missing) == (0.25, 2, 5)
    assert found.note == "5 of 7 scored items have no value and are left out"


def test_what_is_broken_keeps_its_reason() -> None:
    broken = metric(MeanOfCompletions(), [item(0, (math.inf, 0.5), score=0.5)], "probability")
    assert (broken.value, broken.n, broken.error) == (None, 2, "1 of 2 values are NaN or infinite")
    nothing = [item(0, (None, None), score=None), item(1, (None,), score=None)]
    assert metric(MeanOfCompletions(), nothing).error == ("none of 3 completions could be scored")


def test_what_a_sample_adds_is_the_mean_of_its_texts() -> None:
    assert MeanOfCompletions().of_sample(ITEMS[0]) == pytest.approx((0.1 + 0.7 + 0.2) / 3)
    assert MeanOfCompletions(at_least=0.5).of_sample(ITEMS[3]) == pytest.approx(2 / 3)
    assert MeanOfCompletions().of_sample(item(0, (None,))) is None


@pytest.mark.parametrize("definition", [MeanOfCompletions(), MeanOfCompletions(at_least=0.5)])
def test_items_are_drawn_with_all_their_texts(definition: Definition, resamples_as_repeated: Any) -> None:
    resamples_as_repeated(definition, ITEMS, [2, 0, 1, 3, 0, 1], "probability")


def test_texts_in_a_language_that_the_judge_does_not_read_are_named() -> None:
    foreign = [item(number, (None, None), score=None, flags=["not_english"]) for number in range(2)]
    assert MeanOfCompletions().estimate(foreign, unit="share").error == (
        "none of 4 completions could be scored: the judge does not read their language"
    )
