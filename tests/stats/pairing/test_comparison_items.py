"""Comparisons of runs item by item: slices, units, scales, clusters and numbers of completions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.core.errors import UsageError
from audit.core.records import SampledText
from audit.stats.definitions import Auroc, ConditionalShare, Mean, MeanOfCompletions
from audit.stats.pairing.comparison import compared
from audit.stats.pairing.means import of_shares
from audit.stats.pairing.power import needed
from audit.stats.pairing.tango import tango
from tests.stats.conftest import ends
from tests.stats.pairing.conftest import run_of, two_shares

SHARE: dict[str, Any] = {"unit": "share", "higher_is_better": True}
SCORE: dict[str, Any] = {"unit": "score", "higher_is_better": True}


def test_the_slice_limits_both_runs() -> None:
    slices = [{"language": name} for name in ("de", "fr", "de", "fr")]
    runs = [run_of(values, slices=slices) for values in ([1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0])]
    found = compared(Mean(), *runs, **SHARE, slice={"language": "de"})
    assert (found.baseline, found.candidate, found.n) == (1.0, 0.5, 2)
    assert found.alignment.in_one_slice == ()


@pytest.mark.parametrize(("place", "name"), [(0, "baseline"), (1, "candidate")])
def test_repeated_ids_are_refused_with_the_run(place: int, name: str) -> None:
    runs = [run_of([1.0, 0.0]), run_of([1.0, 0.0])]
    runs[place] += runs[place][:1]
    with pytest.raises(UsageError, match=f"^{name}: 1 sample ids occur more than once, first s0"):
        compared(Mean(), *runs, **SHARE)


def test_without_common_items_there_are_no_units() -> None:
    assert compared(Mean(), run_of([None]), run_of([1.0]), **SHARE).units == 0


def test_one_item_is_compared() -> None:
    found = compared(Mean(), run_of([1.0]), run_of([0.0]), **SHARE)
    assert (found.value, found.n, found.interval) == (-1.0, 1, tango(0, 1, 1))


@pytest.mark.parametrize("counts", [((2, 2, 1), (2, 2, 2)), ((2, 2, 2), (2, 1, 2)), ((2, 2, 2), (1, 1, 1))])
def test_items_with_different_numbers_of_completions_have_different_weights(
    counts: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    numbers = [0.1, 0.5]
    runs = [
        run_of([0.0] * 3, completions=[[SampledText(text="t", value=one) for one in numbers[:k]] for k in run])
        for run in counts
    ]
    found = compared(MeanOfCompletions(), *runs, unit="probability", higher_is_better=False)
    means = [np.mean([one for k in run for one in numbers[:k]]) for run in counts]
    assert found.value == pytest.approx(means[1] - means[0])
    assert found.equal is None  # no mean of one value per item


@pytest.mark.parametrize(
    ("scale", "unit", "width"), [(1.0, "probability", 1.0), (100.0, "percent", 1.0), (-1.0, "correlation", 2.0)]
)
def test_bounded_values_have_the_bounds_of_their_unit(scale: float, unit: str, width: float) -> None:
    runs = [run_of([0.5] * 30), run_of([0.75] * 30)]
    found = compared(Mean(scale=scale), *runs, unit=unit, higher_is_better=True)
    expected = sorted(scale * width * end for end in ends(tango(7.5 / width, 0, 30)))
    assert ends(found.interval) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("before", "after", "unit"),
    [
        ([0.0, 1.0] * 6, [1.0, 1.0, 0.0, 1.0] * 3, "score"),  # zeros and ones that are no shares
        ([0.0, 1.0] * 6, [1.0, 0.5, 0.0] * 4, "share"),
        ([1.0, 0.5, 0.0] * 4, [0.0, 1.0] * 6, "share"),
    ],
)
def test_only_zeros_and_ones_of_both_runs_are_shares(before: list[float], after: list[float], unit: str) -> None:
    found = compared(Mean(resamples=50), run_of(before), run_of(after), unit=unit, higher_is_better=True)
    assert (found.effect_name, found.test) == ("d_z", "sign_flips_exact")


def test_numbers_in_few_clusters_are_compared_by_cluster() -> None:
    generator = np.random.default_rng(1)
    before, after = generator.normal(size=12), generator.normal(size=12)
    names = [f"c{place % 3}" for place in range(12)]
    found = compared(Mean(), run_of(before, cluster=names), run_of(after, cluster=names), **SCORE)
    means = (after - before).reshape(4, 3).mean(axis=0)
    assert ends(found.interval) == pytest.approx(tuple(stats.ttest_1samp(means, 0).confidence_interval(0.95)))
    assert found.units == 3


def test_a_negative_scale_exchanges_the_ends() -> None:
    generator = np.random.default_rng(2)
    runs = [run_of(generator.exponential(size=20)) for _ in range(2)]
    one, other = (compared(Mean(scale=scale, resamples=200), *runs, **SCORE, margin=0.5) for scale in (2.0, -2.0))
    low, high = ends(one.interval)
    assert ends(other.interval) == (-high, -low)
    assert other.value == -(one.value or math.nan)
    assert (other.detectable, other.needed) == (one.detectable, one.needed)
    assert (other.higher, other.lower) == (one.lower, one.higher)


def test_needed_items_are_whole_clusters() -> None:
    before, after = two_shares(3, 2, 10, 16)
    names = [f"c{place % 3}" for place in range(31)]
    found = compared(Mean(), run_of(before, cluster=names), run_of(after, cluster=names), **SHARE, margin=0.3)
    shown = of_shares(np.array(after) - np.array(before), names, confidence=0.95, seed=0)
    assert shown.standard_error is not None
    clusters = needed(shown.standard_error, shown.growth, 0.3, 3, 0.95, 2)
    assert clusters * 31 % 3  # rounded up
    assert found.needed == math.ceil(clusters * 31 / 3)


def test_clusters_of_one_and_items_on_their_own_are_items() -> None:
    before, after = two_shares(9, 3, 4, 16)
    names = ["c0", "c1", *[None] * 30]
    found = compared(Mean(), run_of(before, cluster=names), run_of(after, cluster=names), **SHARE)
    assert (found.interval, found.units) == (tango(9, 3, 32), 32)


def test_clusters_of_items_that_one_run_counts_are_units() -> None:
    names = [f"c{place // 4}" for place in range(24)]
    definition = ConditionalShare(given="scores.flag", given_at_least=1, at_least=1, resamples=50)
    generator = np.random.default_rng(3)
    runs = []
    for run in range(2):  # all of a cluster's items are counted by the same run, or by both
        flags = [{"flag": float(place // 4 % 3 in (run, 2))} for place in range(24)]
        runs.append(run_of((generator.random(24) < 0.5).astype(float), scores=flags, cluster=names))
    assert compared(definition, *runs, **SHARE).units == 6


@pytest.mark.parametrize("field", ["prompt", "prompt_sha256", "tokens_in", "seconds"])
def test_what_was_asked_is_no_answer(field: str) -> None:
    kinds = [{"k": "pn"[i % 2]} for i in range(4)]
    before = run_of([1.0, 0.0] * 2, slices=kinds)
    value: Any = {"prompt": "other", "prompt_sha256": "0" * 64, "tokens_in": 9, "seconds": 2.0}[field]
    after = [one.model_copy(update={field: value}) for one in before]
    definition = Auroc(of="score", by="k", positive="p", negative="n")
    found = compared(definition, before, after, unit="probability", higher_is_better=True)
    assert (found.interval, found.identical) == (None, True)


def test_a_cluster_named_like_an_item_of_another_is_a_unit() -> None:
    generator = np.random.default_rng(5)
    numbers, kinds = generator.normal(size=(2, 12)), [{"k": "pn"[place % 2]} for place in range(12)]
    definition = Auroc(of="score", by="k", positive="p", negative="n")
    found = []
    for first in ("c0", "s4"):  # s4 is in the second cluster
        names = [first, "c1", "c2"]
        runs = [run_of(values, slices=kinds, cluster=[names[place // 4] for place in range(12)]) for values in numbers]
        found.append(compared(definition, *runs, unit="probability", higher_is_better=True))
    assert found[0].units == 3
    assert (found[1].units, found[1].interval) == (3, found[0].interval)
