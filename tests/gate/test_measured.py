"""The metrics of a run as a policy asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.measured import Measured

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture
def measured(records: Records) -> Measured:
    metric, count = records["metric"], records["unscored"]
    self_made = metric("boolq/accuracy", value=0.55)
    part = metric(slice={"topic": "history", "kind": "a"})
    wrong, right = metric("boolq/accuracy_if_cut_wrong"), metric("boolq/accuracy_if_cut_right", slice={"topic": "x"})
    other = metric("pairs/accuracy", suite="safety")
    return Measured([metric(), part, self_made, wrong, right, count(), other, count("pairs")])


def test_a_metric_is_found_by_name_and_slice(measured: Measured) -> None:
    whole = measured.find("boolq/accuracy")
    assert whole is not None
    assert whole.value == 0.6  # of two, the first
    assert measured.find("boolq/accuracy", {}) == whole
    part = measured.find("boolq/accuracy", {"kind": "a", "topic": "history"})
    assert part is not None
    assert part.slice == {"topic": "history", "kind": "a"}
    assert measured.find("boolq/accuracy", {"topic": "history"}) is None
    assert measured.find("boolq/f1") is None


def test_metrics_are_listed_by_name_and_task(measured: Measured) -> None:
    assert [metric.value for metric in measured.named("boolq/accuracy")] == [0.6, 0.6, 0.55]
    assert measured.named("boolq/f1") == []
    assert [metric.metric for metric in measured.of_task("pairs")] == ["accuracy", "unscored"]
    assert measured.of_task("mmlu") == []
    assert measured.tasks() == ["boolq", "pairs"]
    assert len(measured.all) == 8


def test_unscored_samples_are_those_of_the_same_suite(measured: Measured) -> None:
    own, foreign = measured.find("boolq/accuracy"), measured.find("pairs/accuracy")
    assert own is not None
    assert foreign is not None
    found = measured.unscored(own)
    assert found is not None
    assert found.name == "boolq/unscored"
    assert measured.unscored(foreign) is None  # its count is of the suite evals
    assert Measured([own]).unscored(own) is None


def test_bounds_of_cut_answers_are_of_the_same_slice_and_suite(measured: Measured, records: Records) -> None:
    whole = records["metric"]()
    assert [bound.metric for bound in measured.bounds_of_cut_answers(whole)] == ["accuracy_if_cut_wrong"]
    part = records["metric"](slice={"topic": "x"})
    assert [bound.metric for bound in measured.bounds_of_cut_answers(part)] == ["accuracy_if_cut_right"]
    assert measured.bounds_of_cut_answers(records["metric"](suite="safety")) == []
