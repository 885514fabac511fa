"""Prediction-powered means: the values of the authors' package, arithmetic by hand, and coverage by simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audit.core.records import Flag, Sample
from audit.stats.definitions import KINDS, PoweredMean, measured, read
from audit.stats.prediction_powered.share import powered_share
from audit.stats.prediction_powered.tuned import LabelledSample, clustered_variance, jackknife_variance, tuned
from tests.stats.prediction_powered.conftest import drawn

PUBLISHED = {
    (1, 50, 400): (0.29044135220478917, 0.22736576966900712, 0.3535169347405712),
    (2, 100, 900): (0.3396505535310974, 0.28987533154074124, 0.3894257755214536),
    (3, 30, 200): (0.32734136773877204, 0.24875754398088507, 0.405925191496659),
}
"""Point estimate and normal 95 % interval of ppi-python 0.2.3 (``ppi_mean_pointestimate``, ``ppi_mean_ci``)."""


def samples_of(found: LabelledSample, clusters: list[str] | None = None, **fields: Any) -> list[Sample]:
    """One sample for each output, those with a label first."""
    labels = [*found.labels.tolist(), *[None] * len(found.others)]
    return [
        Sample(
            sample_id=f"{place}",
            suite="evals",
            task="t",
            prompt="p",
            score=float(mine),
            scores={} if label is None else {"label": label},
            cluster=clusters[place] if clusters else None,
            **fields,
        )
        for place, (mine, label) in enumerate(zip(found.scores, labels, strict=True))
    ]


def levels(seed: int, labels: int, others: int, noise: float = 0.2) -> LabelledSample:
    """Labels of five levels from 0 to 1, and a judge that is noisy and too mild."""
    generator = np.random.default_rng(seed)
    truth = generator.choice([0, 0.25, 0.5, 0.75, 1], labels + others, p=[0.4, 0.2, 0.15, 0.15, 0.1])
    judged = np.clip(np.round(4 * (0.7 * truth + generator.normal(0, noise, labels + others))) / 4, 0, 1)
    return LabelledSample(truth[:labels].astype(float), judged[:labels], judged[labels:])


def estimate(found: LabelledSample, confidence: float = 0.95, **fields: Any) -> Any:
    return PoweredMean(**fields).estimate(samples_of(found), unit="share", confidence=confidence)


@pytest.mark.parametrize("given", [(1, 50, 400, "yes_or_no"), (3, 40, 300, "noise")])
def test_labels_of_0_and_1_have_the_share_of_prediction_powered_inference(given: tuple[int, int, int, str]) -> None:
    one = drawn(*given)
    share = powered_share(one.labels, one.judged, one.others)
    found = estimate(one)
    assert (found.value, found.interval, found.n, found.missing) == (
        share.value,
        share.interval,
        given[1] + given[2],
        0,
    )


@pytest.mark.parametrize("given", PUBLISHED)
def test_the_value_is_that_of_ppi_python_and_the_interval_is_wider(given: tuple[int, int, int]) -> None:
    value, low, high = PUBLISHED[given]
    found = estimate(levels(*given))
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.interval.low < low
    assert found.interval.high > high


def test_student_takes_the_place_of_the_normal_quantile() -> None:
    one = levels(5, 60, 500)
    by_hand = tuned(one)
    reach = stats.t.ppf(0.95, 59) * math.sqrt(max(by_hand.variance, jackknife_variance(one) + by_hand.of_others))
    found = estimate(one, 0.9)
    assert found.value == by_hand.value
    assert found.interval.method == "powered_t"
    assert (found.interval.low, found.interval.high) == pytest.approx((by_hand.value - reach, by_hand.value + reach))


def test_clusters_widen_it() -> None:
    one = levels(6, 60, 240)
    names = [f"c{place // 3}" for place in range(300)]
    found = PoweredMean().estimate(samples_of(one, names), unit="share")
    by_hand = tuned(one)
    codes = np.array([place // 3 for place in range(300)])
    alone = jackknife_variance(one) + by_hand.of_others
    variance = max(by_hand.variance, alone, clustered_variance(by_hand.influences, codes))
    reach = stats.t.ppf(0.975, 19) * math.sqrt(variance)
    assert found.interval.high - found.value == pytest.approx(reach)


def test_a_threshold_turns_levels_into_a_share() -> None:
    one = levels(7, 80, 300)
    share = powered_share(one.labels >= 0.5, one.judged >= 0.5, one.others >= 0.5)
    found = estimate(one, at_least=0.5)
    assert (found.value, found.interval) == (share.value, share.interval)


def test_cut_outputs_have_the_value_of_the_bound_in_number_and_label() -> None:
    samples = [
        one.model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]}) if place % 5 == 0 else one
        for place, one in enumerate(samples_of(levels(3, 50, 200)))
    ]
    low, plain, high = (PoweredMean(at_least=0.5, if_cut=end) for end in (0.0, None, 1.0))
    assert [one.numbers(samples[0]) for one in (low, high)] == [(0, 0), (1, 1)]
    assert (low.numbers(samples[1]), low.numbers(samples[100])[1]) == (plain.numbers(samples[1]), None)
    values = [one.estimate(samples, unit="share").value or 0.0 for one in (low, plain, high)]
    assert values == sorted(values)
    assert values[2] - values[0] == pytest.approx(0.2, abs=0.02)


def test_scaled_and_stored_and_computed_again() -> None:
    one = levels(8, 40, 100)
    definition = PoweredMean(scale=100.0, seed=3)
    assert read(definition.written()) == definition
    assert KINDS["powered_mean"] is PoweredMean
    metric = measured(definition, samples_of(one), metric="m", unit="percent", higher_is_better=True)
    assert metric.value == pytest.approx(100 * tuned(one).value)
    assert metric.ci_method == "powered_t"


def test_without_enough_labels_there_is_no_value() -> None:
    found = estimate(levels(1, 29, 100))
    assert (found.value, found.n, found.error) == (None, 129, "29 labels of people; 30 are needed")
    assert PoweredMean().estimate([], unit="share").error == "none of 0 items could be scored"
    broken = samples_of(levels(1, 30, 100))
    broken[3] = broken[3].model_copy(update={"scores": {"label": math.nan}})
    assert "NaN" in str(PoweredMean().estimate(broken, unit="share").error)


def test_samples_with_an_error_or_without_a_number_do_not_count() -> None:
    made = samples_of(levels(2, 40, 100))
    made[0] = made[0].model_copy(update={"error": "no verdict", "score": None})
    made[50] = made[50].model_copy(update={"error": "no verdict"})
    found = PoweredMean().estimate(made, unit="share")
    assert (found.n, found.missing) == (138, 0)
    absent = PoweredMean(of="scores.other").estimate(made, unit="share")
    assert (absent.value, absent.n, absent.missing) == (None, 0, 138)


def test_where_all_outputs_have_labels_it_is_their_mean() -> None:
    one = levels(3, 40, 1)
    found = estimate(one)
    assert found.value == pytest.approx(one.labels.mean())
    assert found.interval is not None
    alone = PoweredMean().estimate(samples_of(one), unit="share", interval=False)
    assert (alone.value, alone.interval) == (found.value, None)


def test_labels_that_hardly_vary_give_no_interval() -> None:
    """Three labels of 40 differ: Student's interval would be too short."""
    labels = np.array([0.25] * 37 + [1.0, 0.5, 0.75])
    one = LabelledSample(labels, np.linspace(0, 1, 40), np.linspace(0, 1, 200))
    found = estimate(one)
    assert found.value is not None
    assert found.interval is None
    assert PoweredMean().estimate(samples_of(one), unit="share", interval=False).interval is None
    together = PoweredMean().estimate(
        samples_of(levels(4, 40, 100), ["one"] * 40 + [f"{n}" for n in range(100)]), unit="share"
    )
    assert together.interval is None


def test_an_estimate_outside_the_range_is_cut_to_it() -> None:
    """Few labels and a judge that is far milder on the others."""
    labels = np.array([1.0] * 20 + [0.75] * 20)
    one = LabelledSample(labels, np.where(labels == 1, 0.5, 0.1), np.ones(300))
    assert tuned(one).value > 1
    assert estimate(one).value == 1


def test_resampling_with_weights_of_one_is_the_estimate() -> None:
    one = levels(9, 60, 300)
    drawing = PoweredMean().resample(samples_of(one))
    assert drawing.value(np.ones(360)) == pytest.approx(tuned(one).value)
    assert math.isnan(drawing.value(np.array([0.0] * 60 + [1.0] * 300)))
    assert math.isnan(drawing.value(np.array([1.0] * 60 + [0.0] * 300)))
    twice = np.ones(360)
    twice[0] = 2
    by_hand = tuned(one)
    left = one.labels - by_hand.tuning * one.judged
    expected = (left.sum() + left[0]) / 61 + by_hand.tuning * one.others.mean()
    assert drawing.value(twice) == pytest.approx(expected)
    whole = PoweredMean().resample(samples_of(levels(3, 40, 1)))
    assert whole.value(np.ones(41)) == pytest.approx(levels(3, 40, 1).labels.mean())


@pytest.mark.slow
@pytest.mark.parametrize("labels", [30, 50])
def test_the_interval_holds_the_true_mean_as_often_as_it_says(labels: int) -> None:
    """400 draws; the normal interval of ppi-python on the same draws is shorter."""
    true = float(np.dot([0, 0.25, 0.5, 0.75, 1], [0.4, 0.2, 0.15, 0.15, 0.1]))
    held = normal = 0
    for seed in range(400):
        one = levels(1000 + seed, labels, 400)
        found = estimate(one, 0.9)
        held += found.interval.low <= true <= found.interval.high
        by_hand = tuned(one)
        reach = stats.norm.ppf(0.95) * math.sqrt(by_hand.variance)
        normal += abs(by_hand.value - true) <= reach
    assert normal <= held
    assert held / 400 >= 0.87  # within 2 standard errors of 0.90
