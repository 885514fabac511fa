"""What can be corrected, and with which outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.gate.corrected.correcting import CorrectedMetric, corrected, definition_of, refuse
from audit.gate.policy import Rule
from audit.stats.definitions import Count, Mean, MeanShare, measured
from audit.stats.prediction_powered.share import powered_share
from tests.gate.corrected.conftest import RULE, RUN_ID, chosen, is_good, judged, people, points

if TYPE_CHECKING:
    from audit.core.records import Metric, Sample

SAMPLES = judged()


def metric_of(samples: list[Sample], definition: Any = None, unit: str = "share") -> Metric:
    """A metric of the samples."""
    return measured(definition or Mean(seed=1), samples, metric="accuracy", unit=unit, higher_is_better=True)


def found(samples: list[Sample], rated: list[Sample], definition: Any = None, unit: str = "share") -> CorrectedMetric:
    """The metric as its raters have it."""
    rule, metric = Rule.model_validate(RULE), metric_of(samples, definition, unit)
    return corrected(rule, metric, samples, RUN_ID, people(points(rated)), 0.9)


def test_a_percentage_is_corrected_in_its_unit() -> None:
    share = found(SAMPLES, SAMPLES)
    percent = found(SAMPLES, SAMPLES, Mean(seed=1, scale=100.0), "percent")
    assert share.metric.value is not None
    assert percent.metric.value == pytest.approx(100 * share.metric.value)
    assert percent.metric.ci_low == pytest.approx(100 * (share.metric.ci_low or 0))
    assert (share.metric.confidence, share.metric.ci_method) == (0.9, "powered_strata")
    assert percent.correction is not None
    assert percent.correction.raw == 75


def test_clusters_of_the_samples_count() -> None:
    clustered = [one.model_copy(update={"cluster": f"p{place // 6}"}) for place, one in enumerate(SAMPLES)]
    sample = chosen(clustered)
    rest = [one for one in clustered if one not in sample]
    wanted = powered_share(
        [is_good(one) for one in sample],
        [one.score for one in sample],
        [one.score for one in rest],
        clusters=[one.cluster for one in (*sample, *rest)],
        confidence=0.9,
    ).interval
    ends = found(clustered, clustered).metric
    assert wanted is not None
    assert (ends.ci_low, ends.ci_high) == pytest.approx((wanted.low, wanted.high))


def test_outputs_without_text_and_too_few_are_not_corrected() -> None:
    silent = [SAMPLES[0].model_copy(update={"output": None}), *SAMPLES[1:]]
    assert found(silent, SAMPLES).hindrance == "1 of 300 scored items have no output to rate"
    few = judged(29)
    assert found(few, few).hindrance == "29 outputs: a correction needs 30 rated ones: measure more items of the task"
    assert found(few, few).metric.value is None
    assert not found(judged(30), judged(30)).hindrance


def test_what_is_rated_elsewhere_is_counted() -> None:
    sample = chosen(SAMPLES)
    rest = [one for one in SAMPLES if one not in sample]
    one = found(SAMPLES, [*sample[:-1], *rest[:7]])
    assert (one.elsewhere, one.hindrance) == (7, "1 of 60 outputs that were drawn at random are not rated")
    assert one.correction is not None
    assert (one.correction.labels, one.correction.tuning) == (59, None)


@pytest.mark.parametrize(
    ("definition", "unit", "kind"),
    [
        (MeanShare(seed=1), "share", "mean_share"),
        (Mean(seed=1, despite_errors=True), "share", "mean"),
        (Mean(seed=1), "nats", "mean"),
        (Mean(seed=1, scale=100.0), "share", "mean"),
        (Count(flags=("truncated_output",)), "count", "count"),
    ],
)
def test_what_ratings_say_nothing_about(definition: Any, unit: str, kind: str) -> None:
    metric = metric_of(judged(4, completions=[{"text": "a", "value": 1.0}]), definition, unit)
    metric = metric.model_copy(update={"value": 0.5})
    assert definition_of(metric) is None
    with pytest.raises(ConfigError, match=f"corrected on boolq/accuracy: ratings correct .* defined as {kind}: "):
        refuse(Rule.model_validate(RULE), metric)


def test_a_metric_that_broke_is_not_refused() -> None:
    refuse(Rule.model_validate(RULE), metric_of(SAMPLES).model_copy(update={"value": None}))
    refuse(Rule.model_validate(RULE), metric_of(SAMPLES))
