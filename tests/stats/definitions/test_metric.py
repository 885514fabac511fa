"""A metric is made by its definition: value, counts, interval or the reason for none, and it never fails open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from audit.core.records import Sample
from audit.stats.aggregate import not_computed
from audit.stats.definitions import Definition, Estimate, Mean, Resampling, Unscored, measured
from audit.stats.definitions.metric import NO_SPREAD, estimated
from audit.stats.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Definition):
    """Whatever the test wants."""

    NAME: ClassVar[str] = "fixed"
    found: Estimate | Exception

    def estimate(
        self, samples: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
    ) -> Estimate:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def resample(self, samples: Sequence[Sample]) -> Resampling:
        raise NotImplementedError

    def written(self) -> dict[str, Any]:
        return {"name": "fixed"}


def samples(count: int = 4) -> list[Sample]:
    return [
        Sample(sample_id=str(i), suite="safety", task="sums", prompt="?", score=float(i), slices={"odd": str(i % 2)})
        for i in range(count)
    ]


def made(definition: Definition, **options: Any) -> Any:
    given = {"metric": "size", "unit": "share", "higher_is_better": None} | options
    return measured(definition, samples(), **given)


def test_a_mean_of_a_slice() -> None:
    metric = made(Mean(seed=2), unit="score", slice={"odd": "1"}, settings={"shots": 0}, primary=True)
    assert (metric.name, metric.suite, metric.task, metric.value, metric.n) == ("sums/size", "safety", "sums", 2.0, 2)
    assert (metric.slice, metric.settings, metric.primary) == ({"odd": "1"}, {"shots": 0}, True)
    assert metric.definition == {"name": "mean", "of": "score", "scale": 1.0, "resamples": 10000, "seed": 2}


def test_without_an_interval_the_reason_is_a_field() -> None:
    assert made(Mean(where={"odd": "2"})).error == "none of 0 items could be scored"
    same = made(Fixed(found=Estimate(0.5, 4)))
    assert (same.value, same.no_interval, same.note) == (0.5, NO_SPREAD, None)
    assert made(Fixed(found=Estimate(0.5, 4, no_interval="one group"))).no_interval == "one group"
    assert made(Fixed(found=Estimate(2.0, 4)), unit="count").no_interval == NO_SPREAD
    assert made(Unscored(), unit="count").no_interval is None
    assert made(Unscored(), unit="score").no_interval == NO_SPREAD
    assert made(Fixed(found=Estimate(0.5, 4)), interval=False).no_interval is None


def test_missing_items_are_said() -> None:
    assert made(Fixed(found=Estimate(0.5, 3)), note="exact").note == "exact"
    metric = made(Fixed(found=Estimate(0.5, 3, missing=1)), note="exact")
    assert (metric.missing, metric.note) == (1, "exact; 1 of 4 scored items have no value and are left out")


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (ZeroDivisionError("division by zero"), "it cannot be computed: division by zero"),
        (ValueError("2 of 4 values are NaN"), "it cannot be computed: 2 of 4 values are NaN"),
        (KeyError("of"), "it cannot be computed: 'of'"),
        (AttributeError("no score"), "it cannot be computed: no score"),
        (Estimate(None, 4), "it cannot be computed"),
        (Estimate(None, 4, error="one class"), "one class"),
        (Estimate(math.nan, 4), "NaN or infinite"),
        (Estimate(7.0, 4, interval=Interval(6, 8, "wilson", 0.95)), "7 is impossible for a share, 0 to 1"),
    ],
)
def test_what_cannot_be_computed_is_null_with_the_reason(found: Estimate | Exception, error: str) -> None:
    metric = made(Fixed(found=found))
    assert (metric.value, metric.ci_low, metric.no_interval, metric.error) == (None, None, None, error)


def test_an_estimate_without_value_has_no_interval_and_no_reason_for_none() -> None:
    ends = Interval(0.1, 0.9, "wilson", 0.95)

    def of(found: Estimate | Exception) -> Estimate:
        return estimated(Fixed(found=found), samples(), unit="share")

    assert of(KeyError("of")) == Estimate(None, 4, error="it cannot be computed: 'of'")
    for reason in (None, "one group"):
        bare = Estimate(None, 4, interval=ends, no_interval=reason)
        assert of(bare) == Estimate(None, 4, error="it cannot be computed")
        assert of(Estimate(math.inf, 4, interval=ends, no_interval=reason)) == (
            Estimate(None, 4, error="NaN or infinite")
        )
    assert of(Estimate(0.5, 4, interval=ends)) == Estimate(0.5, 4, interval=ends)


def test_an_interval_stays_in_the_unit_and_holds_its_value() -> None:
    metric = made(Fixed(found=Estimate(0.5, 4, interval=Interval(-0.2, 1.1, "student_t", 0.95))))
    assert (metric.ci_low, metric.ci_high, metric.ci_method) == (0.0, 1.0, "student_t")
    beside = made(Fixed(found=Estimate(0.5, 4, interval=Interval(0.6, 0.9, "bca_bootstrap", 0.95))))
    assert (beside.value, beside.ci_low, beside.ci_method) == (0.5, None, None)
    assert beside.no_interval == "its value 0.5 lies outside its interval, 0.6 to 0.9"


def test_what_was_found_already_is_not_computed_again() -> None:
    known = Estimate(0.25, 8, missing=2, interval=Interval(0.1, 0.4, "mover", 0.9))
    metric = measured(
        Fixed(found=ValueError("not asked")), (), metric="size", unit="share", higher_is_better=False, found=known,
        about=("evals", "group"), confidence=0.9,
    )  # fmt: skip
    assert (metric.name, metric.suite, metric.value, metric.n, metric.missing) == ("group/size", "evals", 0.25, 8, 2)
    assert (metric.ci_low, metric.ci_high, metric.ci_method, metric.confidence) == (0.1, 0.4, "mover", 0.9)
    assert metric.higher_is_better is False


def test_a_slice_without_items_says_what_none_of_them_has() -> None:
    assert made(Mean(), slice={"odd": "2"}).error == "no items have odd = 2"
    assert made(Mean(where={"half": "x", "kind": None}), slice={"odd": "1"}).error == (
        "no items have odd = 1 and half = x"
    )
    assert made(Mean(where={"half": "x"}), slice={"odd": "2"}).error == "no items have odd = 2"
    assert made(Mean(), slice={"odd": "2"}).n == 0


def test_confidence_and_unit_reach_the_definition() -> None:
    seen: dict[str, object] = {}

    class Asking(Fixed):
        def estimate(self, samples: Sequence[Sample], **asked: Any) -> Estimate:
            seen.update(asked, samples=len(samples))
            return Estimate(0.5, 4)

    metric = made(Asking(found=Estimate(None, 0)), confidence=0.8, interval=False)
    assert seen == {"unit": "share", "confidence": 0.8, "interval": False, "samples": 4}
    assert (metric.confidence, metric.primary) == (0.8, False)
    usual = {"unit": "share", "confidence": 0.95, "interval": True}
    assert made(Asking(found=Estimate(None, 0))).confidence == 0.95
    assert seen == {**usual, "samples": 4}
    estimated(Asking(found=Estimate(None, 0)), samples(1), unit="share")
    assert seen == {**usual, "samples": 1}


def test_suite_and_task_are_those_of_the_samples() -> None:
    alone = measured(Mean(), samples(1), metric="size", unit="score", higher_is_better=True)
    assert (alone.name, alone.suite, alone.task, alone.n) == ("sums/size", "safety", "sums", 1)


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        measured(Mean(), [], metric="size", unit="share", higher_is_better=True)


def test_a_metric_that_breaks_on_a_slice_with_items_is_not_taken_for_one_without() -> None:
    """Two of the four items are in the slice; an empty slice has 0 and is no loss."""
    broken = made(Fixed(found=ZeroDivisionError("no items")), slice={"odd": "1"})
    empty = made(Fixed(found=ZeroDivisionError("no items")), slice={"odd": "2"})
    assert (broken.value, broken.n, empty.value, empty.n) == (None, 2, None, 0)
    assert not_computed([broken, empty]) == [broken]
    lost = [one.model_copy(update={"scores": {"size": None}}) for one in samples()]
    none = measured(
        Mean(of="scores.size"), lost, metric="size", unit="share", higher_is_better=None, slice={"odd": "1"}
    )
    assert (none.n, none.missing) == (0, 2)
    assert not_computed([none]) == [none]
