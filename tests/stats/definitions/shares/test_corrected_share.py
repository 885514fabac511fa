"""A share of texts, corrected for the errors of its classifier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions import (
    CorrectedShare,
)
from audit.stats.definitions.shares.corrected_share import counts_of
from audit.stats.prevalence import Agreement
from tests.stats.definitions.conftest import AGREEMENTS, VALUES, item, metric


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


def test_counts_of_one_kind_have_no_name() -> None:
    some = [item(number, values) for number, values in enumerate(VALUES)]
    one = CorrectedShare(at_least=0.5, agreement={"": AGREEMENTS["a"]})
    raw = sum([1 / 3, 1 / 3, 0, 2 / 3, 0, 2 / 3]) / 6
    found = metric(one, some)
    assert found.value == pytest.approx((raw + 0.95 - 1) / (0.8 + 0.95 - 1))
    assert found.ci_method == "lang_reiczigel"
    assert one.why_not(some) is None
    bare = one.estimate(some, unit="share", interval=False)
    assert (bare.value, bare.interval, bare.no_interval) == (found.value, None, None)


def test_why_a_share_is_not_corrected() -> None:
    some = [item(number, values, slices={"kind": "ab"[number % 2]}) for number, values in enumerate(VALUES)]
    weak = {"true_positives": 50, "positives": 100, "true_negatives": 90, "negatives": 100}
    blind = CorrectedShare(at_least=0.5, agreement={"": weak})
    assert str(blind.why_not(some)).startswith("sensitivity + specificity - 1 of this scorer is 0.40")
    partly = CorrectedShare(at_least=0.5, by="kind", agreement={"a": AGREEMENTS["a"]})
    assert str(partly.why_not(some)).startswith("this scorer was not validated on text of this kind")
    nothing = [item(0, (None,), score=None, error="lost")]
    assert metric(partly, nothing).error == "none of 1 items could be scored"


def test_strata_are_kinds_with_their_weight_share_and_independent_texts() -> None:
    kinds = ["b", "a", "a", "b", "b", "b"]
    some = [item(number, values, slices={"kind": kinds[number]}) for number, values in enumerate(VALUES)]
    lost = item(9, (None,), score=None, slices={"kind": "a"})
    strata = CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS).strata([*some, lost])
    assert [(one.weight, one.share) for one in strata] == [
        (pytest.approx(2 / 6), pytest.approx((1 / 3 + 0) / 2)),
        (pytest.approx(4 / 6), pytest.approx((1 / 3 + 2 / 3 + 0 + 2 / 3) / 4)),
    ]
    assert [one.agreement for one in strata] == [Agreement(80, 100, 190, 200), Agreement(30, 50, 99, 100)]
    # Items of one cluster count as one: of two clusters, Student's quantile has one degree of freedom.
    pairs = [one.model_copy(update={"cluster": f"c{number // 3}"}) for number, one in enumerate(some)]
    alone, paired = (
        CorrectedShare(at_least=0.5, agreement={"": AGREEMENTS["a"]}).strata(group)[0].n for group in (some, pairs)
    )
    assert paired < alone / 10


def test_weighted_items_are_corrected_again(resamples_as_repeated: Any) -> None:
    some = [item(number, values, slices={"kind": "ab"[number % 3 == 0]}) for number, values in enumerate(VALUES)]
    definition = CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS)
    resamples_as_repeated(definition, some, [2, 0, 1, 3, 0, 1], "share")
    drawn = definition.resample(some)
    assert math.isnan(drawn.value(np.zeros(6)))
    # Of kind a alone, which lacks no counts: kind b is not drawn.
    only_a = drawn.value(np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0]))
    assert only_a == pytest.approx(((1 / 3 + 2 / 3) / 4 - 0.05) / 0.75)
    unknown = CorrectedShare(at_least=0.5, by="kind", agreement={"a": AGREEMENTS["a"]}).resample(some)
    assert math.isnan(unknown.value(np.ones(6)))
    assert unknown.value(np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0])) == pytest.approx(only_a)


def test_counts_are_written_by_kind() -> None:
    written = counts_of({"a": Agreement(80, 100, 190, 200), "b": Agreement(30, 50, 99, 100), "c": None})
    assert written == AGREEMENTS


def test_a_share_of_one_cluster_has_a_value_and_no_interval() -> None:
    some = [item(number, values, cluster="c") for number, values in enumerate(VALUES)]
    definition = CorrectedShare(at_least=0.5, agreement={"": AGREEMENTS["a"]})
    found = definition.estimate(some, unit="share")
    raw = sum([1 / 3, 1 / 3, 0, 2 / 3, 0, 2 / 3]) / 6
    assert found.value == pytest.approx((raw + 0.95 - 1) / (0.8 + 0.95 - 1))
    assert (found.interval, found.no_interval) == (None, "too few items")
    assert definition.why_not(some) is None
    bare = definition.estimate(some, unit="share", interval=False)
    assert (bare.value, bare.interval, bare.no_interval) == (found.value, None, None)


def test_kinds_are_clipped_together_on_every_draw() -> None:
    """Kind a alone would be below 0, and takes as much from the sum."""
    values = {"a": (0.0, 0.0), "b": (0.9, 0.2)}
    some = [item(number, values["ab"[number % 2]], slices={"kind": "ab"[number % 2]}) for number in range(8)]
    definition = CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS)
    expected = 0.5 * (0 + 0.95 - 1) / 0.75 + 0.5 * (0.5 + 0.99 - 1) / 0.59
    assert definition.estimate(some, unit="share").value == pytest.approx(expected)
    assert definition.resample(some).value(np.ones(8)) == pytest.approx(expected)


def test_never_more_independent_texts_than_there_are() -> None:
    """Shares of about a half that hardly vary: the spread alone would give thousands of texts."""
    some = [item(number, [0.9] * (10 + number % 2) + [0.1] * 10) for number in range(6)]
    (stratum,) = CorrectedShare(at_least=0.5, agreement={"": AGREEMENTS["a"]}).strata(some, 0.9)
    texts = 3 * 20 + 3 * 21
    assert stratum.n == pytest.approx(texts * (stats.norm.ppf(0.95) / stats.t.ppf(0.95, 5)) ** 2)


def test_texts_without_a_kind_are_of_one_that_was_not_measured() -> None:
    some = [item(number, values, slices={"kind": "a"} if number else {}) for number, values in enumerate(VALUES)]
    assert metric(CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS), some).error == (
        "not corrected: this scorer was not validated on text of this kind at this threshold"
    )


def test_draws_take_whole_clusters_and_correct_shares_beyond_0_and_1() -> None:
    """All texts of one kind are flagged and none of the other: 1.27 and -0.02 before the sum is clipped."""
    some = [
        item(
            number,
            (0.9, 0.8) if number < 3 else (0.1, 0.2),
            slices={"kind": "ab"[number >= 3]},
            cluster=f"c{number % 3}",
        )
        for number in range(6)
    ]
    drawn = CorrectedShare(at_least=0.5, by="kind", agreement=AGREEMENTS).resample(some)
    assert drawn.units == ("cluster c0", "cluster c1", "cluster c2")
    expected = 0.5 * (1 + 0.95 - 1) / (0.8 + 0.95 - 1) + 0.5 * (0 + 0.99 - 1) / (0.6 + 0.99 - 1)
    assert drawn.value(np.array([2.0, 0.0, 1.0])) == pytest.approx(expected)
