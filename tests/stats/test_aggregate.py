"""Metrics that every task has, and those that may be reported."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.stats.aggregate import (
    failed_metric,
    is_scored,
    not_computed,
    sound,
    unscored_metric,
    with_definitions,
    with_reasons,
)
from audit.stats.definitions import Auroc, Corpus, Mean, Members, Unscored, measured
from audit.stats.definitions.metric import NO_SPREAD
from tests.stats.definitions.conftest import a_sample, texts

if TYPE_CHECKING:
    from audit.core.records import Metric, Sample


def accuracy(samples: list[Sample], **fields: Any) -> Metric:
    return measured(Mean(seed=1), samples, metric="accuracy", unit="share", higher_is_better=True, **fields)


SAMPLES = [a_sample(str(number), score=float(number % 3 > 0)) for number in range(12)]
ACCURACY = accuracy(SAMPLES)


def test_unscored_counts_errors_missing_and_nan_scores() -> None:
    scores: list[dict[str, Any]] = [{"score": 1.0}, {}, {"score": 1.0, "error": "scorer broke"}, {"score": math.nan}]
    samples = [a_sample(str(number), **fields) for number, fields in enumerate(scores)]
    assert [is_scored(one) for one in samples] == [True, False, False, False]
    metric = unscored_metric("safety", "toxicity", samples)
    assert (metric.name, metric.value, metric.n, metric.unit) == ("toxicity/unscored", 3, 4, "count")
    assert metric.higher_is_better is False


def test_unscored_is_emitted_for_no_samples_too() -> None:
    assert unscored_metric("safety", "toxicity", []).value == 0


def test_unexplained_samples_stay_counted_though_their_task_has_no_samples() -> None:
    """What drives answers is stored as a record of its own kind; its samples belong to other tasks."""
    metric = unscored_metric("explain", "drivers", [a_sample("one", score=1.0), a_sample("two", error="too long")])
    assert (metric.value, metric.n) == (1.0, 2)
    assert with_definitions([metric], []) == [metric]


def test_a_failed_metric_is_null_never_zero() -> None:
    metric = failed_metric("safety", "toxicity", "expected_maximum_toxicity", "no scorer", n=3, primary=True)
    assert metric.name == "toxicity/expected_maximum_toxicity"
    assert (metric.suite, metric.task, metric.metric) == ("safety", "toxicity", "expected_maximum_toxicity")
    assert (metric.value, metric.error, metric.n, metric.primary) == (None, "no scorer", 3, True)
    plain = failed_metric("evals", "boolq", "accuracy", "lost")
    assert (plain.n, plain.primary) == (0, False)


def test_a_value_without_interval_says_why() -> None:
    bare = {"ci_low": None, "ci_high": None, "no_interval": None}
    alike = ACCURACY.model_copy(update={**bare, "unit": "nats", "note": "zero-shot"})
    reasoned = ACCURACY.model_copy(update={**bare, "no_interval": "a p-value"})
    missing = failed_metric("evals", "boolq", "accuracy", "out of memory")
    count = unscored_metric("evals", "boolq", SAMPLES)
    found = with_reasons([alike, ACCURACY, reasoned, missing, count])
    assert (found[0].note, found[0].no_interval) == ("zero-shot", NO_SPREAD)
    assert found[1:] == [ACCURACY, reasoned, missing, count]


def test_redacted_texts_change_corpus_scores_and_nothing_else() -> None:
    def chrf(samples: list[Sample]) -> Metric:
        rule = Corpus(metric="chrf", resamples=100)
        return measured(rule, samples, metric="chrf", unit="chrf", higher_is_better=True)

    whole = texts([("a b c", "a b d")] * 12)
    stored = [sample.model_copy(update={"output": "[email]"}) for sample in whole[:6]] + whole[6:]
    members = Members(members={"sums": Unscored().written()}, total=True)
    group = measured(
        members, whole, metric="unscored", unit="count", higher_is_better=False, about=("evals", "group")
    )  # its samples are not those of the task "group"
    explained = ACCURACY.model_copy(update={"definition": Mean(explained=("x",)).written(), "suite": "explain"})
    bare = ACCURACY.model_copy(update={"definition": None, "value": 0.9})
    share = accuracy(whole)
    assert with_definitions([chrf(whole), share, group, explained, bare], stored) == [
        chrf(stored), share, group, explained, bare,
    ]  # fmt: skip
    assert chrf(stored).value != chrf(whole).value


def test_samples_of_other_tasks_and_intervals_are_left_as_they_were_measured() -> None:
    mean = Members(members={"sums": Mean().written()})
    about: Any = ("evals", "group")
    group = measured(mean, SAMPLES, metric="accuracy", unit="share", higher_is_better=True, about=about)
    edited = ACCURACY.model_copy(update={"ci_low": 0.123})
    assert group.value == pytest.approx(2 / 3)
    assert with_definitions([group, edited], SAMPLES[:1]) == [group, accuracy(SAMPLES[:1])]
    assert with_definitions([edited], SAMPLES) == [edited]


def test_a_metric_that_is_null_for_a_value_that_is_not_stored_stays_null() -> None:
    """NaN is stored as an error of its sample: the samples then give a number that was not measured."""
    kinds = [{"kind": "ab"[number % 2]} for number in range(12)]
    spoilt = [one.model_copy(update={"slices": kind}) for one, kind in zip(SAMPLES, kinds, strict=True)]
    spoilt[3] = spoilt[3].model_copy(update={"score": math.nan})
    stored = [one.model_copy(update={"score": None, "error": "NaN"} if i == 3 else {}) for i, one in enumerate(spoilt)]
    area = Auroc(of="score", by="kind", positive="b", negative="a", resamples=100)
    measures = (
        accuracy(spoilt),
        measured(area, spoilt, metric="auroc", unit="probability", higher_is_better=None),
    )
    for metric in measures:
        assert metric.value is None
        assert with_definitions([metric], stored) == [metric.model_copy(update={"definition": None})]


def test_what_cannot_be_right_is_not_reported() -> None:
    bare = ACCURACY.model_copy(update={"definition": None})
    beyond, outside, share, fine, alone = sound(
        [
            bare.model_copy(update={"unit": "squared_error", "value": 5.0, "ci_low": -1.0, "ci_high": 9.0}),
            ACCURACY.model_copy(update={"value": 0.5, "ci_low": 0.6, "ci_high": 0.7}),
            ACCURACY.model_copy(update={"value": 7.0, "n": -1, "missing": 2}),
            ACCURACY,
            ACCURACY.model_copy(update={"ci_low": None, "ci_high": None}),
        ]
    )
    assert (alone.value, alone.ci_low) == (ACCURACY.value, None)
    assert (beyond.value, beyond.ci_low, beyond.ci_high) == (5.0, 0.0, 9.0)
    assert (outside.value, outside.ci_low, outside.ci_high, outside.ci_method) == (0.5, None, None, None)
    assert outside.no_interval == "its value 0.5 lies outside its interval, 0.6 to 0.7"
    assert (share.value, share.n, share.missing, share.ci_low) == (None, 0, 0, None)
    assert share.error is not None
    assert (outside.definition, share.definition) == (None, None)
    assert fine == ACCURACY


@pytest.mark.parametrize("lost", ["ci_low", "ci_high"])
def test_an_interval_with_one_end_is_none(lost: str) -> None:
    (found,) = sound([ACCURACY.model_copy(update={lost: None})])
    assert (found.value, found.ci_low, found.ci_high) == (ACCURACY.value, None, None)
    assert "interval" in (found.no_interval or "")


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, True),
        ({"slice": {"kind": "rare"}}, False),
        ({"slice": {"kind": "rare"}, "n": 3}, True),
        ({"slice": {"kind": "rare"}, "missing": 3}, True),
        ({"suite": "explain"}, False),
        ({"suite": "explain", "n": 3}, True),
        ({"value": 0.5}, False),
    ],
)
def test_metrics_that_something_kept_from_having_a_value(changes: dict[str, Any], lost: bool) -> None:
    metric = failed_metric("evals", "sums", "accuracy", "lost").model_copy(update=changes)
    assert not_computed([ACCURACY, metric, unscored_metric("evals", "sums", SAMPLES)]) == ([metric] if lost else [])


def test_a_slice_may_be_empty_because_its_items_could_not_be_scored() -> None:
    empty = failed_metric("evals", "sums", "accuracy", "no items").model_copy(update={"slice": {"kind": "rare"}})
    count = unscored_metric("evals", "sums", [SAMPLES[0].model_copy(update={"error": "lost"})])
    assert not_computed([empty, count]) == [empty]
    assert not_computed([empty, count.model_copy(update={"task": "others"})]) == []
