"""What a comparison says: short settings, reasons once, outcomes."""

from __future__ import annotations

import pytest

from audit.core.records import MetricDifference, Mismatch
from audit.reports.comparison.mismatch_text import by_reason, mismatch_rows, outcome_text, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ("a" * 64, "a" * 12),
        ("z" * 64, "z" * 64),
        ({"file": "b" * 64, "n": 2}, f"file {'b' * 12}, n 2"),
        ({}, "none"),
        ("x" * 100, "x" * 80),
    ],
)
def test_settings_are_short(value: object, text: str) -> None:
    assert short(value) == text


def test_metrics_are_listed_by_reason() -> None:
    common = {"suite": "evals", "task": "t", "unit": "share"}
    reasons = {"a": "why", "b": None, "c": "other", "d": "why"}
    ones = [MetricDifference(name=f"t/{name}", error=reason, **common) for name, reason in reasons.items()]
    assert by_reason(ones) == {"why": ["t/a", "t/d"], "other": ["t/c"]}


def test_what_differs_is_named_with_both_sides() -> None:
    found = [
        Mismatch(kind="data", task="boolq", what="boolq", baseline="a" * 64, candidate=None),
        Mismatch(kind="prompts", task="boolq", what="3 of 40"),
        Mismatch(kind="run", what="dtype", baseline="float32", candidate="bfloat16"),
    ]
    assert [[*row.values()] for row in mismatch_rows(found)] == [
        ["data boolq", "boolq", "a" * 12, "none"],
        ["prompts 3 of 40", "boolq", "", ""],
        ["dtype", "whole run", "float32", "bfloat16"],
    ]


def test_outcomes_say_what_would_tell_more() -> None:
    common = {"name": "t/m", "suite": "evals", "task": "t", "unit": "share", "n": 20}
    cases = {
        "better": ("better", None),
        "too few items to tell (157 would)": ("too few items to tell", 157),
        "too few items to tell": ("too few items to tell", 20),
        "no margin for this unit: give --margin": ("no margin for this unit", None),
        "": (None, None),
    }
    for said, (outcome, needed) in cases.items():
        assert outcome_text(MetricDifference(outcome=outcome, needed=needed, **common)) == said
