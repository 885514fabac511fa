"""Metrics again from the folder alone, exactly; whatever differs is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Metric, Sample
from audit.core.run_folder import RunFolder
from audit.stats.definitions import Mean, is_mean_of_items, measured
from audit.stats.recompute import _equal, differences, recomputed, recomputed_metrics
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


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


WRONG = {
    "value": 0.1, "n": 3, "missing": 2, "ci_low": 0.0, "ci_high": 0.9, "ci_method": "guess", "no_interval": "few",
    "error": "lost",
}  # fmt: skip


def test_what_follows_from_the_samples_is_replaced_and_the_rest_stays() -> None:
    assert recomputed(a_metric(**WRONG), SAMPLES) == a_metric()
    interval = {
        name: value for name, value in WRONG.items() if name in {"ci_low", "ci_high", "ci_method", "no_interval"}
    }
    assert recomputed(a_metric(**WRONG), SAMPLES, interval=False) == a_metric(**interval)
    given = {"settings": {"shots": 5}, "note": "own", "primary": False, "higher_is_better": False}
    assert recomputed(a_metric(**WRONG, **given), SAMPLES) == a_metric(**given)


def test_slice_and_confidence_are_those_of_the_metric() -> None:
    sliced = [one.model_copy(update={"slices": {"half": "ab"[i % 2]}}) for i, one in enumerate(SAMPLES)]
    part: Any = {"slice": {"half": "a"}, "confidence": 0.8}
    made = measured(Mean(seed=2), sliced, metric="accuracy", unit="share", higher_is_better=True, **part)
    assert made.n == 15
    assert recomputed(made.model_copy(update=WRONG), sliced) == made
    empty = recomputed(made, [])
    assert (empty.name, empty.value, empty.error) == ("sums/accuracy", None, "no items have half = a")


def test_all_metrics_with_a_definition_are_made_again(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, a_manifest())
    folder.write_samples("evals", "sums", SAMPLES)
    folder.write_metrics([a_metric(), a_metric(name="sums/f1", metric="f1", definition=None)])
    assert recomputed_metrics(folder) == [a_metric()]


def test_why_nothing_was_explained_stays() -> None:
    """The attributions that are not there cannot say why."""
    about: Any = {"about": ("explain", "occlusion"), "metric": "gain", "unit": "nats", "higher_is_better": True}
    made = measured(Mean(of="scores.gain", explained=()), [], **about)
    assert made.error is not None
    stored = made.model_copy(update={"error": "3 answers come after a reasoning trace"})
    for interval in (True, False):
        assert recomputed(stored, [], interval=interval) == stored
    said = recomputed(stored.model_copy(update={"value": 1.0, "error": None}), [])
    assert (said.value, said.error) == (None, made.error)


def test_equal_but_for_rounding() -> None:
    """To a billionth of the larger one, or to a billionth."""
    for size in (1.0, 1000.0):
        assert _equal(size, size * (1 + 0.995e-9))
        assert not _equal(size, size * (1 + 1.2e-9))
    assert _equal(0.0, 0.995e-9)
    assert not _equal(0.0, 1.2e-9)
    assert _equal(None, None)
    assert not _equal(None, 0.0)
    assert not _equal(0.0, None)


def test_a_value_that_samples_do_not_have_is_named() -> None:
    lost = [one.model_copy(update={"score": None}) for one in SAMPLES]
    null = recomputed(a_metric(), lost)
    assert (null.value, null.n) == (None, 0)
    assert list(differences(null, lost, interval=True)) == []
    assert list(differences(null.model_copy(update={"value": 0.9, "error": None}), lost, interval=True)) == [
        "sums/accuracy is 0.9, the samples give none"
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 0.9}, "sums/accuracy is 0.9, the samples give 0.666667"),
        ({"value": None, "error": "lost"}, "sums/accuracy is none, the samples give 0.666667"),
        ({"n": 29, "missing": 1}, "sums/accuracy has n 29, missing 1, the samples give n 30, missing 0"),
        ({"ci_low": 0.6}, "the interval of sums/accuracy is 0.6 to 0.807"),
        ({"ci_high": None}, "the interval of sums/accuracy is 0.48"),
        ({"definition": {"name": "median"}}, "has a definition that cannot be computed: no known function is called"),
        ({"definition": None}, "has a definition that cannot be computed: no known function is called"),
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
