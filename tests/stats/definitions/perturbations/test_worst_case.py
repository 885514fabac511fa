"""Items in their worst form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import Flag, Sample
from audit.stats.definitions import WorstCase
from audit.stats.intervals import mean_interval, wilson
from tests.stats.conftest import ends
from tests.stats.definitions.conftest import a_sample

PLAIN = "scores.unperturbed"
SCORES = {"a": [1.0, 1.0, 0.0], "b": [1.0, 1.0], "c": [0.0, 0.0], "d": [1.0, 1.0, 1.0]}
"""Scores of the forms of four items."""


def forms(scores: dict[str, list[float]], plain: dict[str, float | None] | None = None) -> list[Sample]:
    return [
        a_sample(
            f"{name}{i}",
            pair=name,
            cluster=name,
            score=value,
            scores={"unperturbed": (plain or {}).get(name, 1.0)},
        )
        for name, values in scores.items()
        for i, value in enumerate(values)
    ]


def test_an_item_counts_as_its_lowest_score() -> None:
    found = WorstCase().estimate(forms(SCORES), unit="share")
    assert (found.value, found.n, found.missing) == (0.5, 4, 0)  # b and d of four
    assert found.interval == wilson(2, 4)
    assert WorstCase().estimate(forms(SCORES), unit="share", interval=False).interval is None


def test_the_original_form_counts_too() -> None:
    found = WorstCase(plain=PLAIN).estimate(forms(SCORES, {"d": 0.0}), unit="share")
    assert (found.value, found.n) == (0.25, 4)  # b alone
    lost = WorstCase(plain=PLAIN).estimate(forms(SCORES, {"d": None}), unit="share")
    assert (lost.value, lost.n, lost.missing) == (pytest.approx(1 / 3), 3, 1)


def test_an_item_without_a_value_in_one_form_has_none() -> None:
    samples = forms(SCORES)
    samples[0] = samples[0].model_copy(update={"score": None, "error": "NaN"})  # of a; its first form is not scored
    samples[4] = samples[4].model_copy(update={"score": None, "error": "NaN"})  # of b; its first form is
    found = WorstCase().estimate(samples, unit="share")
    assert (found.value, found.n, found.missing) == (0.5, 2, 1)
    none = WorstCase().estimate([s.model_copy(update={"score": None, "error": "x"}) for s in samples], unit="share")
    assert (none.value, none.n, none.error) == (None, 0, "none of 4 items could be scored")


def test_cut_answers_leave_two_bounds_open() -> None:
    samples = forms(SCORES)
    samples[5] = samples[5].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})  # of c: both its scores are 0
    samples[6] = samples[6].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})
    samples[7] = samples[7].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})  # of d: all its scores are 1
    values = [WorstCase(if_cut=end).value(samples) for end in (0.0, 1.0)]
    assert values == [0.25, 0.75]


def test_a_cut_answer_to_the_original_question_leaves_bounds_open_too() -> None:
    samples = forms(SCORES, {"b": None, "c": None})  # b is right in its other forms, c wrong
    values = [WorstCase(plain=PLAIN, if_cut=end).estimate(samples, unit="share") for end in (0.0, 1.0)]
    assert [(one.value, one.n, one.missing) for one in values] == [(0.25, 4, 0), (0.5, 4, 0)]


def test_items_of_one_cluster_are_not_independent() -> None:
    samples = [s.model_copy(update={"cluster": "ab" if s.pair in ("a", "b") else s.pair}) for s in forms(SCORES)]
    found = WorstCase(seed=1).estimate(samples, unit="share")
    expected = mean_interval([0.0, 1.0, 0.0, 1.0], clusters=["ab", "ab", "c", "d"], seed=1)
    assert ends(found.interval) == ends(expected)
    drawn = WorstCase().resample(samples)
    assert drawn.units == ("cluster ab", "cluster c", "cluster d")
    assert drawn.value(np.array([2.0, 0.0, 1.0])) == pytest.approx(3 / 5)  # a, b, a, b, d
    assert np.isnan(drawn.value(np.zeros(3)))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1), min_size=1))
def test_brute_force(scores: dict[str, list[float]]) -> None:
    expected = sum(min([*values, 1.0]) for values in scores.values()) / len(scores)
    assert WorstCase(plain=PLAIN).value(forms(scores)) == pytest.approx(expected)
    more = {name: [*values, 0.0] for name, values in scores.items()}
    assert WorstCase().value(forms(more)) == 0.0


def test_another_score_is_read_where_one_is_named() -> None:
    samples = [one.model_copy(update={"scores": {"strict": 0.5, "unperturbed": 1.0}}) for one in forms(SCORES)]
    found = WorstCase(of="scores.strict").estimate(samples, unit="score")
    assert (found.value, found.interval, found.no_interval) == (0.5, None, "all 4 items have the same value")
    assert WorstCase().estimate(forms(SCORES), unit="share").no_interval is None


def test_an_item_without_a_value_is_not_drawn() -> None:
    samples = forms(SCORES, {"d": None})
    assert WorstCase(plain=PLAIN).resample(samples).units == ("cluster a", "cluster b", "cluster c")
