"""What is printed of two runs: short settings, reasons once, changed items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.cli.comparison.two import by_reason, short, show_items
from audit.core.records import MetricDifference
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.slow
def test_the_worst_items_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = run_with(tmp_path, "a", scored([1.0, 0.0, 1.0, 1.0]))
    after = run_with(tmp_path, "b", scored([1.0, 1.0, 0.5, 0.0], output="\x1b[31mno\n"))
    one = MetricDifference(
        name="boolq/accuracy", suite="evals", task="boolq", unit="share", primary=True, higher_is_better=True
    )
    show_items(before, after, [one, one.model_copy(update={"error": "why"})], 2, ("old", "new"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in lines[::3]] == ["score 1, now 0", "score 1, now 0.5"]
    assert lines[1:3] == ["  old        yes", "  new        \\x1b[31mno"]
