"""Chance levels: against every guess there is, one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from statistics import fmean
from typing import Any

import pytest

from audit.core.records import Choice, Metric, MetricWords, Sample
from audit.stats.definitions import Count, Macro, Mean, Members, measured
from audit.stats.definitions.chance import Meaning, chance, majority, with_members
from audit.stats.recompute import differences, recomputed

YES_NO = (" no", " yes")


def item(number: int, right: int, chosen: int, options: tuple[str, ...] = YES_NO, **more: Any) -> Sample:
    fields = {
        "sample_id": f"s{number}",
        "suite": "evals",
        "task": "t",
        "prompt": "p",
        "reference": options[right],
        "output": options[chosen],
        "score": float(right == chosen),
        "scores": {"accuracy": float(right == chosen)},
        "choice": Choice(options=list(options), log_likelihoods=[-1.0] * len(options), chosen=chosen, right=right),
        "answered_by": "likelihood",
    }
    return Sample(**{**fields, **more})


def letters(count: int) -> tuple[str, ...]:
    return tuple("ABCDE"[:count])


def test_the_chance_of_right_answers_is_the_mean_over_all_guesses() -> None:
    sizes, rights = (2, 4, 3), (0, 3, 1)
    guesses = list(product(*(range(size) for size in sizes)))
    shares = [Fraction(sum(guess == right for guess, right in zip(one, rights, strict=True)), 3) for one in guesses]
    samples = [item(i, right, 0, letters(size)) for i, (size, right) in enumerate(zip(sizes, rights, strict=True))]
    expected = float(sum(shares) / len(guesses))
    assert expected == pytest.approx(13 / 36)
    assert chance(Mean(of="scores.accuracy"), samples) == pytest.approx(expected, abs=1e-15)
    assert chance(Mean(of="scores.accuracy", scale=100.0), samples) == pytest.approx(100 * expected, abs=1e-12)


def test_the_chance_of_macro_recall_is_the_mean_over_all_guesses() -> None:
    rights = (0, 0, 0, 1, 2)
    recall = Macro(of="recall")
    values = [
        recall.value(
            [item(i, right, guess, letters(3)) for i, (right, guess) in enumerate(zip(rights, one, strict=True))]
        )
        for one in product(range(3), repeat=5)
    ]
    samples = [item(i, right, 0, letters(3)) for i, right in enumerate(rights)]
    assert fmean(value for value in values if value is not None) == pytest.approx(1 / 3, abs=1e-12)
    assert chance(recall, samples) == pytest.approx(1 / 3, abs=1e-15)


def test_macro_recall_has_no_known_chance_where_a_class_is_missing() -> None:
    assert chance(Macro(of="recall"), [item(0, 0, 1, letters(3)), item(1, 1, 1, letters(3))]) is None
    assert chance(Macro(of="f1"), [item(0, 0, 1), item(1, 1, 1)]) is None


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [item(0, 0, 0, answered_by="generation")],
        [item(0, 0, 0), item(1, 0, 0, choice=None)],
        [item(0, 0, 0, ("yes",))],
        [item(0, 0, 0, error="broken")],
    ],
)
def test_no_chance_is_invented(samples: list[Sample]) -> None:
    assert chance(Mean(of="scores.accuracy"), samples) is None
    assert chance(Count(flags=("tie",)), samples) is None


def test_options_with_their_own_prompts_are_counted_by_their_likelihoods() -> None:
    scores = {"accuracy": 1.0, "log_likelihood_0": -1.0, "log_likelihood_1": -2.0, "log_likelihood_more": -3.0}
    assert chance(Mean(of="scores.accuracy"), [item(0, 0, 0, choice=None, scores=scores)]) == 0.5


def yes_of(count: int, yes: int) -> list[Sample]:
    return [item(i, int(i < yes), 0) for i in range(count)]


def test_the_majority_answer_counts_where_an_even_split_does_not_explain_it() -> None:
    # P(X >= 8 of 10) = 56/1024 = 0.0547, twice that is above 0.05; P(X >= 9) = 11/1024 = 0.0107, twice is below.
    assert majority(Mean(of="scores.accuracy"), yes_of(10, 8)) is None
    assert majority(Mean(of="scores.accuracy"), yes_of(10, 9)) == (0.9, "yes")
    assert majority(Mean(of="scores.accuracy"), yes_of(10, 1)) == (0.9, "no")
    # Always "yes" where 9 of 10 are: F1 of yes is 2 * 9 / 19, of no 0; recall 1 and 0; precision 0.9 and 0.
    assert majority(Macro(of="f1"), yes_of(10, 9)) == (pytest.approx(9 / 19), "yes")
    assert majority(Macro(of="recall"), yes_of(10, 9)) == (pytest.approx(0.5), "yes")
    assert majority(Macro(of="precision"), yes_of(10, 9)) == (pytest.approx(0.45), "yes")


def test_there_is_no_majority_answer_where_items_have_their_own_options() -> None:
    samples = [item(i, 0, 0, (f"a{i}", "b")) for i in range(20)]
    assert majority(Mean(of="scores.accuracy"), samples) is None
    assert majority(Count(flags=("tie",)), yes_of(10, 9)) is None
    assert majority(Mean(of="scores.accuracy"), [item(0, 0, 0, answered_by="generation")] * 20) is None


MEANING = Meaning(MetricWords(title="Right answers"), "options")


def accuracy(samples: list[Sample], meaning: Meaning | None = MEANING, **more: Any) -> Metric:
    how = {"metric": "accuracy", "unit": "share", "higher_is_better": True, **more}
    return measured(Mean(of="scores.accuracy"), samples, meaning=meaning, **how)


def test_a_metric_stores_its_references_and_they_are_computed_again() -> None:
    samples = yes_of(20, 18)
    metric = accuracy(samples)
    assert (metric.chance, metric.chance_of) == (0.5, "options")
    assert (metric.majority, metric.majority_answer) == (0.9, "yes")
    assert recomputed(metric, samples) == metric
    assert list(differences(metric, samples, interval=True)) == []
    forged = metric.model_copy(update={"chance": 0.01, "majority_answer": "no", "majority": None})
    assert list(differences(forged, samples, interval=True)) == [
        "chance of t/accuracy is 0.01, the samples give 0.5",
        "majority of t/accuracy is none, the samples give 0.9",
        "majority_answer of t/accuracy is not what the samples give",
    ]


def test_the_majority_answer_of_hidden_samples_is_not_named() -> None:
    metric = accuracy([one.model_copy(update={"suite": "safety"}) for one in yes_of(20, 18)])
    assert (metric.chance, metric.majority, metric.majority_answer) == (0.5, None, None)
    flagged = [
        one.model_copy(update={"flags": ["offensive"] if one.sample_id == "s3" else []}) for one in yes_of(20, 18)
    ]
    assert accuracy(flagged).majority_answer is None


def test_a_fixed_chance_level_and_an_ideal_are_kept() -> None:
    samples = yes_of(20, 18)
    metric = accuracy(samples, Meaning(None, 0.25, 0.75))
    assert (metric.chance, metric.chance_of, metric.ideal, metric.majority) == (0.25, None, 0.75, None)
    assert recomputed(metric, samples) == metric
    bare = accuracy(samples, None)
    assert (bare.words, bare.chance, bare.ideal) == (None, None, None)
    assert recomputed(bare, samples) == bare


def test_a_slice_has_its_own_chance() -> None:
    samples = [item(0, 0, 0, slices={"k": "a"}), item(1, 0, 0, letters(4), slices={"k": "b"})]
    assert accuracy(samples, slice={"k": "b"}).chance == 0.25
    assert accuracy(samples).chance == 0.375


def test_a_group_has_the_chance_that_its_tasks_share() -> None:
    two, four = [item(0, 0, 0)], [item(0, 0, 0, letters(4))]
    same, other = accuracy(two), accuracy(four)
    bare = accuracy(two).model_copy(update={"words": None, "chance": None, "chance_of": None})
    assert with_members(bare, [same, same]).chance == 0.5
    assert with_members(bare, [same, other]).chance is None
    assert with_members(bare, [same, bare]).chance_of is None
    members = Members(members={"t": Mean(of="scores.accuracy").written()})
    assert chance(members, two) == 0.5
