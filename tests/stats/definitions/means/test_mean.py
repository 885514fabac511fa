"""The mean of one value per sample: which values, which interval, what is missing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import Flag, Sample, SampledText
from audit.stats import definitions
from audit.stats.definitions import Mean, measured
from audit.stats.definitions.means.mean import field_of, scaled_interval, scaled_mean
from audit.stats.intervals import mean_interval, studentised_bootstrap


def a_sample(number: int, **fields: Any) -> Sample:
    given = {"score": float(number % 3 > 0), "scores": {"size": float(number)}, **fields}
    return Sample(sample_id=str(number), suite="evals", task="sums", prompt="?", **given)


def metric_of(samples: list[Sample], mean: Mean | None = None, unit: str = "share", **options: Any) -> Any:
    return measured(mean or Mean(seed=3), samples, metric="m", unit=unit, higher_is_better=True, **options)


def with_scores(values: list[float], **fields: Any) -> list[Sample]:
    return [a_sample(number, score=value, **fields) for number, value in enumerate(values)]


def test_a_share_has_its_mean_and_wilsons_interval() -> None:
    metric = metric_of(with_scores([0.0] * 20), primary=True, note="zero-shot")
    assert (metric.name, metric.suite, metric.task, metric.metric) == ("sums/m", "evals", "sums", "m")
    assert (metric.value, metric.n, metric.ci_low, metric.ci_method) == (0, 20, 0, "wilson")
    assert metric.ci_high == pytest.approx(0.1611, abs=5e-5)  # Newcombe 1998, table I
    assert (metric.primary, metric.note, metric.error) == (True, "zero-shot", None)


def test_the_definition_that_is_written_gives_the_metric_again() -> None:
    samples = [a_sample(number) for number in range(50)]
    metric = metric_of(samples)
    assert metric.definition == {"name": "mean", "of": "score", "scale": 1.0, "resamples": 10000, "seed": 3}
    assert metric_of(samples, definitions.read(metric.definition)) == metric  # type: ignore[arg-type]
    # 33 of the numbers 0 to 49 are no multiples of 3.
    assert metric.value == pytest.approx(33 / 50)
    assert (metric.ci_low, metric.ci_high) == pytest.approx(proportion_confint(33, 50, method="wilson"))


def test_scale_applies_to_value_and_interval() -> None:
    samples = with_scores([1.0] * 15 + [0.0] * 5)
    percent = metric_of(samples, Mean(scale=100.0), unit="percent")
    low, high = proportion_confint(15, 20, method="wilson")
    assert (percent.value, percent.unit, percent.ci_method) == (75, "percent", "wilson")
    assert (percent.ci_low, percent.ci_high) == pytest.approx((100 * low, 100 * high))


def test_seed_resamples_confidence_and_bounds_reach_the_bootstrap() -> None:
    values = [0.5, 1.0, 3.0, 9.0, 2.0, 0.1]
    mean = Mean(seed=5, resamples=300, scale=10.0)
    found = metric_of(with_scores(values), mean, unit="squared_error", confidence=0.8)
    expected = studentised_bootstrap(values, seed=5, resamples=300, confidence=0.8, bounds=(0.0, math.inf))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (10 * expected.low, 10 * expected.high)
    other = studentised_bootstrap(values, seed=6, resamples=300, confidence=0.8, bounds=(0.0, math.inf))
    assert other != expected
    bounded = scaled_interval(
        [0.0, 0.0, 0.0, 0.5], [None] * 4, unit="percent", scale=100.0, seed=1, resamples=100, confidence=0.95
    )
    assert bounded is not None
    assert (bounded.low, bounded.confidence, bounded.method) == (0.0, 0.95, "student_t")


@pytest.mark.parametrize(
    ("unit", "scale", "method"),
    [("share", 1.0, "wilson"), ("percent", 100.0, "wilson"), ("percent", 1.0, None), ("squared_error", 1.0, None)],
)
def test_ones_are_a_share_only_in_the_unit_of_shares(unit: str, scale: float, method: str | None) -> None:
    metric = metric_of(with_scores([1.0] * 12), Mean(scale=scale), unit=unit)
    assert (metric.ci_method, metric.value) == (method, scale)
    assert metric.no_interval == (None if method else "all 12 items have the same value")


def test_shared_clusters_widen_the_interval() -> None:
    values = [1.0] * 10 + [0.0] * 10
    alone = metric_of(with_scores(values))
    grouped = [one.model_copy(update={"cluster": f"passage {n // 5}"}) for n, one in enumerate(with_scores(values))]
    together = metric_of(grouped)
    assert together.ci_method == "wilson_clustered"
    assert together.ci_low < alone.ci_low
    by_slice = [one.model_copy(update={"cluster": None, "slices": {"p": one.cluster}}) for one in grouped]
    assert metric_of(by_slice, Mean(seed=3, cluster="p")).ci_low == together.ci_low


def test_clusters_of_samples_without_a_value_do_not_count() -> None:
    samples = [a_sample(0, cluster="a"), a_sample(1, cluster="a", score=None), a_sample(2, cluster="b")]
    assert metric_of(samples).ci_method == "wilson"


def test_nothing_scored_is_null_with_the_reason() -> None:
    metric = metric_of([a_sample(1, score=None), a_sample(2, error="lost")], primary=True)
    assert (metric.value, metric.n, metric.ci_low, metric.ci_high, metric.ci_method) == (None, 0, None, None, None)
    assert metric.error == "none of 2 items could be scored"
    unread = [a_sample(1, score=None, flags=[Flag.NOT_ENGLISH])]
    assert metric_of(unread).error == "none of 1 items could be scored: the judge does not read their language"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_makes_the_metric_null(bad: float) -> None:
    metric = metric_of(with_scores([1.0, bad, 1.0]))
    assert (metric.value, metric.n) == (None, 3)
    assert metric.error == "1 of 3 values are NaN or infinite"


def test_a_value_without_an_interval_has_null_ends_and_a_reason() -> None:
    metric = metric_of(with_scores([0.25]), unit="score")
    assert (metric.value, metric.ci_low, metric.ci_high, metric.ci_method, metric.error) == (0.25, *[None] * 4)
    assert metric.no_interval == "one item has no spread to estimate"
    bare = metric_of(with_scores([0.0, 1.0]), interval=False)
    assert (bare.value, bare.ci_low, bare.no_interval) == (0.5, None, None)


def test_a_field_is_the_score_or_one_of_the_scores() -> None:
    sample = a_sample(7)
    assert (field_of(sample, "score"), field_of(sample, "scores.size"), field_of(sample, "scores.none")) == (1, 7, None)


def test_the_sum_of_a_mean_is_exact() -> None:
    assert scaled_mean([1e16, 1.0, -1e16], 3.0) == 1.0
    assert sum([1e16, 1.0, -1e16]) == 0.0


def test_errors_count_where_asked() -> None:
    samples = [a_sample(0, score=1.0), a_sample(1, score=0.0, error="cut")]
    assert [value for _, value in Mean().values(samples)] == [1.0]
    assert [value for _, value in Mean(despite_errors=True).values(samples)] == [1.0, 0.0]
    assert Mean(despite_errors=True).estimate(samples, unit="share").missing == 0


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (Mean(of="scores.size"), [0, 1, 2, 3]),
        (Mean(of="scores.size", at_least=2), [0, 0, 1, 1]),
        (Mean(of="scores.size", if_cut=0.0), [0, 0, 2, 3]),
        (Mean(of="scores.size", where={"kind": "odd"}), [1, 3]),
        (Mean(of="scores.extra", key=True), [7]),
        (Mean(), [0, 1, 1, 0]),
    ],
)
def test_what_a_definition_takes(mean: Mean, expected: list[float]) -> None:
    kinds = ("even", "odd", "even", "odd")
    samples = [a_sample(number, slices={"kind": kind}) for number, kind in enumerate(kinds)]
    samples[1] = samples[1].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})
    samples[2] = samples[2].model_copy(update={"scores": {**samples[2].scores, "extra": 7.0}})
    broken = a_sample(4, error="NaN logits")
    assert [value for _, value in mean.values(mean.select([*samples, broken], None))] == expected
    assert definitions.read(mean.written()) == mean


def test_items_without_a_value_are_counted_and_said() -> None:
    """29 of 32 answers hold a number, and all of them were scored: the mean is about 29, and says so."""
    samples = [a_sample(number, scores={} if number < 3 else {"squared_error": 4.0 + number}) for number in range(32)]
    metric = metric_of(samples, Mean(of="scores.squared_error"), unit="squared_error")
    assert (metric.n, metric.missing) == (29, 3)
    assert metric.note == "3 of 32 scored items have no value and are left out"


def test_unscored_samples_are_not_counted_twice() -> None:
    samples = [a_sample(number) for number in range(11)] + [a_sample(11, score=None, error="NaN logits")]
    metric = metric_of(samples)
    assert (metric.n, metric.missing, metric.note) == (11, 0, None)


def test_an_interval_stays_inside_the_unit() -> None:
    """Student's interval of four squared errors reaches below 0, which no squared error can be."""
    metric = metric_of(with_scores([0.0, 1.0, 2.0, 400.0]), unit="squared_error")
    assert metric.ci_method == "student_t"
    assert metric.ci_low == 0.0
    assert metric.ci_high > 400


def test_resampling_counts_units_as_often_as_they_are_drawn() -> None:
    """Against the samples repeated by hand; items of one cluster are drawn together."""
    samples = [a_sample(number, cluster=f"c{number % 4}") for number in range(12)]
    mean = Mean(of="scores.size", scale=2.0)
    drawn = mean.resample(samples)
    assert drawn.units == ("cluster c0", "cluster c1", "cluster c2", "cluster c3")
    weights = np.array([2.0, 0.0, 1.0, 3.0])
    repeated = [s for s in samples for _ in range(int(weights[int(s.cluster[1])]))]
    assert drawn.value(weights) == pytest.approx(mean.estimate(repeated, unit="score", interval=False).value)
    assert np.isnan(drawn.value(np.zeros(4)))


def test_the_bounds_of_a_bootstrap_are_those_of_the_values_before_the_factor() -> None:
    values = [0.0] * 9 + [0.9]  # resamples that are all 0 leave the upper end to the bound
    found = metric_of(with_scores(values), Mean(seed=3, scale=100.0), unit="percent")
    expected = studentised_bootstrap(values, seed=3, bounds=(0.0, 1.0))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (100 * expected.low, 100 * expected.high)
    assert 100 * expected.high < 100.0  # the unit's own bound would hide a wrong one


def test_with_key_it_is_about_the_samples_that_hold_the_name() -> None:
    samples = [a_sample(0), a_sample(1, scores={}), a_sample(2)]
    assert [one.sample_id for one in Mean(of="scores.size", key=True).select(samples, None)] == ["0", "2"]
    assert len(Mean(of="scores.size").select(samples, None)) == 3


def test_a_cut_answer_without_a_score_has_no_value() -> None:
    cut = a_sample(0, score=None, flags=[Flag.TRUNCATED_OUTPUT])
    assert Mean(if_cut=0.0).of_sample(cut) is None
    assert Mean(if_cut=0.0).of_sample(cut.model_copy(update={"score": 1.0})) == 0.0


def test_an_estimate_has_an_interval_or_a_reason_and_neither_where_none_is_asked_for() -> None:
    samples = with_scores([0.0, 1.0, 1.0])
    found = Mean().estimate(samples, unit="share")
    assert found.interval is not None
    assert found.no_interval is None
    bare = Mean().estimate(samples, unit="share", interval=False)
    assert (bare.interval, bare.no_interval) == (None, None)
    assert Mean.IS_MEAN


def test_the_metric_s_slice_and_units_of_items_on_their_own() -> None:
    samples = [a_sample(1, score=1.0, slices={"part": "a"}), a_sample(2, score=0.0, slices={"part": "b"})]
    assert [Mean().is_about(one, {"part": "a"}) for one in samples] == [True, False]
    assert Mean().resample(samples).units == tuple(f"item {one.sample_id}" for one in samples)


def test_bounds_below_zero_are_those_of_the_values_before_the_factor() -> None:
    """Points from -100 to 100 are shares from -1 to 1 times 100; the bounds limit the bootstrap, too."""
    values = [1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 0.5, 1.0]
    definition = Mean(scale=100.0, seed=3, resamples=200)
    found = definition.estimate([a_sample(i, score=one) for i, one in enumerate(values)], unit="points").interval
    expected = mean_interval(values, seed=3, resamples=200, share=False, bounds=(-1.0, 1.0))
    unlimited = mean_interval(values, seed=3, resamples=200, share=False)
    assert found is not None
    assert expected is not None
    assert (found.low, found.high) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert unlimited != expected


@pytest.mark.parametrize("of", ["score", "scores.right"])
def test_of_several_answers_only_those_that_were_cut_are_open(of: str) -> None:
    texts = [
        SampledText(text="x", value=value, labels={"right": value}, flags=[Flag.TRUNCATED_OUTPUT] if cut else [])
        for value, cut in ((1.0, True), (0.0, True), (1.0, False), (0.0, False), (None, True))
    ]
    several = a_sample(0, score=0.5, scores={"right": 0.5}, flags=[Flag.TRUNCATED_OUTPUT], completions=texts)
    assert [Mean(of=of, if_cut=end).of_sample(several) for end in (0.0, None, 1.0)] == [0.25, 0.5, 0.75]


def test_what_a_threshold_makes_of_a_cut_answer_is_open_too() -> None:
    cut = a_sample(0, score=0.4, flags=[Flag.TRUNCATED_OUTPUT])
    assert [Mean(at_least=0.3, if_cut=end).of_sample(cut) for end in (0.0, None, 1.0)] == [0, 1, 1]
    texts = [SampledText(text="", value=0.4), SampledText(text="", value=0.9, flags=[Flag.TRUNCATED_OUTPUT])]
    several = cut.model_copy(update={"completions": texts})
    assert [Mean(at_least=0.3, if_cut=end).of_sample(several) for end in (0.0, 1.0)] == [0.5, 1]
