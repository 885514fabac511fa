"""StereoSet's scores per target term, by the formulas of its paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.stats.definitions import (
    StereoSet,
)
from audit.stats.intervals import bca_bootstrap
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample


TERMS = {"b": [(1, 1), (1, 0), (0, 1)], "a": [(1, 1), (1, 1)], "c": [(0, 0)], "d": [(1, 1)], "e": [(0, 1), (1, 1)]}
"""(stereotype beats the anti-stereotype, both beat the unrelated option) of each item."""


def some() -> list[Sample]:
    return [
        a_sample(f"{term}{i}", cluster=term, score=float(first), scores={"related": related / 1})
        for term, items in TERMS.items()
        for i, (first, related) in enumerate(items)
    ]


def by_hand(terms: Sequence[str]) -> dict[str, float]:
    """Means over terms of the means over items, and ICAT = LMS · min(SS, 100 - SS) / 50 of both."""
    lms = 100 * np.mean([np.mean([related for _, related in TERMS[term]]) for term in terms])
    ss = 100 * np.mean([np.mean([first for first, _ in TERMS[term]]) for term in terms])
    return {"lms": float(lms), "ss": float(ss), "icat": float(lms * min(ss, 100 - ss) / 50)}


@pytest.mark.parametrize("part", ["lms", "ss", "icat"])
def test_scores_are_means_over_terms(part: Any, resamples_as_repeated: Any) -> None:
    lost = a_sample("x", cluster="f", error="lost")
    found = StereoSet(part=part, resamples=100).estimate([*some(), lost], unit="percent")
    assert (found.value, found.n, found.missing) == (pytest.approx(by_hand(sorted(TERMS))[part]), 9, 0)
    drawn = StereoSet(part=part).resample(some())
    assert drawn.units == tuple(f"cluster {term}" for term in "abcde")
    assert drawn.value(np.array([2.0, 1.0, 0.0, 0.0, 1.0])) == pytest.approx(by_hand(["a", "a", "b", "e"])[part])


def test_intervals_draw_terms() -> None:
    found = StereoSet(part="lms", seed=2, resamples=300).estimate(some(), unit="percent")
    rows = np.array([100 * np.mean([related for _, related in TERMS[term]]) for term in sorted(TERMS)])
    expected = bca_bootstrap(rows, lambda drawn: float(drawn.mean()), seed=2, resamples=300)
    assert found.interval == expected


def test_stereoset_scores_of_fewer_than_five_terms_have_no_interval() -> None:
    given = [
        a_sample(f"{i}", cluster=str(i // 3), score=float(i % 3 > i // 3 % 2), scores={"related": 1.0})
        for i in range(15)
    ]
    score = StereoSet(part="ss", resamples=100)
    assert score.estimate(given, unit="percent").interval is not None
    few = score.estimate(given[:12], unit="percent")
    assert (few.interval, few.no_interval) == (None, "only 4 clusters; an interval needs at least 5")


def test_a_scored_item_without_the_other_score_is_missing() -> None:
    lost = [
        a_sample("x", cluster="a", score=1.0, scores={"related": None}),
        a_sample("y", cluster="f", score=1.0),
    ]
    found = StereoSet(part="lms", resamples=100).estimate([*some(), *lost], unit="percent")
    assert (found.value, found.n, found.missing) == (pytest.approx(by_hand(sorted(TERMS))["lms"]), 9, 2)
    nothing = StereoSet(part="lms").estimate(lost, unit="percent")
    assert (nothing.value, nothing.n, nothing.missing) == (None, 0, 2)


def test_a_slice_may_name_the_terms_and_an_item_on_its_own_is_one() -> None:
    given = [one.model_copy(update={"cluster": None, "slices": {"term": str(one.cluster)}}) for one in some()]
    assert StereoSet(part="ss", cluster="term").value(given) == pytest.approx(by_hand(sorted(TERMS))["ss"])
    firsts = [first for items in TERMS.values() for first, _ in items]
    assert StereoSet(part="ss").value(given) == pytest.approx(100 * np.mean(firsts))


def test_an_item_with_an_error_has_no_part_and_one_on_its_own_is_a_term() -> None:
    lost = a_sample("x", cluster="f", error="lost", score=1.0, scores={"related": 1.0})
    found = StereoSet(part="ss").estimate([*some(), lost], unit="percent", interval=False)
    assert (found.value, found.n, found.missing) == (pytest.approx(by_hand(sorted(TERMS))["ss"]), 9, 0)
    alone = [one.model_copy(update={"cluster": None}) for one in some()]
    assert StereoSet(part="ss").table(alone).units == tuple(sorted(f"item {one.sample_id}" for one in alone))
