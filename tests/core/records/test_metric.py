"""A metric: all items have one spelling of their slice, and its confidence is a share."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import Metric

GIVEN: dict[str, Any] = {
    "name": "t/accuracy", "suite": "evals", "task": "t", "metric": "accuracy", "value": None, "n": 0,
}  # fmt: skip


@pytest.mark.parametrize("written", [None, {}])
def test_all_items_are_null(written: dict[str, str] | None) -> None:
    assert Metric(**GIVEN, slice=written).slice is None


def test_a_subset_is_kept() -> None:
    assert Metric(**GIVEN, slice={"bias_type": "age"}).slice == {"bias_type": "age"}


def test_what_is_not_given_claims_nothing() -> None:
    metric = Metric(**GIVEN)
    assert (metric.higher_is_better, metric.primary, metric.definition, metric.ci_method) == (None, False, None, None)


@pytest.mark.parametrize("wrong", [{"suite": "other"}, {"confidence": 95}, {"n": 1.5}, {"slice": {"a": 1}}])
def test_what_no_metric_has_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Metric(**{**GIVEN, **wrong})
