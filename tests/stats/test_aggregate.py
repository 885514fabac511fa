"""Metrics from samples."""

from __future__ import annotations

import math

import pytest

from audit.core.records import Metric, Sample
from audit.stats.aggregate import failed_metric, is_scored, mean_metric, unscored_metric, with_reasons
from audit.stats.definitions.metric import NO_SPREAD


def sample(number: int, score: float | None = 1.0, cluster: str | None = None, error: str | None = None) -> Sample:
    return Sample(
        sample_id=str(number), suite="evals", task="boolq", prompt="?", score=score, cluster=cluster, error=error
    )


def accuracy(samples: list[Sample], values: list[float | None], **options: object) -> Metric:
    given = {"unit": "share", "higher_is_better": True, "seed": 1} | options
    return mean_metric(samples, "accuracy", values, **given)  # type: ignore[arg-type]


def test_a_share_has_its_mean_and_wilsons_interval() -> None:
    metric = accuracy([sample(n) for n in range(20)], [0.0] * 20, primary=True, note="zero-shot")
    assert (metric.name, metric.suite, metric.task, metric.metric) == ("boolq/accuracy", "evals", "boolq", "accuracy")
    assert (metric.value, metric.n, metric.ci_low, metric.ci_method) == (0, 20, 0, "wilson")
    assert metric.ci_high == pytest.approx(0.1611, abs=5e-5)  # Newcombe 1998, table I
    assert (metric.primary, metric.note, metric.error) == (True, "zero-shot", None)


def test_none_is_left_out_of_n() -> None:
    metric = accuracy([sample(n) for n in range(4)], [1.0, None, 0.0, None])
    assert (metric.value, metric.n) == (0.5, 2)


def test_scale_applies_to_value_and_interval() -> None:
    samples, values = [sample(n) for n in range(20)], [1.0] * 15 + [0.0] * 5
    share, percent = accuracy(samples, list(values)), accuracy(samples, list(values), scale=100, unit="percent")
    assert percent.value == 75
    assert percent.unit == "percent"
    assert share.ci_low is not None
    assert share.ci_high is not None
    assert (percent.ci_low, percent.ci_high) == (100 * share.ci_low, 100 * share.ci_high)


@pytest.mark.parametrize(
    ("unit", "scale", "method"),
    [("share", 1, "wilson"), ("percent", 100, "wilson"), ("percent", 1, None), ("squared_error", 1, None)],
)
def test_ones_are_a_share_only_in_the_unit_of_shares(unit: str, scale: float, method: str | None) -> None:
    metric = accuracy([sample(n) for n in range(12)], [1.0] * 12, unit=unit, scale=scale)
    assert (metric.ci_method, metric.value) == (method, scale)


def test_shared_clusters_widen_the_interval() -> None:
    values: list[float | None] = [1.0] * 10 + [0.0] * 10
    alone = accuracy([sample(n) for n in range(20)], values)
    together = accuracy([sample(n, cluster=f"passage {n // 5}") for n in range(20)], values)
    assert together.ci_method == "wilson_clustered"
    assert together.ci_low is not None
    assert alone.ci_low is not None
    assert together.ci_low < alone.ci_low


def test_clusters_of_samples_without_a_value_do_not_count() -> None:
    samples = [sample(0, cluster="a"), sample(1, cluster="a"), sample(2, cluster="b")]
    assert accuracy(samples, [1.0, None, 0.0]).ci_method == "wilson"


def test_nothing_scored_is_null_with_the_reason() -> None:
    metric = accuracy([sample(1), sample(2)], [None, None], primary=True)
    assert (metric.value, metric.n, metric.ci_low, metric.ci_high, metric.ci_method) == (None, 0, None, None, None)
    assert metric.error == "none of 2 items could be scored"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_makes_the_metric_null(bad: float) -> None:
    metric = accuracy([sample(n) for n in range(3)], [1.0, bad, 1.0])
    assert metric.value is None
    assert metric.error == "1 of 3 values are NaN or infinite"


def test_a_value_without_an_interval_has_null_ends() -> None:
    metric = accuracy([sample(1)], [0.25], unit="score")
    assert (metric.value, metric.ci_low, metric.ci_high, metric.ci_method, metric.error) == (0.25, *[None] * 4)


def test_values_must_be_parallel_to_samples_and_there_must_be_some() -> None:
    with pytest.raises(ValueError, match="shorter"):
        accuracy([sample(1), sample(2)], [1.0])
    with pytest.raises(ValueError, match="accuracy: no samples"):
        accuracy([], [])


def test_unscored_counts_errors_missing_and_nan_scores() -> None:
    samples = [sample(1), sample(2, score=None), sample(3, error="scorer broke"), sample(4, score=math.nan)]
    assert [is_scored(one) for one in samples] == [True, False, False, False]
    metric = unscored_metric("safety", "toxicity", samples)
    assert (metric.name, metric.value, metric.n, metric.unit) == ("toxicity/unscored", 3, 4, "count")
    assert metric.higher_is_better is False


def test_unscored_is_emitted_for_no_samples_too() -> None:
    assert unscored_metric("safety", "toxicity", []).value == 0


def test_a_failed_metric_is_null_never_zero() -> None:
    metric = failed_metric("safety", "toxicity", "expected_maximum_toxicity", "no scorer", n=3, primary=True)
    assert metric.name == "toxicity/expected_maximum_toxicity"
    assert (metric.value, metric.error, metric.n, metric.primary) == (None, "no scorer", 3, True)


def test_a_value_without_interval_says_why() -> None:
    alike = accuracy([sample(n) for n in range(12)], [3.0] * 12, unit="nats", note="zero-shot")
    share = accuracy([sample(n) for n in range(12)], [1.0] * 12)
    told = share.model_copy(update={"ci_low": None, "ci_high": None, "no_interval": "a p-value"})
    missing = failed_metric("evals", "boolq", "accuracy", "out of memory")
    count = unscored_metric("evals", "boolq", [sample(1)])
    found = with_reasons([alike, share, told, missing, count])
    assert (found[0].note, found[0].no_interval) == ("zero-shot", NO_SPREAD)
    assert found[1:] == [share, told, missing, count]
