"""A metric says which function of the samples it is, where it is a plain one; the samples then give it again."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.records import Sample
from audit.stats import definitions
from audit.stats.aggregate import mean_metric, with_definitions
from audit.stats.definitions import Mean


def a_sample(number: int, **fields: Any) -> Sample:
    given = {"score": float(number % 3 > 0), "scores": {"size": float(number)}, **fields}
    return Sample(sample_id=str(number), suite="evals", task="sums", prompt="?", **given)


def mean_of(samples: list[Sample], values: list[float | None], metric: str = "accuracy", **options: Any) -> Any:
    return mean_metric(
        samples, metric, values, unit=options.pop("unit", "share"), higher_is_better=True, seed=3, **options
    )


def test_the_score_and_the_field_of_the_same_name_are_found() -> None:
    samples = [a_sample(number) for number in range(12)]
    by_score = mean_of(samples, [s.score for s in samples])
    assert by_score.definition == {"name": "mean", "of": "score", "scale": 1.0, "resamples": 10000, "seed": 3}
    sizes = mean_of(samples, [s.scores["size"] for s in samples], "size", unit="score", scale=2.0)
    assert sizes.definition == {"name": "mean", "of": "scores.size", "scale": 2.0, "resamples": 10000, "seed": 3}
    assert mean_of(samples, [1.0 - (s.score or 0) for s in samples], "error").definition is None


def test_a_definition_gives_value_and_interval_again() -> None:
    samples = [a_sample(number) for number in range(50)]
    metric = mean_of(samples, [s.score for s in samples])
    mean = definitions.read(metric.definition)
    assert isinstance(mean, Mean)
    pairs = mean.values(samples)
    interval = mean.estimate(samples, unit="share").interval
    assert interval is not None
    # 33 of the numbers 0 to 49 are no multiples of 3.
    assert metric.value == pytest.approx(statistics.fmean(value for _, value in pairs)) == pytest.approx(33 / 50)
    assert (metric.ci_low, metric.ci_high) == (interval.low, interval.high)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(33, 50, method="wilson"))


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
    samples[1] = samples[1].model_copy(update={"flags": ["truncated_output"]})
    samples[2] = samples[2].model_copy(update={"scores": {**samples[2].scores, "extra": 7.0}})
    broken = a_sample(4, error="NaN logits")
    assert [value for _, value in mean.values(mean.select([*samples, broken], None))] == expected
    assert definitions.read(mean.written()) == mean


def test_items_without_a_value_are_counted_and_said() -> None:
    """29 of 32 answers hold a number, and all of them were scored: the mean is about 29, and says so."""
    samples = [a_sample(number, scores={} if number < 3 else {"squared_error": 4.0 + number}) for number in range(32)]
    values = [sample.scores.get("squared_error") for sample in samples]
    metric = mean_of(
        samples, values, "mean_squared_error", unit="squared_error", definition=Mean(of="scores.squared_error")
    )
    assert (metric.n, metric.missing) == (29, 3)
    assert metric.note == "3 of 32 scored items have no value and are left out"


def test_unscored_samples_are_not_counted_twice() -> None:
    samples = [a_sample(number) for number in range(11)] + [a_sample(11, score=None, error="NaN logits")]
    metric = mean_of(samples, [sample.score for sample in samples])
    assert (metric.n, metric.missing, metric.note) == (11, 0, None)


def test_a_part_that_cannot_be_found_again_has_no_definition() -> None:
    """A probe may take the mean of samples that no slice tells apart."""
    samples = [a_sample(number, slices={"kind": "odd" if number % 2 else "even"}) for number in range(12)]
    odd = [sample for sample in samples if sample.slices["kind"] == "odd"]
    as_slice = mean_of(odd, [s.score for s in odd], slice={"kind": "odd"})
    as_whole = mean_of(odd, [s.score for s in odd])
    assert as_whole.definition is not None
    kept, dropped = with_definitions([as_slice, as_whole], samples)
    assert kept.definition == as_slice.definition
    assert dropped == as_whole.model_copy(update={"definition": None})


def test_an_interval_stays_inside_the_unit() -> None:
    """Student's interval of four squared errors reaches below 0, which no squared error can be."""
    samples = [a_sample(number, scores={"squared_error": value}) for number, value in enumerate((0.0, 1.0, 2.0, 400.0))]
    values = [sample.scores["squared_error"] for sample in samples]
    metric = mean_of(samples, values, "squared_error", unit="squared_error")
    assert metric.ci_method == "student_t"
    assert metric.ci_low == 0.0
    assert metric.ci_high is not None
    assert metric.ci_high > 400


def test_resampling_counts_units_as_often_as_they_are_drawn() -> None:
    """Against the samples repeated by hand; items of one cluster are drawn together."""
    samples = [a_sample(number, cluster=f"c{number % 4}") for number in range(12)]
    mean = Mean(of="scores.size", scale=2.0)
    drawn = mean.resample(samples)
    assert drawn.units == ("c0", "c1", "c2", "c3")
    weights = np.array([2.0, 0.0, 1.0, 3.0])
    repeated = [s for s in samples for _ in range(int(weights[int(s.cluster[1])]))]
    assert drawn.value(weights) == pytest.approx(mean.estimate(repeated, unit="score", interval=False).value)
    assert np.isnan(drawn.value(np.zeros(4)))
