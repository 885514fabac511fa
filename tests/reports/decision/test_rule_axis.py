"""Evidence of rules on an axis, placed by hand: a fifth of what is drawn is free on each side."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import BaselineComparison, GateCheck
from audit.reports.decision.rule_axis import rule_axis
from tests.reports.comparison.test_shifts import a_difference


def a_check(**fields: Any) -> GateCheck:
    given: dict[str, Any] = {
        "metric": "boolq/accuracy", "rule": "min 0.6", "minimum": 0.6, "maximum": None, "max_unscored": None,
        "value": 0.5, "ci_low": 0.4, "ci_high": 0.65, "verdict": "INCONCLUSIVE", "reason": "why", "unit": "share",
        "higher_is_better": True,
    }  # fmt: skip
    return GateCheck(**{**given, **fields})


def test_a_value_its_interval_and_its_limit() -> None:
    """From 0.35 to 0.7: 0.05 on each side of 0.4 to 0.65."""
    axis = rule_axis(a_check())
    assert axis is not None
    assert (axis.at, axis.low, axis.high) == pytest.approx((100 * 0.15 / 0.35, 100 * 0.05 / 0.35, 100 * 0.3 / 0.35))
    assert axis.limits == ((pytest.approx(100 * 0.25 / 0.35), "0.600"),)
    assert axis.allowed == pytest.approx((100 * 0.25 / 0.35, 100))
    assert (axis.left, axis.right, axis.zero) == ("0.350", "0.700", None)


def test_better_is_to_the_right() -> None:
    lower = a_check(minimum=None, maximum=0.6, higher_is_better=False)
    axis = rule_axis(lower)
    assert axis is not None
    assert (axis.left, axis.right) == ("0.700", "0.350")
    assert axis.allowed == pytest.approx((100 * 0.1 / 0.35, 100))
    gap = rule_axis(a_check(minimum=None, maximum=0.6, kind="gap"))
    assert gap is not None
    assert gap.right == "0.350", "a small gap is good, whatever the metric's direction"


def test_the_axis_ends_where_the_unit_does() -> None:
    axis = rule_axis(a_check(value=1.0, ci_low=0.9, ci_high=1.0, minimum=0.5))
    assert axis is not None
    assert (axis.right, axis.at) == ("1.000", 100)
    alone = rule_axis(a_check(value=0.0, ci_low=None, ci_high=None, minimum=0.0))
    assert alone is not None
    assert (alone.low, alone.high, alone.at, alone.left) == (None, None, 0, "0.000")


def test_rules_on_the_baseline_are_drawn_by_the_difference() -> None:
    """-0.1 to 0.2 with the limit -0.05: from -0.16 to 0.26."""

    def axis_of(**fields: Any) -> Any:
        upwards = fields.pop("upwards", True)
        difference = a_difference(higher_is_better=upwards)
        found = BaselineComparison(confidence=0.95, difference=difference)
        return rule_axis(a_check(baseline=found, minimum=None, **fields))

    axis = axis_of(kind="no_worse", margin=0.05)
    assert (axis.at, axis.zero) == pytest.approx((100 * 0.26 / 0.42, 100 * 0.16 / 0.42))
    assert axis.limits == ((pytest.approx(100 * 0.11 / 0.42), "−0.050"),)
    assert axis.allowed == pytest.approx((100 * 0.11 / 0.42, 100))
    assert axis_of(kind="no_worse", relative=0.1).limits[0][1] == "−0.050", "a tenth of 0.5"
    assert axis_of(kind="better").limits[0][1] == "0.000"
    turned = axis_of(kind="no_worse", margin=0.05, upwards=False)
    assert turned.limits == ((pytest.approx(100 * 0.21 / 0.42), "+0.050"),)
    assert turned.allowed == pytest.approx((50, 100))
    assert axis_of(kind="no_worse", margin=0.05, upwards=None) is None


def test_what_is_not_known_is_not_drawn() -> None:
    assert rule_axis(a_check(value=None)) is None
    narrow = rule_axis(a_check(), narrow=True)
    assert narrow is not None
    assert narrow.low is None
    assert rule_axis(a_check(minimum=None)).allowed is None  # type: ignore[union-attr] # it has a value
