"""Scores of groups from the samples of their tasks, against the arithmetic written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.stats.definitions import Auroc, Corpus, Estimate, Macro, Mean, Members, Perplexity, StereoSet, Unscored, read
from tests.stats.definitions.conftest import a_sample

SAMPLES = [
    *(a_sample(f"a{i}", task="a", score=float(i < 6)) for i in range(10)),
    *(a_sample(f"b{i}", task="b", score=float(i < 3)) for i in range(4)),
    a_sample("b4", task="b", error="NaN"),
]


def members(definition: Any, **rule: bool) -> Members:
    return Members(members={task: definition.written() for task in ("a", "b")}, **rule)


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_of_tasks_and_its_interval(weighted: bool) -> None:
    group = read(members(Mean(), weighted=weighted).written())
    assert group.tasks("group") == ("a", "b")
    found = group.estimate(SAMPLES, unit="share")
    weights = (10 / 14, 4 / 14) if weighted else (0.5, 0.5)
    ends = [proportion_confint(6, 10, method="wilson"), proportion_confint(3, 4, method="wilson")]
    value = weights[0] * 0.6 + weights[1] * 0.75
    below = math.hypot(weights[0] * (0.6 - ends[0][0]), weights[1] * (0.75 - ends[1][0]))
    above = math.hypot(weights[0] * (ends[0][1] - 0.6), weights[1] * (ends[1][1] - 0.75))
    assert (found.value, found.n) == (pytest.approx(value), 14)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(value - below), pytest.approx(value + above))
    assert found.interval.method == "mover"


def test_counts_are_summed() -> None:
    found = members(Unscored(), total=True).estimate(SAMPLES, unit="count")
    assert (found.value, found.n, found.interval) == (1.0, 15, None)


def test_a_task_without_value_or_interval_is_named() -> None:
    lost = members(Mean()).estimate(SAMPLES[:10], unit="share")
    assert (lost.value, lost.error) == (None, "1 of 2 tasks have no value, first b")
    known = {"a": Estimate(0.5, 2), "b": Estimate(0.7, 2)}
    found = members(Mean()).combined(known)
    assert (found.value, found.interval, found.no_interval) == (pytest.approx(0.6), None, "a has none")
    assert Members(members={}).combined({}).error == "0 of 0 tasks have no value"


def test_units_of_tasks_are_drawn_apart() -> None:
    drawn = members(Mean()).resample(SAMPLES)
    assert (len(drawn.units), drawn.units[0], drawn.units[-1]) == (14, "a/a0", "b/b3")
    weights = np.array([1.0] + [0.0] * 9 + [0.0, 0.0, 0.0, 2.0])
    assert drawn.value(weights) == pytest.approx(0.5 * 1.0 + 0.5 * 0.0)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_unit_drawn_once_gives_the_value(weighted: bool) -> None:
    """Task b has an item without a score: it has no weight in the value, and none in resamples."""
    group = members(Mean(), weighted=weighted)
    drawn = group.resample(SAMPLES)
    value = group.estimate(SAMPLES, unit="share").value
    assert drawn.value(np.ones(len(drawn.units))) == pytest.approx(value)


@pytest.mark.parametrize(("bits", "per"), [(False, "scores.bytes"), (True, "scores.bytes"), (False, None)])
def test_perplexity_by_its_formula(bits: bool, per: str | None) -> None:
    texts = [a_sample(str(i), score=-2.0 * i, scores={"bytes": 1.0 + i}) for i in range(5)]
    found = Perplexity(of="score", per=per, bits=bits, resamples=100).estimate(texts, unit="perplexity")
    nats = 20 / (15 if per else 5)
    assert found.value == pytest.approx(nats / math.log(2) if bits else math.exp(nats))
    assert found.interval is not None
    none = Perplexity(of="score", per="scores.words").estimate(texts, unit="perplexity")
    assert (none.value, none.missing, none.error) == (None, 5, "none of 5 items could be scored")
    empty = [text.model_copy(update={"scores": {"bytes": 0.0}}) for text in texts]
    assert Perplexity(of="score", per="scores.bytes").estimate(empty, unit="perplexity").error == (
        "it has no value on these samples"
    )


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_statistic_of_fewer_than_five_texts_has_no_interval(count: int) -> None:
    """Of two texts with normal log-likelihoods, every second expanded BCa interval misses the true value."""
    given = [a_sample(str(i), score=-2.0 * i, reference="a b c d e", output=f"a b c d {i}") for i in range(5)]
    for definition, unit in (
        (Perplexity(of="score", resamples=100), "perplexity"),
        (Corpus(metric="chrf", resamples=100), "chrf"),
        (Macro(of="recall", resamples=100), "share"),
    ):
        found = definition.estimate(given[:count], unit=unit)
        assert found.value is not None
        assert (found.interval, found.no_interval) == (None, f"{count} items, it takes 5")


def test_ranks_of_fewer_than_five_items_of_a_kind_have_no_interval() -> None:
    given = [a_sample(str(i), score=float(i), slices={"kind": "ab"[i % 2]}) for i in range(10)]
    area = Auroc(of="score", by="kind", positive="b", negative="a", resamples=100)
    assert area.estimate(given, unit="probability").interval is not None
    few = area.estimate(given[:9], unit="probability")
    assert (few.value, few.interval, few.no_interval) == (0.5, None, "4 items of one kind, it takes 5")


def test_stereoset_scores_of_fewer_than_five_terms_have_no_interval() -> None:
    given = [
        a_sample(f"{i}", cluster=str(i // 3), score=float(i % 3 > i // 3 % 2), scores={"related": 1.0})
        for i in range(15)
    ]
    score = StereoSet(part="ss", resamples=100)
    assert score.estimate(given, unit="percent").interval is not None
    few = score.estimate(given[:12], unit="percent")
    assert (few.interval, few.no_interval) == (None, "4 clusters, it takes 5")


def test_resampled_counts_and_flags() -> None:
    assert Unscored().resample(SAMPLES).value(np.array([0.0] * 14 + [3.0])) == 3.0
