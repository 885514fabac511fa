"""The interval of two strata against its formula, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audit.stats.prediction_powered import strata
from audit.stats.prediction_powered.tuned import LabelledSample
from tests.stats.prediction_powered.conftest import drawn

Z = stats.norm.ppf(0.975)


def test_ends_of_a_scorer_that_says_yes_or_no() -> None:
    """20 labels: of 8 yes 6 are right, of 12 no 12 are; 100 others, 30 yes. Jeffreys' interval is statsmodels'."""
    labels = np.array([1.0] * 6 + [0.0] * 14)
    judged = np.array([1.0] * 8 + [0.0] * 12)
    sample = LabelledSample(labels, judged, np.array([1.0] * 30 + [0.0] * 70))
    low, high, share = strata.ends(sample, 0.95)
    weight, value = 38 / 120, 38 / 120 * 0.75
    one = proportion_confint(6, 8, method="jeffreys")
    zero_high = stats.beta.ppf(0.975, 0.5, 12.5)
    rest = Z**2 * 0.75**2 * weight * (1 - weight) / 120
    assert low == pytest.approx(value - math.sqrt((weight * (0.75 - one[0])) ** 2 + rest))
    above = (weight * (one[1] - 0.75)) ** 2 + ((1 - weight) * zero_high) ** 2
    assert high == pytest.approx(value + math.sqrt(above + rest))
    assert share == pytest.approx(above / (above + rest))


def test_a_part_without_labels_may_be_anything() -> None:
    sample = LabelledSample(np.array([0.0, 0.0, 0.0, 1.0] * 5), np.zeros(20), np.array([1.0] * 50 + [0.0] * 50))
    low, high, _ = strata.ends(sample, 0.95)
    ends = proportion_confint(5, 20, method="jeffreys")
    below, above = math.hypot(50 * 0.25, 70 * (0.25 - ends[0])), math.hypot(50 * 0.75, 70 * (ends[1] - 0.25))
    assert (low, high) == pytest.approx((0.25 - below / 120, 0.25 + above / 120))


@pytest.mark.parametrize("found", [0, 1, 4, 5])
def test_a_part_has_the_interval_of_statsmodels(found: int) -> None:
    low, high = proportion_confint(found, 5, method="jeffreys")
    ends = strata._jeffreys(found, 5, 0.95)
    assert ends == pytest.approx((low if found else 0.0, high if found < 5 else 1.0), abs=1e-12)


def judged_by_marks() -> LabelledSample:
    """12 labels in four clusters, of marks with many values; the cut is 0.5, as half of the labels are positive."""
    judged = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.9, 0.4, 0.3, 0.2, 0.1, 0.1, 0.2])
    others = np.array([0.95, 0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.15, 0.05])
    return LabelledSample(np.array([1.0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1]), judged, others)


def derivatives(sample: LabelledSample) -> np.ndarray:
    """By how much the estimate changes with the weight of each output."""
    n, upper = len(sample.labels), sample.scores >= 0.5

    def estimate(weights: np.ndarray) -> float:
        shares = [np.average(sample.labels[part[:n]], weights=weights[:n][part[:n]]) for part in (upper, ~upper)]
        return float(np.dot(shares, [weights[upper].sum(), weights[~upper].sum()]) / weights.sum())

    steps = 1e-5 * np.eye(len(upper))
    return np.array([(estimate(1 + step) - estimate(1 - step)) / 2e-5 for step in steps])


@pytest.mark.parametrize("clusters", [None, [0, 0, 1, 0, 1, 2, 2, 0, 2, 1, 3, 3, 4, 4, 0, 1, 5, 6, 7, 8, 9, 9]])
def test_marks_have_wilsons_interval_and_clusters_their_variance(clusters: list[int] | None) -> None:
    """Of 6 upper labels 4 are positive, of 6 lower ones 2; 11 of 22 outputs are in the upper part."""
    codes = None if clusters is None else np.array(clusters)
    sample = replace(judged_by_marks(), clusters=codes)
    assert strata.cut_of(sample) == pytest.approx(0.5, abs=0.051)
    wide = 1.0
    if codes is not None:
        each = derivatives(sample)
        sums = [each[codes == code].sum() for code in range(10)]
        effect = 10 / 9 * np.sum(np.square(sums)) / np.sum(each**2)
        assert effect > 1
        # Of 12 labels the clusters have 4, 3, 3, 2: 1 / (Σ w² + (Σ a)² − Σ a²) = 1 / (19 / 72 + 121 / 900 − 77 / 1800).
        wide = math.sqrt(effect) * stats.t.ppf(0.975, 45 / 16) / Z
    one, zero = (np.array(proportion_confint(found, 6, method="wilson")) - found / 6 for found in (4, 2))
    rest = Z**2 * (1 / 3) ** 2 / 4 / 22
    below, above = (one[end] ** 2 / 4 + zero[end] ** 2 / 4 for end in (0, 1))
    low, high, share = strata.ends(sample, 0.95)
    assert (low, high) == pytest.approx((0.5 - wide * math.sqrt(below + rest), 0.5 + wide * math.sqrt(above + rest)))
    assert share == pytest.approx(max(below, above) / (max(below, above) + rest))


def test_clusters_of_opposite_outputs_make_the_interval_no_narrower() -> None:
    sample = LabelledSample(np.array([1.0, 0.0] * 20), np.array([1.0, 1, 0, 0] * 10), np.array([1.0, 0.0] * 50))
    paired = replace(sample, clusters=np.repeat(np.arange(70), 2))
    low, high, _ = strata.ends(sample, 0.95)
    student = stats.t.ppf(0.975, 19) / Z
    assert strata.ends(paired, 0.95)[:2] == pytest.approx((0.5 - (0.5 - low) * student, 0.5 + (high - 0.5) * student))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_equal_labels_in_clusters_count_once_each(label: float) -> None:
    """Five equal labels in each of eight clusters show no more than eight labels do."""
    others = np.array([1.0, 0.0] * 30)
    eight = LabelledSample(np.full(8, label), np.array([1.0, 0.0] * 4), others)
    forty = LabelledSample(np.full(40, label), np.array([1.0, 0.0] * 20), others, np.array([*range(8)] * 5 + [8] * 60))
    widths = [high - low for low, high, _ in (strata.ends(one, 0.95) for one in (eight, forty))]
    assert widths[0] < widths[1] < 2 * widths[0]
    low, high, _ = strata.ends(replace(forty, clusters=None), 0.95)
    assert widths[1] == pytest.approx((high - low) * 5 * stats.t.ppf(0.975, 7) / Z)


def test_a_continuous_scorer_is_cut_where_as_many_are_above_as_labels_are_positive() -> None:
    sample = drawn(2, 100, 900, "continuous")
    above = np.mean(sample.scores >= strata.cut_of(sample))
    assert above == pytest.approx(sample.labels.mean(), abs=0.002)
    assert strata.cut_of(drawn(1, 50, 400, "yes_or_no")) == 1
    assert strata.is_two_valued(np.array([0.2, 0.2, 0.7]))
    assert not strata.is_two_valued(np.array([0.2, 0.5, 0.7]))
    assert not strata.is_two_valued(sample.scores)


def test_twins_make_the_interval_no_narrower() -> None:
    """Every output twice, both in one cluster: nothing more is known, whatever their number says."""
    once = drawn(1, 50, 400, "yes_or_no")
    twice = LabelledSample(*(np.repeat(one, 2) for one in (once.labels, once.judged, once.others)))
    paired = replace(twice, clusters=np.repeat(np.arange(450), 2))
    width, naive, clustered = (high - low for low, high, _ in (strata.ends(s, 0.95) for s in (once, twice, paired)))
    assert naive < 0.75 * width
    assert clustered == pytest.approx(width, rel=0.06)
