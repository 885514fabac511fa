"""From samples to the result of a check."""

from __future__ import annotations

import math

from audit.core.config import RunConfig
from audit.core.records import MetricWords, Sample, TaskWords
from audit.evals.contamination.results import Declared, result_of
from audit.stats.definitions import Mean

WORDS = TaskWords(title="T", question="Q?")
DECLARED = [Declared("m", Mean(), "share", MetricWords(title="M"), primary=True, ideal=0.0, slice={"kind": "a"})]


def sample(name: str, score: float | None, kind: str = "a") -> Sample:
    return Sample(
        sample_id=name, suite="evals", task="b.order", prompt="p", score=score, scores={}, slices={"kind": kind}
    )


def test_metrics_are_those_of_the_samples() -> None:
    samples = [sample("a", 1.0), sample("b", 0.0), sample("c", 1.0, "other"), sample("d", math.nan)]
    config = RunConfig(seed=5)
    found = result_of("b.order", samples, DECLARED, config, words=WORDS, settings={"v": 1}, note="n", records=[])
    metric, unscored = found.metrics
    assert (metric.name, metric.value, metric.n, metric.slice) == ("b.order/m", 0.5, 2, {"kind": "a"})
    assert (metric.primary, metric.ideal, metric.settings, metric.note) == (True, 0.0, {"v": 1}, "n")
    assert (metric.definition or {})["seed"] == 5
    assert (unscored.metric, unscored.value) == ("unscored", 1)
    assert found.samples[3].score is None


def test_what_cannot_be_computed_has_no_value_and_a_reason() -> None:
    found = result_of("b.order", [], DECLARED, RunConfig(), words=WORDS, settings={}, note="", records=[], unknown="U")
    (metric,) = found.metrics
    assert (metric.value, metric.error, metric.n, metric.definition) == (None, "U", 0, None)
    assert (metric.unit, metric.slice, metric.words) == ("share", {"kind": "a"}, MetricWords(title="M"))
