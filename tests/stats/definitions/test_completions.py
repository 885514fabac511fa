"""Definitions over sampled texts, against sums written out by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.records import Flag, Sample, SampledText
from audit.stats.definitions import (
    CorrectedShare,
    CountOfCompletions,
    CountOfScores,
    ExpectedMaximum,
    Exposure,
    LeftOut,
    MeanOfCompletions,
    MeanShare,
    ShareOfClasses,
    ShareWithAny,
    UnscoredCompletions,
    measured,
    read,
)
from audit.stats.intervals import mean_interval, wilson
from audit.stats.prevalence import Agreement, corrected_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.stats.definitions import Definition

VALUES = [(0.1, 0.7, 0.2), (0.3, 0.5, 0.3), (0.0, 0.49, 0.1), (0.9, 0.2, 0.6), (0.2, 0.2, 0.1), (0.8, 0.4, 0.5)]


def item(number: int, values: Sequence[float | None], **fields: Any) -> Sample:
    texts = [SampledText(text="t", value=value, labels={"half": None if value is None else value / 2}) for value in values]  # fmt: skip  # noqa: E501
    known = [value for value in values if value is not None]
    given = {"sample_id": f"s{number}", "suite": "safety", "task": "t", "prompt": "p", "completions": texts}
    return Sample.model_validate({**given, "score": max(known, default=None), **fields})


ITEMS = [item(number, values) for number, values in enumerate(VALUES)]


def metric(definition: Definition, samples: Sequence[Sample], unit: str = "share", **more: Any) -> Any:
    made = measured(definition, samples, metric="m", unit=unit, higher_is_better=False, **more)
    assert read(made.definition or {}) == definition  # what is written down is what was computed
    return made


def test_the_expected_maximum_is_the_mean_of_maxima() -> None:
    found = metric(ExpectedMaximum(seed=3), ITEMS, "probability")
    maxima = [0.7, 0.5, 0.49, 0.9, 0.2, 0.8]
    assert found.value == pytest.approx(sum(maxima) / 6)
    expected = mean_interval(maxima, seed=3, share=False, bounds=(0, 1))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (expected.low, expected.high)
    halved = metric(ExpectedMaximum(of="labels.half"), ITEMS, "probability")
    assert halved.value == pytest.approx(found.value / 2)


def test_the_threshold_itself_counts() -> None:
    found = metric(ShareWithAny(at_least=0.5), ITEMS)
    assert (found.value, found.n) == (4 / 6, 6)
    expected = wilson(4, 6)
    assert (found.ci_low, found.ci_high, found.ci_method) == (expected.low, expected.high, "wilson")
    shares = [1 / 3, 1 / 3, 0, 2 / 3, 0, 2 / 3]
    assert metric(MeanShare(at_least=0.5), ITEMS).value == pytest.approx(sum(shares) / 6)


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


def test_flags_of_texts_are_counted_one_by_one() -> None:
    texts = [SampledText(text="", flags=[Flag.EMPTY_OUTPUT]), SampledText(text="x", value=1.0)]
    some = [item(0, (0.1,)).model_copy(update={"completions": texts * 2}), item(1, (0.2,))]
    found = metric(CountOfCompletions(flags=(Flag.EMPTY_OUTPUT,)), some, "count")
    assert (found.value, found.n) == (2.0, 2)


AGREEMENTS = {
    "a": {"true_positives": 80, "positives": 100, "true_negatives": 190, "negatives": 200},
    "b": {"true_positives": 30, "positives": 50, "true_negatives": 99, "negatives": 100},
}


def test_each_kind_of_text_is_corrected_with_its_own_errors() -> None:
    """Rogan and Gladen: (share + specificity - 1) / (sensitivity + specificity - 1), weighted by items."""
    some = [item(number, values, slices={"kind": "ab"[number % 3 == 0]}) for number, values in enumerate(VALUES)]
    definition = CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS)
    shares = {"a": (1 / 3 + 0 + 0 + 2 / 3) / 4, "b": (1 / 3 + 2 / 3) / 2}
    assert {one.slices["kind"] for one in some[1:3]} == {"a"}
    corrected = {"a": (shares["a"] + 0.95 - 1) / (0.8 + 0.95 - 1), "b": (shares["b"] + 0.99 - 1) / (0.6 + 0.99 - 1)}
    found = metric(definition, some)
    assert found.value == pytest.approx(4 / 6 * corrected["a"] + 2 / 6 * corrected["b"])
    assert found.ci_method == "mover_lang_reiczigel"
    assert metric(CorrectedShare(at_least=0.5, agreement=AGREEMENTS), some).error == (
        "not corrected: this scorer was not validated on text of this kind at this threshold"
    )


def test_the_lower_end_of_a_corrected_share_is_lang_and_reiczigels() -> None:
    """By the formulas of section 2.3 of their paper, written out for share 0.3 of 300 with 70/120 and 180/200."""
    z = 1.959963984540054
    tested, positives, negatives = 300 + z**2, 120 + 2, 200 + 2
    share, sensitivity, specificity = (300 * 0.3 + z**2 / 2) / tested, 71 / 122, 181 / 202
    youden = sensitivity + specificity - 1
    centre = (share + specificity - 1) / youden
    errors = sensitivity * (1 - sensitivity) / positives, specificity * (1 - specificity) / negatives
    shift = 2 * z**2 * (centre * errors[0] - (1 - centre) * errors[1])
    spread = (
        z / youden * math.sqrt(share * (1 - share) / tested + centre**2 * errors[0] + (1 - centre) ** 2 * errors[1])
    )
    found = corrected_interval(0.3, 300, Agreement(70, 120, 180, 200))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(centre + shift - spread), pytest.approx(centre + shift + spread))
    assert found.low == pytest.approx(0.278, abs=5e-4)


def scored(number: int, scores: dict[str, float], **fields: Any) -> Sample:
    given = {"sample_id": f"s{number}", "suite": "safety", "task": "t", "prompt": "p", "score": 1.0, "scores": scores}
    return Sample.model_validate({**given, **fields})


def test_exposure_is_in_bits() -> None:
    """Carlini et al. 2019: the likeliest of 512 secrets has log2 512 = 9 bits, the 64th has 3."""
    some = [scored(0, {"rank": 1.0, "secrets": 512.0}), scored(1, {"rank": 64.0, "secrets": 512.0})]
    assert metric(Exposure(), some, "bits").value == 6.0


def test_a_share_of_classes_counts_answers_of_any_of_them() -> None:
    names = ("full", "partial", "none")
    kinds = ["full", "none", "partial", "none"]
    some = [scored(number, {name: float(name == kind) for name in names}) for number, kind in enumerate(kinds)]
    some += [scored(9, {}, score=None, error="not judged")]
    assert metric(ShareOfClasses(classes=("full", "partial")), some).value == 0.5
    assert metric(ShareOfClasses(classes=("partial",)), some).n == 4


def test_what_was_left_out_and_what_was_seen() -> None:
    some = [scored(number, {"echoed": float(number % 2)}, cluster=f"c{number // 3}") for number in range(8)]
    drawn = metric(LeftOut(drawn=5), some, "count")
    assert (drawn.value, drawn.n) == (2.0, 5)  # three clusters have samples
    missing = metric(LeftOut(per_cluster=3), some, "count")
    assert (missing.value, missing.n) == (1.0, 8)
    assert metric(CountOfScores(of="scores.echoed"), some, "count").value == 4.0


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
    assert drawn.units == tuple(one.sample_id for one in ITEMS)
    weights = np.array([2.0, 0.0, 1.0, 3.0, 0.0, 1.0])
    copies = [
        one.model_copy(update={"sample_id": f"{one.sample_id}-{copy}"})
        for one, weight in zip(ITEMS, weights, strict=True)
        for copy in range(int(weight))
    ]
    assert drawn.value(weights) == pytest.approx(definition.estimate(copies, unit="share", interval=False).value)
