"""The share of answers of one of some classes."""

from __future__ import annotations

from audit.stats.definitions import (
    ShareOfClasses,
)
from tests.stats.definitions.conftest import metric, scored


def test_a_share_of_classes_counts_answers_of_any_of_them() -> None:
    names = ("full", "partial", "none")
    kinds = ["full", "none", "partial", "none"]
    some = [scored(number, {name: float(name == kind) for name in names}) for number, kind in enumerate(kinds)]
    some += [scored(9, {}, score=None, error="not judged")]
    assert metric(ShareOfClasses(classes=("full", "partial")), some).value == 0.5
    assert metric(ShareOfClasses(classes=("partial",)), some).n == 4


def test_an_answer_that_was_not_judged_for_a_class_has_no_value() -> None:
    share = ShareOfClasses(classes=("full", "partial"))
    assert share.of_sample(scored(0, {"full": 1.0, "partial": 0.0})) == 1.0
    assert share.of_sample(scored(0, {"full": 0.0, "partial": 0.0})) == 0.0
    assert share.of_sample(scored(0, {"full": 1.0})) is None
    assert share.of_sample(scored(0, {"full": 1.0, "partial": 0.0}, error="lost")) is None
