"""Slices partition the samples: what the categories of a slice count adds up to what the whole counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Flag, Sample, SampledText
from audit.safety.metrics import ProbeMetric, compute
from audit.stats.definitions import Count, CountOfCompletions, Mean, MeanOfCompletions, Unscored, UnscoredCompletions

if TYPE_CHECKING:
    from audit.core.records import Metric

CATEGORIES = {"group": ("a", "b", "c", "not drawn"), "kind": ("x", "y")}
VALUES = st.sampled_from([0.0, 0.25, 1.0, None])
COMPLETIONS = st.builds(
    SampledText,
    text=st.just("text"),
    value=VALUES,
    labels=st.dictionaries(st.just("rude"), VALUES),
    flags=st.lists(st.just(Flag.EMPTY_OUTPUT), max_size=1),
)
SAMPLES = st.builds(
    Sample,
    sample_id=st.uuids().map(str),
    suite=st.just("safety"),
    task=st.just("probe"),
    prompt=st.just(""),
    score=VALUES,
    scores=st.dictionaries(st.just("other"), VALUES),
    error=st.sampled_from([None, None, "ScorerError: broken"]),
    flags=st.lists(st.just(Flag.TRUNCATED_OUTPUT), max_size=1),
    completions=st.lists(COMPLETIONS, max_size=2),
    slices=st.fixed_dictionaries({name: st.sampled_from(known) for name, known in CATEGORIES.items()}),
)
MEANS = {
    "mean": Mean(resamples=100),
    "share": Mean(at_least=0.25),
    "of_some": Mean(of="scores.other", resamples=100),
    "keyed": Mean(of="scores.other", key=True, resamples=100),
    "texts": MeanOfCompletions(resamples=100),
    "label": MeanOfCompletions(of="labels.rude", key=True, at_least=0.5),
}
COUNTS = {
    "cut": Count(flags=(Flag.TRUNCATED_OUTPUT,)),
    "unscored": Unscored(),
    "empty_texts": CountOfCompletions(flags=(Flag.EMPTY_OUTPUT,)),
    "unscored_texts": UnscoredCompletions(),
}
DECLARED = [
    ProbeMetric(name, definition, "count" if name in COUNTS else "share", None, on=tuple(CATEGORIES))
    for name, definition in {**MEANS, **COUNTS}.items()
]


def total(metrics: list[Metric]) -> float:
    """The sum of what is counted, or averaged, over the items of some metrics."""
    each = [(one.value or 0.0) * (1 if one.metric in COUNTS else one.n) for one in metrics]
    return math.fsum(each)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(SAMPLES, min_size=1, max_size=12))
def test_slices_partition_the_samples(samples: list[Sample]) -> None:
    metrics = compute(DECLARED, samples, [], CATEGORIES, seed=1, settings={})
    assert {one.metric for one in metrics} == MEANS.keys() | COUNTS.keys()
    for whole in (one for one in metrics if one.slice is None):
        for name, known in CATEGORIES.items():
            parts = [one for one in metrics if one.metric == whole.metric and name in (one.slice or {})]
            assert sorted((one.slice or {})[name] for one in parts) == sorted(known)
            assert sum(one.n for one in parts) == whole.n, whole.metric
            assert sum(one.missing for one in parts) == whole.missing, whole.metric
            assert total(parts) == pytest.approx(total([whole])), whole.metric
