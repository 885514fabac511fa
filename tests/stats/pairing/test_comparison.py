"""Comparisons of runs, from samples to differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sacrebleu
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from audit.core.errors import UsageError
from audit.core.records import SampledText
from audit.stats.definitions import (
    Auroc,
    BbqBias,
    ConditionalShare,
    Corpus,
    CorrectedShare,
    Count,
    Mean,
    MeanOfCompletions,
    Members,
    Paired,
    Perplexity,
    SignFlip,
)
from audit.stats.pairing.comparison import compared
from audit.stats.pairing.tango import tango
from tests.stats.conftest import ends
from tests.stats.pairing.conftest import run_of, two_shares

AUROC = Auroc(of="score", by="k", positive="p", negative="n")


def shares(better: int, worse: int, right: int, wrong: int, **how: Any) -> Any:
    before, after = two_shares(better, worse, right, wrong)
    given = {"unit": "share", "higher_is_better": True, **how}
    return compared(Mean(), run_of(before), run_of(after), **given)


def test_shares() -> None:
    found = shares(6, 16, 59, 80, margin=0.02)
    assert found.value == pytest.approx(-10 / 161)
    assert (found.baseline, found.candidate) == (75 / 161, 65 / 161)
    assert ends(found.interval) == pytest.approx((-0.1240, -0.0054), abs=5e-5)  # Fagerland et al. 2017, chapter 8
    assert found.p_value == pytest.approx(0.052479, abs=5e-7)  # the same: exact conditional test
    assert found.p_value == pytest.approx(mcnemar([[59, 6], [16, 80]], exact=True).pvalue)
    assert (found.n, found.units, found.test) == (161, 161, "mcnemar_exact")
    assert (found.higher, found.lower, found.equal) == (6, 16, 139)
    assert (found.effect, found.effect_name) == (6 / 16, "odds_ratio")
    # d = 2.8016 sqrt((22 / 161 + d) / n), with n = 161 for the effect and d = 0.02 for the number of items.
    far, effect = 1.959964 + 0.841621, found.detectable
    assert effect == pytest.approx(far * np.sqrt((22 / 161 + effect) / 161), rel=1e-5)
    assert (found.margin, found.needed) == (0.02, np.ceil(far**2 * (22 / 161 + 0.02) / 0.02**2))


def test_percent_is_a_hundred_times_the_share() -> None:
    before, after = two_shares(9, 3, 4, 16)
    found = compared(
        Mean(scale=100.0), run_of(before), run_of(after), unit="percent", higher_is_better=False, margin=5.0
    )
    assert found.value == pytest.approx(100 * 6 / 32)
    assert ends(found.interval) == pytest.approx((-2.7, 39.0), abs=0.05)  # Tango 1998
    assert (found.higher, found.lower) == (9, 3)
    whole = shares(9, 3, 4, 16, margin=0.05)
    assert found.detectable == pytest.approx(100 * whole.detectable)
    assert found.needed == whole.needed


def test_other_numbers_get_the_bootstrap() -> None:
    generator = np.random.default_rng(1)
    before = generator.random(60)
    after = np.clip(before + generator.normal(0.05, 0.1, 60), 0, 1)
    found = compared(Mean(resamples=500), run_of(before), run_of(after), unit="probability", higher_is_better=False)
    assert found.value == pytest.approx(float(np.mean(after - before)))
    assert found.interval is not None
    assert found.interval.method == "studentised_bootstrap"
    assert found.interval.low < found.value < found.interval.high
    assert found.test == "sign_flips"
    assert (found.effect_name, found.effect) == (
        "d_z",
        pytest.approx(np.mean(after - before) / np.std(after - before, ddof=1)),
    )
    assert found.lower == int((after < before).sum())
    assert found.needed is None


def test_pairing_is_by_id_and_not_by_place() -> None:
    before, after = two_shares(9, 3, 40, 16)
    shuffled = [run_of(after)[place] for place in np.random.default_rng(3).permutation(68)]
    found = compared(Mean(), run_of(before), shuffled, unit="share", higher_is_better=True)
    assert found.interval == tango(9, 3, 68)


def test_missing_items_do_not_count_as_wrong() -> None:
    candidate = run_of([1.0] * 40 + [None] * 10)[:45]
    found = compared(Mean(), run_of([1.0] * 50), candidate, unit="share", higher_is_better=True)
    assert (found.value, found.n, found.equal) == (0.0, 40, 40)
    assert found.alignment.share == 0.8
    assert ends(found.interval) == ends(tango(0, 0, 40))


def test_clusters_are_the_units() -> None:
    before, after = two_shares(30, 20, 100, 90)
    names = [f"c{place % 4}" if place < 236 else None for place in range(240)]
    found = compared(
        Mean(),
        run_of(before, cluster=names),
        run_of(after, cluster=names),
        unit="share",
        higher_is_better=True,
        margin=0.1,
    )
    assert found.units == 8  # four clusters and four items on their own
    assert found.interval is not None
    assert found.interval.method == "tango_clustered"
    assert found.test == "sign_flips_exact"
    assert found.needed is not None
    assert found.needed % 30 == 0  # clusters of 30 items on average


def test_clusters_of_one_are_items() -> None:
    before, after = two_shares(9, 3, 4, 16)
    names = [f"c{place}" for place in range(32)]
    found = compared(
        Mean(), run_of(before, cluster=names), run_of(after, cluster=names), unit="share", higher_is_better=True
    )
    assert (found.interval, found.units) == (tango(9, 3, 32), 32)


SENTENCES = [
    f"the {animal} sat on the {thing} for {n} days"
    for n, animal, thing in zip(range(30), "abcdef" * 5, "xyz" * 10, strict=True)
]


def translations(seed: int, loss: float) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(w for w in text.split() if generator.random() > loss) for text in SENTENCES]


@pytest.mark.slow
def test_corpus_bleu_is_the_difference_of_sacrebleus() -> None:
    outputs = [translations(1, 0.1), translations(2, 0.3)]
    runs = [run_of([0.0] * 30, reference=SENTENCES, output=output) for output in outputs]
    found = compared(Corpus(metric="bleu", resamples=300), *runs, unit="bleu", higher_is_better=True, margin=1.0)
    expected = [sacrebleu.corpus_bleu(output, [SENTENCES]).score for output in outputs]
    assert (found.baseline, found.candidate) == pytest.approx(tuple(expected))
    assert found.value == pytest.approx(expected[1] - expected[0])
    assert found.interval is not None
    assert found.interval.high < 0
    assert found.p_value is not None
    assert found.p_value < 0.05
    assert (found.test, found.units, found.higher) == ("bca_bootstrap", 30, None)
    assert found.needed is not None
    paired = found.interval.high - found.interval.low
    alone = [Corpus(metric="bleu", resamples=300).estimate(run, unit="bleu").interval for run in runs]
    assert paired < sum(one.high - one.low for one in alone if one)


def test_clusters_of_a_corpus_are_drawn_whole() -> None:
    names = [f"c{place % 3}" for place in range(30)]
    runs = [
        run_of([0.0] * 30, reference=SENTENCES, output=translations(seed, loss), cluster=names)
        for seed, loss in ((1, 0.1), (2, 0.3))
    ]
    found = compared(Corpus(metric="chrf"), *runs, unit="chrf", higher_is_better=True)
    assert (found.units, found.test) == (3, "jackknife_t")


@pytest.mark.slow
def test_a_mean_as_a_statistic_agrees_with_its_items() -> None:
    # exp(-mean) of one number per item, against Student's t on the exponent.
    generator = np.random.default_rng(4)
    before = generator.normal(-2, 0.3, 80)
    after = before + generator.normal(0.02, 0.05, 80)
    found = compared(
        Perplexity(of="score", bits=True, resamples=4_000),
        run_of(before),
        run_of(after),
        unit="bits",
        higher_is_better=False,
    )
    changes = -(after - before) / np.log(2)
    student = stats.ttest_1samp(changes, 0)
    assert found.value == pytest.approx(changes.mean())
    assert ends(found.interval) == pytest.approx(tuple(student.confidence_interval()), abs=0.003)
    assert found.p_value == pytest.approx(student.pvalue, abs=0.005)


def test_groups_of_tasks_are_drawn_together() -> None:
    members = Members(members={task: {"name": "mean"} for task in ("a", "b")}, resamples=500)
    generator, runs = np.random.default_rng(5), []
    for shift in (0.0, 0.2):
        values = (generator.random(60) < 0.5 + shift).astype(float)
        samples = run_of(values)
        runs.append([s.model_copy(update={"task": "a" if i < 20 else "b"}) for i, s in enumerate(samples)])
    found = compared(members, *runs, unit="share", higher_is_better=True)
    means = [np.mean([np.mean([s.score for s in run if s.task == task]) for task in "ab"]) for run in runs]
    assert found.value == pytest.approx(means[1] - means[0])
    assert (found.units, found.test) == (60, "bca_bootstrap")


def test_a_condition_on_the_answer_is_compared_as_two_statistics() -> None:
    generator, runs = np.random.default_rng(6), []
    for _ in range(2):
        flags = [{"flag": float(generator.random() < 0.7)} for _ in range(50)]
        runs.append(run_of((generator.random(50) < 0.5).astype(float), scores=flags))
    definition = ConditionalShare(given="scores.flag", given_at_least=1, at_least=1, resamples=500)
    found = compared(definition, *runs, unit="share", higher_is_better=True)
    expected = [np.mean([s.score for s in run if s.scores["flag"] == 1]) for run in runs]
    assert (found.baseline, found.candidate) == pytest.approx(tuple(expected))
    assert found.test == "bca_bootstrap"
    assert found.n == len(found.alignment.paired) >= len(found.alignment.in_one_slice) > 0


def texts(*values: float) -> list[SampledText]:
    return [SampledText(text="t", value=value) for value in values]


def completions(*counts: int) -> list[list[SampledText]]:
    return [texts(*(0.1 * (place + 1) for place in range(count))) for count in counts]


def test_completions_are_compared_by_item() -> None:
    runs = [run_of([0.0] * 6, completions=completions(*[count] * 6)) for count in (2, 2)]
    found = compared(MeanOfCompletions(), *runs, unit="probability", higher_is_better=False)
    assert (found.value, found.equal, found.test) == (0.0, 6, "sign_flips_exact")
    fewer = run_of([0.0] * 6, completions=completions(2, 2, 2, 1, 2, 3))
    found = compared(MeanOfCompletions(), runs[0], fewer, unit="probability", higher_is_better=False)
    assert found.value == pytest.approx((6 * 0.1 + 5 * 0.2 + 0.3) / 12 - 0.15)
    assert (found.equal, found.test) == (None, "jackknife_t")


def test_pairs_are_the_items_of_a_paired_metric() -> None:
    fields = {"pair": ["p", "p", "q", "q", "r", "r"], "slices": [{"side": name} for name in "ababab"]}
    runs = [run_of(values, **fields) for values in ([1.0, 0, 1, 0, 0, 0], [1.0, 1, 1, 0, 0, 1])]
    found = compared(Paired(by="side", first="a", second="b"), *runs, unit="score", higher_is_better=None)
    assert (found.value, found.n, found.lower, found.equal) == (pytest.approx(-1 / 3 - 1 / 3), 3, 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "fields"),
    [
        (Auroc(of="score", by="k", positive="p", negative="n"), {"slices": [{"k": name} for name in "pn" * 20]}),
        (
            BbqBias(),
            {
                "cluster": [f"c{i % 12}" for i in range(40)],
                "scores": [{"biased": float(i % 3 == 0)} for i in range(40)],
            },
        ),
        (Count(flags=("truncated_output",)), {}),
    ],
)
def test_every_kind_gives_the_difference_of_its_values(definition: Any, fields: dict[str, Any]) -> None:
    generator = np.random.default_rng(7)
    runs = [run_of(generator.random(40).round(3), **fields) for _ in range(2)]
    found = compared(definition, *runs, unit="score", higher_is_better=True, resamples=200)
    values = [definition.value(run) for run in runs]
    assert found.value == pytest.approx(values[1] - values[0])
    assert (found.interval is None) == (found.no_interval is not None)


def test_corrected_shares_are_no_means() -> None:
    counts = {"": {"true_positives": 80, "positives": 100, "true_negatives": 190, "negatives": 200}}
    generator = np.random.default_rng(8)
    runs = [
        run_of(
            [0.0] * 40, completions=[[SampledText(text="t", value=float(generator.random() < 0.3))] for _ in range(40)]
        )
        for _ in range(2)
    ]
    definition = CorrectedShare(agreement=counts, resamples=200)
    found = compared(definition, *runs, unit="share", higher_is_better=False)
    values = [definition.value(run) or 0.0 for run in runs]
    assert found.value == pytest.approx(values[1] - values[0])
    assert found.test == "bca_bootstrap"


def test_what_cannot_be_compared_says_why() -> None:
    nothing = compared(Mean(), run_of([None]), run_of([1.0]), unit="share", higher_is_better=True)
    assert (nothing.value, nothing.n) == (None, 0)
    assert nothing.error == "no item has a value in both runs: 1 without a value in the baseline"
    empty = compared(Mean(), [], [], unit="share", higher_is_better=True)
    assert empty.error == "no item has a value in both runs: the metric covers no item"
    runs = [run_of([0.5] * 8, cluster=[f"c{i}" for i in range(8)])] * 2
    undefined = compared(SignFlip(), *runs, unit="probability", higher_is_better=None)
    assert undefined.value is None
    assert undefined.error == "the metric has no value on the common items in the baseline and candidate"


def test_effects_beyond_the_scale_cannot_be_found() -> None:
    names = [f"c{i % 2}" for i in range(20)]
    runs = [run_of([1.0] * 20, cluster=names)] * 2
    found = compared(Mean(), *runs, unit="share", higher_is_better=True, margin=0.01)
    assert found.interval is not None
    assert found.detectable is None
    assert found.needed is not None
    # Student's t(1) of two clusters reaches far beyond what an area under a curve can lose.
    kinds = [{"k": "pn"[i // 2 % 2]} for i in range(20)]
    before = np.random.default_rng(1).random(20)
    after = before + [float(i % 2 == 0 and i // 2 % 2 == 0) for i in range(20)]  # one cluster ranks all its pairs right
    sides = [run_of(given, cluster=names, slices=kinds) for given in (before, after)]
    wide = compared(AUROC, *sides, unit="probability", higher_is_better=True)
    assert ends(wide.interval) == (-1.0, 1.0)
    assert wide.detectable is None


@pytest.mark.parametrize(("right", "possible"), [(4, True), (20, False), (36, True)])
def test_an_effect_that_no_difference_from_the_baseline_can_have_is_not_named(right: int, possible: bool) -> None:
    """Four clusters of ten, one item of which changed, would show a difference of about 0.86."""
    names = [f"c{place // 10}" for place in range(40)]
    before = [0.0] * (40 - right) + [1.0] * right
    after = [1.0, *before[1:]]
    sides = [run_of(given, cluster=names) for given in (before, after)]
    found = compared(Mean(), *sides, unit="share", higher_is_better=True)
    assert (found.detectable is not None and 0.8 < found.detectable < 0.9) == possible
    assert possible or found.detectable is None


def test_identical_runs_without_an_interval_are_known_as_such() -> None:
    scores = [0.1, 0.7, 0.4, 0.9] * 5
    before = run_of(scores)
    how: dict[str, Any] = {"unit": "score", "higher_is_better": True}
    assert compared(Mean(), before, before, **how).identical
    assert not compared(Mean(), before, run_of([*scores[:-1], 0.8]), **how).identical
    # No mean of items, all pairs in the right order: answers decide, not how long they took.
    kinds = [{"k": "pn"[i % 2]} for i in range(20)]
    first, slower, other = (
        run_of([given - i % 2 for i in range(20)], slices=kinds, seconds=[seconds] * 20)
        for given, seconds in ((1.0, 1.0), (1.0, 2.0), (0.9, 1.0))
    )
    same, found = (compared(AUROC, first, run, unit="probability", higher_is_better=True) for run in (slower, other))
    assert (same.value, same.interval, same.identical) == (0.0, None, True)
    assert (found.value, found.interval, found.identical) == (0.0, None, False)


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan"), float("inf")])
def test_margins_are_above_zero(margin: float) -> None:
    with pytest.raises(UsageError, match="is not above 0"):
        shares(1, 1, 5, 5, margin=margin)


def test_seeds_and_resamples_are_the_definitions_own_unless_given() -> None:
    generator = np.random.default_rng(9)
    runs = [run_of(generator.exponential(size=30) ** 2) for _ in range(2)]
    how: dict[str, Any] = {"unit": "score", "higher_is_better": True}
    own = compared(Mean(seed=5, resamples=400), *runs, **how)
    assert compared(Mean(), *runs, **how, seed=5, resamples=400).interval == own.interval
    assert compared(Mean(), *runs, **how, seed=6, resamples=400).interval != own.interval
