"""The words for a difference: they need an interval, a p-value adjusted for all comparisons, and enough items."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import MetricDifference
from audit.gate.comparison.outcomes import with_outcomes


def a_difference(**fields: Any) -> MetricDifference:
    given: dict[str, Any] = {
        "name": "boolq/accuracy", "suite": "evals", "task": "boolq", "unit": "share", "higher_is_better": True,
        "difference": 0.1, "ci_low": 0.05, "ci_high": 0.15, "p_value": 0.001, "margin": 0.05, "detectable": 0.04,
    }  # fmt: skip
    return MetricDifference(**{**given, **fields})


def outcome(**fields: Any) -> str | None:
    return with_outcomes([a_difference(**fields)], 0.95)[0].outcome


DOWN = {"difference": -0.1, "ci_low": -0.15, "ci_high": -0.05}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "better"),
        (DOWN, "worse"),
        ({"higher_is_better": False}, "worse"),
        ({**DOWN, "higher_is_better": False}, "better"),
        ({"higher_is_better": None}, "higher"),
        ({**DOWN, "higher_is_better": None}, "lower"),
        ({"p_value": 0.051}, "too few items to tell"),
        ({**DOWN, "p_value": 0.051}, "too few items to tell"),
        ({"p_value": 0.051, "ci_high": 0.16, "ci_low": 0.051}, "too few items to tell"),
        ({"p_value": 0.051, "difference": 0.02, "ci_low": 0.001, "ci_high": 0.049}, "no difference shown"),
        ({"difference": 0.0, "ci_low": -0.04, "ci_high": 0.04, "detectable": 0.07}, "no difference shown"),
        ({"difference": 0.0, "ci_low": -0.05, "ci_high": 0.04, "detectable": 0.07}, "too few items to tell"),
        ({"ci_low": -0.01}, "no difference shown"),
        ({"ci_low": 0.0}, "no difference shown"),
        ({**DOWN, "ci_high": 0.0}, "no difference shown"),
        ({"difference": 0.0, "ci_low": -0.04, "ci_high": 0.05, "detectable": 0.07}, "too few items to tell"),
        ({"ci_low": -0.01, "detectable": 0.05}, "no difference shown"),
        ({"ci_low": None}, "too few items to tell"),
        ({"ci_high": None}, "too few items to tell"),
        ({"p_value": None}, "too few items to tell"),
        ({"ci_low": -0.01, "detectable": 0.051}, "too few items to tell"),
        ({"ci_low": -0.01, "detectable": None}, "too few items to tell"),
        ({"ci_low": -0.01, "margin": None}, "no margin for this unit"),
        ({"margin": None}, "better"),
        ({"ci_low": None, "ci_high": None, "identical": True}, "identical on all items"),
        (
            {"difference": 0.0, "ci_low": -0.06, "ci_high": 0.06, "detectable": 0.2, "identical": True},
            "too few items to tell",
        ),
        ({"ci_low": None, "ci_high": None}, "too few items to tell"),
        ({"error": "the runs differ"}, None),
        ({"difference": None}, None),
    ],
)
def test_words(fields: dict[str, Any], words: str | None) -> None:
    assert outcome(**fields) == words


def test_p_values_are_adjusted_for_all_that_were_looked_at() -> None:
    """Benjamini-Hochberg by hand: of 0.01, 0.03, 0.04, 0.9 the adjusted values are 0.04, 0.0533, 0.0533, 0.9."""
    raw: list[float | None] = [0.9, 0.03, None, 0.01, 0.04]
    found = with_outcomes([a_difference(p_value=p) for p in raw], 0.95)
    assert [one.p_adjusted for one in found] == pytest.approx([0.9, 0.16 / 3, None, 0.04, 0.16 / 3])
    assert [one.outcome for one in found] == ["too few items to tell"] * 3 + ["better", "too few items to tell"]
    assert outcome(p_value=0.03) == "better"  # on its own
    assert with_outcomes([a_difference(p_value=0.03)], 0.99)[0].outcome == "too few items to tell"


def test_a_p_value_at_the_level_shows_a_difference() -> None:
    assert with_outcomes([a_difference(p_value=0.5)], 0.5)[0].outcome == "better"
