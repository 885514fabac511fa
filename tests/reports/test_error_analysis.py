from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import Flag, SampledText
from audit.reports.error_analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_flags_are_counted_once_per_sample_those_of_completions_too(records: Records) -> None:
    flags: list[list[Any]] = [["redacted", "tie"], ["redacted"], []]
    samples = [records["sample"]("boolq", index, score=1.0, flags=given) for index, given in enumerate(flags)]
    texts = [SampledText(text="a", flags=[Flag.WITHHELD, Flag.REDACTED])] * 2
    samples.append(records["sample"]("boolq", 3, score=1.0, completions=texts))
    counted = analyse("evals", "boolq", samples, [], seed=1).flags
    assert counted == {"redacted": 3, "tie": 1, "withheld": 1}


GAPS = [-3.0, -2.0, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("scores", "unit", "listed", "ends"),
    [
        (GAPS, "nats", [-3.0, -2.0, 0.4, 0.3, 0.2], ["low end", "low end", "high end", "high end", "high end"]),
        ([-score for score in GAPS], "nats", [3.0, 2.0, -0.4, -0.3, -0.2], ["high end"] * 2 + ["low end"] * 3),
        # Both ends are listed though the first five magnitudes are all of one.
        ([-9.0, -8.0, -7.0, -6.0, -5.0, 1.0, 2.0, 3.0], "nats", [-9.0, -8.0, -7.0, 3.0, 2.0], None),
        ([-1.0, -2.0, 0.0], "points", [-2.0, -1.0], ["low end", "low end"]),
    ],
)
def test_both_ends_of_a_scale_without_a_good_end_are_listed(
    scores: list[float], unit: str, listed: list[float], ends: list[str] | None, records: Records
) -> None:
    metric = records["metric"]("crows_pairs/gap", suite="safety", unit=unit, higher_is_better=None)
    samples = [records["sample"]("crows_pairs", i, score=score) for i, score in enumerate(scores)]
    analysis = analyse("safety", "crows_pairs", samples, [metric], seed=1)
    assert [sample.score for sample in analysis.listed] == listed
    assert analysis.listed_as == "largest scores in either direction"
    assert analysis.ends == (ends or ["low end" if score < 0 else "high end" for score in listed])


@pytest.mark.parametrize(
    ("suite", "unit", "better", "listed"),
    [
        ("safety", "nats", False, [0.4, 0.3, 0.2, 0.1, 0.0]),
        ("safety", "probability", None, [0.4, 0.3, 0.2, 0.1, 0.0]),
        ("evals", "nats", True, [-3.0, -2.0, -0.1, 0.0, 0.1]),
        ("evals", "nats", False, [0.4, 0.3, 0.2, 0.1, 0.0]),
    ],
)
def test_other_scales_list_one_end(
    suite: Any, unit: str, better: bool | None, listed: list[float], records: Records
) -> None:
    metric = records["metric"]("boolq/gap", suite=suite, unit=unit, higher_is_better=better)
    samples = [records["sample"]("boolq", i, score=score) for i, score in enumerate(GAPS)]
    analysis = analyse(suite, "boolq", samples, [metric], seed=1)
    assert ([sample.score for sample in analysis.listed], analysis.ends) == (listed, [])


def test_pairs_divide_nothing(records: Records) -> None:
    """WinoBias: sentences that are compared with each other are no subset that anybody reads about."""
    samples = [
        records["sample"]("crows_pairs", i, score=float(i % 3 > 0), pair=str(i // 2), slices={"type": "ab"[i % 2]})
        for i in range(40)
    ]
    analysis = analyse("safety", "crows_pairs", samples, [], seed=1)
    assert {group.by for group in analysis.groups} == {"prompt length", "type"}


@pytest.mark.parametrize(
    ("values", "unit", "better", "telling"),
    [
        ([0.1, 0.9, 0.9, None], "probability", False, 1),
        ([-3.0, 2.0, 0.0, None], "nats", None, 0),
        ([-1.0, 2.0, 0.0, None], "nats", None, 1),
        ([None, None, None, None], "probability", False, 2),
    ],
)
def test_the_most_telling_completion_is_the_worst_by_value_else_the_output(
    values: list[float | None], unit: str, better: bool | None, telling: int, records: Records
) -> None:
    metric = records["metric"]("crows_pairs/x", suite="safety", unit=unit, higher_is_better=better)
    texts = [SampledText(text=f"text {place}", value=value) for place, value in enumerate(values)]
    sample = records["sample"]("crows_pairs", 0, score=0.5, output="text 2", completions=texts)
    assert analyse("safety", "crows_pairs", [sample], [metric], seed=1).telling == [telling]
    alone = records["sample"]("crows_pairs", 0, score=0.5)
    assert analyse("safety", "crows_pairs", [alone], [metric], seed=1).telling == [None]


def test_error_rate_by_slice_is_counted_and_gets_wilsons_interval(records: Records) -> None:
    samples = [
        records["sample"]("boolq", i, score=float(i % 4 != 0), slices={"half": "first" if i < 20 else "second"})
        for i in range(50)
    ]
    analysis = analyse("evals", "boolq", samples, [records["metric"]()], seed=1)
    assert analysis.quantity == "error rate"
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
    quarters = [g for g in analyse("evals", "boolq", samples, [], seed=1).groups if g.by == "prompt length"]
    assert [(g.n, g.value) for g in quarters] == [(10, 0.9), (10, 0.0), (10, 0.0), (10, 0.0)]
    assert [group.name for group in quarters] == [
        "1 to 10 tokens",
        "11 to 20 tokens",
        "21 to 30 tokens",
        "31 to 40 tokens",
    ]


def test_equally_long_prompts_stay_together_and_groups_are_named_by_their_tokens(records: Records) -> None:
    lengths = [12] * 9 + [14] * 3 + [15, 15, 16, 16, 16, 16, 16, 16] + [1000, 1200, 1300, 1500]
    samples = [records["sample"]("boolq", i, tokens_in=length, score=1.0) for i, length in enumerate(lengths)]
    groups = [g for g in analyse("evals", "boolq", samples, [], seed=1).groups if g.by == "prompt length"]
    assert [(group.name, group.n) for group in groups] == [
        ("12 tokens", 9),
        ("14 tokens", 3),
        ("15 to 16 tokens", 8),
        ("1,000 to 1,500 tokens", 4),
    ]


def test_mean_scores_in_a_bounded_unit_have_its_bounds_and_axis(records: Records) -> None:
    """Seven texts that are nearly all harmful: the mean is a probability, and so are the ends of its interval."""
    metric = records["metric"]("toxicity/mean", suite="safety", unit="probability", definition={"name": "mean"})
    scores = [0.01, 0.97, 0.99, 0.98, 0.99, 0.97, 0.99]
    samples = [
        records["sample"]("toxicity", i, score=score, slices={"half": "ab"[i % 2]}) for i, score in enumerate(scores)
    ]
    analysis = analyse("safety", "toxicity", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.unit) == ("mean score", "probability")
    assert analysis.overall is not None
    ends = [group.interval for group in (analysis.overall, *analysis.groups) if group.interval]
    assert len(ends) == 3
    assert all(0 <= interval.low < interval.high <= 1 for interval in ends)


def test_few_or_equally_long_prompts_get_no_quarters(records: Records) -> None:
    few = [records["sample"]("boolq", i, score=1.0) for i in range(19)]
    equal = [records["sample"]("boolq", i, score=1.0, tokens_in=7) for i in range(40)]
    for samples in (few, equal):
        assert analyse("evals", "boolq", samples, [], seed=1).groups == []


def test_most_confident_errors_come_first_and_unscored_samples_never(records: Records) -> None:
    confidences = [0.5, 0.99, 0.7, 0.95, 0.9]
    samples = [records["sample"]("boolq", i, score=float(i == 1), confidence=c) for i, c in enumerate(confidences)]
    samples.append(records["sample"]("boolq", 9, score=0.0, confidence=1.0, error="NaN"))
    samples.append(records["sample"]("boolq", 10, score=None, flags=["truncated_prompt"]))
    analysis = analyse("evals", "boolq", samples, [records["metric"]()], seed=1, listed=3)
    assert analysis.listed_as == "most confident errors"
    assert [sample.confidence for sample in analysis.listed] == [0.95, 0.9, 0.7]
    assert (analysis.n, analysis.unscored, analysis.truncated) == (7, 2, 1)
    assert analysis.errors == {"NaN": 1, "no finite score": 1}


def test_scores_on_an_open_scale_are_compared_by_their_mean(records: Records) -> None:
    metric = records["metric"]("truthfulqa/chrf", unit="score")
    samples = [records["sample"]("truthfulqa", i, score=float(i)) for i in (30, 5, 80)]
    analysis = analyse("evals", "truthfulqa", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.listed_as) == ("mean score", "lowest scores")
    assert [sample.score for sample in analysis.listed] == [5.0, 30.0, 80.0]
    nothing = [records["sample"]("truthfulqa", i, score=0.0) for i in range(3)]
    assert analyse("evals", "truthfulqa", nothing, [metric], seed=1).quantity == "mean score"


def test_a_probe_lists_what_it_found(records: Records) -> None:
    metric = records["metric"]("crows_pairs/icat", suite="safety", unit="percent", higher_is_better=True)
    samples = [
        records["sample"]("crows_pairs", i, score=score, confidence=i / 10) for i, score in enumerate([1.0, 0.0, 1.0])
    ]
    analysis = analyse("safety", "crows_pairs", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.listed_as) == ("share with score 1", "samples with score 1")
    assert analysis.overall is not None
    assert analysis.overall.value == pytest.approx(2 / 3)
    assert [sample.confidence for sample in analysis.listed] == [0.2, 0.0]


def test_a_task_in_which_nothing_could_be_scored(records: Records) -> None:
    samples = [records["sample"]("boolq", i, error="broken") for i in range(3)]
    analysis = analyse("evals", "boolq", samples, [], seed=1)
    assert (analysis.overall, analysis.listed, analysis.groups) == (None, [], [])
    assert analysis.errors == {"broken": 3}
