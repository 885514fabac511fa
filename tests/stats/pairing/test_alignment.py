"""Which items are compared, and which are missing where and why."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Sample, SampledText
from audit.stats.definitions import (
    Auroc,
    BbqBias,
    ConditionalShare,
    Corpus,
    CorrectedShare,
    Count,
    LargestGap,
    Macro,
    Mean,
    MeanOfCompletions,
    Members,
    Paired,
)
from audit.stats.pairing.alignment import Alignment, aligned, side, valued
from tests.stats.pairing.conftest import run_of


def align(definition: Any, baseline: list[Sample], candidate: list[Sample], where: Any = None) -> Alignment:
    return aligned(side(definition, baseline, where, "A"), side(definition, candidate, where, "B"))


def test_only_items_scored_in_both_runs_are_paired() -> None:
    baseline = run_of([1.0, 0.0, None, None, 1.0, float("nan")])
    candidate = [*run_of([1.0, None, 1.0, None]), *run_of([0.0] * 8)[5:8]]
    found = align(Mean(), baseline, candidate)
    assert found.paired == ("s0",)
    assert found.not_in_candidate == ("s4",)
    assert found.not_in_baseline == ("s6", "s7")
    assert found.unscored_in_baseline == ("s2", "s3", "s5")
    assert found.unscored_in_candidate == ("s1", "s3")
    assert found.union == 8
    assert found.share == 1 / 8
    assert found.missing() == (
        "2 not in the baseline, 1 not in the candidate, 3 without a value in the baseline, "
        "2 without a value in the candidate"
    )


def test_the_order_of_a_run_does_not_matter() -> None:
    baseline, candidate = run_of([1.0, 0.0, 1.0]), run_of([0.0, 0.0, 1.0])
    found = align(Mean(), baseline, candidate[::-1])
    assert found.paired == ("s0", "s1", "s2")
    assert (found.share, found.missing()) == (1.0, "")


def test_nothing_in_common() -> None:
    found = align(Mean(), run_of([1.0]), [])
    assert (found.paired, found.share) == ((), 0.0)
    assert align(Mean(), [], []).share == 0.0


def test_repeated_ids_are_refused() -> None:
    twice = [*run_of([1.0, 0.0]), *run_of([1.0])]
    with pytest.raises(UsageError, match="B: 1 sample ids occur more than once, first s0"):
        align(Mean(), run_of([1.0]), twice)


def test_items_in_another_cluster_are_other_items() -> None:
    with pytest.raises(UsageError, match="item s1 is in cluster 'x' of the baseline and 'y' of the candidate"):
        align(Mean(), run_of([1.0, 0.0], cluster=["x", "x"]), run_of([1.0, 0.0], cluster=["x", "y"]))


def test_a_slice_that_names_the_clusters_is_compared() -> None:
    runs = [run_of([1.0, 0.0], slices=[{"text": "x"}, {"text": name}]) for name in "xy"]
    assert align(Mean(), *runs).paired == ("s0", "s1")
    grouped = Members(members={"t": Mean(cluster="text").written()})
    of_task = [[one.model_copy(update={"task": "t"}) for one in run] for run in runs]
    for definition, sides in ((Mean(cluster="text"), runs), (grouped, of_task)):
        with pytest.raises(UsageError, match="item s1 is in cluster 'x' of the baseline and 'y' of the candidate"):
            align(definition, *sides)


def test_the_slice_limits_both_runs() -> None:
    slices = [{"language": "de"}, {"language": "fr"}, {"language": "de"}]
    runs = [run_of(values, slices=slices) for values in ([1.0, 1.0, None], [0.0, 1.0, 1.0])]
    found = align(Mean(), *runs, {"language": "de"})
    assert (found.paired, found.unscored_in_baseline, found.union) == (("s0",), ("s2",), 2)


def test_a_condition_on_the_answer_may_hold_in_one_run_alone() -> None:
    definition = ConditionalShare(given="scores.flag", given_at_least=1, at_least=1)
    flags = ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    runs = [run_of([1.0, 0.0, 1.0], scores=[{"flag": flag} for flag in run]) for run in flags]
    found = align(definition, *runs)
    assert found.paired == ("s0", "s1")
    assert found.in_one_slice == ("s1",)


def test_items_of_a_pair_stay_together() -> None:
    definition = Paired(by="side", first="a", second="b")
    fields = {"pair": ["p", "p", "q", "q"], "slices": [{"side": name} for name in "abab"]}
    runs = [run_of(values, **fields) for values in ([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, None])]
    sides = [side(definition, run, None, "A") for run in runs]
    found = aligned(*sides)
    assert (found.paired, found.unscored_in_candidate) == (("s0",), ("s2",))
    assert [sample.sample_id for sample in sides[0].only(frozenset(found.paired))] == ["s0", "s1"]


def texts(*values: float | None) -> list[SampledText]:
    return [SampledText(text="t", value=value) for value in values]


COMPLETIONS = [texts(0.1, None), texts(None), texts(0.2, 0.3)]


@pytest.mark.parametrize(
    ("definition", "fields", "expected"),
    [
        (MeanOfCompletions(), {"completions": COMPLETIONS}, {"s0", "s2"}),
        (LargestGap(), {"completions": COMPLETIONS, "slices": [{"group": "a"}] * 3}, {"s0", "s2"}),
        (Corpus(metric="bleu"), {"reference": ["a", None, "a"], "output": ["b", "b", None]}, {"s0"}),
        (Macro(of="f1"), {"reference": ["a", None, "a"], "output": ["b", "b", None]}, {"s0"}),
        (Auroc(of="scores.x", by="k", positive="p", negative="n"), {"scores": [{"x": 1.0}, {}, {"x": None}]}, {"s0"}),
        (BbqBias(), {"error": [None, "broken", None], "cluster": ["c"] * 3}, {"s0", "s2"}),
        (Count(flags=()), {"error": ["broken"] * 3}, {"s0", "s1", "s2"}),
        (Members(members={"sums": {"name": "mean", "of": "scores.x"}}), {"scores": [{"x": 1.0}, {}, {}]}, {"s0"}),
    ],
)
def test_each_kind_says_which_items_have_a_value(definition: Any, fields: dict[str, Any], expected: set[str]) -> None:
    assert valued(definition, run_of([1.0, 1.0, 1.0], **fields)) == expected


def test_the_values_of_a_mean_are_kept_by_item() -> None:
    run = run_of([1.0, None, float("nan"), 0.0])
    assert side(Mean(), run, None, "A").values == {"s0": [1.0], "s3": [0.0]}
    two = run_of([0.0] * 3, completions=COMPLETIONS)
    assert side(MeanOfCompletions(), two, None, "A").values == {"s0": [0.1], "s2": [0.2, 0.3]}
    pairs = run_of([1.0, 0.25], pair=["p", "p"], slices=[{"side": name} for name in "ab"])
    assert side(Paired(by="side", first="a", second="b"), pairs, None, "A").values == {"s0": [0.75]}
    assert side(Count(flags=()), run, None, "A").values == {}
    counts = {"": {"true_positives": 80, "positives": 100, "true_negatives": 190, "negatives": 200}}
    assert side(CorrectedShare(agreement=counts), two, None, "A").values == {}


def test_what_is_not_finite_is_no_value() -> None:
    assert valued(Mean(), run_of([1.0, float("nan"), float("inf")])) == {"s0"}


def test_gaps_between_groups_cover_what_their_mean_covers() -> None:
    labelled = [[SampledText(text="t", value=0.1, labels={"x": label})] for label in (0.5, None, 0.2)]
    fields = {"slices": [{"group": "a"}] * 3, "completions": labelled}
    assert valued(LargestGap(of="labels.x"), run_of([1.0] * 3, **fields)) == {"s0", "s2"}


def test_members_cover_their_own_task_alone() -> None:
    members = Members(members={"a": {"name": "mean", "of": "scores.x"}, "b": {"name": "mean", "of": "scores.y"}})
    run = run_of([1.0] * 3, scores=[{"y": 1.0}, {"x": 1.0}, {"y": 1.0}])
    run = [one.model_copy(update={"task": task}) for one, task in zip(run, "aab", strict=True)]
    assert valued(members, run) == {"s1", "s2"}


def test_a_side_of_a_statistic_knows_what_has_a_value_and_keeps_chosen_items_alone() -> None:
    definition = Auroc(of="scores.x", by="k", positive="p", negative="n")
    run = run_of([1.0] * 3, scores=[{"x": 1.0}, {}, {"x": 0.0}], slices=[{"k": name} for name in "ppn"])
    found = side(definition, run, None, "A")
    assert (found.values, found.valued) == ({}, {"s0", "s2"})
    assert [sample.sample_id for sample in found.only(frozenset({"s2"}))] == ["s2"]


@pytest.mark.parametrize("flags", [((1.0, 1.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 1.0))])
def test_clusters_of_items_that_one_run_counts_are_compared(flags: tuple[tuple[float, float], ...]) -> None:
    definition = ConditionalShare(given="scores.flag", given_at_least=1, at_least=1)
    runs = [
        run_of([1.0, 0.0], scores=[{"flag": flag} for flag in run], cluster=["x", name])
        for run, name in zip(flags, ("x", "y"), strict=True)
    ]
    with pytest.raises(UsageError, match="item s1 is in cluster 'x' of the baseline and 'y' of the candidate"):
        align(definition, *runs)
