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
        ({"p_value": 0.051}, "no difference shown"),
        ({"ci_low": -0.01}, "no difference shown"),
        ({"ci_low": 0.0}, "no difference shown"),
        ({"p_value": None}, "no difference shown"),
        ({"ci_low": -0.01, "detectable": 0.051}, "too few items to tell"),
        ({"ci_low": -0.01, "detectable": None}, "no difference shown"),
        ({"ci_low": -0.01, "margin": None}, "no difference shown"),
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
    assert [one.outcome for one in found] == ["no difference shown"] * 3 + ["better", "no difference shown"]
    assert outcome(p_value=0.03) == "better"  # on its own
    assert with_outcomes([a_difference(p_value=0.03)], 0.99)[0].outcome == "no difference shown"
