"""What a run cost is judged by what the manifest records; what is not known is within no budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, ExitCode
from audit.core.records import GateBudget, RunCost
from audit.gate.decide import decide, exit_code
from audit.gate.waivers.budget import BUDGET_CHECK, budget_checks
from tests.gate.conftest import make_policy
from tests.gate.waivers.test_judging import FAILS, PASSES, made, why_not
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

__all__ = ["make_policy"]


@pytest.mark.parametrize(
    ("budget", "spent", "verdict"),
    [
        ({"wall_time": "2m", "tokens": 1000}, (120.0, 1000), "PASS"),
        ({"wall_time": "2m", "tokens": 1000}, (120.001, 1000), "FAIL"),
        ({"wall_time": "2m", "tokens": 1000}, (1.0, 1001), "FAIL"),
        ({"wall_time": "2m", "tokens": None}, (120.0, 10**9), "PASS"),
        ({"wall_time": None, "tokens": 1000}, (1e9, 1000), "PASS"),
        ({"wall_time": "1h", "tokens": None}, None, "INCONCLUSIVE"),
    ],
)
def test_the_limits_are_within_the_budget(
    budget: dict[str, Any], spent: tuple[float, int] | None, verdict: str
) -> None:
    cost = RunCost(seconds=spent[0], tokens=spent[1]) if spent else None
    (check,) = budget_checks(GateBudget(**budget), a_manifest(spent=cost))
    assert (check.metric, check.verdict) == (BUDGET_CHECK, verdict)


def test_the_check_says_limits_and_cost() -> None:
    budget = GateBudget(wall_time="30m", tokens=2_000_000)
    (check,) = budget_checks(budget, a_manifest(spent=RunCost(seconds=1803, tokens=2_000_001)))
    assert (check.metric, check.rule) == ("policy/budget", "at most wall time 30m, tokens 2,000,000")
    assert check.reason == "the run took 30 min 3 s and 2,000,001 tokens: over the budget in wall time and tokens"


def test_without_a_budget_there_is_no_check() -> None:
    assert budget_checks(None, a_manifest()) == []


def test_a_budget_without_a_limit_is_none_that_a_policy_can_have() -> None:
    with pytest.raises(ValueError, match="it limits nothing"):
        budget_checks(GateBudget(wall_time=None, tokens=None), a_manifest())


@pytest.mark.usefixtures("_without_samples")
@pytest.mark.parametrize(
    ("rule", "seconds", "code"),
    [
        (PASSES, 30.0, ExitCode.DONE),
        (PASSES, 31.0, ExitCode.INCOMPLETE),
        (FAILS, 31.0, ExitCode.FAIL),
        (PASSES, None, ExitCode.INCOMPLETE),
    ],
)
def test_a_budget_that_is_exceeded_or_unknown_is_no_pass(
    make_run: Callable[..., RunFolder],
    records: dict[str, Callable[..., Any]],
    make_policy: Callable[..., Any],
    rule: dict[str, Any],
    seconds: float | None,
    code: int,
) -> None:
    run = made(make_run, records, spent=None if seconds is None else RunCost(seconds=seconds, tokens=7))
    decision = decide(run, make_policy(rule, budget={"wall_time": "30s"}))
    assert exit_code(decision) == code
    assert why_not(run, decision) is None
    raised = decision.model_copy(update={"budget": GateBudget(wall_time="31s", tokens=None)})
    assert why_not(run, raised) == "it does not judge what the run cost by its budget"
    without = [check for check in decision.checks if check.metric != BUDGET_CHECK]
    assert why_not(run, decision.model_copy(update={"checks": without}))


@pytest.mark.parametrize(
    ("budget", "fault"),
    [
        ("{}", "the budget limits nothing"),
        ("{wall_time: 30}", "must be text (found 30)"),
        ("{wall_time: 30 minutes}", "must be a duration above 0 such as 90s, 30m, 2h or 1h30m"),
        ("{wall_time: 0s}", "must be a duration above 0"),
        ("{wall_time: -5m}", "must be a duration above 0"),
        ("{wall_time: \u0663\u0660m}", "must be a duration above 0"),
        ("{tokens: 0}", "must be at least 1"),
        ("{tokens: 1.5}", "must be a whole number"),
        ("{tokens: 2e6}", "must be a whole number"),
        ("{time: 30m}", "unknown key"),
        ("30m", "must be a mapping"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused(tmp_path: Path, budget: str, fault: str) -> None:
    from audit.gate.policy import load_policy

    file = tmp_path / "policy.yaml"
    file.write_text(f"rules: [{{metric: boolq/accuracy, min: 0.3}}]\nbudget: {budget}\n", "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_policy(file)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)
