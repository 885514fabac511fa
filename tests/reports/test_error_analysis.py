from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.reports.error_analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_flags_are_counted_by_kind(records: Records) -> None:
    flags = [["redacted", "email:1-2:aa", "email:5-9:bb"], ["redacted", "email:3-4:cc"], []]
    samples = [records["sample"]("boolq", index, score=1.0, flags=given) for index, given in enumerate(flags)]
    assert analyse("evals", "boolq", samples, None, seed=1).flags == {"redacted": 2, "email": 2}


def test_error_rate_by_slice_is_counted_and_gets_wilsons_interval(records: Records) -> None:
    samples = [
        records["sample"]("boolq", i, score=float(i % 4 != 0), slices={"half": "first" if i < 20 else "second"})
        for i in range(50)
    ]
    analysis = analyse("evals", "boolq", samples, records["metric"](), seed=1)
    assert analysis.measure == "error rate"
    groups = {group.name: group for group in analysis.groups if group.by == "half"}
    assert {name: (group.n, group.value) for name, group in groups.items()} == {
        "first": (20, 5 / 20),
        "second": (30, 8 / 30),
    }
    low, high = proportion_confint(8, 30, method="wilson")
    interval = groups["second"].interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_prompt_lengths_fall_into_quarters(records: Records) -> None:
    samples = [records["sample"]("boolq", i, tokens_in=i, score=float(i >= 10)) for i in range(1, 41)]
    quarters = [g for g in analyse("evals", "boolq", samples, None, seed=1).groups if g.by == "prompt length"]
    assert [(g.n, g.value) for g in quarters] == [(10, 0.9), (10, 0.0), (10, 0.0), (10, 0.0)]
    assert quarters[0].name == "shortest quarter (1 to 10 tokens)"


def test_few_or_equally_long_prompts_get_no_quarters(records: Records) -> None:
    few = [records["sample"]("boolq", i, score=1.0) for i in range(19)]
    equal = [records["sample"]("boolq", i, score=1.0, tokens_in=7) for i in range(40)]
    for samples in (few, equal):
        assert analyse("evals", "boolq", samples, None, seed=1).groups == []


def test_most_confident_errors_come_first_and_unscored_samples_never(records: Records) -> None:
    confidences = [0.5, 0.99, 0.7, 0.95, 0.9]
    samples = [
        records["sample"]("boolq", i, score=float(i == 1), scores={"confidence": c}) for i, c in enumerate(confidences)
    ]
    samples.append(records["sample"]("boolq", 9, score=0.0, scores={"confidence": 1.0}, error="NaN"))
    samples.append(records["sample"]("boolq", 10, score=None, flags=["truncated_prompt"]))
    analysis = analyse("evals", "boolq", samples, records["metric"](), seed=1, listed=3)
    assert analysis.listed_as == "most confident errors"
    assert [sample.scores["confidence"] for sample in analysis.listed] == [0.95, 0.9, 0.7]
    assert (analysis.n, analysis.unscored, analysis.truncated) == (7, 2, 1)
    assert analysis.errors == {"NaN": 1, "no finite score": 1}


def test_scores_on_an_open_scale_are_compared_by_their_mean(records: Records) -> None:
    metric = records["metric"]("truthfulqa/chrf", unit="score")
    samples = [records["sample"]("truthfulqa", i, score=float(i)) for i in (30, 5, 80)]
    analysis = analyse("evals", "truthfulqa", samples, metric, seed=1)
    assert (analysis.measure, analysis.listed_as) == ("mean score", "lowest scores")
    assert [sample.score for sample in analysis.listed] == [5.0, 30.0, 80.0]
    nothing = [records["sample"]("truthfulqa", i, score=0.0) for i in range(3)]
    assert analyse("evals", "truthfulqa", nothing, metric, seed=1).measure == "mean score"


def test_a_probe_lists_what_it_found(records: Records) -> None:
    metric = records["metric"]("crows_pairs/icat", suite="safety", unit="percent", higher_is_better=True)
    samples = [
        records["sample"]("crows_pairs", i, score=score, scores={"confidence": i / 10})
        for i, score in enumerate([1.0, 0.0, 1.0])
    ]
    analysis = analyse("safety", "crows_pairs", samples, metric, seed=1)
    assert (analysis.measure, analysis.listed_as) == ("share with score 1", "samples with score 1")
    assert analysis.overall is not None
    assert analysis.overall.value == pytest.approx(2 / 3)
    assert [sample.scores["confidence"] for sample in analysis.listed] == [0.2, 0.0]


def test_a_task_in_which_nothing_could_be_scored(records: Records) -> None:
    samples = [records["sample"]("boolq", i, error="broken") for i in range(3)]
    analysis = analyse("evals", "boolq", samples, None, seed=1)
    assert (analysis.overall, analysis.listed, analysis.groups) == (None, [], [])
    assert analysis.errors == {"broken": 3}
