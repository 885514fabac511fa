"""Durations as people write them, and budgets in words."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import BudgetConfig, load_config, validate
from audit.core.config.budget import duration_seconds
from audit.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1h1s", 3601)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds
    assert validate(BudgetConfig, {"wall_time": text}, "f").wall_time == text


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30 m", "0s", "0h0m", "1.5h", "-1m", "1m1h", "2d", "1H", "1234567s", 30]
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ConfigError, match="f: wall_time: must be "):
        validate(BudgetConfig, {"wall_time": text}, "f")


def test_a_budget_in_words() -> None:
    assert BudgetConfig(wall_time="30m", tokens=2_000_000).text == "wall time 30m, tokens 2,000,000"
    assert BudgetConfig().text == ""


def test_a_run_has_no_budget_unless_one_is_given() -> None:
    assert load_config().budget == BudgetConfig()
    assert load_config(flags={"budget": {"wall_time": "5m"}}).budget.wall_time == "5m"
