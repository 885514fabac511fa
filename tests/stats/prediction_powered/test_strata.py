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
    sample = LabelledSample(np.array([0.0, 1.0] * 10), np.zeros(20), np.array([1.0] * 50 + [0.0] * 50))
    low, high, _ = strata.ends(sample, 0.95)
    assert high - low > 50 / 120
    assert low < 0.3
    assert high > 0.7


def test_a_continuous_scorer_is_cut_where_as_many_are_above_as_labels_are_positive() -> None:
    sample = drawn(2, 100, 900, "continuous")
    above = np.mean(sample.scores >= strata.cut_of(sample))
    assert above == pytest.approx(sample.labels.mean(), abs=0.002)
    assert strata.cut_of(drawn(1, 50, 400, "yes_or_no")) == 1
    assert strata.is_two_valued(np.array([0.2, 0.2, 0.7]))
    assert not strata.is_two_valued(sample.scores)


def test_twins_make_the_interval_no_narrower() -> None:
    """Every output twice, both in one cluster: nothing more is known, whatever their number says."""
    once = drawn(1, 50, 400, "yes_or_no")
    twice = LabelledSample(*(np.repeat(one, 2) for one in (once.labels, once.judged, once.others)))
    paired = replace(twice, clusters=np.repeat(np.arange(450), 2))
    width, naive, clustered = (high - low for low, high, _ in (strata.ends(s, 0.95) for s in (once, twice, paired)))
    assert naive < 0.75 * width
    assert clustered == pytest.approx(width, rel=0.06)
