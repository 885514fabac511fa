"""What can be corrected, and with which outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.errors import ConfigError
from audit.core.units import unit_of
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


@pytest.mark.parametrize("counts", [{"rated_at_least": 4}, {"rated_at_most": 2}])
def test_what_corrected_it_is_counted_by_hand(counts: dict[str, int]) -> None:
    """All outputs are rated: a third 2 and 5, a third 4, 4 and 5, a third 2; 3 of 4 scores are a yes."""
    given = [one.model_copy(update={"score": (0.0, 0.5, 1.0, 0.6)[place % 4]}) for place, one in enumerate(judged(60))]
    rated = {one.sample_id: [[2, 5], [4, 4, 5], [2]][place % 3] for place, one in enumerate(given)}
    rule = Rule.model_validate({**RULE, "corrected": {**counts, "labels": 60}})
    metric = metric_of(given, Mean(seed=1, scale=100.0), "percent")
    one = corrected(rule, metric, given, RUN_ID, people(rated), 0.95)
    kept, good = one.correction, 1 if "rated_at_least" in counts else 2
    assert kept is not None
    same = sum((place % 4 != 0) == (place % 3 == good) for place in range(60))
    assert same == 25
    assert (kept.outputs, kept.labels, kept.disagreements, kept.agreement) == (60, 60, 20, same / 60)
    assert kept.bias == pytest.approx(0.525 - 1 / 3)
    assert (kept.tuning, kept.method, kept.ratings) == (0, "wilson", rated)
    ends = proportion_confint(20, 60, method="wilson")
    found = one.metric
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((100 / 3, 100 * ends[0], 100 * ends[1]))
    assert (found.no_interval, one.hindrance) == (None, "")
    assert one.share is not None


def test_labels_of_one_cluster_have_no_interval() -> None:
    given = [one.model_copy(update={"cluster": "all"}) for one in judged(60)]
    one = found(given, given)
    assert (one.metric.ci_low, one.metric.no_interval) == (None, "the labels do not show their spread")


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
    assert (found(few, few).metric.value, found(few, few).elsewhere) == (None, 0)
    assert not found(judged(30), judged(30)).hindrance


@pytest.mark.parametrize("error", [None, "the scorer broke"])
def test_a_metric_without_a_value_says_why(error: str | None) -> None:
    metric = metric_of(SAMPLES).model_copy(update={"value": None, "error": error})
    one = corrected(Rule.model_validate(RULE), metric, SAMPLES, RUN_ID, people(points(SAMPLES)), 0.9)
    assert (one.metric.value, one.correction) == (None, None)
    assert one.hindrance == f"not computed: {error or 'it has no samples to rate'}"


def test_what_is_rated_elsewhere_is_counted() -> None:
    sample = chosen(SAMPLES)
    rest = [one for one in SAMPLES if one not in sample]
    one = found(SAMPLES, [*sample[:-1], *rest[:7]])
    assert (one.elsewhere, one.hindrance) == (7, "1 of 60 outputs that were drawn at random are not rated")
    assert one.correction is not None
    assert (one.correction.labels, one.correction.tuning) == (59, None)
    assert one.correction.ratings == points(sample[:-1])
    assert metric_of(SAMPLES).ci_low is not None
    assert (one.metric.value, one.metric.ci_low, one.metric.ci_high) == (None, None, None)


@pytest.mark.parametrize(
    ("definition", "unit", "kind"),
    [
        (MeanShare(seed=1), "share", "mean_share"),
        (Mean(seed=1, despite_errors=True), "share", "mean"),
        (Mean(seed=1), "nats", "mean"),
        (Mean(seed=1, scale=100.0), "share", "mean"),
        (Mean(seed=1, explained=("gradient",)), "share", "mean"),
        (Count(flags=("truncated_output",)), "count", "count"),
    ],
)
def test_what_ratings_say_nothing_about(definition: Any, unit: str, kind: str) -> None:
    metric = metric_of(judged(4, completions=[{"text": "a", "value": 1.0}]), definition, unit)
    metric = metric.model_copy(update={"value": 0.5})
    assert definition_of(metric) is None
    said = f"corrected on boolq/accuracy: ratings correct .* this is {unit_of(unit).words}, defined as {kind}: "
    with pytest.raises(ConfigError, match=said):
        refuse(Rule.model_validate(RULE), metric)
    refuse(Rule.model_validate(RULE), metric.model_copy(update={"value": None}))


def test_a_metric_that_broke_is_not_refused() -> None:
    refuse(Rule.model_validate(RULE), metric_of(SAMPLES).model_copy(update={"value": None}))
    refuse(Rule.model_validate(RULE), metric_of(SAMPLES))


def test_a_metric_without_a_definition_is_not_corrected() -> None:
    metric = metric_of(SAMPLES).model_copy(update={"definition": None})
    refuse(Rule.model_validate(RULE), metric)
    one = corrected(Rule.model_validate(RULE), metric, SAMPLES, RUN_ID, people(points(SAMPLES)), 0.9)
    assert (one.metric.value, one.correction, one.hindrance[:13]) == (None, None, "not computed:")
