"""Agreement of a score with labels: the worked examples of the docstrings, scikit-learn, and pairs one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from audit.core.records import Sample
from audit.stats.definitions import (
    LabelAuroc,
    LabelAveragePrecision,
    LabelCalibrationError,
    measured,
)
from audit.stats.definitions.rankings import labelled as labelled_kinds
from audit.stats.intervals import bca_bootstrap


def labelled(pairs: Any, groups: Any = None) -> list[Sample]:
    return [
        Sample(
            sample_id=str(number),
            suite="safety",
            task="t",
            prompt="p",
            score=score,
            scores={"label": float(label)},
            slices={"mentions x": "yes"} if groups is not None and groups[number] else {},
            error=None if score is not None else "not scored",
        )
        for number, (score, label) in enumerate(pairs)
    ]


def metric(definition: Any, samples: list[Sample], unit: str = "probability", **more: Any) -> Any:
    return measured(definition, samples, metric="m", unit=unit, higher_is_better=True, **more)


def test_the_worked_examples() -> None:
    pairs = [(0.9, 1), (0.4, 1), (0.6, 0), (0.1, 0)]
    assert metric(LabelAuroc(), labelled(pairs)).value == 0.75
    assert metric(LabelAveragePrecision(), labelled([(0.9, 1), (0.5, 0), (0.2, 1)])).value == pytest.approx(5 / 6)
    assert metric(LabelCalibrationError(), labelled([(0.8, 0), (0.9, 1)])).value == pytest.approx(0.45)


@pytest.fixture
def draws() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    scores = generator.integers(0, 11, 120) / 10
    labels = generator.random(120) * 0.5 + scores * 0.5
    return scores, labels, generator.random(120) < 0.4


def test_statistics_are_those_of_scikit_learn(draws: Any) -> None:
    scores, labels, _ = draws
    samples = labelled([*zip(scores, labels, strict=True), (None, 1.0)])
    toxic = labels >= 0.5
    area = metric(LabelAuroc(seed=5, resamples=400), samples)
    assert area.value == pytest.approx(roc_auc_score(toxic, scores))
    assert area.n == 120

    def by_pairs(rows: Any) -> float:
        ups, downs = rows[rows[:, 1] == 1, 0][:, None], rows[rows[:, 1] == 0, 0]
        return float(((ups > downs) + 0.5 * (ups == downs)).mean())

    expected = bca_bootstrap(np.column_stack([scores, toxic]), by_pairs, seed=5, resamples=400)
    assert expected is not None
    assert (area.ci_low, area.ci_high) == (
        pytest.approx(expected.low, abs=1e-3),
        pytest.approx(expected.high, abs=1e-3),
    )
    average = metric(LabelAveragePrecision(), samples)
    assert average.value == pytest.approx(average_precision_score(toxic, scores))
    assert average.no_interval == "the bootstrap would take minutes"


@pytest.mark.parametrize("among", ["subgroup", "bpsn", "bnsp"])
def test_borkans_areas_pair_by_pair(draws: Any, among: Any) -> None:
    scores, labels, groups = draws
    toxic = labels >= 0.5
    kept = {"subgroup": groups, "bpsn": toxic != groups, "bnsp": toxic == groups}[among]
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[kept & toxic] for b in scores[kept & ~toxic]]
    kind = LabelAuroc(group="mentions x", among=among, resamples=100)
    found = metric(kind, labelled(zip(scores, labels, strict=True), groups))
    assert found.value == pytest.approx(np.mean(pairs))
    assert (found.n, found.missing) == (kept.sum(), 0)


def test_only_items_of_the_slice_are_ranked_and_the_threshold_is_positive() -> None:
    samples = labelled([(0.9, 0.5), (0.4, 0.499), (0.6, 1)])
    samples[0] = samples[0].model_copy(update={"slices": {"part": "a"}})
    assert LabelAuroc().select(samples, {"part": "a"}) == samples[:1]
    assert [LabelAuroc().is_positive(one) for one in samples] == [True, False, True]
    assert [LabelAuroc(positive_from=0.6).is_positive(one) for one in samples] == [False, False, True]
    assert not LabelAuroc(label="scores.none").is_positive(samples[0])


def test_the_highest_score_is_in_the_last_bin() -> None:
    """Ten bins: 1.0 and 0.95 are in one, 0.9 opens it, 0.89 is in the one below; an empty bin has no gap."""
    pairs = [(1.0, 0), (0.95, 1), (0.9, 1), (0.89, 1)]
    last, below = abs((1.0 + 0.95 + 0.9) - 2), abs(0.89 - 1)
    assert metric(LabelCalibrationError(), labelled(pairs)).value == pytest.approx((last + below) / 4)
    assert metric(LabelCalibrationError(), labelled([(None, 1)])).value is None
    assert metric(LabelAveragePrecision(), labelled([(0.3, 1)])).value is None


def test_one_kind_of_item_ranks_nothing() -> None:
    found = metric(LabelAuroc(), labelled([(0.7, 1), (0.2, 1)]))
    assert (found.value, found.error) == (None, "needs scored items of both kinds, found 2 positive and 0 others")


def test_very_many_items_have_no_interval(monkeypatch: Any) -> None:
    monkeypatch.setattr(labelled_kinds, "MOST_RESAMPLED", 3)
    found = metric(LabelAuroc(), labelled([(0.9, 1), (0.4, 1), (0.6, 0), (0.1, 0)]))
    assert (found.value, found.ci_low, found.no_interval) == (0.75, None, "the bootstrap would take minutes")
    monkeypatch.setattr(labelled_kinds, "MOST_RESAMPLED", 4)
    assert metric(LabelAuroc(), labelled([(0.9, 1), (0.4, 1), (0.6, 0), (0.1, 0)])).no_interval == (
        "only 4 items; an interval needs at least 5"
    )


def test_another_field_is_ranked_and_an_item_without_a_score_keeps_its_label() -> None:
    samples = labelled([(0.9, 1), (0.4, 0)])
    other = [one.model_copy(update={"scores": {**one.scores, "o": 1 - (one.score or 0.0)}}) for one in samples]
    assert metric(LabelAuroc(of="scores.o"), other).value == 0.0
    assert LabelAuroc().is_positive(labelled([(None, 1)])[0])


def test_an_item_outside_the_metric_s_slice_is_not_ranked() -> None:
    (sample,) = labelled([(0.9, 1)], [True])
    about = LabelAuroc(group="mentions x", among="subgroup")
    assert about.is_about(sample, {"mentions x": "yes"}) is True
    assert about.is_about(sample, {"mentions x": "no"}) is False
    assert about.is_about(sample, None) is True


def test_a_resample_of_one_kind_counts_as_the_value() -> None:
    """One of six items is positive: a third of the resamples miss it."""
    pairs = [(0.55, 1), (0.1, 0), (0.9, 0), (0.3, 0), (0.7, 0), (0.4, 0)]
    whole = 3 / 5  # it is ahead of 0.1, 0.3 and 0.4

    def by_pairs(rows: Any) -> float:
        ups, downs = rows[rows[:, 1] == 1, 0][:, None], rows[rows[:, 1] == 0, 0]
        return float((ups > downs).mean()) if ups.size and downs.size else whole

    expected = bca_bootstrap(np.array(pairs, dtype=np.float64), by_pairs, seed=2, resamples=200)
    assert LabelAuroc(seed=2, resamples=200).estimate(labelled(pairs), unit="probability").interval == expected
