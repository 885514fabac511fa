"""Calibration of stored samples: the worked examples of the docstrings, scikit-learn, and what has no value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss

from audit.core.records import Sample
from audit.stats.calibration.brier import brier_parts
from audit.stats.definitions import BrierScore, Calibration, RiskCoverageArea, measured
from audit.stats.definitions.calibration import confidence as module


def answered(pairs: Any) -> list[Sample]:
    return [
        Sample(sample_id=str(i), suite="evals", task="t", prompt="p", confidence=confidence, score=score)
        for i, (confidence, score) in enumerate(pairs)
    ]


def metric(definition: Any, pairs: Any) -> Any:
    return measured(definition, answered(pairs), metric="m", unit="share", higher_is_better=False)


def test_the_worked_examples() -> None:
    pairs = [(0.8, 0.0), (0.9, 1.0)]
    assert metric(Calibration(), pairs).value == pytest.approx(0.45)
    assert metric(BrierScore(), pairs).value == pytest.approx(0.325)
    assert metric(RiskCoverageArea(), [(0.9, 1.0), (0.8, 0.0), (0.7, 1.0)]).value == pytest.approx((1 / 2 + 1 / 3) / 3)
    above = RiskCoverageArea(minus_error_rate=True).value(answered([(0.9, 1.0), (0.8, 0.0), (0.7, 1.0)]))
    assert above == pytest.approx((1 / 2 + 1 / 3) / 3 - 1 / 3)
    assert metric(BrierScore(), [(0.5, 1.0), (0.5, 0.0)]).value == 0.25


def test_the_brier_score_is_a_mean_with_its_interval_and_the_sum_of_its_parts() -> None:
    generator = np.random.default_rng(1)
    confidences = generator.random(40)
    right = (generator.random(40) < confidences).astype(float)
    pairs = list(zip(confidences, right, strict=True))
    found = metric(BrierScore(seed=1, resamples=2_000), [*pairs, (None, 1.0)])
    assert (found.value, found.n, found.missing) == (pytest.approx(brier_score_loss(right, confidences)), 40, 1)
    ends = stats.t.interval(0.95, 39, np.mean((confidences - right) ** 2), stats.sem((confidences - right) ** 2))
    assert (found.ci_low, found.ci_high) == pytest.approx(ends, abs=0.03)
    names: tuple[Any, ...] = ("reliability", "resolution", "uncertainty", "within")
    parts = {name: Calibration(part=name).value(answered(pairs)) or 0.0 for name in names}
    assert parts["reliability"] == pytest.approx(brier_parts(confidences, right).reliability)
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert total == pytest.approx(found.value)
    assert (
        metric(Calibration(part="adaptive_error"), pairs).no_interval == "resamples of binned shares are biased upwards"
    )


def test_what_has_no_calibration() -> None:
    assert metric(Calibration(), [(None, 1.0)]).error == "none of 1 items has a confidence and a score"
    partly = metric(Calibration(), [(0.5, 0.4), (0.5, 1.0)])
    assert (partly.value, partly.error) == (
        None,
        "it cannot be computed: calibration is of right and wrong answers, not of values such as 0.4",
    )
    assert metric(BrierScore(), [(0.5, 0.4), (0.5, 1.0)]).value is None


def test_areas_have_a_bootstrap_interval_unless_there_are_very_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(0.9 - i / 40, float(i % 3 > 0)) for i in range(30)]
    found = metric(RiskCoverageArea(seed=1, resamples=200), pairs)
    assert found.ci_low < found.value < found.ci_high
    monkeypatch.setattr(module, "MOST_RESAMPLED", 29)
    assert metric(RiskCoverageArea(), pairs).no_interval == "the bootstrap would take minutes"
