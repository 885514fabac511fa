"""Metrics again from the folder alone, exactly; whatever differs is named."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Metric, Sample
from audit.stats.definitions import Mean, is_mean_of_items, measured
from audit.stats.recompute import differences, recomputed


def a_sample(number: int, **fields: Any) -> Sample:
    given = {"score": float(number % 3 > 0), **fields}
    return Sample(sample_id=str(number), suite="evals", task="sums", prompt="?", **given)


SAMPLES = [a_sample(number) for number in range(30)]


def a_metric(**changes: Any) -> Metric:
    made = measured(
        Mean(seed=2), SAMPLES, metric="accuracy", unit="share", higher_is_better=True, note="n", primary=True
    )
    return made.model_copy(update=changes)


def test_a_metric_is_what_its_definition_makes_of_the_samples() -> None:
    assert recomputed(a_metric(), SAMPLES) == a_metric()
    assert list(differences(a_metric(), SAMPLES, interval=True)) == []
    assert is_mean_of_items(a_metric())
    assert not is_mean_of_items(a_metric(definition=None))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 0.9}, "sums/accuracy is 0.9, the samples give 0.666667"),
        ({"value": None, "error": "lost"}, "sums/accuracy is none, the samples give 0.666667"),
        ({"n": 29, "missing": 1}, "sums/accuracy has n 29, missing 1, the samples give n 30, missing 0"),
        ({"ci_low": 0.6}, "the interval of sums/accuracy is 0.6 to 0.807"),
        ({"ci_high": None}, "the interval of sums/accuracy is 0.48"),
        ({"definition": {"name": "median"}}, "has a definition that cannot be computed: no known function is called"),
        ({"definition": None}, "has a definition that cannot be computed"),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], said: str) -> None:
    found = list(differences(a_metric(**changes), SAMPLES, interval=True))
    assert len(found) == 1
    assert said in found[0]


def test_without_the_interval_a_wrong_one_is_not_looked_at() -> None:
    assert list(differences(a_metric(ci_low=0.6), SAMPLES, interval=False)) == []
    sliced = a_metric(slice={"kind": "odd"})
    assert next(differences(sliced, SAMPLES, interval=False)).startswith("sums/accuracy with slice {'kind': 'odd'} has")
